/**
 * A field that becomes one value, or empty, for the whole market says nothing about the plans: the snapshot passes with what the
 * field was before, and says so. Prices, terms and names are not among such fields: without them there is nothing to compare.
 */

import type { PlanDraft } from '../../../plan/plan.ts';
import type { GuardedPlan } from '../../../store/plans/guarded-plans.ts';
import { describeMarket, type GuardedMarket, type MarketPlan, shareOf, toGuarded } from './guarded-market.ts';
import type { Verdict } from './verdict.ts';

/** What a draft is with such a field as it was; `null`: nobody knows what it was. */
const KEEPABLE = {
  rate_type: (draft, was) => ({ ...draft, rate_type: (was?.rate_type ?? null) as PlanDraft['rate_type'] }),
  percent_green: (draft, was) => ({ ...draft, percent_green: was?.percent_green ?? null }),
  is_prepaid: (draft, was) => ({ ...draft, is_prepaid: was?.is_prepaid ?? null }),
  is_time_of_use: (draft, was) => ({ ...draft, is_time_of_use: was?.is_time_of_use ?? null }),
  has_minimum_usage_fee: (draft, was) => ({
    ...draft,
    has_minimum_usage_fee: was?.has_minimum_usage_fee ?? null,
  }),
  early_termination_fee_usd: (draft, was) => ({
    ...draft,
    early_termination_fee_usd: was?.early_termination_fee_usd ?? null,
    early_termination_fee_per_month_usd: was?.early_termination_fee_per_month_usd ?? null,
    early_termination_fee_text: was?.early_termination_fee_text ?? null,
  }),
  fees_text: (draft, was) => ({ ...draft, fees_text: was?.fees_text ?? null }),
  efl_url: (draft, was) => ({ ...draft, documents: { ...draft.documents, efl: was?.efl_url ?? null } }),
  enroll_url: (draft, was) => ({ ...draft, enroll_url: was?.enroll_url ?? null }),
} as const satisfies Partial<
  Record<keyof GuardedPlan, (draft: PlanDraft, was: GuardedPlan | null) => PlanDraft>
>;

type KeepableField = keyof typeof KEEPABLE;
const isKeepable = (field: string): field is KeepableField => Object.hasOwn(KEEPABLE, field);

/** As much of the market as is told the one value: a few that differ were told by themselves. */
const UNIFORM = 0.95;

/**
 * The fields to keep where nothing else speaks against the snapshot; `null` where something does.
 * @param verdict of a snapshot that is held
 */
export function fieldsToKeep({ plans }: GuardedMarket, { readings }: Verdict): KeepableField[] | null {
  const fields = new Set<KeepableField>();
  for (const { is_broken, field = '' } of readings) {
    if (!is_broken) continue;
    if (!isKeepable(field) || commonValue(plans, field) === undefined) return null;
    fields.add(field);
  }
  return [...fields].toSorted();
}

/**
 * @param fields others than those that may be kept are left as they are told
 * @param before a version that was in order
 */
export function keepFields(
  drafts: readonly PlanDraft[],
  fields: readonly string[],
  before: GuardedMarket,
): PlanDraft[] {
  const market = describeMarket(drafts.map(toGuarded));
  const common = fields.filter(isKeepable).map((field) => [field, commonValue(market.plans, field)] as const);
  return drafts.map((draft, at) => {
    const plan = market.plans[at]!;
    const sameId = before.byId.get(plan.external_id);
    const was = (sameId?.key === plan.key ? sameId : undefined) ?? before.byKey.get(plan.key) ?? null;
    return common.reduce(
      (kept, [field, value]) => (plan[field] === value ? KEEPABLE[field](kept, was) : kept),
      draft,
    );
  });
}

/** The value that nearly all plans have; `undefined`: there is none. */
function commonValue(plans: readonly MarketPlan[], field: KeepableField): unknown {
  const [middle] = [...Map.groupBy(plans, (plan) => plan[field])].toSorted(
    ([, a], [, b]) => b.length - a.length,
  );
  return middle && shareOf(plans, (plan) => plan[field] === middle[0]) >= UNIFORM ? middle[0] : undefined;
}
