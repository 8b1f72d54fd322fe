/**
 * What differs between the plans that were published and what is read from the same records today.
 *
 * Identity and past are not compared: a draft has none. What would stay on sale today although its record cannot be
 * read stays here, too, by the rules of the publish.
 */

import { isSame } from './content.ts';
import { PLAN_COLUMNS } from './fields.ts';
import type { Plan, PlanDraft } from './plan.ts';

export interface FieldDifference {
  field: string;
  from: unknown;
  to: unknown;
}

/** A plan, as much as it takes to know which one is meant. */
export interface NamedPlan {
  external_id: string;
  provider: string;
  name: string;
}

export interface RejectedRecord {
  external_id: string | null;
  field: string;
  reason: string;
}

export interface SetDifference {
  added: NamedPlan[];
  gone: NamedPlan[];
  changed: (NamedPlan & { changes: FieldDifference[] })[];
  /** Records that were read then and are not today. */
  newly_rejected: RejectedRecord[];
  /** Records that were not read then and are today; what they change, where an older reading of theirs is on sale. */
  newly_readable: (NamedPlan & { changes: FieldDifference[] })[];
}

/** What is read from some records today. */
export interface Reading {
  plans: readonly PlanDraft[];
  rejections: readonly RejectedRecord[];
}

/** @param unread upstream ids of the records that could not be read then; empty text where not even that could */
export function compareReadings(
  published: readonly Plan[],
  unread: readonly string[],
  today: Reading,
): SetDifference {
  const before = new Map(published.map((plan) => [plan.external_id, plan]));
  const rejectedIds = new Set(today.rejections.map(({ external_id }) => external_id));
  const found: SetDifference = { added: [], gone: [], changed: [], newly_rejected: [], newly_readable: [] };
  for (const draft of today.plans) {
    const { external_id } = draft;
    const plan = before.get(external_id);
    const changes = plan ? differences(plan, draft) : [];
    if (unread.includes(external_id) && !rejectedIds.has(external_id)) {
      found.newly_readable.push({ ...named(draft), changes });
    } else if (!plan) found.added.push(named(draft));
    else if (changes.length > 0) found.changed.push({ ...named(draft), changes });
  }

  const read = new Set(today.plans.map(({ external_id }) => external_id));
  const missing = published.filter(
    ({ external_id }) => !read.has(external_id) && !rejectedIds.has(external_id),
  );
  const nameless = today.rejections.filter(({ external_id }) => external_id === null);
  if (missing.length > nameless.length) found.gone = missing.map(named);
  found.newly_rejected = today.rejections.filter(
    ({ external_id }) => external_id !== null && !unread.includes(external_id),
  );
  if (nameless.length > unread.filter((id) => id === '').length) found.newly_rejected.push(...nameless);
  return found;
}

export const isEmpty = (difference: SetDifference): boolean =>
  Object.values(difference).every((list: unknown[]) => list.length === 0);

/** What a plan says and a draft of it does not say so, by the names of the columns. */
export function differences(plan: Plan, draft: PlanDraft): FieldDifference[] {
  const [before, after] = [facts(plan), facts(draft)];
  return Object.keys(before).flatMap((field) => {
    const [from, to] = [before[field], after[field]];
    return isSame(from, to) ? [] : [{ field, from, to }];
  });
}

const named = ({ external_id, provider, name }: Plan | PlanDraft): NamedPlan => ({
  external_id,
  provider: provider.name,
  name,
});

const CONTENT = PLAN_COLUMNS.filter(({ isIdentity }) => !isIdentity);

const facts = (plan: Plan | PlanDraft): Record<string, unknown> => ({
  provider: plan.provider.name,
  ...Object.fromEntries(CONTENT.map(({ name, cell }) => [name, cell(plan)])),
});
