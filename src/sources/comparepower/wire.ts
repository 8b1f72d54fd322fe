/** What ComparePower's `/api/plans/current` sends, checked field by field. These names are known here only. */

import * as z from 'zod';
import { LONGEST_NAME, readable } from '../odd-values.ts';

const text = z.string().nullish();
const flag = z.boolean().nullish();
const amount = z.number().nullish();
/** Their pages say number or boolean. A number that is neither 0 nor 1 may be the share itself: not understood. */
const numericFlag = z.union([z.boolean(), z.literal([0, 1])]).nullish();

const pricing = z.object({ usage: amount, avg: amount, total: amount }).nullish();

export const wireComponent = z.object({
  min: amount,
  max: amount,
  min_usage: amount,
  max_usage: amount,
  amount: z.number(),
  multiplicative: numericFlag,
  tdsp_charge: numericFlag,
  compound: numericFlag,
  percentage: numericFlag,
});
export type WireComponent = z.infer<typeof wireComponent>;

const wireBrand = z.object({
  name: z.string().trim().min(1),
  puct_number: z.union([z.string(), z.number()]).nullish(),
  legal_name: text,
  contact_info: z.object({ sales: z.object({ phone_number: text }).nullish() }).nullish(),
});

const wireProduct = z.object({
  name: z.string().trim().min(1),
  term: z.number().int().min(0).max(120).nullish(),
  percent_green: z.number().min(0).max(100).nullish(),
  // No plan is lost by what this means.
  family: z.unknown().optional(),
  headline: text,
  description: text,
  early_termination_fee: z.number().min(0).max(99_999).nullish(),
  is_pre_pay: flag,
  is_time_of_use: flag,
  brand: wireBrand,
});

const wireTdsp = z.object({ duns_number: text });

export const wirePlan = z.object({
  _id: z.string().min(1).max(200),
  product: wireProduct,
  tdsp: wireTdsp.nullish(),
  expected_prices: z.array(z.object({ usage: amount, price: amount })).nullish(),
  display_pricing_500: pricing,
  display_pricing_1000: pricing,
  display_pricing_2000: pricing,
  document_links: z.array(z.object({ type: text, language: text, link: text, snapshot_url: text })).nullish(),
  // Checked apart: a component we do not understand costs the exact bill, not the plan.
  components: z.unknown().optional(),
});
export type WirePlan = z.infer<typeof wirePlan>;

/** What records have, by path: the fields that are read, and those that are known and not needed. */
const KNOWN: Record<string, readonly string[]> = {
  '': Object.keys(wirePlan.shape),
  product: [...Object.keys(wireProduct.shape), '_id'],
  'product.brand': [...Object.keys(wireBrand.shape), '_id'],
  tdsp: [...Object.keys(wireTdsp.shape), '_id', 'name', 'short_name', 'abbreviation'],
};

/** Fields that some records have and nothing needs. */
const OPTIONAL: readonly string[] = ['key', 'product_id', 'product.display_name'];
const MOST_DRIFT = 100;

/** Fields that no record should have, `+`, and fields that every record lacks, `-`. */
export function findDrift(records: readonly unknown[]): string[] {
  const drift: string[] = [];
  for (const [path, known] of Object.entries(KNOWN)) {
    const seen = new Set(records.flatMap((record) => Object.keys(Object(at(record, path)))));
    if (seen.size === 0) continue;
    const prefix = path === '' ? '' : `${path}.`;
    for (const field of seen) {
      const name = `${prefix}${field}`;
      if (!known.includes(field) && !OPTIONAL.includes(name)) drift.push(readable(`+${name}`, LONGEST_NAME));
    }
    for (const field of known) if (!seen.has(field)) drift.push(`-${prefix}${field}`);
  }
  return drift.slice(0, MOST_DRIFT);
}

function at(record: unknown, path: string): unknown {
  const keys = path === '' ? [] : path.split('.');
  return keys.reduce<unknown>((inner, key) => (Object(inner) as Record<string, unknown>)[key], record);
}
