/**
 * Replays recorded days of Power to Choose as if ComparePower had answered them. The plans are real ones of the
 * past; what the wire cannot say (fees as text, promotions) goes into the description, as upstreams do it.
 */

import type { PlanDocuments, PlanDraft, PriceComponent } from '../../plan/plan.ts';
import { PUBLISHED_USAGES_KWH } from '../../plan/rate.ts';
import type { Fetched } from '../../sources/source.ts';
import { optionInvalid } from '../sandbox-error.ts';
import { EPOCH_MS, type VirtualClock } from '../virtual-clock.ts';
import { hash32, stream } from './chance.ts';
import type { Market } from './market.ts';
import { findTdsp, type SandboxTdsp } from './tdsps.ts';
import {
  displayPricing,
  objectId,
  round,
  type UpstreamBrand,
  type UpstreamComponent,
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
export class ReplayMarket implements Market {
  readonly #snapshots: readonly ReplaySnapshot[];
  readonly #clock: VirtualClock;

  constructor(snapshots: readonly ReplaySnapshot[], clock: VirtualClock) {
    if (snapshots.length === 0) throw optionInvalid('replay', 'must hold at least one snapshot');
    this.#snapshots = snapshots;
    this.#clock = clock;
  }

  version(): number {
    return Math.min(this.#clock.daysSinceStart(), this.#snapshots.length - 1);
  }

  plansOf(tdsp: SandboxTdsp, version: number): UpstreamPlan[] {
    return this.#snapshots[version]?.rowsByDuns.get(tdsp.wire.duns_number) ?? [];
  }

  position(): { date: string; step: number; steps: number } {
    const step = this.version();
    return { date: this.#snapshots[step]!.date, step, steps: this.#snapshots.length };
  }
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
  const dated = files
    .map((file) => ({ file, date: dateOf(file) }))
    .sort((a, b) => (a.date < b.date ? -1 : 1));
  for (const [index, { file, date }] of dated.entries()) {
    const before = dated[index - 1];
    if (before?.date === date) {
      throw optionInvalid(
        'replay',
        `${before.file.name} and ${file.name} are both of ${date}; keep one a day`,
      );
    }
  }
  const ids = new VersionIds();
  return dated.map(({ file, date }) => ({
    date,
    rowsByDuns: new Map(
      parse(file.bytes).tdsps.map(({ tdsp_duns, plans }) => [
        tdsp_duns,
        plans.flatMap((draft) => upstreamPlan(draft, ids.idOf(draft, date)) ?? []),
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
class VersionIds {
  readonly #current = new Map<string, { prices: string; createdAtMs: number }>();

  idOf(draft: PlanDraft, date: string): string {
    const record = `${draft.tdsp_duns} ${draft.external_id}`;
    const prices = JSON.stringify([draft.rates_cents_per_kwh, draft.price_components]);
    let version = this.#current.get(record);
    if (version?.prices !== prices) {
      version = { prices, createdAtMs: Date.parse(date) };
      this.#current.set(record, version);
    }
    return objectId(version.createdAtMs, stream(record), stream(`${record} ${prices}`));
  }
}

/** A draft in ComparePower's words; `null` for a TDSP it does not serve. */
function upstreamPlan(draft: PlanDraft, _id: string): UpstreamPlan | null {
  const tdsp = findTdsp(draft.tdsp_duns);
  if (!tdsp) return null;
  const pricing = new Map(
    PUBLISHED_USAGES_KWH.flatMap((usage) => {
      const cents = draft.rates_cents_per_kwh[usage];
      return cents === null ? [] : [[usage, displayPricing(usage, (cents * usage) / 100)] as const];
    }),
  );
  const [at500, at1000, at2000] = PUBLISHED_USAGES_KWH.map((usage) => pricing.get(usage));
  const term = draft.term_months;
  return {
    _id,
    product: {
      _id: objectId(EPOCH_MS, stream(draft.provider.name), hash32(stream(draft.name), term ?? 0)),
      brand: brand(draft.provider),
      name: draft.name,
      term,
      family: draft.rate_type === null ? '' : draft.rate_type[0]!.toUpperCase() + draft.rate_type.slice(1),
      percent_green: draft.percent_green,
      headline: draft.promotion ?? '',
      description: [draft.rate_type && `${draft.rate_type} rate.`, draft.fees_text, draft.special_terms]
        .filter(Boolean)
        .join(' '),
      early_termination_fee: draft.early_termination_fee_per_month_usd ?? draft.early_termination_fee_usd,
      is_pre_pay: draft.is_prepaid,
      is_time_of_use: draft.is_time_of_use,
    },
    tdsp: tdsp.wire,
    expected_prices: [...pricing.values()].map(({ usage, avg }) => ({
      usage,
      price: round(avg, 3),
      actual: avg,
      valid: true,
    })),
    ...(at500 && { display_pricing_500: at500 }),
    ...(at1000 && { display_pricing_1000: at1000 }),
    ...(at2000 && { display_pricing_2000: at2000 }),
    document_links: [
      ...links(draft.documents, 'en'),
      ...(draft.translations.es ? links(draft.translations.es.documents, 'es') : []),
    ],
    ...(draft.price_components && { components: draft.price_components.map(upstreamComponent) }),
  };
}

function brand(provider: PlanDraft['provider']): UpstreamBrand {
  const phone_number = provider.phone;
  return {
    _id: objectId(EPOCH_MS, stream('brand'), stream(provider.name)),
    name: provider.name,
    puct_number: provider.puct_number,
    legal_name: provider.legal_name,
    contact_info: { sales: { phone_number }, support: { address: null, email: null, phone_number } },
  };
}

function links(documents: PlanDocuments, language: string): UpstreamDocumentLink[] {
  return (['efl', 'tos', 'yrac'] as const).flatMap((type) => {
    const link = documents[type];
    return link === null ? [] : [{ type, language, link, snapshot_url: null }];
  });
}

function upstreamComponent(component: PriceComponent): UpstreamComponent {
  return {
    min: component.min_kwh,
    max: component.max_kwh,
    amount: component.amount,
    multiplicative: component.is_per_kwh,
    tdsp_charge: component.is_tdsp_charge,
    compound: component.is_compound,
    percentage: component.is_percentage,
  };
}
