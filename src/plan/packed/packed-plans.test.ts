import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { anyPlans } from '../../../test/support/random-plans.ts';
import { billCurve } from '../bill/bill.ts';
import { FACET_VALUE, FACETS } from '../facets.ts';
import { nameKey } from '../offer.ts';
import type { Plan } from '../plan.ts';
import { PackedPlans } from './packed-plans.ts';

/** As bytes that came from elsewhere, anywhere in a larger buffer. */
function sent(plans: readonly Plan[], offset: number): PackedPlans {
  const { bytes } = PackedPlans.of(plans);
  const larger = Buffer.alloc(bytes.byteLength + offset + 3, 0xff);
  larger.set(bytes, offset);
  return new PackedPlans(larger.subarray(offset, offset + bytes.byteLength));
}

const offsets = fc.integer({ min: 0, max: 9 });

test('packed and sent, every plan is the one it was', () =>
  fc.assert(
    fc.property(anyPlans, offsets, (plans, offset) => {
      const packed = sent(plans, offset);
      assert.equal(packed.count, plans.length);
      for (const [row, plan] of plans.entries()) assert.deepEqual(packed.plan(row), plan);
      assert.deepEqual(packed.plans, plans);
      assert.equal(packed.plans, packed.plans, 'parsed once');
    }),
  ));

test('columns and texts say what the plans say', () =>
  fc.assert(
    fc.property(anyPlans, offsets, fc.integer({ min: 1, max: 5_000 }), (plans, offset, usage) => {
      const packed = sent(plans, offset);
      for (const [row, plan] of plans.entries()) {
        for (const [at, facet] of FACETS.entries()) {
          const code = packed.facetCodes[row * FACETS.length + at]!;
          assert.equal(packed.facetValues[at]![code], FACET_VALUE[facet](plan));
        }
        const { 500: low, 1000: middle, 2000: high } = plan.rates_cents_per_kwh;
        for (const [name, value] of [
          ...([
            ['term', plan.term_months],
            ['green', plan.percent_green],
          ] as const),
          ...([
            ['exit_fee', plan.early_termination_fee_usd],
            [500, low],
            [1000, middle],
            [2000, high],
          ] as const),
        ] as const) {
          assert.equal(packed.numbers(name)[row], value ?? Number.NaN, String(name));
        }
        const key = nameKey(plan.provider.name);
        assert.equal(packed.providerKey(row), key);
        assert.equal(packed.words(row), `${key}-${nameKey(plan.name)}`);
        assert.equal(packed.id(row), plan.id);
        assert.deepEqual(packed.curve(row).at(usage), billCurve(plan).at(usage));
        const listed = packed.head(row) + JSON.stringify({ is: 'a bill' }) + packed.tail(row);
        assert.match(listed, /^[\x20-\x7e]*$/, 'ASCII: it is sent without being encoded');
        const { price_components: _c, special_terms: _s, promotion: _p, enroll_phone: _e, ...rest } = plan;
        const { translations: _t, provider_rating: _r, provider_website: _w, ...others } = rest;
        const {
          remembered_text: _m,
          is_promotion: _i,
          prepaid_disclosure_url: _d,
          spanish_external_id: _x,
          ...shown
        } = others;
        assert.deepEqual(JSON.parse(listed), { ...shown, bill: { is: 'a bill' } });
      }
    }),
  ));

test('plans that cost the same stand by exit fee, term, green and id, unknown ones last', () =>
  fc.assert(
    fc.property(anyPlans, offsets, (plans, offset) => {
      const known = (value: number | null, sign: 1 | -1) =>
        value === null ? Number.POSITIVE_INFINITY : value * sign;
      const keys = (plan: Plan) => [
        known(plan.early_termination_fee_usd, 1),
        known(plan.term_months, 1),
        known(plan.percent_green, -1),
      ];
      const ordered = plans.toSorted((one, other) => {
        const [a, b] = [keys(one), keys(other)];
        const at = a.findIndex((key, at) => key !== b[at]);
        return at === -1 ? (one.id < other.id ? -1 : 1) : a[at]! - b[at]!;
      });
      const packed = sent(plans, offset);
      assert.deepEqual(
        [...packed.tieOrder].map((row) => plans[row]!.id),
        ordered.map(({ id }) => id),
      );
    }),
  ));

test('bytes that are cut off, longer, of another kind or none are refused', () =>
  fc.assert(
    fc.property(fc.tuple(anyPlans, fc.double({ min: 0, max: 0.999, noNaN: true })), ([plans, share]) => {
      const { bytes } = PackedPlans.of(plans);
      assert.throws(() => new PackedPlans(bytes.slice(0, Math.floor(bytes.byteLength * share))));
      assert.throws(() => new PackedPlans(Buffer.concat([bytes, Buffer.of(0)])));
      const turned = Buffer.from(bytes);
      turned.subarray(0, 4).reverse();
      assert.throws(() => new PackedPlans(turned), RangeError);
      assert.throws(() => new PackedPlans(Buffer.from(JSON.stringify(plans).padEnd(40))));
    }),
  ));
