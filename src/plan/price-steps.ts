/**
 * What an offer cost, step by step. History keeps what changed and not what was, so the past is walked backwards: from
 * the rates that hold now, undoing one event after the other.
 */

import { PUBLISHED_USAGES_KWH, type PublishedUsageKwh, type RateCentsPerKwh, type Rates } from './rate.ts';

export interface OfferEvent {
  event: 'listed' | 'changed' | 'withdrawn' | 'relisted';
  /** ISO 8601 in UTC. */
  at: string;
  changes: readonly { field: string; from: unknown; to: unknown }[];
}

/** From `at` on, until the next step. */
export interface PriceStep {
  at: string;
  is_offered: boolean;
  /** `null` where the plan told none, where nobody knows any more, and while it was not offered. */
  rates_cents_per_kwh: Rates;
}

/** How an offer stands after the newest of its events. */
export interface OfferState {
  is_offered: boolean;
  /** `null`: not known any more, as no plan carries the offer. */
  rates: Rates | null;
}

/** The name of a rate among the terms of sale. */
export const rateField = (usage: PublishedUsageKwh) => `rate_${usage}kwh` as const;

const NO_RATES: Rates = { 500: null, 1000: null, 2000: null };

/**
 * @param events newest first
 * @param state after the first of them
 * @returns a step for every moment that changed a rate or whether the offer was sold, newest first
 */
export function priceSteps(events: readonly OfferEvent[], state: OfferState): PriceStep[] {
  const past = new OfferPast(events, state);
  const steps: PriceStep[] = [];
  for (const event of events) {
    // One moment may have several events: what it led to was told at the first of them.
    if (past.isMovedBy(event) && steps.at(-1)?.at !== event.at) steps.push(past.stepAt(event.at));
    past.undo(event);
  }
  return steps;
}

/** How an offer stood before some events. @param events newest first */
export function stateBefore(events: readonly OfferEvent[], state: OfferState): OfferState {
  const past = new OfferPast(events, state);
  for (const event of events) past.undo(event);
  return past.state;
}

/** The step of an offer that stood so since a time. */
export const stepOf = ({ is_offered, rates }: OfferState, at: string): PriceStep => ({
  at,
  is_offered,
  rates_cents_per_kwh: (is_offered && rates) || NO_RATES,
});

class OfferPast {
  readonly #rates: Rates;
  #isOffered: boolean;

  constructor(events: readonly OfferEvent[], { rates, is_offered }: OfferState) {
    this.#rates = { ...(rates ?? lastKnownRates(events)) };
    this.#isOffered = is_offered;
  }

  get state(): OfferState {
    return { is_offered: this.#isOffered, rates: { ...this.#rates } };
  }

  stepAt(at: string): PriceStep {
    return stepOf(this.state, at);
  }

  isMovedBy({ event, changes }: OfferEvent): boolean {
    return event !== 'changed' || changes.some(({ field }) => usageOf(field) !== undefined);
  }

  undo({ event, changes }: OfferEvent): void {
    for (const { field, from } of changes) {
      const usage = usageOf(field);
      if (usage !== undefined) this.#rates[usage] = asRate(from);
    }
    if (event === 'withdrawn') this.#isOffered = true;
    if (event === 'relisted') this.#isOffered = false;
  }
}

const usageOf = (field: string): PublishedUsageKwh | undefined =>
  PUBLISHED_USAGES_KWH.find((usage) => rateField(usage) === field);

function lastKnownRates(events: readonly OfferEvent[]): Rates {
  const rates = { ...NO_RATES };
  for (const usage of PUBLISHED_USAGES_KWH) {
    const change = events.flatMap(({ changes }) => changes).find(({ field }) => field === rateField(usage));
    rates[usage] = asRate(change?.to);
  }
  return rates;
}

const asRate = (value: unknown): RateCentsPerKwh | null => (typeof value === 'number' ? value : null);

export interface LowestRate {
  rate_cents_per_kwh: RateCentsPerKwh;
  /** Since when, but not before the time that was asked for. */
  at: string;
}

/**
 * The lowest rate at which the offer was sold since a time.
 * @param steps newest first
 * @param since ISO 8601 in UTC, as the times of the steps
 * @returns `null` if it was not sold since then, or told no rate
 */
export function lowestRate(
  steps: readonly PriceStep[],
  usage: PublishedUsageKwh,
  since: string,
): LowestRate | null {
  let lowest: LowestRate | null = null;
  for (const { at, rates_cents_per_kwh } of steps) {
    const rate = rates_cents_per_kwh[usage];
    const from = at < since ? since : at;
    if (rate !== null && (lowest === null || rate < lowest.rate_cents_per_kwh)) {
      lowest = { rate_cents_per_kwh: rate, at: from };
    }
    if (at <= since) break;
  }
  return lowest;
}
