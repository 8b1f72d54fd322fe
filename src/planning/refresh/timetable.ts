/**
 * When to look: the looks that leave the least expected staleness at a price for each call. Staleness is counted in
 * change-minutes: a change that is seen ten minutes late costs ten, more where many shoppers come and less at night.
 * Between looks at a and b a stream of changes with rate λ costs ∫ λ(t) (W(b) - W(t)) dt, where W is time as it weighs, so the cheapest set of looks is a shortest path, found exactly. The price is the multiplier of
 * the call budget: the lowest at which the looks of a week fit it.
 */

import { HOUR_MS } from '../../units.ts';
import { localMinute, MINUTE_MS, WEEK_HOURS } from './calendar.ts';
import { hourRateAt, type RefreshModel, sentinelOf } from './model.ts';

/** Looks lie this many minutes apart at least: fewer choices, and still three minutes after each quarter hour. */
const GRID_MINUTES = 3;
const GRID_MS = GRID_MINUTES * MINUTE_MS;

/** Between two planned looks at a set. What its tier promises beside is kept by floors and schedules. */
export const LONGEST_MINUTES = 360;

/** Of each hour of the day of Texas: how many shoppers come, in shares of the mean. */
export type Shoppers = readonly number[];
export const ALL_DAY: Shoppers = new Array<number>(24).fill(1);

interface Wishes {
  /** What a minute of staleness of each set weighs; 1 on average. */
  weights: readonly number[];
  /** Most minutes between two looks at a set. */
  longestMinutes: readonly number[];
  /** What a minute of each of the 24 hours of Texas weighs, by the shoppers who come in it; 1 on average. */
  shoppers: Shoppers;
}

/** A third of the calls goes to the sentinel at equal distances, whatever the model says: insurance against what it has not seen. */
const INSURED = 1 / 3;

/** @param longest minutes between two looks at a set */
export function wishesOf(
  model: RefreshModel,
  weights: readonly number[],
  callsAnHour: number,
  { shoppers = ALL_DAY, longest = LONGEST_MINUTES }: { shoppers?: Shoppers; longest?: number } = {},
): Wishes {
  const sentinel = sentinelOf(model, weights);
  const insured = 60 / (INSURED * callsAnHour);
  return {
    weights,
    longestMinutes: weights.map((_, set) => (set === sentinel ? Math.min(insured, longest) : longest)),
    shoppers,
  };
}

export interface Timetable {
  sentinel: number;
  /** Change-minutes that a call must save to be worth making. */
  price: number;
  /** Of each set, when to look, ascending. */
  looks: readonly (readonly number[])[];
  /** From and until when it was worked out. */
  from: number;
  until: number;
}

/**
 * What of the changes of each set nobody else shows: the sentinel also stands for what the others do when it moves, and
 * each other set keeps what the sentinel misses.
 */
function streams(model: RefreshModel, sentinel: number, weights: readonly number[]): number[][] {
  return model.sets.map((_, set) =>
    model.sets.map((_, other) => {
      const shown = model.links[other]![sentinel]!;
      if (set === sentinel) return weights[other]! * (other === sentinel ? 1 : shown);
      return other === set ? weights[other]! * (1 - shown) : 0;
    }),
  );
}

/** @param from on a full minute */
function ratesBetween(
  model: RefreshModel,
  mix: readonly number[],
  from: number,
  minutes: number,
): Float64Array {
  const rates = new Float64Array(minutes);
  for (const [set, share] of mix.entries()) {
    if (share === 0) continue;
    let ofHour = 0;
    // Texas is whole hours away from UTC.
    for (let m = 0, minute = (from / MINUTE_MS) % 60; m < minutes; m++, minute = (minute + 1) % 60) {
      if (m === 0 || minute === 0) ofHour = share * hourRateAt(model, set, from + m * MINUTE_MS);
      rates[m]! += ofHour * model.phase[minute]!;
    }
  }
  return rates;
}

/**
 * Running sums at each minute: of the time as it weighs by its shoppers, of a rate, and of its first moment in that time.
 * @param from milliseconds UTC, on a full minute
 */
function sumsOf(rates: Float64Array, from: number, shoppers: Shoppers) {
  const time = new Float64Array(rates.length + 1);
  const mass = new Float64Array(rates.length + 1);
  const moment = new Float64Array(rates.length + 1);
  let weight = 1;
  for (let m = 0, minute = (from / MINUTE_MS) % 60; m < rates.length; m++, minute = (minute + 1) % 60) {
    if (m === 0 || minute === 0) weight = shoppers[Math.floor(localMinute(from + m * MINUTE_MS) / 60)]!;
    time[m + 1] = time[m]! + weight;
    mass[m + 1] = mass[m]! + rates[m]!;
    moment[m + 1] = moment[m]! + rates[m]! * (time[m]! + weight / 2);
  }
  return { time, mass, moment };
}

type Sums = ReturnType<typeof sumsOf>;

/**
 * The cheapest looks, as minutes from the beginning, where a look was just made; after the last one all is paid, too.
 * @param priceAt of a call at each minute
 */
function cheapest(
  { time, mass, moment }: Sums,
  priceAt: (minute: number) => number,
  longest: number,
): number[] {
  const steps = Math.floor((mass.length - 1) / GRID_MINUTES);
  const reach = Math.max(1, Math.floor(longest / GRID_MINUTES));
  const cost = new Float64Array(steps + 1).fill(Number.POSITIVE_INFINITY);
  const cameFrom = new Int32Array(steps + 1);
  cost[0] = 0;
  for (let to = 1; to <= steps; to++) {
    const b = to * GRID_MINUTES;
    const price = priceAt(b);
    // Staleness grows faster than the gap, so a later look never has an earlier predecessor.
    for (let from = Math.max(0, to - reach, cameFrom[to - 1]!); from < to; from++) {
      const a = from * GRID_MINUTES;
      const stale = time[b]! * (mass[b]! - mass[a]!) - (moment[b]! - moment[a]!);
      const sum = cost[from]! + stale + price;
      if (sum < cost[to]!) {
        cost[to] = sum;
        cameFrom[to] = from;
      }
    }
  }
  const looks: number[] = [];
  for (let at = steps; at > 0; at = cameFrom[at]!) looks.push(at * GRID_MINUTES);
  return looks.reverse();
}

/** Calls a week at a price, with those that follow where the sentinel has moved. */
function callsOf(
  { links }: RefreshModel,
  sums: readonly Sums[],
  own: Sums,
  sentinel: number,
  price: number,
  { weights, longestMinutes }: Wishes,
): number {
  const looks = sums.map((one, set) => cheapest(one, () => price, longestMinutes[set]!));
  const planned = looks.reduce((sum, one) => sum + one.length, 0);
  const hits = looks[sentinel]!.reduce(
    (sum, look, n, all) => sum - Math.expm1(own.mass[n === 0 ? 0 : all[n - 1]!]! - own.mass[look]!),
    0,
  );
  const followers = looks.filter((one, set) => {
    const minutes = Math.min(longestMinutes[set]!, (WEEK_HOURS * 60) / one.length / 2);
    return set !== sentinel && links[sentinel]![set]! * minutes * weights[set]! >= price;
  });
  return planned + hits * followers.length;
}

/** A week without holidays or days of new charges, local midnight of a Sunday in winter. */
const PLAIN_WEEK = Date.UTC(2026, 0, 11, 6);

/**
 * The price at which a usual week takes the calls that there are.
 * @returns change-minutes a call
 */
export function priceOf(model: RefreshModel, wishes: Wishes, callsAWeek: number): number {
  const sentinel = sentinelOf(model, wishes.weights);
  const sumsOfMix = (mix: readonly number[]) =>
    sumsOf(ratesBetween(model, mix, PLAIN_WEEK, WEEK_HOURS * 60), PLAIN_WEEK, wishes.shoppers);
  const sums = streams(model, sentinel, wishes.weights).map(sumsOfMix);
  const own = sumsOfMix(model.sets.map((_, set) => (set === sentinel ? 1 : 0)));
  let [low, high] = [Math.log(1e-4), Math.log(1e4)];
  for (let n = 0; n < 12; n++) {
    const middle = (low + high) / 2;
    if (callsOf(model, sums, own, sentinel, Math.exp(middle), wishes) > callsAWeek) low = middle;
    else high = middle;
  }
  return Math.exp(high);
}

/** No hour is planned fuller than this share of what it allows: the rest is for what follows from a look. */
const FULLEST = 0.8;
const DEARER = 1.6;
const CAP_ROUNDS = 12;

interface Horizon {
  from: number;
  hours: number;
  /** Calls that an hour allows: in hours that would take more, calls are dearer. */
  mostAnHour: number;
  /** When each set was last looked at; `null`: never. */
  lookedAt: readonly (number | null)[];
}

/** The looks of the hours to come. */
export function timetable(
  model: RefreshModel,
  { weights, longestMinutes, shoppers }: Wishes,
  price: number,
  { from, hours, mostAnHour, lookedAt }: Horizon,
): Timetable {
  const sentinel = sentinelOf(model, weights);
  const until = Math.floor(from / HOUR_MS + hours) * HOUR_MS;
  const plans = streams(model, sentinel, weights).map((mix, set) => {
    const longest = longestMinutes[set]!;
    const since = Math.max(lookedAt[set] ?? 0, from - longest * MINUTE_MS);
    // On the grid of the hour, whatever minute it is.
    const begin = Math.floor(since / GRID_MS) * GRID_MS;
    const minutes = Math.round((until - begin) / MINUTE_MS);
    return { begin, longest, sums: sumsOf(ratesBetween(model, mix, begin, minutes), begin, shoppers) };
  });
  const prices = new Map<number, number>();
  const plan = () =>
    plans.map(({ begin, longest, sums }) => {
      const priceAt = (minute: number) => prices.get(hourOf(begin + minute * MINUTE_MS)) ?? price;
      return cheapest(sums, priceAt, longest).map((minute) => begin + minute * MINUTE_MS);
    });
  let looks = plan();
  for (let round = 0; round < CAP_ROUNDS; round++) {
    const full = [...Map.groupBy(looks.flat(), hourOf)].filter(
      ([, inHour]) => inHour.length > mostAnHour * FULLEST,
    );
    if (full.length === 0) break;
    for (const [hour] of full) prices.set(hour, (prices.get(hour) ?? price) * DEARER);
    looks = plan();
  }
  return { sentinel, price, looks, from, until };
}

const hourOf = (ms: number): number => Math.floor(ms / HOUR_MS);
