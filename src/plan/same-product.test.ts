import assert from 'node:assert/strict';
import { test } from 'node:test';
import { termsOfSale } from './content.ts';
import { UNKNOWN } from './fields.ts';
import { providerId } from './offer.ts';
import type { PlanDraft } from './plan.ts';
import { isSameProduct } from './same-product.ts';

function draft(
  name: string,
  term_months: number | null,
  cents: number,
  some: Partial<PlanDraft> = {},
): PlanDraft {
  return {
    ...UNKNOWN,
    external_id: 'a',
    tdsp_duns: '1039940674000',
    provider: { name: 'Pecan Energy', legal_name: null, puct_number: null, phone: null },
    name,
    term_months,
    rates_cents_per_kwh: { 500: cents + 1, 1000: cents, 2000: cents - 1 },
    ...some,
  };
}
const isSame = (before: PlanDraft, after: PlanDraft): boolean => {
  const { name, provider } = before;
  return isSameProduct({ ...termsOfSale(before), name, provider_id: providerId(provider.name) }, after);
};

test('a correction under one id stays the product', () => {
  const same: [PlanDraft, PlanDraft][] = [
    [draft('Better Rate - 5', 6, 14), draft('Better Rate - 5', 5, 14)],
    [draft('Better Rate - 5', 6, 14), draft('Better Rate - 5', 5, 13)],
    [draft('Plain', 6, 14), draft('Plain', 5, 14)],
    [draft('Plain', null, 14), draft('Plain', 12, 14)],
    [draft('Free Weekend 12', 12, 14), draft('Free Weekends 12', 12, 15)],
    [draft('Ultimtae Saver 12', 12, 14), draft('Ultimate Saver 12 ', 12, 14)],
    [draft('Powersaver 24', 24, 14), draft('Power Saver 24', 24, 15)],
    [draft('Saver 12', 12, 14), draft('Saver 12 Months', 12, 14)],
  ];
  for (const [before, after] of same) {
    assert.ok(isSame(before, after), `${before.name} ${before.term_months} → ${after.name}`);
    assert.ok(isSame(after, before), `${after.name} → ${before.name}`);
  }
});

test('another product under the id of one is another product', () => {
  const other: [PlanDraft, PlanDraft][] = [
    [draft('Octo Simple 8', 8, 15), draft('Octo Simple 24', 24, 15.6)],
    [draft('Octo Simple 8', 8, 15), draft('Octo Simple 24', 24, 15)],
    [draft('Octo Simple', 8, 15), draft('Octo Simple', 24, 15.6)],
    [draft('Power Saver Plus 6', 6, 11.9), draft('Power Saver 5', 5, 11.3)],
    [draft('Plan A', 12, 14), draft('Plan B', 12, 14)],
    [draft('Saver', 12, 14), draft('Nights', 12, 14)],
    [draft('Saver', 12, 14), draft('Saver Plus', 12, 15)],
    [
      draft('Saver', 12, 14),
      draft('Saver', 12, 14, { provider: { ...draft('', 1, 1).provider, name: 'X' } }),
    ],
    [draft('Free Nights', 12, 14), draft('Free Lights', 12, 14, { is_time_of_use: true })],
  ];
  for (const [before, after] of other) {
    assert.ok(!isSame(before, after), `${before.name} ${before.term_months} → ${after.name}`);
  }
});
