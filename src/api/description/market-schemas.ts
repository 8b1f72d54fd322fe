/** JSON Schemas of answers about markets, places and providers. */

import {
  flag,
  integer,
  links,
  listOf,
  number,
  object,
  orNull,
  ref,
  text,
  time,
  UPSTREAM,
} from './schema-parts.ts';

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
const activity = object({
  listed: { ...integer, description: 'Offers first seen, without those of the first snapshot of a TDSP' },
  relisted: integer,
  withdrawn: integer,
  repriced: { ...integer, description: 'Times that an offer got another published rate' },
  days_with_repricing: integer,
});

export const MARKET_SCHEMAS = {
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
};
