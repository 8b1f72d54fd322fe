/** Places, plans, and what they cost. */

import { z } from 'zod';
import type { Bill, Client, Plan, Year } from '../../client/index.ts';
import { ApiError } from '../../client/index.ts';
import { ABOUT, aboutOf, flag, number, orNull, record, text, tool } from './tool.ts';

const MOST_PLANS = 20;
const placeOf = (place: string) => (/^\d{5}$/.test(place) ? { zip: place } : { city: place });

const PROFILE = z
  .string()
  .optional()
  .describe('Home: apartment, house, large, or twelve kWh figures January to December, comma-separated');

const MONTHS = z.int().min(1).max(120).optional();
const USAGE = z.int().min(1).max(100_000).optional().describe('kWh a month');

export const findPlace = tool(
  {
    name: 'find_place',
    description:
      'Find a Texas city or ZIP code: whether it has retail choice and which TDSPs serve it. A misspelt name brings suggestions.',
    input: z.object({ place: text.describe('75201 or Fort Worth') }),
    output: z.object({
      name: text,
      has_retail_choice: flag,
      tdsps: z.array(z.object({ duns: text, name: text })),
      note: orNull(text),
      suggestions: z.array(text).optional(),
    }),
  },
  async (client, { place }) => {
    try {
      const { data } = /^\d{5}$/.test(place)
        ? await client.getZip({ zip: place })
        : await client.getCity({ slug: place });
      const { has_retail_choice, note, tdsps } = data;
      const name = 'zip' in data ? `${data.zip} ${data.city}` : data.name;
      return {
        name,
        has_retail_choice,
        note,
        tdsps: tdsps.map(({ duns, short_name }) => ({ duns, name: short_name })),
      };
    } catch (error) {
      if (!(error instanceof ApiError) || error.status !== 404) throw error;
      const { detail = '', suggestions = [], nearest = [] } = error.problem ?? {};
      const near = [...suggestions, ...nearest].map(({ name }) => name);
      return { name: place, has_retail_choice: false, tdsps: [], note: detail, suggestions: near };
    }
  },
);

const yearText = ({ total_usd, exact, evidence, low_usd, high_usd }: Year) => ({
  total_usd,
  exact,
  evidence,
  low_usd,
  high_usd,
});

const summaryOf = ({
  id,
  name,
  provider,
  term_months,
  percent_green,
  rate_type,
  bill,
  year,
  ...plan
}: Plan) => ({
  id,
  name,
  provider: provider.name,
  term_months,
  rate_type,
  percent_green,
  rate_cents_per_kwh: bill.rate_cents_per_kwh,
  month_usd: bill.total_usd,
  month_exact: bill.exact,
  ...(year && { year: yearText(year) }),
  early_termination_fee_usd: plan.early_termination_fee_usd,
  is_prepaid: plan.is_prepaid,
  is_time_of_use: plan.is_time_of_use,
});

export const searchPlans = tool(
  {
    name: 'search_plans',
    description:
      'Plans on sale at a place, the cheapest first by the cost of the next 12 months for a home (USD before tax). Known bills stand before estimates: year.exact says whether the year is certain, low_usd and high_usd its bounds.',
    input: z.object({
      place: text.describe('ZIP code or city'),
      profile: PROFILE,
      term_months: MONTHS,
      min_green: number.optional().describe('Percent; 100 for a green plan'),
      rate_type: z.enum(['fixed', 'variable', 'indexed']).optional(),
      provider: text.optional(),
      prepaid: flag.optional(),
      usage: USAGE,
      limit: z.int().min(1).max(MOST_PLANS).optional(),
      cursor: text.optional(),
    }),
    output: z.object({ ...ABOUT, total: number, plans: z.array(record), next_cursor: text.optional() }),
  },
  async (client, { place, profile = 'house', term_months, rate_type, provider, limit = 5, ...rest }) => {
    const { data, meta, links } = await client.listPlans({
      ...placeOf(place),
      ...rest,
      profile,
      sort: 'year',
      limit,
      ...(term_months !== undefined && { term: [term_months] }),
      ...(rate_type && { rate_type: [rate_type] }),
      ...(provider && { provider: [provider] }),
    });
    const next = links.next && new URL(links.next, 'http://localhost').searchParams.get('cursor');
    return {
      ...aboutOf(meta),
      total: meta.total,
      plans: data.map(summaryOf),
      ...(next && { next_cursor: next }),
    };
  },
);

const bill = z.object({
  usage_kwh: number,
  total_usd: orNull(number),
  exact: flag,
  evidence: orNull(text),
  low_usd: orNull(number),
  high_usd: orNull(number),
  why: text.optional(),
});
const billOf = ({ usage_kwh, total_usd, exact, evidence, low_usd, high_usd, why }: Bill) => ({
  usage_kwh,
  total_usd,
  exact,
  evidence,
  low_usd,
  high_usd,
  why,
});

export const billTool = tool(
  {
    name: 'bill',
    description:
      'What a plan costs: the next 12 months for a home and the bill of one month, with what each figure rests on (evidence) and whether it is certain (exact).',
    input: z.object({ plan_id: text, profile: PROFILE, usage: USAGE }),
    output: z.object({ ...ABOUT, plan: text, year: orNull(bill), month: bill, cliffs: z.array(record) }),
  },
  async (client, { plan_id, profile = 'house', usage }) => {
    const { data, meta } = await client.getPlan({ id: plan_id, profile, ...(usage && { usage }) });
    const { year } = data;
    return {
      ...aboutOf(meta),
      plan: `${data.provider.name}, ${data.name}`,
      year: year ? { usage_kwh: year.usage_kwh, ...yearText(year) } : null,
      month: billOf(data.bill),
      cliffs: [...data.bill.cliffs],
    };
  },
);

export const comparePlans = tool(
  {
    name: 'compare_plans',
    description:
      'One to four plans side by side with everything that is known: charges, fee texts, credits, exit fees, papers, what is odd about the data.',
    input: z.object({ plan_ids: z.array(text).min(1).max(4), profile: PROFILE }),
    output: z.object({ ...ABOUT, plans: z.array(record) }),
  },
  async (client, { plan_ids, profile = 'house' }) => {
    const answers = await Promise.all(plan_ids.map((id) => client.getPlan({ id, profile })));
    const oldest = answers.map(({ meta }) => meta).toSorted((a, b) => b.age_seconds - a.age_seconds)[0]!;
    return { ...aboutOf(oldest), plans: answers.map(({ data }) => factsOf(data)) };
  },
);

function factsOf(plan: Awaited<ReturnType<Client['getPlan']>>['data']) {
  const { year, bill, documents, fees_text, special_terms, price_components, promotion, quality } = plan;
  return {
    ...summaryOf(plan),
    ...(year && {
      leave_after_6_months_usd: year.leave_after_6_months_usd,
      months_missing_credit: year.months_missing_credit,
    }),
    why: bill.why,
    cliffs: bill.cliffs,
    early_termination_fee_per_month_usd: plan.early_termination_fee_per_month_usd,
    requires_auto_pay: plan.requires_auto_pay,
    fees_text,
    special_terms,
    price_components,
    promotion,
    documents,
    quality,
  };
}
