/**
 * The read path: TDSPs, filters and a usage go in; plans, facets and the truth about their age come out. It knows no
 * upstream; where its plan sets come from is the business of the cache it is given.
 */

import { LRUCache } from 'lru-cache';
import type { CachedSet, LayerName, PlanSetCache, StaleReason } from '../cache/plan-set-cache.ts';
import { FACETS } from '../plan/facets.ts';
import type { PackedPlans } from '../plan/packed/packed-plans.ts';
import type { Plan } from '../plan/plan.ts';
import { isSamePlans, type PlanSet, packedPlans } from '../plan/plan-set.ts';
import type { UsageProfile } from '../plan/profiles/profiles.ts';
import { answerQuery, facetsJson } from './answer-query.ts';
import { cursorKey, writeCursor } from './cursor.ts';
import { PlanIndex } from './plan-index.ts';
import type { PlanQuery } from './plan-query.ts';
import { PricedPlans } from './priced-plans.ts';
import { type PlanYear, PricedYears } from './priced-years.ts';

/** What is known about the plan sets behind an answer. */
export interface Freshness {
  /** The slowest layer that had to be asked. */
  layer: LayerName;
  /** Names the published versions: the same text, the same plans. */
  version: string;
  /** When the upstream last confirmed the plans, the oldest of the sets. ISO 8601 in UTC. */
  as_of: string;
  age_seconds: number;
  /** How much longer they count as fresh; below 0 once they are stale. */
  fresh_for_seconds: number;
  /** Older than the freshness limit. */
  isStale: boolean;
  /** Why they are not confirmed; `null` while they are fresh. */
  whyStale: StaleReason | null;
  /** Whose plans they are; `sandbox` means invented. */
  upstreams: readonly string[];
  /** Of any of its plan sets. */
  keptFields: readonly string[];
}

/** A page of plans with its facets. */
interface PlansPage {
  /** `"data":[…],"facets":{…}`, in ASCII. */
  json: string;
  total: number;
  /** Leads to the next page; `null` on the last one. */
  cursor: string | null;
}

interface CatalogOptions {
  planSets: PlanSetCache;
  /** Plans confirmed longer ago are served, and called stale. */
  staleAfterMs: number;
  now?: () => number;
}

/** Nothing was published yet for a TDSP that was asked for. */
interface NotReady {
  notReady: string[];
}

/** Six TDSPs and the few combinations of them that a place can have. */
const VIEWS = 32;
/** The usages that are asked for just now. */
const USAGES_PER_VIEW = 8;

const PROVIDER = FACETS.indexOf('provider');
const LAYERS_BY_SPEED: readonly LayerName[] = ['memory', 'redis', 'database', 'active', 'api'];

/** The plans of some TDSPs at certain versions: while a reader holds one, it sees the same plans. */
export class PlanView {
  readonly tdsps: readonly string[];
  readonly sets: readonly PlanSet[];
  readonly version: string;
  readonly as_of: string;
  /** The TDSP whose plans are that old. */
  readonly oldest: string;
  readonly upstreams: readonly string[];
  readonly keptFields: readonly string[];
  readonly observedAtMs: number;
  readonly #index: PlanIndex;
  #priced: LRUCache<number, PricedPlans> | undefined;
  #years: LRUCache<string, PricedYears> | undefined;

  constructor(tdsps: readonly string[], sets: readonly PlanSet[], index = new PlanIndex(sets)) {
    this.tdsps = tdsps;
    this.sets = sets;
    this.version = sets.map((set) => `${set.tdsp_duns}.${set.version}`).join('+');
    const oldest = sets.reduce((old, set) => (set.observed_at < old.observed_at ? set : old));
    this.as_of = oldest.observed_at;
    this.oldest = oldest.tdsp_duns;
    this.observedAtMs = Date.parse(this.as_of);
    this.upstreams = [...new Set(sets.map((set) => set.source))];
    this.keptFields = [...new Set(sets.flatMap(({ kept_fields }) => kept_fields ?? []))];
    this.#index = index;
  }

  /** The same plans, confirmed anew: nothing has to be worked out again. */
  confirmed(sets: readonly PlanSet[]): PlanView | null {
    return sets.every((set, at) => isSamePlans(set, this.sets[at]!))
      ? new PlanView(this.tdsps, sets, this.#index)
      : null;
  }

  /** @param plans what a cursor is bound to: the same TDSPs, unless it is to lead through these very versions only */
  page(query: PlanQuery, plans = this.tdsps): PlansPage {
    const index = this.#index;
    const priced = this.#pricedAt(query.usage_kwh);
    const years = query.profile && this.#yearsOf(query.profile);
    const { page, counts, total, lastIndex } = answerQuery(priced, query, years);
    let json = '"data":[';
    for (let at = 0; at < page.length; at++) {
      const row = page[at]!;
      const head = index.head(row);
      json += at === 0 ? head : `,${head}`;
      json += priced.billJson(row);
      if (years) json += `,${years.yearJson(row)}`;
      json += index.tail(row);
    }
    json += `],"facets":${facetsJson(index, counts)}`;
    const last = lastIndex === null ? undefined : page.at(-1);
    const cursor =
      last === undefined
        ? null
        : writeCursor(cursorKey(plans, query), { id: index.id(last), index: lastIndex! });
    return { json, total, cursor };
  }

  /** Every plan in the order of what a year of it costs: known years, then estimates, then unknown ones. */
  byYear(profile: UsageProfile): readonly PlanYear[] {
    return this.#yearsOf(profile).ranked;
  }

  planWith(id: string): Plan | undefined {
    const row = this.#index.rowOf(id);
    return row === undefined
      ? this.sets.flatMap(({ plans }) => plans).find(({ offer_id }) => offer_id === id)
      : this.#index.plan(row);
  }

  #pricedAt(usageKwh: number): PricedPlans {
    this.#priced ??= new LRUCache({ max: USAGES_PER_VIEW });
    let priced = this.#priced.get(usageKwh);
    if (!priced) {
      priced = new PricedPlans(this.#index, usageKwh);
      this.#priced.set(usageKwh, priced);
    }
    return priced;
  }

  #yearsOf(profile: UsageProfile): PricedYears {
    this.#years ??= new LRUCache({ max: USAGES_PER_VIEW });
    const key = `${profile.name} ${profile.months_kwh.join()}`;
    let years = this.#years.get(key);
    if (!years) {
      years = new PricedYears(this.#index, profile);
      this.#years.set(key, years);
    }
    return years;
  }
}

/** A view, and the layer its sets came from. */
export interface Viewed {
  view: PlanView;
  layer: LayerName;
}

export class Catalog {
  readonly #planSets: PlanSetCache;
  readonly #staleAfterMs: number;
  readonly #now: () => number;
  readonly #views = new LRUCache<string, PlanView>({ max: VIEWS });

  constructor({ planSets, staleAfterMs, now = Date.now }: CatalogOptions) {
    this.#planSets = planSets;
    this.#staleAfterMs = staleAfterMs;
    this.#now = now;
  }

  /** The clock by which plans are fresh or stale. */
  nowMs(): number {
    return this.#now();
  }

  /** The plans of these TDSPs if memory has all of them: no promise on the hot path. */
  viewInMemory(tdsps: readonly string[], nowMs: number = this.#now()): PlanView | null {
    return this.#inMemory(tdsps, nowMs, 'peek');
  }

  /** Whether memory still has exactly the sets of this view. */
  isCurrent(view: PlanView, nowMs: number = this.#now()): boolean {
    return this.#isCurrent(view, nowMs, 'peek');
  }

  /** As `viewInMemory`, for pages: nobody calls an upstream because somebody looks. */
  look(tdsps: readonly string[], nowMs: number = this.#now()): PlanView | null {
    return this.#inMemory(tdsps, nowMs, 'look');
  }

  /** As `isCurrent`, for pages. */
  isAsSeen(view: PlanView, nowMs: number = this.#now()): boolean {
    return this.#isCurrent(view, nowMs, 'look');
  }

  /** @throws what the last layer threw, if no layer could be read */
  async view(tdsps: readonly string[]): Promise<Viewed | NotReady> {
    const inMemory = this.viewInMemory(tdsps);
    if (inMemory) return { view: inMemory, layer: 'memory' };
    const cached = await Promise.all(tdsps.map((duns) => this.#planSets.get(duns)));
    const notReady = tdsps.filter((_, index) => !cached[index]);
    if (notReady.length > 0) return { notReady };
    const found = cached as CachedSet[];
    const slowest = Math.max(...found.map(({ layer }) => LAYERS_BY_SPEED.indexOf(layer)));
    return {
      view: this.#viewOf(
        tdsps,
        found.map(({ set }) => set),
      ),
      layer: LAYERS_BY_SPEED[slowest]!,
    };
  }

  freshnessOf({ view, layer }: Viewed, nowMs: number = this.#now()): Freshness {
    const ageMs = Math.max(0, nowMs - view.observedAtMs);
    const { version, as_of, upstreams, keptFields } = view;
    const isStale = ageMs > this.#staleAfterMs;
    return {
      layer,
      version,
      as_of,
      upstreams,
      keptFields,
      isStale,
      age_seconds: Math.floor(ageMs / 1000),
      fresh_for_seconds: Math.floor((this.#staleAfterMs - ageMs) / 1000),
      whyStale: isStale ? this.#planSets.whyStale(view.oldest) : null,
    };
  }

  /** An active plan, by its id or by that of its offer, with the freshness of its set. */
  async activePlan(
    tdsps: readonly string[],
    id: string,
  ): Promise<{ plan: Plan; freshness: Freshness } | null> {
    for (const duns of tdsps) {
      const viewed = await this.view([duns]);
      if ('notReady' in viewed) continue;
      const plan = viewed.view.planWith(id);
      if (plan) return { plan, freshness: this.freshnessOf(viewed) };
    }
    return null;
  }

  /** Active plans of these TDSPs whose words are wanted (the keys of provider and plan); only those are read. */
  async plansWithWords(tdsps: readonly string[], isWanted: (words: string) => boolean): Promise<Plan[]> {
    const found: Plan[] = [];
    for (const plans of await this.#packed(tdsps)) {
      for (let row = 0; row < plans.count; row++) if (isWanted(plans.words(row))) found.push(plans.plan(row));
    }
    return found;
  }

  /** Who sells in these TDSPs, and how many plans. */
  async sellers(tdsps: readonly string[]): Promise<{ id: string; name: string; active_plans: number }[]> {
    const sellers = new Map<string, { id: string; name: string; active_plans: number }>();
    for (const { count, facetCodes, facetValues, providerNames } of await this.#packed(tdsps)) {
      for (let row = 0; row < count; row++) {
        const code = facetCodes[row * FACETS.length + PROVIDER]!;
        const id = String(facetValues[PROVIDER]![code]);
        const { active_plans } = sellers.get(id) ?? { active_plans: 0 };
        sellers.set(id, { id, name: providerNames[code]!, active_plans: active_plans + 1 });
      }
    }
    return [...sellers.values()];
  }

  /** Which TDSPs cannot be answered, because nothing was ever published for them. */
  async missing(tdsps: readonly string[]): Promise<string[]> {
    const cached = await Promise.all(tdsps.map((duns) => this.#planSets.inspect(duns)));
    return tdsps.filter((_, index) => !cached[index]);
  }

  /** The age of what is stored for these TDSPs, without the plans. */
  async freshness(tdsps: readonly string[]): Promise<Freshness | NotReady> {
    const viewed = await this.view(tdsps);
    return 'notReady' in viewed ? viewed : this.freshnessOf(viewed);
  }

  async #packed(tdsps: readonly string[]): Promise<PackedPlans[]> {
    const sets = await Promise.all(tdsps.map((duns) => this.#planSets.get(duns)));
    return sets.flatMap((cached) => (cached ? packedPlans(cached.set) : []));
  }

  #inMemory(tdsps: readonly string[], nowMs: number, how: 'peek' | 'look'): PlanView | null {
    const view = this.#views.get(tdsps.length === 1 ? tdsps[0]! : tdsps.join('+'));
    if (view && this.#isCurrent(view, nowMs, how)) return view;
    const sets: PlanSet[] = [];
    for (const duns of tdsps) {
      const cached = this.#planSets[how](duns, nowMs);
      if (!cached) return null;
      sets.push(cached.set);
    }
    return this.#viewOf(tdsps, sets);
  }

  #isCurrent({ tdsps, sets }: PlanView, nowMs: number, how: 'peek' | 'look'): boolean {
    for (let at = 0; at < tdsps.length; at++)
      if (this.#planSets[how](tdsps[at]!, nowMs)?.set !== sets[at]) return false;
    return true;
  }

  #viewOf(tdsps: readonly string[], sets: readonly PlanSet[]): PlanView {
    const key = tdsps.join('+');
    const known = this.#views.get(key);
    const isSame = known?.sets.every((set, at) => set === sets[at]) ?? false;
    if (known && isSame) return known;
    const view = known?.confirmed(sets) ?? new PlanView(tdsps, sets);
    this.#views.set(key, view);
    return view;
  }
}
