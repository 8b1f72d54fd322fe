import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { compareReadings, isEmpty, type RejectedRecord } from './difference.ts';
import { UNKNOWN } from './fields.ts';
import type { Plan, PlanDraft } from './plan.ts';

const draft = (external_id: string, cents: number, name = 'Saver 12'): PlanDraft => ({
  ...UNKNOWN,
  external_id,
  tdsp_duns: '1039940674000',
  provider: { name: 'Pecan Energy', legal_name: 'Pecan LLC', puct_number: '1', phone: null },
  name,
  term_months: 12,
  rate_type: 'fixed',
  percent_green: 20,
  rates_cents_per_kwh: { 500: 15, 1000: cents, 2000: 10.5 },
  early_termination_fee_usd: 150,
  is_prepaid: false,
  is_time_of_use: false,
  documents: { efl: 'https://a.example/efl', tos: null, yrac: null },
});

const published = (plan: PlanDraft): Plan => ({
  ...plan,
  id: `id of ${plan.external_id}`,
  offer_id: 'offer',
  provider: { id: 'pecan-energy', name: plan.provider.name },
  first_seen_at: '2026-06-01T00:00:00.000Z',
  last_changed_at: '2026-06-02T00:00:00.000Z',
  is_active: true,
  remembered_text: null,
});
const rejected = (external_id: string | null): RejectedRecord => ({ external_id, field: 'x', reason: 'bad' });

const ids = fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), { minLength: 1 });
/** What was read of some records: plans, rejected ones with an id, and how many without. */
const reading = fc.tuple(ids, fc.nat(6), fc.nat(2)).map(([all, cut, nameless]) => ({
  plans: all.slice(cut).map((id) => draft(id, 12)),
  rejections: [...all.slice(0, cut).map(rejected), ...Array.from({ length: nameless }, () => rejected(null))],
}));
const unreadOf = ({ rejections }: { rejections: RejectedRecord[] }) =>
  rejections.map(({ external_id }) => external_id ?? '');

test('what is read today as it was then does not differ, whatever could not be read', () =>
  fc.assert(
    fc.property(reading, ids, (then, older) => {
      // On sale besides: plans that could not be read then, and stayed as they were read before.
      const named = new Set(then.rejections.map(({ external_id }) => external_id));
      const carried = older.filter((id) => named.has(id)).map((id) => draft(id, 11));
      const set = [...then.plans, ...carried].map(published);
      assert.ok(isEmpty(compareReadings(set, unreadOf(then), then)));
    }),
  ));

test('every plan that is new, gone, changed, or not read any more is told once, and by the field', () =>
  fc.assert(
    fc.property(ids, ids, ids, (before, after, dearer) => {
      const today = {
        plans: after.map((id) => draft(id, dearer.includes(id) ? 13 : 12)),
        rejections: [],
      };
      const found = compareReadings(
        before.map((id) => published(draft(id, 12))),
        [],
        today,
      );
      const idsOf = (list: { external_id: string }[]) =>
        list.map(({ external_id }) => external_id).toSorted();
      assert.deepEqual(idsOf(found.added), after.filter((id) => !before.includes(id)).toSorted());
      assert.deepEqual(idsOf(found.gone), before.filter((id) => !after.includes(id)).toSorted());
      assert.deepEqual(
        idsOf(found.changed),
        after.filter((id) => before.includes(id) && dearer.includes(id)).toSorted(),
      );
      for (const { changes } of found.changed) {
        assert.deepEqual(changes, [{ field: 'rate_1000kwh', from: 12, to: 13 }]);
      }
      assert.deepEqual([found.newly_readable, found.newly_rejected], [[], []]);
    }),
  ));

test('a record that could not be read then and can be now is told apart, with what it changes', () => {
  const set = [published(draft('a', 12)), published(draft('b', 12))];
  const today = { plans: [draft('a', 12), draft('b', 14), draft('c', 9)], rejections: [] };
  const found = compareReadings(set, ['b', 'c'], today);
  assert.deepEqual(
    found.newly_readable.map(({ external_id, changes }) => [external_id, changes.length]),
    [
      ['b', 1],
      ['c', 0],
    ],
  );
  assert.deepEqual([found.added, found.changed, found.gone], [[], [], []]);
});

test('a record that was read then and cannot be now is told with its reason', () => {
  const set = [published(draft('a', 12)), published(draft('b', 12))];
  const found = compareReadings(set, ['', 'x'], {
    plans: [draft('a', 12)],
    rejections: [rejected('b'), rejected('x'), rejected(null), rejected(null)],
  });
  assert.deepEqual(
    found.newly_rejected.map(({ external_id }) => external_id),
    ['b', null, null],
  );
  assert.deepEqual(found.gone, []);
});
