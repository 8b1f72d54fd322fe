/** JSON Schemas of the answers. A test checks real answers against them. */

import { type AnyField, DETAIL_FIELDS, HEAD_FIELDS, TAIL_FIELDS } from '../../plan/fields.ts';
import { ADMIN_SCHEMAS, ALERT_SCHEMAS } from './admin-schemas.ts';
import { BILL, YEAR } from './bill-schemas.ts';
import { EVENT_SCHEMAS } from './event-schemas.ts';
import { EXPERIMENT_SCHEMAS } from './experiment-schemas.ts';
import { MARKET_SCHEMAS } from './market-schemas.ts';
import {
  flag,
  integer,
  KEPT_FIELDS,
  links,
  listOf,
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
  kept_fields: KEPT_FIELDS,
  ...UPSTREAM,
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

const rates = object({ 500: orNull('number'), 1000: orNull('number'), 2000: orNull('number') });
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
  PlanFacts: {
    ...object({ ...schemasOf(HEAD_FIELDS), ...schemasOf(TAIL_FIELDS), ...schemasOf(DETAIL_FIELDS) }),
    description: 'A plan without bill and year: what the upstream tells of it, its identity and its past',
  },
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
    meta: object({ total: integer, tdsps: listOf(text), ...freshness, place: ref('AskedPlace') }, [
      'kept_fields',
      'notice',
      'place',
      'published_at',
    ]),
    links: links('next'),
  }),
  AskedPlace: object({ slug: text, zip: text, name: text, tdsps: listOf(text), note: orNull('string') }, [
    'slug',
    'zip',
    'name',
  ]),
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
  ...EVENT_SCHEMAS,
  ...MARKET_SCHEMAS,
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
  Openapi: {
    type: 'object',
    description: 'An OpenAPI 3.1 document',
    properties: { openapi: text },
    required: ['openapi'],
    additionalProperties: true,
  },
  Liveness: object({ status: { const: 'alive' } }),
  Readiness: object({
    status: { type: 'string', enum: ['ready', 'degraded'] },
    database: { type: 'string', enum: ['up', 'down'] },
    tdsps: listOf(object({ duns: text, name: text, age_seconds: integer, stale: flag, version: text })),
  }),
  ...ADMIN_SCHEMAS,
  ...ALERT_SCHEMAS,
  ...EXPERIMENT_SCHEMAS,
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
      retry_after_seconds: { ...integer, description: 'As in the header `Retry-After`' },
      tdsps: { ...listOf(text), description: 'Those of which there is nothing' },
      history: { ...text, description: 'Where the past of the plan is told' },
      first_published_at: orNull('string', { format: 'date-time' }),
      kept_since: orNull('string', { format: 'date-time' }),
      nearest: listOf(
        object({
          slug: text,
          name: text,
          distance_miles: integer,
        }),
      ),
    },
    [
      'errors',
      'place',
      'slug',
      'utilities',
      'suggestions',
      'nearest',
      'retry_after_seconds',
      'tdsps',
      'history',
      'first_published_at',
      'kept_since',
    ],
  ),
};
