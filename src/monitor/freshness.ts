/** How old the plans of the cities are against the targets of their tiers. Pure. Time of which nothing is known is left out. */

import type { Config } from '../config.ts';
import type { City } from '../territory/territory.ts';
import { HOUR_MS } from '../units.ts';

/** How old the plans of a city may be, by its tier; that age times a factor is a warning, and an error. */
export type FreshnessRules = Pick<
  Config,
  'freshnessTargetHours' | 'freshnessWarnFactor' | 'freshnessErrorFactor'
>;

/** `late`: past the target, as happens between two syncs. */
export type AgeVerdict = 'fresh' | 'late' | 'warning' | 'error';
const VERDICTS: readonly AgeVerdict[] = ['fresh', 'late', 'warning', 'error'];

export interface AgeLimits {
  target_hours: number;
  warn_after_hours: number;
  error_after_hours: number;
}

/** A stretch of time, in milliseconds since 1970; its end does not belong to it. */
export interface Span {
  from: number;
  to: number;
}

/** A share from 0 to 1; `null` where nothing is known. */
type Share = number | null;

/** Shares of cities; weighted, a city counts by its demand. */
export interface Slo {
  /** Share of cities whose plans are within the target now. */
  within_now: Share;
  within_now_weighted: Share;
  /** Share of the time within the target, over the window. */
  within_window: Share;
  within_window_weighted: Share;
  /** How much of the window is known at all. */
  window_known: number;
}

export interface CityFreshness {
  tier: number;
  /** 1 and what shoppers did there lately. */
  weight: number;
  /** Of the oldest of its plan sets; `null`: one was never published. */
  ageMs: number | null;
  verdict: AgeVerdict;
  withinMs: number;
  knownMs: number;
}

export function ageLimits(tier: number, rules: FreshnessRules): AgeLimits {
  const hours: Record<number, number> = rules.freshnessTargetHours;
  // A tier without a target is treated as the least one.
  const target_hours = hours[tier] ?? Math.max(...Object.values(hours));
  return {
    target_hours,
    warn_after_hours: target_hours * rules.freshnessWarnFactor,
    error_after_hours: target_hours * rules.freshnessErrorFactor,
  };
}

/** @param ageMs `null`: never published */
export function judgeAge(ageMs: number | null, limits: AgeLimits): AgeVerdict {
  if (ageMs === null || ageMs > limits.error_after_hours * HOUR_MS) return 'error';
  if (ageMs > limits.warn_after_hours * HOUR_MS) return 'warning';
  return ageMs > limits.target_hours * HOUR_MS ? 'late' : 'fresh';
}

export function worstVerdict(verdicts: readonly AgeVerdict[]): AgeVerdict {
  return VERDICTS[Math.max(0, ...verdicts.map((one) => VERDICTS.indexOf(one)))]!;
}

/** When plans confirmed at these times were younger than `targetMs`: disjoint spans in order, cut to the window. */
export function spansWithin(confirmedAt: readonly number[], targetMs: number, window: Span): Span[] {
  const spans: Span[] = [];
  for (const at of confirmedAt.toSorted((a, b) => a - b)) {
    const span = { from: Math.max(at, window.from), to: Math.min(at + targetMs, window.to) };
    if (span.from >= span.to) continue;
    const last = spans.at(-1);
    if (last && span.from <= last.to) last.to = Math.max(last.to, span.to);
    else spans.push(span);
  }
  return spans;
}

/** What two lists of disjoint, ordered spans have in common. */
export function intersect(some: readonly Span[], others: readonly Span[]): Span[] {
  const common: Span[] = [];
  for (let i = 0, j = 0; i < some.length && j < others.length; ) {
    const [one, other] = [some[i]!, others[j]!];
    const span = { from: Math.max(one.from, other.from), to: Math.min(one.to, other.to) };
    if (span.from < span.to) common.push(span);
    if (one.to < other.to) i++;
    else j++;
  }
  return common;
}

export interface FreshnessFacts {
  now: Date;
  window: Span;
  /** When the plans that are published were last confirmed; a TDSP that is missing was never published. */
  observedAt: ReadonlyMap<string, Date>;
  /** Of the window: all times at which the plans of a TDSP were confirmed, and the last one before. */
  confirmedAt: ReadonlyMap<string, readonly Date[]>;
  /** By slug: what shoppers did there lately, in searches. */
  demand: ReadonlyMap<string, number>;
}

/** A city served by several TDSPs is as fresh as the oldest of its plan sets: a reader gets them together. */
export function cityFreshness(
  city: Pick<City, 'slug' | 'tier' | 'tdsps'>,
  facts: FreshnessFacts,
  rules: FreshnessRules,
): CityFreshness {
  const limits = ageLimits(city.tier, rules);
  const now = facts.now.getTime();
  const { window } = facts;
  let ageMs: number | null = 0;
  let within: Span[] = [window];
  let knownFrom = window.from;
  for (const duns of city.tdsps) {
    const times: number[] = (facts.confirmedAt.get(duns) ?? []).map((at) => at.getTime());
    const last = facts.observedAt.get(duns);
    ageMs = last === undefined || ageMs === null ? null : Math.max(ageMs, now - last.getTime());
    within = intersect(within, spansWithin(times, limits.target_hours * HOUR_MS, window));
    knownFrom = Math.max(knownFrom, times.length === 0 ? window.to : Math.min(...times));
  }
  const known = [{ from: knownFrom, to: window.to }];
  return {
    tier: city.tier,
    weight: 1 + (facts.demand.get(city.slug) ?? 0),
    ageMs,
    verdict: judgeAge(ageMs, limits),
    withinMs: sumSpans(intersect(within, known)),
    knownMs: Math.max(0, window.to - knownFrom),
  };
}

export function toSlo(cities: readonly CityFreshness[], window: Span): Slo {
  const counted = (weight: (city: CityFreshness) => number) => {
    const total = (of: (city: CityFreshness) => number) => sum(cities.map((city) => of(city) * weight(city)));
    const all = total(() => 1);
    const fresh = total(({ verdict }) => Number(verdict === 'fresh'));
    const within = total(({ withinMs }) => withinMs);
    const known = total(({ knownMs }) => knownMs);
    return {
      now: share(fresh, all),
      window: share(within, known),
      known: share(known, all * (window.to - window.from)),
    };
  };
  const plain = counted(() => 1);
  const weighted = counted(({ weight }) => weight);
  return {
    within_now: plain.now,
    within_now_weighted: weighted.now,
    within_window: plain.window,
    within_window_weighted: weighted.window,
    window_known: plain.known ?? 0,
  };
}

const share = (part: number, whole: number): Share => (whole === 0 ? null : Math.min(1, part / whole));
const sum = (numbers: readonly number[]): number => numbers.reduce((total, one) => total + one, 0);
const sumSpans = (spans: readonly Span[]): number => sum(spans.map(({ from, to }) => to - from));
