/**
 * Replays recorded days of Power to Choose as if ComparePower had answered them. The plans are real ones of the
 * past; what the wire cannot say (fees as text, promotions) goes into the description, as upstreams do it.
 */

import type { PlanDocuments, PlanDraft } from '../../plan/plan.ts';
import { PUBLISHED_USAGES_KWH } from '../../plan/rate.ts';
import type { Fetched } from '../../sources/source.ts';
import { optionInvalid } from '../sandbox-error.ts';
import { EPOCH_MS, type VirtualClock } from '../virtual-clock.ts';
import { hash32, stream } from './chance.ts';
import type { Market } from './shelf.ts';
import { findTdsp } from './tdsps.ts';
import {
  displayPricing,
  objectId,
  round,
  type UpstreamDocumentLink,
  type UpstreamPlan,
} from './upstream-plan.ts';

/** All plan sets of one recorded day. */
export interface ReplaySnapshot {
  /** `2026-07-20`. */
  date: string;
  rowsByDuns: Map<string, UpstreamPlan[]>;
}

/** A recorded file; `modified_at` dates it where its name holds no `YYYY-MM-DD`. */
interface ReplayFile {
  name: string;
  bytes: Uint8Array;
  modified_at?: Date;
}

/** Serves one snapshot per 24 hours of virtual time since the start, and stays at the last one. */
export function replayMarket(snapshots: readonly ReplaySnapshot[], clock: VirtualClock): Market {
  if (snapshots.length === 0) throw optionInvalid('replay', 'must hold at least one snapshot');
  const steps = snapshots.length;
  const version = () => Math.min(clock.daysSinceStart(), steps - 1);
  return {
    version,
    plansOf: ({ wire }, step) => snapshots[step]?.rowsByDuns.get(wire.duns_number) ?? [],
    position: () => ({ date: snapshots[version()]!.date, step: version(), steps }),
  };
}

/**
 * Turns recorded Power to Choose files into snapshots, in the order of their dates.
 * @param parse reads one file into drafts: `(bytes) => parsePowerToChoose(bytes, {duns, tdspByName})`
 * @throws {SandboxError} a file has no date, or two have the same
 */
export function replayFromPowerToChoose(
  files: readonly ReplayFile[],
  parse: (bytes: Uint8Array) => Fetched,
): ReplaySnapshot[] {
  const byDate = new Map<string, ReplayFile>();
  for (const file of files) {
    const date = dateOf(file);
    const other = byDate.get(date);
    if (other) {
      throw optionInvalid('replay', `${other.name} and ${file.name} are both of ${date}; keep one a day`);
    }
    byDate.set(date, file);
  }
  const idOf = versionIds();
  return [...byDate.keys()].toSorted().map((date) => ({
    date,
    rowsByDuns: new Map(
      parse(byDate.get(date)!.bytes).tdsps.map(({ tdsp_duns, plans }) => [
        tdsp_duns,
        plans.flatMap((draft) => upstreamPlan(draft, idOf(draft, date)) ?? []),
      ]),
    ),
  }));
}

function dateOf({ name, modified_at }: ReplayFile): string {
  const [date] = /\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])/.exec(name) ?? [];
  if (date) return date;
  if (modified_at) return modified_at.toISOString().slice(0, 10);
  throw optionInvalid('replay', `${name} has no date: put YYYY-MM-DD into its name`);
}

/** Mints ids as ComparePower does: from record and prices, new whenever the prices are. */
function versionIds() {
  const current = new Map<string, { prices: string; id: string }>();
  return (draft: PlanDraft, date: string): string => {
    const record = `${draft.tdsp_duns} ${draft.external_id}`;
    const prices = JSON.stringify(draft.rates_cents_per_kwh);
    const known = current.get(record);
    if (known?.prices === prices) return known.id;
    const id = objectId(Date.parse(date), stream(record), stream(`${record} ${prices}`));
    current.set(record, { prices, id });
    return id;
  };
}

/** A draft in ComparePower's words; `null` for a TDSP it does not serve. */
function upstreamPlan(draft: PlanDraft, _id: string): UpstreamPlan | null {
  const tdsp = findTdsp(draft.tdsp_duns);
  if (!tdsp) return null;
  const { provider, term_months: term, rate_type, rates_cents_per_kwh: rates } = draft;
  const phone_number = provider.phone;
  const pricings = PUBLISHED_USAGES_KWH.flatMap((usage) => {
    const cents = rates[usage];
    return cents === null ? [] : displayPricing(usage, (cents * usage) / 100);
  });
  return {
    _id,
    product: {
      _id: objectId(EPOCH_MS, stream(provider.name), hash32(stream(draft.name), term ?? 0)),
      brand: {
        _id: objectId(EPOCH_MS, stream('brand'), stream(provider.name)),
        name: provider.name,
        puct_number: provider.puct_number,
        legal_name: provider.legal_name,
        contact_info: { sales: { phone_number }, support: { address: null, email: null, phone_number } },
      },
      name: draft.name,
      term,
      family: rate_type === null ? '' : rate_type[0]!.toUpperCase() + rate_type.slice(1),
      percent_green: draft.percent_green,
      headline: draft.promotion ?? '',
      description: [rate_type && `${rate_type} rate.`, draft.fees_text, draft.special_terms]
        .filter(Boolean)
        .join(' '),
      early_termination_fee: draft.early_termination_fee_per_month_usd ?? draft.early_termination_fee_usd,
      is_pre_pay: draft.is_prepaid,
      is_time_of_use: draft.is_time_of_use,
    },
    tdsp: tdsp.wire,
    expected_prices: pricings.map(({ usage, avg }) => ({
      usage,
      price: round(avg, 3),
      actual: avg,
      valid: true,
    })),
    ...Object.fromEntries(pricings.map((pricing) => [`display_pricing_${pricing.usage}`, pricing])),
    document_links: [
      ...links(draft.documents, 'en'),
      ...(draft.translations.es ? links(draft.translations.es.documents, 'es') : []),
    ],
  };
}

function links(documents: PlanDocuments, language: string): UpstreamDocumentLink[] {
  return (['efl', 'tos', 'yrac'] as const).flatMap((type) => {
    const link = documents[type];
    return link === null ? [] : [{ type, language, link, snapshot_url: null }];
  });
}
