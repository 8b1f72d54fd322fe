import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  lowestRate,
  type OfferEvent,
  type OfferState,
  type PriceStep,
  priceSteps,
  rateField,
  stateBefore,
} from './price-steps.ts';
import { PUBLISHED_USAGES_KWH, type Rates } from './rate.ts';

const rateOrNull = fc.option(fc.integer({ min: 60, max: 300 }).map((tenths) => tenths / 10));
const ratesOf = fc.record({ 500: rateOrNull, 1000: rateOrNull, 2000: rateOrNull }, { noNullPrototype: true });

/** An offer that is lived forwards: what it truly cost, and the events that were written down meanwhile. */
interface Life {
  /** Newest first. */
  events: OfferEvent[];
  /** The truth after every moment, oldest first; a moment may change nothing about the price. */
  truth: { at: string; is_offered: boolean; rates: Rates }[];
  state: OfferState;
}

const hour = (at: number): string => new Date(Date.UTC(2026, 0, 1, at)).toISOString();

const life: fc.Arbitrary<Life> = fc
  .tuple(
    ratesOf,
    fc.array(fc.record({ rates: ratesOf, isFee: fc.boolean(), isToggled: fc.boolean() }), { maxLength: 30 }),
  )
  .map(([first, moments]) => {
    let rates: Rates = first;
    let isOffered = true;
    const events: OfferEvent[] = [{ event: 'listed', at: hour(0), changes: [] }];
    const truth = [{ at: hour(0), is_offered: true, rates }];
    for (const [index, { rates: next, isFee, isToggled }] of moments.entries()) {
      const at = hour(index + 1);
      if (isOffered && isToggled) {
        isOffered = false;
        events.unshift({ event: 'withdrawn', at, changes: [] });
      } else if (isOffered || isToggled) {
        const changes = PUBLISHED_USAGES_KWH.filter((usage) => rates[usage] !== next[usage]).map((usage) => ({
          field: rateField(usage),
          from: rates[usage],
          to: next[usage],
        }));
        if (isFee) changes.push({ field: 'early_termination_fee_usd' as never, from: 100, to: 150 });
        if (changes.length > 0) events.unshift({ event: 'changed', at, changes });
        if (!isOffered) events.unshift({ event: 'relisted', at, changes: [] });
        rates = next;
        isOffered = true;
      }
      truth.push({ at, is_offered: isOffered, rates });
    }
    return { events, truth, state: { is_offered: isOffered, rates } };
  });

const NOTHING: Rates = { 500: null, 1000: null, 2000: null };

/** What the steps say about a time. */
const inForce = (steps: readonly PriceStep[], at: string) => steps.find((step) => step.at <= at);

test('walked backwards, the steps tell what was true at every moment', () =>
  fc.assert(
    fc.property(life, ({ events, truth, state }) => {
      const steps = priceSteps(events, state);
      for (const { at, is_offered, rates } of truth) {
        const { at: since, ...step } = inForce(steps, at)!;
        assert.ok(since <= at);
        assert.deepEqual(step, { is_offered, rates_cents_per_kwh: is_offered ? rates : NOTHING });
      }
      assert.equal(new Set(steps.map(({ at }) => at)).size, steps.length);
      assert.deepEqual(
        steps
          .map(({ at }) => at)
          .toSorted()
          .toReversed(),
        steps.map(({ at }) => at),
      );
    }),
  ));

test('a page of the past is the same as that part of the whole', () =>
  fc.assert(
    fc.property(life, fc.nat({ max: 40 }), ({ events, state }, cut) => {
      const at = events[Math.min(cut, events.length - 1)]!.at;
      const newer = events.filter((event) => event.at >= at);
      const older = events.filter((event) => event.at < at);
      const whole = priceSteps(events, state);
      assert.deepEqual(
        priceSteps(older, stateBefore(newer, state)),
        whole.filter((step) => step.at < at),
      );
    }),
  ));

test('of an offer that no plan carries any more, the rates are known as far as a change told them', () =>
  fc.assert(
    fc.property(life, ({ events, truth, state }) => {
      const steps = priceSteps(events, { ...state, rates: null });
      const told = new Set(events.flatMap(({ changes }) => changes.map(({ field }) => field)));
      for (const { at, is_offered, rates } of truth) {
        for (const usage of PUBLISHED_USAGES_KWH) {
          const expected = is_offered && told.has(rateField(usage)) ? rates[usage] : null;
          assert.equal(inForce(steps, at)!.rates_cents_per_kwh[usage], expected);
        }
      }
    }),
  ));

test('the lowest rate since a time is the lowest of all moments since then, and of the one that held as it began', () =>
  fc.assert(
    fc.property(life, fc.nat({ max: 32 }), ({ events, truth, state }, begin) => {
      const since = hour(Math.min(begin, truth.length - 1));
      const held = truth.filter(({ at }) => at >= since);
      const sold = held.filter(({ is_offered, rates }) => is_offered && rates[500] !== null);
      const lowest = lowestRate(priceSteps(events, state), 500, since);
      if (sold.length === 0) return assert.equal(lowest, null);
      assert.equal(lowest!.rate_cents_per_kwh, Math.min(...sold.map(({ rates }) => rates[500]!)));
      assert.ok(lowest!.at >= since);
    }),
  ));
