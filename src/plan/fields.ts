/**
 * What a plan is made of, each field once; plan.ts says what the fields mean. Columns, revisions, hashes, packed texts,
 * answers and their JSON schema follow from here. The order is the one in which a person reads an answer.
 */

import { type Plan, type PlanDocuments, type PlanDraft, RATE_TYPES } from './plan.ts';

type Schema = Readonly<Record<string, unknown>>;
type SqlType = 'uuid' | 'text' | 'smallint' | 'numeric' | 'boolean' | 'jsonb' | 'timestamptz';

interface About<Value> {
  isNullable: null extends Value ? true : false;
  /** A term of sale: what a shopper pays and signs. Its changes are history. */
  isTerm?: true;
  /** Says which plan it is and what was before; everything else is the content of a draft. */
  isIdentity?: true;
  /** For readers of the API. */
  doc?: string;
  /** The only values there are. */
  values?: readonly string[];
}

/** Kept in a column of its own name. */
interface InColumn {
  sql: SqlType;
}

/** An object kept in columns of one type: their names, and the keys they stand for. */
interface InColumns<Value> {
  sql: 'text' | 'numeric';
  columns: Readonly<Record<string, keyof Value>>;
  schema: Schema;
}

interface AsJson<Value> {
  sql: 'jsonb';
  schema: Schema;
  /** The value with its keys in one order: jsonb keeps none, and hashes must not depend on it. */
  inOrder(value: Value): Value;
}

type PlanField<Value> = About<Value> &
  ([Value] extends [string | null]
    ? InColumn & { sql: 'uuid' | 'text' | 'timestamptz' }
    : [Value] extends [number | null]
      ? InColumn & { sql: 'smallint' | 'numeric' }
      : [Value] extends [boolean | null]
        ? InColumn & { sql: 'boolean' }
        : InColumns<Value> | AsJson<Value>);

type PlanFields = { readonly [Name in keyof Plan]: PlanField<Plan[Name]> };

const nullableText = { type: ['string', 'null'] };
const object = (properties: Record<string, Schema>): Schema => ({
  type: 'object',
  properties,
  required: Object.keys(properties),
});

/** As `PriceComponent` in plan.ts. */
const PRICE_COMPONENT = object({
  amount: { type: 'number' },
  is_compound: { type: 'boolean' },
  is_per_kwh: { type: 'boolean' },
  is_percentage: { type: 'boolean' },
  is_tdsp_charge: { type: 'boolean' },
  max_kwh: { type: ['number', 'null'] },
  min_kwh: { type: ['number', 'null'] },
});

/** What a list shows of a plan before its bill. */
export const HEAD_FIELDS = {
  id: { sql: 'uuid', isNullable: false, isIdentity: true },
  external_id: { sql: 'text', isNullable: false, isIdentity: true },
  offer_id: {
    sql: 'uuid',
    isNullable: false,
    isIdentity: true,
    doc: 'Survives re-pricing and new upstream ids',
  },
  tdsp_duns: { sql: 'text', isNullable: false, isIdentity: true },
  provider: {
    sql: 'text',
    columns: { provider_id: 'id', provider_name: 'name' },
    isNullable: false,
    isIdentity: true,
    schema: object({ id: { type: 'string' }, name: { type: 'string' } }),
  },
  name: { sql: 'text', isNullable: false },
  term_months: { sql: 'smallint', isNullable: true, isTerm: true, doc: '1 is month to month' },
  rate_type: { sql: 'text', isNullable: true, isTerm: true, values: RATE_TYPES },
  percent_green: { sql: 'numeric', isNullable: true, isTerm: true },
  rates_cents_per_kwh: {
    sql: 'numeric',
    columns: { rate_500kwh: 500, rate_1000kwh: 1000, rate_2000kwh: 2000 },
    isNullable: false,
    isTerm: true,
    schema: { $ref: '#/components/schemas/Rates' },
  },
} as const satisfies Partial<PlanFields>;

/** What a list shows behind the bill. */
export const TAIL_FIELDS = {
  early_termination_fee_usd: {
    sql: 'numeric',
    isNullable: true,
    isTerm: true,
    doc: 'The most that leaving can cost',
  },
  early_termination_fee_per_month_usd: {
    sql: 'numeric',
    isNullable: true,
    isTerm: true,
    doc: 'Set where the fee is per remaining month',
  },
  early_termination_fee_text: {
    sql: 'text',
    isNullable: true,
    doc: 'The words for that fee as the upstream tells them',
  },
  is_prepaid: { sql: 'boolean', isNullable: true, isTerm: true },
  is_time_of_use: { sql: 'boolean', isNullable: true, isTerm: true },
  requires_auto_pay: { sql: 'boolean', isNullable: true, isTerm: true },
  is_new_customer_only: { sql: 'boolean', isNullable: true, isTerm: true },
  has_minimum_usage_fee: { sql: 'boolean', isNullable: true, isTerm: true },
  has_fees_or_credits: {
    sql: 'boolean',
    isNullable: true,
    doc: 'As the upstream flags it: the price bends somewhere, by a minimum-usage fee or a credit',
  },
  fees_text: { sql: 'text', isNullable: true, isTerm: true },
  documents: {
    sql: 'text',
    columns: { efl_url: 'efl', tos_url: 'tos', yrac_url: 'yrac' },
    isNullable: false,
    schema: object({ efl: nullableText, tos: nullableText, yrac: nullableText }),
  },
  enroll_url: { sql: 'text', isNullable: true },
  first_seen_at: { sql: 'timestamptz', isNullable: false, isIdentity: true },
  last_changed_at: { sql: 'timestamptz', isNullable: false, isIdentity: true },
  is_active: { sql: 'boolean', isNullable: false, isIdentity: true },
} as const satisfies Partial<PlanFields>;

/** What only the single plan shows. */
export const DETAIL_FIELDS = {
  price_components: {
    sql: 'jsonb',
    isNullable: true,
    isTerm: true,
    schema: { type: ['array', 'null'], items: PRICE_COMPONENT },
    inOrder: componentsInOrder,
  },
  special_terms: { sql: 'text', isNullable: true },
  promotion: { sql: 'text', isNullable: true },
  is_promotion: { sql: 'boolean', isNullable: true, doc: 'As the upstream flags it' },
  enroll_phone: { sql: 'text', isNullable: true },
  provider_rating: {
    sql: 'numeric',
    isNullable: true,
    doc: "Stars, 1 to 5, as the state's site rates the provider",
  },
  provider_website: { sql: 'text', isNullable: true },
  prepaid_disclosure_url: {
    sql: 'text',
    isNullable: true,
    doc: 'The Prepaid Disclosure Statement',
  },
  spanish_external_id: {
    sql: 'text',
    isNullable: true,
    doc: 'The upstream id of the Spanish record of this plan',
  },
  translations: {
    sql: 'jsonb',
    isNullable: false,
    schema: { type: 'object' },
    inOrder: translationsInOrder,
  },
  remembered_text: {
    sql: 'jsonb',
    isNullable: true,
    isIdentity: true,
    schema: {
      ...object({
        told_at: { type: 'string', format: 'date-time' },
        fees_text: nullableText,
        special_terms: nullableText,
      }),
      type: ['object', 'null'],
    },
    inOrder: rememberedInOrder,
    doc: 'What its text said before the upstream stopped telling one; a bill may rest on it',
  },
} as const satisfies Partial<PlanFields>;

// Every field of a plan is in one of the three, or this does not compile.
export const PLAN_FIELDS = { ...HEAD_FIELDS, ...TAIL_FIELDS, ...DETAIL_FIELDS } satisfies PlanFields;

/** Names of the fields that are terms of sale. */
export type TermField = {
  [Name in keyof typeof PLAN_FIELDS]: (typeof PLAN_FIELDS)[Name] extends { isTerm: true } ? Name : never;
}[keyof typeof PLAN_FIELDS];

/** Any field, seen without its value's type. */
export interface AnyField extends Omit<About<unknown>, 'isNullable'> {
  sql: SqlType;
  isNullable: boolean;
  columns?: Readonly<Record<string, string | number>>;
  schema?: Schema;
  inOrder?(value: never): unknown;
}

const FIELDS: readonly [name: string, field: AnyField][] = Object.entries(PLAN_FIELDS);

type NullableField = {
  [Name in keyof PlanDraft]: null extends PlanDraft[Name] ? Name : never;
}[keyof PlanDraft];

/** All that may be unknown of a plan, unknown: what an upstream does not tell. */
export const UNKNOWN = {
  ...Object.fromEntries(
    FIELDS.flatMap(([name, { isNullable, isIdentity }]) => (isNullable && !isIdentity ? [[name, null]] : [])),
  ),
  documents: { efl: null, tos: null, yrac: null },
  translations: {},
} as Record<NullableField, null> & Pick<PlanDraft, 'documents' | 'translations'>;

/** A column of `electricity_plans` that holds a field of a plan, or a part of one. */
export interface PlanColumn {
  name: string;
  sql: SqlType;
  isTerm: boolean;
  isIdentity: boolean;
  /** Its value; of a draft where that tells the field. */
  cell(plan: Plan | PlanDraft): unknown;
}

const isOnSale = 'is_active';

/** Every column that a plan set tells of a plan: that it is on sale goes without saying. */
export const PLAN_COLUMNS: readonly PlanColumn[] = FIELDS.flatMap(([field, about]) => {
  if (field === isOnSale) return [];
  const { sql, columns, isTerm = false, isIdentity = false } = about;
  const inOrder = about.inOrder as ((value: unknown) => unknown) | undefined;
  const fieldOf = (plan: object): unknown => (plan as Record<string, unknown>)[field];
  if (columns) {
    return Object.entries(columns).map(([name, key]) => {
      const cell = (plan: object) => (fieldOf(plan) as Record<string, unknown>)[key];
      return { name, sql, isTerm, isIdentity, cell };
    });
  }
  const cell = inOrder ? (plan: object) => inOrder(fieldOf(plan)) : fieldOf;
  return [{ name: field, sql, isTerm, isIdentity, cell }];
});

/** The plan of a row: of its columns, and whether it is on sale. */
export function rowToPlan(row: Readonly<Record<string, unknown>>): Plan {
  const plan: Record<string, unknown> = {};
  for (const [name, { columns }] of FIELDS) {
    plan[name] = columns
      ? Object.fromEntries(Object.entries(columns).map(([column, key]) => [key, row[column]]))
      : row[name] instanceof Date
        ? row[name].toISOString()
        : row[name];
  }
  return plan as unknown as Plan;
}

/** Some fields of a plan in the order of the table, for an answer. */
export function pickFields(plan: Plan, fields: Readonly<Record<string, AnyField>>): Record<string, unknown> {
  const picked: Record<string, unknown> = {};
  for (const [name, { columns }] of Object.entries(fields)) {
    const value = plan[name as keyof Plan];
    picked[name] = columns ? pickKeys(value as object, Object.values(columns)) : value;
  }
  return picked;
}

const pickKeys = (value: object, keys: readonly (string | number)[]): Record<string, unknown> =>
  Object.fromEntries(keys.map((key) => [key, (value as Record<string, unknown>)[key]]));

function rememberedInOrder(remembered: Plan['remembered_text']): Plan['remembered_text'] {
  if (!remembered) return null;
  const { fees_text, special_terms, told_at } = remembered;
  return { fees_text, special_terms, told_at };
}

function componentsInOrder(components: Plan['price_components']): Plan['price_components'] {
  const inOrder = components?.map((one) => ({
    amount: one.amount,
    is_compound: one.is_compound,
    is_per_kwh: one.is_per_kwh,
    is_percentage: one.is_percentage,
    is_tdsp_charge: one.is_tdsp_charge,
    max_kwh: one.max_kwh,
    min_kwh: one.min_kwh,
  }));
  return inOrder ?? null;
}

const documentsInOrder = ({ efl, tos, yrac }: PlanDocuments): PlanDocuments => ({ efl, tos, yrac });

function translationsInOrder({ es }: Plan['translations']): Plan['translations'] {
  if (!es) return {};
  const { documents, enroll_url, fees_text, name, special_terms } = es;
  return { es: { documents: documentsInOrder(documents), enroll_url, fees_text, name, special_terms } };
}
