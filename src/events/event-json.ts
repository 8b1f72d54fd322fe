/**
 * An event as it is told outside, in one form for `/v1/changes`, the stream, webhooks, feeds and the export. What a year
 * cost before and after is worked out from the plans of the two versions, as every other bill is.
 */

import { billCurve } from '../plan/bill/bill.ts';
import type { EventData, EventKind, FieldChange, OfferChange } from '../plan/events/market-event.ts';
import { PLAN_FIELDS, pickFields } from '../plan/fields.ts';
import type { Plan } from '../plan/plan.ts';
import type { UsageProfile } from '../plan/profiles/profiles.ts';
import { yearOf } from '../plan/profiles/year.ts';
import { isAboutMany, type MarketEvent } from '../store/events/event-log.ts';
import { type PlanThen, readPlansThen } from '../store/events/plans-then.ts';
import type { Queryable } from '../store/postgres/database.ts';

interface YearCost {
  from_usd: number | null;
  to_usd: number | null;
  /** Both are known and not estimated. */
  exact: boolean;
}

interface ToldOffer {
  offer_id: string;
  plan_id: string;
  external_id: string;
  provider_id: string;
  changes: FieldChange[];
  replaces: OfferChange['replaces'];
  plan?: Record<string, unknown> | null;
}

/** Shape of the schema `MarketEvent`. */
export interface EventJson {
  seq: number;
  event: EventKind;
  cause: MarketEvent['cause'];
  at: string;
  tdsp_duns: string;
  version: number | null;
  offer_id: string | null;
  plan_id: string | null;
  external_id: string | null;
  provider: { id: string; name: string | null } | null;
  name: string | null;
  term_months: number | null;
  changes: FieldChange[];
  replaces: OfferChange['replaces'];
  rate_change_cents_per_kwh: number | null;
  year_costs: Record<string, YearCost> | null;
  affected: ToldOffer[] | null;
  details: Record<string, unknown> | null;
  evidence: {
    upstream: string | null;
    observed_at: string | null;
    payload_hash: string | null;
    set_hash: string | null;
    run_id: number | null;
  };
  plan?: Record<string, unknown> | null;
}

interface Telling {
  /** The usage profiles that a year's cost is told for. */
  profiles: ReadonlyMap<string, UsageProfile>;
  /** With the plan as it was after the event; `null` where it is gone. */
  withPlans: boolean;
}

/** @param events of the log, in its order */
export async function tellEvents(
  queryable: Queryable,
  events: readonly MarketEvent[],
  { profiles, withPlans }: Telling,
): Promise<EventJson[]> {
  const wanted = new Map<string, PlanThen>();
  const keyOf = ({ tdsp_duns, version, external_id }: PlanThen) => `${tdsp_duns} ${version} ${external_id}`;
  const want = (then: PlanThen) => wanted.set(keyOf(then), then);
  for (const event of events) {
    if (event.kind === 'offer_repriced') for (const then of beforeAndAfter(event)) want(then);
    if (withPlans) for (const external_id of idsAfter(event)) want(thenOf(event, external_id));
  }
  const keys = [...wanted.keys()];
  const plans = await readPlansThen(queryable, [...wanted.values()]);
  const found = new Map(keys.map((key, at) => [key, plans[at] ?? null]));
  const planOf = (then: PlanThen) => found.get(keyOf(then)) ?? null;
  return events.map((event) => {
    const after = (external_id: string) => {
      const plan = planOf(thenOf(event, external_id));
      return { plan: plan && pickFields(plan, PLAN_FIELDS) };
    };
    const affected = isAboutMany(event)
      ? event.data.affected.map((one) => ({
          changes: [],
          replaces: null,
          ...one,
          ...(withPlans && after(one.external_id)),
        }))
      : null;
    const isThere = event.external_id !== null && event.kind !== 'offer_withdrawn';
    return {
      ...eventJson(event),
      year_costs:
        event.kind === 'offer_repriced' ? yearCosts(beforeAndAfter(event).map(planOf), profiles) : null,
      affected,
      ...(withPlans && (isThere ? after(event.external_id!) : { plan: null })),
    };
  });
}

/** Of an event about many offers those that are left in `part`. */
export function partOf(told: EventJson, part: MarketEvent): EventJson {
  if (!isAboutMany(part) || told.affected === null) return told;
  const ids = new Set(part.data.affected.map(({ offer_id }) => offer_id));
  const affected = told.affected.filter(({ offer_id }) => ids.has(offer_id));
  return { ...told, affected, details: { ...told.details, offers: affected.length } };
}

const thenOf = ({ tdsp_duns, version }: MarketEvent, external_id: string): PlanThen => ({
  tdsp_duns,
  version: version ?? 0,
  external_id,
});

function idsAfter(event: MarketEvent): string[] {
  if (isAboutMany(event)) return event.data.affected.map(({ external_id }) => external_id);
  return event.external_id !== null && event.kind !== 'offer_withdrawn' ? [event.external_id] : [];
}

function beforeAndAfter(event: MarketEvent): [PlanThen, PlanThen] {
  const { replaces } = event.data as OfferChange;
  const after = thenOf(event, event.external_id!);
  return [
    { ...after, version: after.version - 1, external_id: replaces?.external_id ?? after.external_id },
    after,
  ];
}

function yearCosts(
  [before, after]: readonly (Plan | null)[],
  profiles: ReadonlyMap<string, UsageProfile>,
): Record<string, YearCost> | null {
  if (!before || !after) return null;
  const curves = [billCurve(before), billCurve(after)] as const;
  return Object.fromEntries(
    [...profiles].map(([name, profile]) => {
      const from = yearOf(curves[0], before, profile);
      const to = yearOf(curves[1], after, profile);
      return [name, { from_usd: from.total_usd, to_usd: to.total_usd, exact: from.exact && to.exact }];
    }),
  );
}

function eventJson(event: MarketEvent): EventJson {
  const { seq, kind, cause, at, tdsp_duns, version, offer_id, plan_id, external_id, name, term_months } =
    event;
  const { provider_id, provider_name, data, source, observed_at, payload_hash, set_hash, run_id } = event;
  const { changes = [], replaces = null } = (data ?? {}) as Partial<OfferChange>;
  return {
    seq,
    event: kind,
    cause,
    at: at.toISOString(),
    tdsp_duns,
    version,
    offer_id,
    plan_id,
    external_id,
    provider: provider_id === null ? null : { id: provider_id, name: provider_name },
    name,
    term_months,
    changes,
    replaces,
    rate_change_cents_per_kwh: event.rate_change,
    year_costs: null,
    affected: null,
    details: detailsOf(event),
    evidence: {
      upstream: source,
      observed_at: observed_at?.toISOString() ?? null,
      payload_hash,
      set_hash,
      run_id,
    },
  };
}

/** What belongs to the kind alone. */
function detailsOf(event: MarketEvent): Record<string, unknown> | null {
  if (event.kind.startsWith('offer_') && event.kind !== 'offer_withdrawn') return null;
  if (!isAboutMany(event))
    return event.data as Exclude<EventData[EventKind], null> as unknown as Record<string, unknown>;
  const { affected, ...rest } = event.data;
  return { ...rest, offers: affected.length };
}
