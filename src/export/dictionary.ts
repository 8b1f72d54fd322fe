/**
 * The tables of the exports and what their columns mean. What a plan is made of comes from the table that the answers of
 * the API and its description are made from.
 */

import { CAUSES, EVENT_KINDS } from '../plan/events/market-event.ts';
import { type AnyField, PLAN_FIELDS } from '../plan/fields.ts';
import { RATE_TYPES } from '../plan/plan.ts';
import { PUBLISHED_USAGES_KWH } from '../plan/rate.ts';
import type { ColumnType, ExportColumn } from './formats/table.ts';

const column = (
  name: string,
  type: ColumnType,
  description: string,
  more: Partial<Pick<ExportColumn, 'isRequired' | 'values'>> = {},
): ExportColumn => ({ name, type, description, isRequired: false, ...more });
const required = { isRequired: true };

const TYPES: Record<AnyField['sql'], ColumnType> = {
  uuid: 'string',
  text: 'string',
  smallint: 'integer',
  numeric: 'decimal',
  boolean: 'boolean',
  jsonb: 'json',
  timestamptz: 'datetime',
};

/** Of columns that are a part of a field, or whose field says nothing to readers of the API. */
const MEANINGS: Record<string, string> = {
  id: 'Of the plan; an upstream may give it to another product later',
  external_id: 'The id that the upstream gives the plan',
  tdsp_duns: 'DUNS of the TDSP that owns the wires; a text, because leading zeros count',
  provider_id: 'Of the company that sells the plan, made from its name',
  provider_name: 'As the upstream spells it',
  name: 'Of the plan, as the upstream spells it',
  rate_type: 'fixed, variable or indexed',
  percent_green: 'Renewable content in percent',
  is_prepaid: 'Paid in advance',
  is_time_of_use: 'The price depends on the hour',
  requires_auto_pay: 'Sold only with automatic payment',
  is_new_customer_only: 'Sold only to new customers',
  has_minimum_usage_fee: 'A fee below some usage',
  fees_text: 'What the upstream says about fees and credits, as it says it',
  efl_url: 'Electricity Facts Label',
  tos_url: 'Terms of service',
  yrac_url: 'Your Rights as a Customer',
  enroll_url: 'Where the plan can be ordered',
  first_seen_at: 'When the offer was first seen, under whatever upstream id',
  last_changed_at: 'When the terms of sale of the offer last changed',
  price_components: 'The lines of the price, where the upstream tells them',
  special_terms: 'As the upstream words them',
  promotion: 'As the upstream words it',
  enroll_phone: 'Where the plan can be ordered',
  provider_website: 'As the upstream tells it',
  translations: 'Texts and papers of the plan in other languages',
  ...Object.fromEntries(
    PUBLISHED_USAGES_KWH.map((usage) => [
      `rate_${usage}kwh`,
      `Average price at ${usage} kWh a month, cents per kWh, all recurring charges included, before tax`,
    ]),
  ),
};

const planColumns: ExportColumn[] = Object.entries(PLAN_FIELDS as Record<string, AnyField>).flatMap(
  ([name, { sql, isNullable, columns, doc, values }]) => {
    // All of them are on sale.
    if (name === 'is_active') return [];
    return Object.keys(columns ?? { [name]: '' }).map((one) =>
      column(one, TYPES[sql], doc ?? MEANINGS[one]!, {
        // Of papers and rates any may be missing, whatever holds of the whole.
        isRequired: !isNullable && (columns === undefined || one.startsWith('provider_')),
        ...(values && { values }),
      }),
    );
  },
);

const PLANS = {
  title: 'Plans on sale as a day ended',
  primaryKey: ['day', 'id'],
  columns: [
    column('day', 'date', 'In America/Chicago', required),
    column('version', 'integer', 'Published version of the plans of the TDSP', required),
    ...planColumns,
  ],
};

const EVENTS = {
  title: 'What happened in the market on a day',
  primaryKey: ['seq'],
  columns: [
    column('seq', 'bigint', 'Place in the event log, as in /v1/changes', required),
    column('at', 'datetime', 'When it was published', required),
    column('event', 'string', 'What happened; offer_withdrawn is the tombstone of an offer', {
      ...required,
      values: EVENT_KINDS,
    }),
    column('cause', 'string', 'Why', { ...required, values: CAUSES }),
    column('tdsp_duns', 'string', MEANINGS.tdsp_duns!, required),
    column('version', 'integer', 'Published version that it belongs to'),
    column('offer_id', 'string', 'Survives re-pricing and new upstream ids'),
    column('plan_id', 'string', 'Of the plan that carries the offer'),
    column('external_id', 'string', MEANINGS.external_id!),
    column('provider_id', 'string', MEANINGS.provider_id!),
    column('provider_name', 'string', 'As the upstream spelled it then'),
    column('name', 'string', 'Of the plan then'),
    column('term_months', 'integer', 'Contract length then; 1 is month to month'),
    column('rate_change_cents_per_kwh', 'decimal', 'At 1,000 kWh a month, after less before'),
    column('changes', 'json', 'Every field that differs: field, from, to', required),
    column('replaces', 'json', 'The plan that carried the offer until then'),
    column('affected', 'json', 'Of a delivery charge: the offers that it moved'),
    column('details', 'json', 'What belongs to the kind of event'),
    column('evidence', 'json', 'Upstream, hashes of what it sent and of all plans of the version', required),
  ],
};

const RATE_INDEX = {
  title: 'The market of each TDSP as a day ended, by term and kind of rate',
  primaryKey: ['day', 'tdsp_duns', 'term', 'rate_type'],
  columns: [
    column('day', 'date', 'In America/Chicago', required),
    column('changed_on', 'date', 'The last day on which the plans changed', required),
    column('tdsp_duns', 'string', MEANINGS.tdsp_duns!, required),
    column('term', 'string', 'Months, or all', required),
    column('rate_type', 'string', 'Kind of rate, or all', { ...required, values: [...RATE_TYPES, 'all'] }),
    column('version', 'integer', 'Published version of the plans', required),
    column('plans', 'integer', 'How many there are', required),
    ...PUBLISHED_USAGES_KWH.flatMap((usage) => [
      column(
        `priced_${usage}kwh`,
        'integer',
        `How many tell a rate at ${usage} kWh; empty: history does not prove it`,
      ),
      ...(['min', 'median', 'average'] as const).map((what) =>
        column(
          `${what}_rate_${usage}kwh`,
          'decimal',
          `${what} rate at ${usage} kWh a month in cents per kWh, every plan weighs the same`,
        ),
      ),
    ]),
  ],
};

const HISTORY = {
  title: 'Every change of a term of sale, and every offer that went or came back',
  primaryKey: ['id'],
  columns: [
    column('id', 'bigint', 'In the order in which it was written', required),
    column('changed_at', 'datetime', 'When it was published', required),
    column('tdsp_duns', 'string', MEANINGS.tdsp_duns!, required),
    column('offer_id', 'string', 'Survives re-pricing and new upstream ids', required),
    column('plan_id', 'string', MEANINGS.id!, required),
    column('external_id', 'string', MEANINGS.external_id!, required),
    column('event', 'string', 'What happened', { ...required, values: ['changed', 'withdrawn', 'relisted'] }),
    column('field', 'string', 'Which term of sale, where one changed'),
    column('from_value', 'string', 'As JSON'),
    column('to_value', 'string', 'As JSON'),
    column('snapshot_version', 'integer', 'Published version that it came with', required),
  ],
};

export interface ExportTable {
  title: string;
  primaryKey: readonly string[];
  columns: readonly ExportColumn[];
}

export const TABLES = {
  plans: PLANS,
  events: EVENTS,
  'rate-index': RATE_INDEX,
  history: HISTORY,
} as const satisfies Record<string, ExportTable>;
export type TableName = keyof typeof TABLES;
