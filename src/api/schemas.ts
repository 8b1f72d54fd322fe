/** JSON Schemas of the answers. A test checks real answers against them. */

import { type AnyField, DETAIL_FIELDS, HEAD_FIELDS, TAIL_FIELDS } from '../plan/fields.ts';
import { BILL, YEAR } from './bill-schemas.ts';
import {
  flag,
  integer,
  KEPT_FIELDS,
  listOf,
  number,
  object,
  orNull,
  ref,
  type Schema,
  text,
  time,
  UPSTREAM,
} from './schema-parts.ts';

const facet = (value: Schema): Schema => listOf(object({ value, name: text, count: integer }, ['name']));

const freshness = {
  source: {
    type: 'string',
    enum: ['memory', 'redis', 'database', 'active', 'api', 'history'],
    description: 'The layer that answered; `history` where the parameter `as_of` asked about the past',
  },
  stale: flag,
  as_of: {
    ...time,
    description: 'When the upstream last confirmed these plans; the time that was asked about',
  },
  age_seconds: integer,
  version: text,
  published_at: { ...time, description: 'With `as_of`: since when the plans were these' },
  ...UPSTREAM,
  kept_fields: KEPT_FIELDS,
};

const JSON_TYPES = {
  uuid: 'string',
  text: 'string',
  smallint: 'integer',
  numeric: 'number',
  boolean: 'boolean',
} as const;

function fieldSchema({ sql, isNullable, doc, values, schema }: AnyField): Schema {
  if (schema) return schema;
  if (sql === 'timestamptz' || sql === 'jsonb') return time;
  const type = JSON_TYPES[sql];
  return {
    type: isNullable ? [type, 'null'] : type,
    ...(doc && { description: doc }),
    ...(values && { enum: isNullable ? [...values, null] : values }),
  };
}

const schemasOf = (fields: Readonly<Record<string, AnyField>>): Record<string, Schema> =>
  Object.fromEntries(Object.entries(fields).map(([name, field]) => [name, fieldSchema(field)]));

const plan = {
  ...schemasOf(HEAD_FIELDS),
  bill: ref('Bill'),
  year: ref('Year'),
  ...schemasOf(TAIL_FIELDS),
};

const tdsp = { duns: text, code: text, name: text, short_name: text };
const city = {
  slug: text,
  name: text,
  county: text,
  lat: number,
  lon: number,
  population: orNull('integer'),
  tier: integer,
  tdsps: listOf(text),
  zips: listOf(text),
};
const served = {
  has_retail_choice: flag,
  tdsps: listOf(ref('Tdsp')),
  utilities: listOf(text),
  note: orNull('string'),
};
const rateSpread = object({ min: orNull('number'), median: orNull('number'), average: orNull('number') });
const segment = {
  plans: integer,
  rates_cents_per_kwh: object({ 500: rateSpread, 1000: rateSpread, 2000: rateSpread }),
};
const marketOrNull = {
  oneOf: [ref('Market'), { type: 'null' }],
  description: 'All plans together; null before they were first published and counted',
};
const links = (...names: string[]): Schema =>
  object(Object.fromEntries(names.map((name) => [name, text])), names);

const rates = object({ 500: orNull('number'), 1000: orNull('number'), 2000: orNull('number') });
const activity = object({
  listed: { ...integer, description: 'Offers first seen, without those of the first snapshot of a TDSP' },
  relisted: integer,
  withdrawn: integer,
  repriced: { ...integer, description: 'Times that an offer got another published rate' },
  days_with_repricing: integer,
});

export const SCHEMAS = {
  Bill: BILL,
  Rates: rates,
  Year: YEAR,
  Remark: object({
    rule: { ...text, description: 'A stable name', examples: ['name_term'] },
    message: { ...text, examples: ['The name says 5 months, the term is 6'] },
    evidence: {
      type: 'object',
      description: 'The fields and figures that the rule read',
      examples: [{ name: 'SoFed Better Rate - 5', term_months: 6, stated_months: 5 }],
    },
  }),
  Plan: object(plan, ['year']),
  PlanList: object({
    data: listOf(ref('Plan')),
    facets: object({
      term: facet(orNull('integer')),
      rate_type: facet(orNull('string')),
      provider: facet(text),
      green: facet(integer),
      prepaid: facet(orNull('boolean')),
      time_of_use: facet(orNull('boolean')),
    }),
    meta: object({ total: integer, tdsps: listOf(text), ...freshness, place: { type: 'object' } }, [
      'kept_fields',
      'notice',
      'place',
      'published_at',
    ]),
    links: links('next'),
  }),
  PlanAnswer: object({
    data: object(
      {
        ...plan,
        ...schemasOf(DETAIL_FIELDS),
        quality: {
          ...listOf(ref('Remark')),
          description: 'What is odd about the data of the plan; both sides of a contradiction stay as told',
        },
      },
      ['year'],
    ),
    meta: object(freshness, ['kept_fields', 'notice', 'published_at']),
    links: links('history', 'current'),
  }),
  History: object({
    data: listOf(
      object({
        event: { type: 'string', enum: ['listed', 'changed', 'withdrawn', 'relisted'] },
        at: time,
        plan_id: orNull('string'),
        external_id: orNull('string'),
        changes: listOf(ref('ChangedTerm')),
      }),
    ),
    prices: {
      ...listOf(object({ at: time, is_offered: flag, rates_cents_per_kwh: ref('Rates') })),
      description:
        'What the plan cost, newest first: a step holds until the one before it in the list. Rates are null where none was told and while the plan was not offered.',
    },
    meta: object(
      {
        offer_id: text,
        first_seen_at: time,
        last_changed_at: time,
        ended_at: orNull('string'),
        total: { ...integer, description: 'Events on all pages' },
        kept_since: orNull('string', { description: 'What happened before was dropped; null: nothing was' }),
        lowest: {
          ...object({
            days: integer,
            usage_kwh: integer,
            rate_cents_per_kwh: orNull('number'),
            at: orNull('string', { description: 'Since when, but not before the days began' }),
          }),
          type: ['object', 'null'],
          description: 'With `lowest_in_days`; its rate is null where the plan was not offered in these days',
        },
        ...UPSTREAM,
      },
      ['notice'],
    ),
    links: links('next'),
  }),
  ChangedTerm: object({ field: text, from: {}, to: {} }),
  MarketIndex: object({
    data: listOf(
      object({
        from: text,
        to: text,
        days: integer,
        known_days: { ...integer, description: 'Days for which the upstream confirmed the plans' },
        plans: orNull('number', { description: 'On average of the known days; null: nothing is known' }),
        priced_plans: orNull('number', { description: 'Of them, those that tell a rate at this usage' }),
        min_rate_cents_per_kwh: orNull('number', { description: 'The lowest of all days' }),
        median_rate_cents_per_kwh: orNull('number', {
          description: 'The mean of the medians of the known days',
        }),
        average_rate_cents_per_kwh: orNull('number', {
          description: 'The mean of the averages of the known days',
        }),
        version: orNull('integer', { description: 'The last version of the plans that counts here' }),
      }),
    ),
    meta: object(
      {
        tdsp_duns: text,
        from: text,
        to: text,
        by: text,
        time_zone: { const: 'America/Chicago' },
        term: orNull('integer'),
        rate_type: orNull('string'),
        usage_kwh: integer,
        ...UPSTREAM,
      },
      ['notice'],
    ),
    links: object({}),
  }),
  MarketChanges: object({
    data: listOf(
      object({
        version: integer,
        at: time,
        event: { type: 'string', enum: ['listed', 'changed', 'withdrawn', 'relisted'] },
        offer_id: text,
        plan_id: orNull('string'),
        external_id: orNull('string'),
        provider: object({ id: text, name: text }),
        name: text,
        term_months: orNull('integer'),
        changes: listOf(ref('ChangedTerm')),
        rates_cents_per_kwh: {
          anyOf: [ref('Rates'), { type: 'null' }],
          description: 'With `listed`: the rates it was first seen with',
        },
      }),
    ),
    meta: object(
      {
        tdsp_duns: text,
        version: { ...integer, description: 'The version that is current' },
        has_more: { ...flag, description: 'Whether `links.next` brings more at once' },
        ...UPSTREAM,
      },
      ['notice'],
    ),
    links: object({
      next: { ...text, description: 'At the end, too: there it brings what happens from now on' },
    }),
  }),
  ProviderAnswer: object({
    data: object({
      id: text,
      name: text,
      legal_name: orNull('string'),
      puct_number: orNull('string'),
      phone: orNull('string'),
      first_seen_at: time,
      active_plans: integer,
      tdsps: listOf(
        object({
          tdsp_duns: text,
          short_name: text,
          plans: integer,
          min_rate_cents_per_kwh: orNull('number'),
          median_rate_cents_per_kwh: orNull('number'),
        }),
      ),
      activity: object({ last_30_days: activity, last_90_days: activity }),
    }),
    meta: object(
      {
        usage_kwh: integer,
        observed_since: orNull('string', { description: 'Nothing is known of the time before' }),
        ...UPSTREAM,
      },
      ['notice'],
    ),
    links: object({}),
  }),
  Tdsp: object(tdsp),
  Market: object({
    ...segment,
    providers: integer,
    max_percent_green: orNull('number'),
    cheapest_plan_id: orNull('string', { description: 'At 1,000 kWh a month' }),
    greenest_plan_id: orNull('string', { description: 'The cheapest of those with the most green' }),
    by_term: listOf(object({ term_months: orNull('integer'), ...segment })),
    by_rate_type: listOf(object({ rate_type: orNull('string'), ...segment })),
  }),
  CityList: object({ data: listOf(object(city)), meta: object({ total: integer }), links: links('next') }),
  CityAnswer: object({
    data: object({ ...city, ...served, market: marketOrNull }, ['market']),
    links: links('plans'),
  }),
  ZipAnswer: object({
    data: object({
      zip: text,
      city: text,
      county: text,
      lat: number,
      lon: number,
      market: text,
      tdsp_sources: listOf(text),
      utility_sources: listOf(text),
      ...served,
    }),
    links: links('plans'),
  }),
  TdspList: object({
    data: listOf(
      object({
        ...tdsp,
        cities: integer,
        active_plans: orNull('integer'),
        version: orNull('integer'),
        as_of: orNull('string'),
        upstream: orNull('string'),
        market: marketOrNull,
      }),
    ),
    meta: object({ total: integer }),
  }),
  ProviderList: object({
    data: listOf(
      object({
        id: text,
        name: text,
        legal_name: orNull('string'),
        puct_number: orNull('string'),
        phone: orNull('string'),
        active_plans: integer,
        tdsps: listOf(text),
      }),
    ),
    meta: object({ total: integer }),
  }),
  SearchAnswer: object({
    data: object({
      cities: listOf(object({ slug: text, name: text, county: text, link: text })),
      providers: listOf(object({ id: text, name: text, active_plans: integer })),
      plans: listOf(
        object({
          id: text,
          name: text,
          provider: object({ id: text, name: text }),
          tdsp_duns: text,
          term_months: orNull('integer'),
          tdsps: {
            ...integer,
            description: 'In so many TDSPs the product is sold; this is its cheapest plan',
          },
          link: text,
        }),
      ),
    }),
    meta: object({
      q: text,
      corrected: orNull('string', {
        description: 'What was searched for instead, where words were misspelt',
      }),
    }),
  }),
  Health: object({ status: text }),
  Problem: object(
    {
      type: text,
      title: text,
      status: integer,
      code: text,
      detail: text,
      errors: listOf(object({ field: text, message: text })),
      place: text,
      slug: orNull('string'),
      utilities: listOf(text),
      suggestions: listOf(object({ slug: text, name: text })),
      nearest: listOf(
        object({
          slug: text,
          name: text,
          distance_miles: integer,
        }),
      ),
    },
    ['errors', 'place', 'slug', 'utilities', 'suggestions', 'nearest'],
  ),
};
