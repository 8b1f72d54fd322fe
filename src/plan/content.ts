/**
 * When is a plan "changed"? Two answers: its content (any field, so the row must be written) and its terms of sale
 * (what a shopper pays and signs, so the history must say so).
 */

import { hash } from 'node:crypto';
import { PLAN_COLUMNS, type PlanColumn, type TermField } from './fields.ts';
import type { Plan, PlanDraft } from './plan.ts';
import type { PublishedUsageKwh } from './rate.ts';

type RateColumn = `rate_${PublishedUsageKwh}kwh`;

/** The terms of sale by the names they have as columns. */
export type TermsOfSale = Pick<Plan, Exclude<TermField, 'rates_cents_per_kwh'>> &
  Record<RateColumn, number | null>;

const isRate = (column: string): boolean => /^rate_\d/.test(column);

/** The rates first: they are what people look for among changes. */
const TERM_COLUMNS = PLAN_COLUMNS.filter(({ isTerm }) => isTerm).toSorted(
  (a, b) => Number(isRate(b.name)) - Number(isRate(a.name)),
);

export const TERMS_OF_SALE = TERM_COLUMNS.map(({ name }) => name) as readonly (keyof TermsOfSale)[];

export interface ChangedTerm {
  field: keyof TermsOfSale;
  from_value: unknown;
  to_value: unknown;
}

export function termsOfSale(plan: Plan | PlanDraft): TermsOfSale {
  return Object.fromEntries(TERM_COLUMNS.map(({ name, cell }) => [name, cell(plan)])) as TermsOfSale;
}

/**
 * The terms that differ. Unknown is not a value: an upstream that stops or begins to tell a term changed what we know
 * and not what is sold. A published rate is the exception, because its absence is the plan's own statement.
 */
export function changedTerms(before: TermsOfSale, after: TermsOfSale): ChangedTerm[] {
  const changed: ChangedTerm[] = [];
  for (const field of TERMS_OF_SALE) {
    const from_value = before[field];
    const to_value = after[field];
    if (isSame(from_value, to_value)) continue;
    const isKnown = from_value !== null && to_value !== null;
    if (isKnown || isRate(field)) changed.push({ field, from_value, to_value });
  }
  return changed;
}

/** Whatever the order of their keys. */
export function isSame(a: unknown, b: unknown): boolean {
  return a === b || (typeof a === 'object' && typeof b === 'object' && canonical(a) === canonical(b));
}

/** JSON with sorted keys, because PostgreSQL's jsonb keeps no order. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, inner: unknown) =>
    inner !== null && typeof inner === 'object' && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1)))
      : inner,
  );
}

// By name, so that hashes do not depend on the order of answers. Sorted once: every sync hashes every plan.
const HASHED = PLAN_COLUMNS.toSorted((a, b) => (a.name < b.name ? -1 : 1));
const CONTENT = HASHED.filter(({ isIdentity }) => !isIdentity);

/**
 * Names and values of what is known. The unknown is left out: a field that is new to the program, and unknown of all
 * plans of before, leaves their hashes as they are, and so the plan sets of the past can still be checked.
 */
function known(plan: Plan | PlanDraft, columns: readonly PlanColumn[]): unknown[] {
  const facts: unknown[] = [];
  for (const { name, cell } of columns) {
    const value = cell(plan);
    if (value !== null) facts.push(name, value);
  }
  return facts;
}

/** 32 hex digits over everything a draft says, its upstream id and TDSP excepted. */
export function contentHash(draft: PlanDraft): string {
  const { name, legal_name, puct_number, phone } = draft.provider;
  const facts = [name, legal_name, puct_number, phone, ...known(draft, CONTENT)];
  return digest(facts);
}

/**
 * 32 hex digits over everything a plan set says of a plan: its content, its identity and its past. The same for a plan
 * just read from an upstream and for one read back from PostgreSQL, whose jsonb keeps no order of keys.
 */
export function planHash(plan: Plan): string {
  return digest(known(plan, HASHED));
}

/** 32 of the digits of SHA-256: where the processor knows it, as nearly all do, it takes half the time of MD5. */
const digest = (facts: readonly unknown[]): string =>
  hash('sha256', JSON.stringify(facts), 'hex').slice(0, 32);

/** One hash for a whole plan set. Which plan comes first follows from what the plans say, so the order needs no say. */
export function planSetHash(planHashes: readonly string[]): string {
  return hash('sha256', planHashes.toSorted().join('\n'), 'hex');
}

/** One hash for a whole snapshot: the same plans in another order are the same snapshot. */
export function snapshotHash(
  source: string,
  contents: { external_id: string; content_hash: string }[],
): string {
  const lines = contents.map(({ external_id, content_hash }) => `${external_id} ${content_hash}`);
  return hash('sha256', [source, ...lines.toSorted()].join('\n'), 'hex');
}
