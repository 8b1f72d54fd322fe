/**
 * How the market moves from one virtual day to the next: which offers are on sale, which re-price, and by how much.
 *
 * Modelled on January 2026 (Power to Choose, 15 day pairs): a median of 17 % of the offers re-price on a day, none on
 * some days, 29 % at most; the moves have a median of 0.3 cents, p90 1.0, p99 3.3, at most 3.9.
 *
 * A price on a day is the walk of one offer since its birth. An offer lives for about a hundred days, so any day costs
 * the same, however far it lies from the epoch.
 */

import { hash32, quantile, stream, unit } from './chance.ts';

/** Prices in here are whole hundredths of a cent, so that every published total is a whole number of cents. */
export const UNITS_PER_CENT = 100;

const WITHDRAWN = stream('offer withdrawn');
const VACANT = stream('days until the next offer');
const SHARE = stream('share re-priced');
const SHUFFLE = stream('who is re-priced');
const SIZE = stream('size of the move');
const DIRECTION = stream('direction of the move');

const WITHDRAWAL_PER_DAY = 0.01;
const LONGEST_VACANCY_DAYS = 9;
/** How many of the slots hold an offer, on average: vacant for 5 days between lives of 100. */
export const OCCUPANCY = 1 / (1 + WITHDRAWAL_PER_DAY * ((1 + LONGEST_VACANCY_DAYS) / 2));

// Nobody re-prices at weekends; the other five days are such that the median of all seven is 17 %.
const WEEKDAY_SHARE = [
  [0, 0.08],
  [0.3, 0.17],
  [1, 0.262],
] as const;
// Cents. A little below 3.9 at the end: a percentage in the price adds to the move.
const MOVE_CENTS = [
  [0, 0.05],
  [0.5, 0.3],
  [0.9, 1],
  [0.985, 3],
  [1, 3.7],
] as const;

/** The virtual day on which the offer now in `slot` came up for sale; `null` while the slot is vacant. */
export function bornOn(seed: number, slot: number, day: number): number | null {
  let withdrawal = day;
  while (unit(seed, WITHDRAWN, slot, withdrawal) >= WITHDRAWAL_PER_DAY) withdrawal--;
  const birth = withdrawal + 1 + (hash32(seed, VACANT, slot, withdrawal) % LONGEST_VACANCY_DAYS);
  return birth <= day ? birth : null;
}

/** Which slots of one TDSP re-price on which virtual day. Remembers the days it was asked about. */
export class RepricingDays {
  readonly #seed: number;
  readonly #tdspIndex: number;
  readonly #slots: number;
  /** Days without re-pricing, because the TDSP's own charges change all prices. */
  readonly #quiet: ReadonlySet<number>;
  readonly #days = new Map<number, { factor: number; offset: number; repriced: number }>();

  constructor(options: { seed: number; tdspIndex: number; slots: number; quietDays: Iterable<number> }) {
    this.#seed = options.seed;
    this.#tdspIndex = options.tdspIndex;
    this.#slots = nextPrime(options.slots);
    this.#quiet = new Set(options.quietDays);
  }

  isRepriced(slot: number, day: number): boolean {
    let plan = this.#days.get(day);
    if (!plan) {
      plan = this.#planOf(day);
      this.#days.set(day, plan);
    }
    // Modulo a prime this is a shuffle: every slot gets another place, so the share is met almost exactly.
    return (slot * plan.factor + plan.offset) % this.#slots < plan.repriced;
  }

  #planOf(day: number) {
    const random = (question: number) => hash32(this.#seed, SHUFFLE, this.#tdspIndex, day, question);
    const share = this.#quiet.has(day) || isWeekend(day) ? 0 : this.#shareOf(day);
    return {
      factor: 1 + (random(0) % (this.#slots - 1)),
      offset: random(1) % this.#slots,
      repriced: Math.round(share * this.#slots),
    };
  }

  #shareOf(day: number): number {
    return quantile(unit(this.#seed, SHARE, this.#tdspIndex, day), WEEKDAY_SHARE);
  }
}

export interface Walk {
  /** The offer's own part of the price, hundredths of a cent per kWh. */
  units: number;
  /** The virtual day since which it holds. */
  since_day: number;
}

/**
 * Walks an offer's price from its birth to `day`.
 * @param bounds what the price keeps within, hundredths of a cent per kWh; `start` lies inside
 */
export function walk(
  offer: { seed: number; tdspIndex: number; slot: number; born_on: number },
  bounds: { start: number; low: number; high: number },
  repricing: RepricingDays,
  day: number,
): Walk {
  const { seed, tdspIndex, slot, born_on } = offer;
  let units = bounds.start;
  let since_day = born_on;
  for (let today = born_on + 1; today <= day; today++) {
    if (!repricing.isRepriced(slot, today)) continue;
    const size = quantile(unit(seed, SIZE, tdspIndex, slot, today), MOVE_CENTS) * UNITS_PER_CENT;
    // Pulled home a little: three in four at the edge of the range go back towards the start.
    const pull = (units - bounds.start) / (bounds.high - bounds.low);
    units += step(
      units,
      Math.round(size),
      unit(seed, DIRECTION, tdspIndex, slot, today) > 0.5 + pull / 2,
      bounds,
    );
    since_day = today;
  }
  return { units, since_day };
}

/** The move, turned round where it would leave the bounds, and never 0: a re-pricing that moves nothing is none. */
function step(units: number, size: number, up: boolean, bounds: { low: number; high: number }): number {
  const roomUp = bounds.high - units;
  const roomDown = units - bounds.low;
  const goesUp = up ? roomUp >= size || roomUp >= roomDown : roomDown < size && roomUp > roomDown;
  return goesUp ? Math.min(size, roomUp) : -Math.min(size, roomDown);
}

function isWeekend(day: number): boolean {
  // Day 0, 1 January 2026, is a Thursday (4).
  const weekday = (((day + 4) % 7) + 7) % 7;
  return weekday === 0 || weekday === 6;
}

function nextPrime(atLeast: number): number {
  for (let candidate = Math.max(3, atLeast); ; candidate++) {
    let divisor = 2;
    while (divisor * divisor <= candidate && candidate % divisor !== 0) divisor++;
    if (divisor * divisor > candidate) return candidate;
  }
}
