import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { MarketPast, type PastEvent, type PastOffer } from './market-past.ts';
import { rateField } from './price-steps.ts';
import { PUBLISHED_USAGES_KWH, type Rates } from './rate.ts';

/** For every offer of a small market: not sold, or the rate it is sold at. */
const version = fc.array(fc.option(fc.integer({ min: 8, max: 20 })), { minLength: 6, maxLength: 6 });
const ratesAt = (rate: number): Rates => ({ 500: rate + 2, 1000: rate, 2000: null });

/** What `publish` would write down between two versions. `last` remembers the rates of offers that are gone. */
function eventsBetween(
  before: (number | null)[],
  after: (number | null)[],
  last: Map<string, Rates>,
): PastEvent[] {
  return after.flatMap((rate, index): PastEvent[] => {
    const about = { offer_id: `offer ${index}`, field: null, from_value: null };
    const was = last.get(about.offer_id);
    if (rate === null) return before[index] === null ? [] : [{ ...about, event: 'withdrawn' }];
    const rates = ratesAt(rate);
    last.set(about.offer_id, rates);
    if (!was) return [{ ...about, event: 'listed' }];
    const changed = PUBLISHED_USAGES_KWH.filter((usage) => was[usage] !== rates[usage]).map(
      (usage): PastEvent => ({
        ...about,
        event: 'changed',
        field: rateField(usage),
        from_value: was[usage],
      }),
    );
    return before[index] === null ? [...changed, { ...about, event: 'relisted' }] : changed;
  });
}

const about = { term_months: 12, rate_type: 'fixed' };

test('undoing version after version finds every market as it was', () =>
  fc.assert(
    fc.property(fc.array(version, { minLength: 1, maxLength: 12 }), (versions) => {
      const last = new Map<string, Rates>();
      const none = versions[0]!.map(() => null);
      const events = versions.map((one, index) => eventsBetween(versions[index - 1] ?? none, one, last));
      const now = versions.at(-1)!;
      const past = new MarketPast(
        [...last].map(
          ([offer_id, rates]): PastOffer => ({
            offer_id,
            ...about,
            rates,
            is_offered: now[Number(offer_id.slice(6))] !== null,
          }),
        ),
      );
      for (let at = versions.length - 1; at >= 0; at--) {
        const expected = versions[at]!.filter((rate) => rate !== null).toSorted((a, b) => a - b);
        const sold = past.sold(expected.length)!;
        assert.deepEqual(
          sold.map(({ rates }) => rates[1000]!).toSorted((a, b) => a - b),
          expected,
        );
        assert.deepEqual(
          sold.map(({ rates }) => rates),
          sold.map(({ rates }) => ratesAt(rates[1000]!)),
        );
        past.undo(events[at]!);
      }
      assert.deepEqual(past.sold(0), []);
    }),
  ));

test('what cannot be proved is not told: an offer nobody knows any more, or another number of plans', () => {
  const offer: PastOffer = { offer_id: 'a', ...about, rates: ratesAt(12), is_offered: true };
  const past = new MarketPast([offer]);
  assert.equal(past.sold(2), null);
  past.undo([{ offer_id: 'b', event: 'withdrawn', field: null, from_value: null }]);
  assert.equal(past.sold(2), null);
  past.undo([{ offer_id: 'b', event: 'listed', field: null, from_value: null }]);
  assert.equal(past.sold(1)?.length, 1);
});

test('a kind of rate that changed is undone, too', () => {
  const past = new MarketPast([{ offer_id: 'a', ...about, rates: ratesAt(12), is_offered: true }]);
  past.undo([{ offer_id: 'a', event: 'changed', field: 'rate_type', from_value: 'variable' }]);
  assert.equal(past.sold(1)![0]!.rate_type, 'variable');
});
