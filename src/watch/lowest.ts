import type { PlanView } from '../catalog/catalog.ts';
import type { UsageProfile } from '../plan/profiles/profiles.ts';
import type { LowestPlan } from './question.ts';

/** The plan that costs least of those whose every month is known; nobody is to leave a contract for an estimate. */
export function lowestOf(view: Pick<PlanView, 'byYear'>, profile: UsageProfile): LowestPlan | null {
  const row = view.byYear(profile).find(({ year }) => year.exact && year.total_usd !== null);
  if (!row) return null;
  const { id: plan_id, name, provider, term_months } = row.plan;
  return { plan_id, name, provider: provider.name, term_months, year_usd: row.year.total_usd! };
}
