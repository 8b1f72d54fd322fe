/** ComparePower's records as drafts of plans, each read by itself: one bad record never spoils its neighbours. */

import { UNKNOWN } from '../../plan/fields.ts';
import type { PlanDocuments, PlanDraft, PriceComponent, RateType } from '../../plan/plan.ts';
import type { PublishedUsageKwh, Rates } from '../../plan/rate.ts';
import { cleanLink } from '../links.ts';
import { findOddValue } from '../odd-values.ts';
import { underOwnName } from '../providers.ts';
import { FieldError, readRequired, readUsdPerKwh, toRejection } from '../record.ts';
import type { FetchedTdsp, Rejection } from '../source.ts';
import { readText } from '../text.ts';
import { type WireComponent, type WirePlan, wireComponent, wirePlan } from './wire.ts';

/** What the records do not say themselves. */
interface Upstream {
  /** The address of the order page for an upstream id, `null` where there is none. */
  enrollUrl(externalId: string): string | null;
  /** What a product's family says about its rate; `null` where families mean something else. */
  rateTypeOf(family: string): RateType | null;
}

export function normalisePlans(records: readonly unknown[], duns: string, upstream: Upstream): FetchedTdsp {
  const plans = new Map<string, PlanDraft>();
  const rejections: Rejection[] = [];
  for (const record of records) {
    try {
      const draft = toDraft(readRecord(record), duns, upstream);
      if (plans.has(draft.external_id)) {
        throw new FieldError('_id', draft.external_id, 'came twice in one answer');
      }
      plans.set(draft.external_id, draft);
    } catch (error) {
      rejections.push(toRejection(error, record, idOf(record)));
    }
  }
  return { tdsp_duns: duns, plans: [...plans.values()], rejections };
}

function readRecord(record: unknown): WirePlan {
  const odd = findOddValue(record);
  if (odd) throw new FieldError(odd.field, odd.value, odd.reason);
  const { success, data, error } = wirePlan.safeParse(record);
  if (success) return data;
  const issue = error.issues[0]!;
  throw new FieldError(issue.path.join('.') || 'record', valueAt(record, issue.path), issue.message);
}

const valueAt = (record: unknown, path: readonly PropertyKey[]): unknown =>
  path.reduce<unknown>((inner, key) => (Object(inner) as Record<PropertyKey, unknown>)[key], record);

function toDraft(plan: WirePlan, duns: string, { enrollUrl, rateTypeOf }: Upstream): PlanDraft {
  const { product, tdsp } = plan;
  const { brand } = product;
  if (tdsp?.duns_number && tdsp.duns_number !== duns) {
    throw new FieldError(
      'tdsp.duns_number',
      tdsp.duns_number,
      `is another TDSP than ${duns}, which was asked for`,
    );
  }
  const spanish = documentsIn(plan, ['es', 'spanish', 'español']);
  return {
    ...UNKNOWN,
    external_id: plan._id,
    tdsp_duns: duns,
    provider: underOwnName({
      name: readRequired('product.brand.name', brand.name),
      legal_name: readText(brand.legal_name),
      puct_number: brand.puct_number === null ? null : readText(String(brand.puct_number ?? '')),
      phone: readText(brand.contact_info?.sales?.phone_number),
    }),
    name: readRequired('product.name', product.name),
    // Both mean month to month.
    term_months: product.term === 0 ? 1 : (product.term ?? null),
    rate_type: typeof product.family === 'string' ? rateTypeOf(product.family) : null,
    percent_green: round(product.percent_green ?? null, 3),
    rates_cents_per_kwh: readRates(plan),
    price_components: readComponents(plan.components),
    early_termination_fee_usd: round(product.early_termination_fee ?? null, 2),
    is_prepaid: product.is_pre_pay ?? null,
    is_time_of_use: product.is_time_of_use ?? null,
    special_terms: readText(product.description),
    promotion: readText(product.headline),
    documents: documentsIn(plan, ['', 'en', 'english']),
    enroll_url: enrollUrl(plan._id),
    enroll_phone: readText(brand.contact_info?.sales?.phone_number),
    translations: Object.values(spanish).some((link) => link !== null)
      ? { es: { name: null, fees_text: null, special_terms: null, documents: spanish, enroll_url: null } }
      : {},
  };
}

function readRates(plan: WirePlan): Rates {
  const rates = { 500: readRateAt(plan, 500), 1000: readRateAt(plan, 1000), 2000: readRateAt(plan, 2000) };
  if (rates[1000] !== null) return rates;
  throw new FieldError(
    'display_pricing_1000',
    plan.display_pricing_1000 ?? null,
    'has no price: plans are compared at 1,000 kWh',
  );
}

/** The label's average price; if it is missing, the total; if both are missing, the price the upstream expects. */
function readRateAt(plan: WirePlan, usage: PublishedUsageKwh): number | null {
  const name = `display_pricing_${usage}` as const;
  const avg = plan[name]?.avg ?? null;
  if (avg !== null) return readUsdPerKwh(`${name}.avg`, avg);
  const total = plan[name]?.total ?? null;
  if (total !== null) return readUsdPerKwh(`${name}.total`, total / usage);
  const expected = plan.expected_prices?.find((price) => price.usage === usage)?.price ?? null;
  return expected === null ? null : readUsdPerKwh('expected_prices.price', expected);
}

/** `null` where the parts of the price are missing or not understood: better no exact bill than a wrong one. */
function readComponents(components: unknown): PriceComponent[] | null {
  const { success, data, error } = wireComponent.array().safeParse(components);
  if (success) return data.length > 0 ? data.map(toComponent) : null;
  const { path } = error.issues[0]!;
  const value = valueAt(components, path);
  // An upstream that sends one number as text may send the next with a comma.
  if (typeof value === 'string' && Number.isFinite(Number.parseFloat(value))) {
    throw new FieldError(`components.${path.join('.')}`, value, 'is text where a number is expected');
  }
  return null;
}

function toComponent(component: WireComponent): PriceComponent {
  return {
    min_kwh: component.min ?? component.min_usage ?? null,
    max_kwh: component.max ?? component.max_usage ?? null,
    amount: component.amount,
    is_per_kwh: Boolean(component.multiplicative),
    is_tdsp_charge: Boolean(component.tdsp_charge),
    is_compound: Boolean(component.compound),
    is_percentage: Boolean(component.percentage),
  };
}

function documentsIn(plan: WirePlan, languages: readonly string[]): PlanDocuments {
  const inLanguage = (plan.document_links ?? []).filter(({ language }) =>
    languages.includes(language?.trim().toLowerCase() ?? ''),
  );
  const link = (...types: string[]): string | null => {
    const ofType = inLanguage.filter(({ type }) => types.includes(type?.trim().toLowerCase() ?? ''));
    // The upstream keeps a copy of most papers: good where it does not tell the original.
    const links = [...ofType.map((one) => one.link), ...ofType.map((one) => one.snapshot_url)];
    return links.map(cleanLink).find((one) => one !== null) ?? null;
  };
  return { efl: link('efl'), tos: link('tos'), yrac: link('yrac', 'yraac') };
}

function round(value: number | null, decimals: number): number | null {
  return value === null ? null : Math.round(value * 10 ** decimals) / 10 ** decimals;
}

function idOf(record: unknown): string | null {
  const id = (Object(record) as { _id?: unknown })._id;
  return typeof id === 'string' && id !== '' ? id : null;
}
