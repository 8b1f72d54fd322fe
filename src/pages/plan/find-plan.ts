/** The plan that an address means: on sale, sold under another id now, or gone. */

import type { PlanView } from '../../catalog/catalog.ts';
import type { Plan } from '../../plan/plan.ts';
import { readOfferPast } from '../../store/market/offer-history.ts';
import { readFormerOffer, readPlan } from '../../store/plans/plans.ts';
import type { Ask } from '../page-parts.ts';

const UUID = /^[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}$/;

export type FoundPlan =
  | { kind: 'on sale'; plan: Plan; view: PlanView }
  /** The same offer under another id. */
  | { kind: 'moved'; plan: Plan }
  | { kind: 'gone'; plan: Plan; ended_at: Date | null; view: PlanView | null }
  | { kind: 'unknown' }
  /** Neither memory nor PostgreSQL can say just now. */
  | { kind: 'away' };

export async function findPlan(ask: Ask, id: string): Promise<FoundPlan> {
  if (!UUID.test(id)) return { kind: 'unknown' };
  const sold = findSold(ask, id);
  if (sold) return sold.plan.id === id ? { kind: 'on sale', ...sold } : { kind: 'moved', plan: sold.plan };
  // What is gone stays gone, so the answer holds for every version.
  const stored = await ask.parts.past.read(ask.client, `plan ${id}`, async (queryable) => {
    const plan = await readPlan(queryable, id);
    const offer_id = plan?.offer_id ?? (await readFormerOffer(queryable, id));
    const offer = offer_id === null ? null : await readOfferPast(queryable, offer_id);
    return { plan, offer_id, ended_at: offer?.ended_at ?? null };
  });
  if (stored === 'away') return { kind: 'away' };
  const { plan, offer_id, ended_at } = stored;
  if (offer_id === null) return { kind: 'unknown' };
  const current = findSold(ask, offer_id);
  if (current) return { kind: 'moved', plan: current.plan };
  if (!plan) return { kind: 'unknown' };
  return { kind: 'gone', plan, ended_at, view: ask.parts.catalog.look([plan.tdsp_duns]) };
}

function findSold({ parts: { catalog, territory } }: Ask, id: string): { plan: Plan; view: PlanView } | null {
  for (const { duns } of territory.tdsps) {
    const view = catalog.look([duns]);
    const plan = view?.planWith(id);
    if (view && plan) return { plan, view };
  }
  return null;
}
