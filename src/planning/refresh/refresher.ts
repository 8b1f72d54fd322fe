/**
 * Looks between the schedules: every quarter of a minute one process of the fleet asks the strategy what is due, and asks
 * for a sync of that as everybody does. The schedules stay; switching this off loses nothing but what it gains.
 */

import { callReserve } from '../../sources/call-reserve.ts';
import type { PlanSource } from '../../sources/source.ts';
import type { Database, Queryable } from '../../store/postgres/database.ts';
import { LOCKS } from '../../store/postgres/locks.ts';
import { readCityDemand, readDemandHours } from '../../store/queue/city-demand.ts';
import { readRunningExperiment } from '../../store/queue/experiments.ts';
import { readRefreshCalls, readSeenPlanSets, type SeenPlanSet } from '../../store/queue/refresh-state.ts';
import { readControl } from '../../store/queue/sync-control.ts';
import { readGate } from '../../store/upstream/permits.ts';
import { queueName } from '../../sync/work/job-queue.ts';
import type { Territory } from '../../territory/territory.ts';
import { DAY_MS, HOUR_MS } from '../../units.ts';
import { type ExperimentToday, readExperimentToday, tendExperiment } from '../experiment/experiments.ts';
import { marketWeights } from '../market-weights.ts';
import { shareDemand } from '../shared-demand.ts';
import { DEMAND_HALF_LIFE_HOURS, DEMAND_WINDOW_MS } from '../sync-kinds.ts';
import { MINUTE_MS } from './calendar.ts';
import { choose } from './choose.ts';
import type { Learned } from './fit.ts';
import { type LearnOptions, learn, readOn, readTapeNow, relearn, STATE_SET } from './learn.ts';
import { sentinelOf } from './model.ts';
import {
  censusLooks,
  type DueLook,
  evenLooks,
  learnedLooks,
  type PolicyInput,
  type Strategy,
  sentinelLooks,
  sentinelMinutes,
} from './policy.ts';
import { pressure } from './replay.ts';
import { type Scores, scoreStrategies } from './score.ts';
import { readLearned } from './stored.ts';
import { type Shoppers, type Timetable, timetable, wishesOf } from './timetable.ts';

export interface RefreshSettings {
  strategy: Strategy;
  callsPerHour: number;
  budgetPerHour: number;
  targetMs: (tier: number) => number;
  territory: Territory;
  upstream: Pick<PlanSource, 'name' | 'origin' | 'coverage'>;
}

/** What is decided, and all it was decided from. */
export interface RefreshDecisionNow {
  /** What decides: `auto` comes out as `learned` or `even`. */
  inUse: Exclude<Strategy, 'auto'>;
  /** Why, where a choice was made. */
  reason: string;
  /** Whose day it is, where an experiment runs. */
  experiment: ExperimentToday | null;
  sets: { plan_set: string; name: string; seen: SeenPlanSet; floorMs: number; weight: number }[];
  due: DueLook[];
  learned: Learned | null;
  table: Timetable | null;
  weights: readonly number[];
  spent: { hour: number; week: number };
  allowedAWeek: number;
  /** The circuit is closed: the upstream may be called. */
  isUpstreamOpen: boolean;
  /** Calls that the hour has left for anybody but an operator. */
  room: number;
}

/** A call that brought nothing, or plans that are held, is not repeated before. */
const RETRY_MS = 10 * MINUTE_MS;
const TABLE_HOURS = 24;
/** Where nothing was learned yet. */
const SENTINEL_MINUTES = 15;
/** Late by as much as a schedule may be before a floor is said to be broken. */
const FLOOR_GRACE_MS = 2 * MINUTE_MS;
const RELEARN_MS = DAY_MS;
/** What happened is known within the hour, for gains and experiments. */
const READ_ON_MS = HOUR_MS;
const QUIET_MS = 5_000;

/** Who wants the plans of each set. */
async function readWeights(
  queryable: Queryable,
  { territory, upstream }: RefreshSettings,
  now: number,
): Promise<number[]> {
  if (upstream.coverage === 'state') return [1];
  const since = new Date(now - DEMAND_WINDOW_MS);
  const times = { now: new Date(now), since, halfLifeHours: DEMAND_HALF_LIFE_HOURS };
  const demand = shareDemand(territory, await readCityDemand(queryable, times));
  return marketWeights(territory.cities, setsOf(territory), demand);
}

const setsOf = (territory: Territory): string[] => territory.tdsps.map(({ duns }) => duns).toSorted();

/** Demand of so many days tells the hours; as much beside it as if all hours were alike. */
const SHOPPER_DAYS = 28;
const SHOPPER_PRIOR = 240;
const LEAST_SHOPPERS = 0.25;

/** When shoppers come: staleness matters while they do. */
async function readShoppers(queryable: Queryable, now: number): Promise<Shoppers> {
  const counted = await readDemandHours(queryable, new Date(now - SHOPPER_DAYS * DAY_MS));
  const all = counted.reduce((sum, one) => sum + one, 0);
  const hours = counted.map((one) =>
    Math.max(LEAST_SHOPPERS, (24 * (one + SHOPPER_PRIOR / 24)) / (all + SHOPPER_PRIOR)),
  );
  const mean = hours.reduce((sum, one) => sum + one, 0) / 24;
  return hours.map((one) => one / mean);
}

/** As `refresh_changes` names them. */
export const planSetsOf = ({ upstream, territory }: RefreshSettings): string[] =>
  upstream.coverage === 'state' ? [STATE_SET] : setsOf(territory);

async function toLearnOptions(
  queryable: Queryable,
  settings: RefreshSettings,
  now: number,
): Promise<LearnOptions> {
  const { upstream, territory, callsPerHour, budgetPerHour } = settings;
  const weights = await readWeights(queryable, settings, now);
  return {
    source: upstream.name,
    coverage: upstream.coverage,
    tdsps: setsOf(territory),
    now,
    callsAnHour: callsPerHour,
    mostAnHour: budgetPerHour - callReserve(budgetPerHour),
    weights,
    shoppers: await readShoppers(queryable, now),
  };
}

/** What the most important city of each set is promised. */
function floorsOf({ territory, upstream, targetMs }: RefreshSettings): number[] {
  const promiseOf = (isOf: (tdsps: readonly string[]) => boolean) =>
    Math.min(...territory.cities.filter(({ tdsps }) => isOf(tdsps)).map(({ tier }) => targetMs(tier)));
  if (upstream.coverage === 'state') return [promiseOf(() => true)];
  return setsOf(territory).map((duns) => promiseOf((tdsps) => tdsps.includes(duns)));
}

/** Learns once a day, reads on once an hour, and learns whenever nothing of this version is stored. */
async function learnIfDue(queryable: Queryable, settings: RefreshSettings, now: number): Promise<void> {
  const learned = await readLearned(queryable, settings.upstream.name);
  if (!learned || now - learned.model.fittedAt >= RELEARN_MS) {
    await learn(queryable, await toLearnOptions(queryable, settings, now));
  } else if (Math.abs(now - lastReadOn) >= READ_ON_MS) {
    await readOn(queryable, await toLearnOptions(queryable, settings, now));
  } else return;
  lastReadOn = now;
}

/** When this process last read what had come; another one may have, and reading again finds nothing new. */
let lastReadOn = Number.NEGATIVE_INFINITY;

export async function relearnNow(queryable: Queryable, settings: RefreshSettings, now: number) {
  return relearn(queryable, await toLearnOptions(queryable, settings, now));
}

/** Every strategy replayed on the last days, as they are known. @returns `null`: no answer is kept yet */
export async function scoreHere(
  queryable: Queryable,
  settings: RefreshSettings,
  { now, days }: { now: number; days: number },
): Promise<Scores | null> {
  const options = await toLearnOptions(queryable, settings, now);
  const tape = await readTapeNow(queryable, options);
  if (!tape) return null;
  return scoreStrategies(tape, options, days);
}

/** Worked out once in hours, asked for four times a minute. What shoppers want moves slower than that. */
let lastTable: { key: string; table: Timetable } | null = null;

/** What is due just now and why; changes nothing. */
export async function decideRefresh(
  queryable: Queryable,
  settings: RefreshSettings,
  now: number,
): Promise<RefreshDecisionNow> {
  const { upstream, territory, callsPerHour, budgetPerHour } = settings;
  const queue = queueName(upstream);
  const options = await toLearnOptions(queryable, settings, now);
  const floors = floorsOf(settings);
  const learned = await readLearned(queryable, upstream.name);
  const seen = await readSeenPlanSets(queryable, { source: upstream.name, origin: upstream.origin, queue });
  const sets = (upstream.coverage === 'state' ? [stateOf(seen)] : seen).map((one, set) => ({
    plan_set: one.tdsp_duns,
    name: territory.tdsp(one.tdsp_duns)?.short_name ?? 'The state',
    seen: one,
    floorMs: floors[set]!,
    weight: options.weights[set]!,
  }));
  const spent = await readRefreshCalls(queryable, upstream.name);
  const gate = await readGate(queryable, upstream.name);
  const room = budgetPerHour - callReserve(budgetPerHour) - (gate?.calls_last_hour ?? 0);
  const allowedAWeek = callsPerHour * 168;
  const input: PolicyInput = {
    now,
    seen: sets.map(({ seen }) => ({
      lookedAt: seen.looked_at?.getTime() ?? null,
      movedAt: seen.moved_at?.getTime() ?? null,
    })),
    names: sets.map(({ name }) => name),
    floorsMs: sets.map(({ floorMs }) => floorMs + FLOOR_GRACE_MS),
  };
  const experiment = await readExperimentToday(queryable, upstream.name, now);
  const chosen = choose(experiment?.strategy ?? settings.strategy, learned, now);
  const { inUse } = chosen;
  const reason = experiment
    ? `Experiment ${experiment.id}, a day of ${experiment.arm.toUpperCase()} (${experiment.strategy})`
    : chosen.reason;
  let table: Timetable | null = null;
  if (learned) {
    // From a time that stays the same for hours, so that what was planned stays planned.
    const from = Math.floor(now / ((TABLE_HOURS * HOUR_MS) / 2)) * ((TABLE_HOURS * HOUR_MS) / 2);
    const wishes = wishesOf(learned.model, options.weights, Math.max(1, callsPerHour), {
      shoppers: options.shoppers,
    });
    const lookedAt = sets.map(() => null);
    const horizon = { from, hours: TABLE_HOURS, mostAnHour: options.mostAnHour, lookedAt };
    const price = learned.price * pressure(spent.week, Math.max(1, allowedAWeek));
    const key = [learned.model.fittedAt, upstream.name, from, price, options.mostAnHour].join();
    if (lastTable?.key !== key) lastTable = { key, table: timetable(learned.model, wishes, price, horizon) };
    table = lastTable.table;
  }
  const due = dueOf(inUse, input, { learned, table, weights: options.weights, callsPerHour });
  const isAllowed = ({ set, kind }: DueLook, n: number) => {
    const { looked_at, tried_at, is_busy } = sets[set]!.seen;
    const isFailing =
      tried_at !== null && (looked_at === null || tried_at.getTime() - looked_at.getTime() > MINUTE_MS);
    if (is_busy || (isFailing && now - tried_at.getTime() < RETRY_MS)) return false;
    return n < room && (kind === 'floor' || inUse === 'census' || spent.week + n < allowedAWeek);
  };
  return {
    inUse,
    reason,
    experiment,
    sets,
    due: due.filter(isAllowed),
    learned,
    table,
    weights: options.weights,
    spent,
    allowedAWeek,
    isUpstreamOpen: gate === null || (gate.open_until === null && gate.wait_until === null),
    room,
  };
}

function stateOf(seen: readonly SeenPlanSet[]): SeenPlanSet {
  const last = (of: (one: SeenPlanSet) => Date | null) =>
    seen.map(of).reduce((a, b) => (a === null || (b !== null && b > a) ? b : a), null);
  return {
    tdsp_duns: STATE_SET,
    looked_at: last((one) => one.looked_at),
    moved_at: last((one) => one.moved_at),
    tried_at: last((one) => one.tried_at),
    is_busy: seen.some(({ is_busy }) => is_busy),
  };
}

interface Means {
  learned: Learned | null;
  table: Timetable | null;
  weights: readonly number[];
  callsPerHour: number;
}

function dueOf(
  inUse: RefreshDecisionNow['inUse'],
  input: PolicyInput,
  { learned, table, weights, callsPerHour }: Means,
): DueLook[] {
  if (inUse === 'schedule') return [];
  if (inUse === 'census') return censusLooks(input);
  if (inUse === 'even') return evenLooks(input, callsPerHour);
  if (inUse === 'learned') return learnedLooks(input, learned!.model, table!, weights);
  // By the data where there are any; before that the most wanted set.
  const sentinel = learned ? sentinelOf(learned.model, weights) : weights.indexOf(Math.max(...weights));
  const minutes = learned ? sentinelMinutes(learned.model, sentinel, callsPerHour) : SENTINEL_MINUTES;
  return sentinelLooks(input, sentinel, minutes);
}

/** The set that was left longest by choice; `null`: nothing may be fetched just now. */
async function oldestOf(queryable: Queryable, { sets, isUpstreamOpen }: RefreshDecisionNow, now: number) {
  if (!isUpstreamOpen || (await readControl(queryable)).state !== 'running') return null;
  const ages = sets.flatMap(({ name, seen: { looked_at, is_busy }, floorMs }) =>
    looked_at === null || is_busy ? [] : { name, ageMs: now - looked_at.getTime(), floorMs },
  );
  return ages.toSorted((a, b) => b.ageMs / b.floorMs - a.ageMs / a.floorMs)[0] ?? null;
}

interface RefreshTickOptions extends RefreshSettings {
  database: Database;
  /** Asks for a sync of these. */
  onDue(tdsps: readonly string[], reason: string): Promise<unknown>;
  now?: () => number;
}

/** One look at what is due, in one process of the fleet at a time. @returns how many looks were asked for */
export async function refreshTick(options: RefreshTickOptions): Promise<number> {
  const { database, onDue, upstream, territory, now: clock = Date.now } = options;
  // Never on the full minute: that is when everybody calls.
  if (clock() % MINUTE_MS < QUIET_MS) return 0;
  if (options.strategy === 'schedule' && !(await readRunningExperiment(database.pool, upstream.name)))
    return 0;
  // Before the transaction: fitting takes longer than one may be idle. Two processes that fit at once write the same.
  await learnIfDue(database.pool, options, clock());
  return database.transaction(async (connection) => {
    const { rows } = await connection.query<{ isMine: boolean }>(
      'select pg_try_advisory_xact_lock($1) as "isMine"',
      [LOCKS.refresh],
    );
    if (!rows[0]!.isMine) return 0;
    const decision = await decideRefresh(connection, options, clock());
    const { due, sets } = decision;
    await tendExperiment(connection, {
      source: upstream.name,
      sets: sets.map(({ plan_set }) => plan_set),
      now: clock(),
      oldest: await oldestOf(connection, decision, clock()),
    });
    if (due.length === 0) return 0;
    const tdsps =
      upstream.coverage === 'state' ? setsOf(territory) : due.map(({ set }) => sets[set]!.plan_set);
    const more = due.length > 1 ? `, and ${due.length - 1} more` : '';
    await onDue(tdsps, `${due[0]!.reason}${more}`);
    return due.length;
  });
}
