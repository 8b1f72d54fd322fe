/**
 * What happens in the market: the kinds of events, why they happened, and what each tells. Of an offer there is at most
 * one event in a version; the plan itself is not in it, because the version it belongs to has it.
 */

import type { Rates } from '../rate.ts';

export const EVENT_KINDS = [
  'market_listed',
  'offer_listed',
  'offer_relisted',
  'offer_repriced',
  'offer_terms_changed',
  'offer_details_changed',
  'offer_replaced',
  'offer_withdrawn',
  'delivery_charge_changed',
  'provider_renamed',
  'source_changed',
  'snapshot_published',
  'snapshot_reverted',
  'snapshot_held',
] as const;
export type EventKind = (typeof EVENT_KINDS)[number];

export const CAUSES = [
  'first_snapshot',
  'provider',
  'delivery_charge',
  'correction',
  'operator',
  'source_change',
  'guard',
] as const;
export type EventCause = (typeof CAUSES)[number];

/** A field by the name of its column. */
export interface FieldChange {
  field: string;
  from: unknown;
  to: unknown;
}

/** A plan that carried an offer before. */
interface ReplacedPlan {
  plan_id: string;
  external_id: string;
}

/** What became of an offer that stays on sale. */
export interface OfferChange {
  /** Every field that differs, the rates first. Empty where only the ids do. */
  changes: FieldChange[];
  /** Set where the offer goes on under another plan id or upstream id. */
  replaces: ReplacedPlan | null;
}

/** One of the many offers that one event is about. */
interface AboutOffer {
  offer_id: string;
  plan_id: string;
  external_id: string;
  provider_id: string;
}

/** An offer that a new delivery charge moved. */
export interface AffectedOffer extends AboutOffer, OfferChange {}

/** Why an offer is gone, where nobody withdrew it. */
export const GONE_REASONS = ['withdrawn', 'source_changed', 'merged', 'replaced'] as const;

/** What is left of an offer that is sold no more. */
interface Tombstone {
  /**
   * `withdrawn`: the upstream lists it no more; `source_changed`: the plans of another upstream stand in its place; `merged`:
   * its upstream id goes on as another offer that was known before, `into`; `replaced`: its upstream id is another, new product.
   */
  reason: (typeof GONE_REASONS)[number];
  into: string | null;
  /** The last version that had it. */
  last_version: number;
}

/** What an event tells beside the columns it has in common with the others. */
export interface EventData {
  /** The first snapshot of a TDSP: all that is sold, in one word. */
  market_listed: { affected: AboutOffer[] };
  offer_listed: null;
  offer_relisted: OfferChange;
  offer_repriced: OfferChange;
  offer_terms_changed: OfferChange;
  offer_details_changed: OfferChange;
  offer_replaced: OfferChange;
  offer_withdrawn: Tombstone;
  /** The shift is in cents per kWh at each usage, the middle one of the affected offers. */
  delivery_charge_changed: { shift_cents_per_kwh: Rates; affected: AffectedOffer[] };
  provider_renamed: { from: string; to: string };
  source_changed: { from: string; to: string };
  snapshot_published: SnapshotEvent;
  snapshot_reverted: SnapshotEvent & { to_version: number | null };
  /** The rules that were broken, as the guard words them. */
  snapshot_held: { broken: { rule: string; reading: string; limit: string }[] };
}

interface SnapshotEvent {
  passed_as: string;
  plans: number;
  added: number;
  changed: number;
  withdrawn: number;
  rejected: number;
}

/** An event as it is written: its place in the log, its time and its version come with the publish. */
export interface NewEvent<Kind extends EventKind = EventKind> {
  kind: Kind;
  cause: EventCause;
  offer_id: string | null;
  plan_id: string | null;
  external_id: string | null;
  provider_id: string | null;
  /** Cents per kWh at 1,000 kWh, after less before. */
  rate_change: number | null;
  data: EventData[Kind];
}
