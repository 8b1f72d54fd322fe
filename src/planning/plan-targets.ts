/**
 * From "these cities" to the few TDSPs that need a call: what is fresh is left out, what is waiting or under way
 * already is joined, and the rest is put in order. Pure, and every decision says why.
 */

import type { Decision, OpenTarget } from '../store/queue/sync-targets.ts';
import type { City } from '../territory/territory.ts';
import { cityPriority, type DemandByCity } from './priority.ts';

export interface PlannedTarget {
  tdsp_duns: string;
  decision: Decision;
  /** Higher goes first. */
  priority: number;
  is_forced: boolean;
  reason: string;
  /** The job whose result it will take. */
  job_id: string | null;
}

export interface Wanted {
  /** Cities whose plans are wanted. */
  cities: readonly City[];
  /** TDSPs wanted beside those of the cities. */
  tdsps: readonly string[];
  /** Bypass freshness. */
  force: boolean;
}

export interface PlanningInput {
  now: Date;
  /** When the plans of a TDSP were last confirmed by this upstream. */
  observedAt: ReadonlyMap<string, Date>;
  demand: DemandByCity;
  /** What is waited for or worked on in this queue. */
  open: readonly Pick<OpenTarget, 'tdsp_duns' | 'state' | 'is_forced' | 'job_id'>[];
  /** Plans confirmed less than this ago need no call. */
  freshForMs: number;
  /** How old plans may be, by the tier of the city. */
  targetMs: (tier: number) => number;
  /** With one call for the whole state all its TDSPs come with it. */
  wholeState: readonly string[] | null;
}

/** An operator insists: before everything that runs by itself. */
const FORCED_POINTS = 1_000;

/** The most urgent first. */
export function planTargets(wanted: Wanted, input: PlanningInput): PlannedTarget[] {
  const { observedAt, demand, now, targetMs, wholeState } = input;
  const best = new Map<string, { score: number; reason: string; cities: number }>();
  for (const duns of wanted.tdsps) best.set(duns, { score: 0, reason: 'asked for by itself', cities: 0 });
  for (const city of wanted.cities) {
    for (const duns of city.tdsps) {
      const at = observedAt.get(duns);
      const ageMs = at ? now.getTime() - at.getTime() : null;
      const { score, reason } = cityPriority(city, demand.get(city.slug), ageMs, targetMs(city.tier));
      const known = best.get(duns);
      const cities = (known?.cities ?? 0) + 1;
      best.set(duns, known && known.score >= score ? { ...known, cities } : { score, reason, cities });
    }
  }
  const planned = [...best].map(([duns, { score, reason, cities }]): PlannedTarget => {
    const priority = score + (wanted.force ? FORCED_POINTS : 0);
    const of = cities > 1 ? `the most urgent of ${cities} cities, ` : '';
    const is_forced = wanted.force;
    return {
      tdsp_duns: duns,
      priority,
      is_forced,
      ...decide(duns, wanted.force, `${of}${reason}`, input),
    };
  });
  if (wholeState && planned.some(({ decision }) => decision === 'queued')) {
    planned.push(...alongside(planned, wholeState, input));
  }
  return planned.toSorted((a, b) => b.priority - a.priority || (a.tdsp_duns < b.tdsp_duns ? -1 : 1));
}

function decide(
  duns: string,
  force: boolean,
  why: string,
  { now, observedAt, open, freshForMs }: PlanningInput,
): Pick<PlannedTarget, 'decision' | 'reason' | 'job_id'> {
  const at = observedAt.get(duns);
  const ageMs = at ? now.getTime() - at.getTime() : null;
  if (!force && ageMs !== null && ageMs < freshForMs) {
    return {
      decision: 'fresh',
      reason: `confirmed ${Math.round(ageMs / 1000)} s ago, fresh for ${Math.round(freshForMs / 1000)} s; ${why}`,
      job_id: null,
    };
  }
  const mine = open.filter((one) => one.tdsp_duns === duns);
  // What runs without force does not answer a forced request: it may be held back, or have begun before.
  const running = force
    ? undefined
    : mine.find(({ state, job_id }) => state === 'claimed' && job_id !== null);
  if (running) {
    return { decision: 'joined', reason: `a sync of it is under way; ${why}`, job_id: running.job_id };
  }
  if (mine.some(({ state }) => state === 'waiting')) {
    return { decision: 'merged', reason: `another run waits for it already; ${why}`, job_id: null };
  }
  return { decision: 'queued', reason: why, job_id: null };
}

/** The TDSPs nobody asked for that come with the same call. */
function alongside(
  planned: readonly PlannedTarget[],
  wholeState: readonly string[],
  input: PlanningInput,
): PlannedTarget[] {
  return wholeState
    .filter((duns) => !planned.some(({ tdsp_duns }) => tdsp_duns === duns))
    .map((duns) => ({
      tdsp_duns: duns,
      priority: 0,
      is_forced: false,
      ...decide(duns, false, 'comes with the same call', input),
    }));
}
