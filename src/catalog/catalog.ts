/**
 * The read path: TDSPs, filters and a usage go in; plans, facets and the truth about their age come out. It knows no
 * upstream; where its plan sets come from is the business of the cache it is given.
 */

import { hash } from 'node:crypto';
import { LRUCache } from 'lru-cache';
import type { Held as CachedPlanSet, LayerName, PlanSetCache } from '../cache/plan-set-cache.ts';
import type { Plan } from '../plan/plan.ts';
import type { PlanSet } from '../plan/plan-set.ts';
import { answerQuery } from './answer-query.ts';
import { writeCursor } from './cursor.ts';
import { asciiJson, indexPlans, PricedPlans, pricedPlanJson } from './plan-index.ts';
import { type PlanQuery, queryKey } from './plan-query.ts';

/** What is known about the plan sets behind an answer. */
export interface Freshness {
  /** The slowest layer that had to be asked. */
  layer: LayerName;
  /** Names the published versions: the same text, the same plans. */
  version: string;
  /** When the upstream last confirmed the plans, the oldest of the sets. ISO 8601 in UTC. */
  as_of: string;
  age_seconds: number;
  /** Older than the freshness limit. */
  isStale: boolean;
  /** Whose plans they are; `sandbox` means invented. */
  upstreams: string[];
}

export interface PlansAnswer {
  tdsps: readonly string[];
  freshness: Freshness;
  /** Changes when, and only when, plans or query do. */
  tag: string;
  /** The body as JSON in ASCII. `meta` and `links` are added to what was counted. */
  render(extras: AnswerExtras): string;
}

export interface AnswerExtras {
  /** Added to `meta`. */
  meta: Record<string, unknown>;
  /** The address of the page that `cursor` leads to. */
  linkTo(cursor: string): string;
}

export interface CatalogOptions {
  planSets: PlanSetCache;
  /** Plans confirmed longer ago are served, and called stale. */
  staleAfterMs: number;
  now?: () => number;
}

/** Nothing was published yet for a TDSP that was asked for. */
export interface NotReady {
  notReady: string[];
}

/** Prepared views: six TDSPs, their pairs, and the usages that are asked for just now. */
const PRICED_VIEWS = 24;
const RENDERED_CHARACTERS = 8 << 20;

/** A finished list with its facets, as long as nothing about it changes. */
interface Rendered {
  json: string;
  total: number;
  cursor: string | null;
}

const LAYERS_BY_SPEED: readonly LayerName[] = ['memory', 'redis', 'database', 'active', 'api'];

export class Catalog {
  readonly #planSets: PlanSetCache;
  readonly #staleAfterMs: number;
  readonly #now: () => number;
  readonly #priced = new LRUCache<string, PricedPlans>({ max: PRICED_VIEWS });
  readonly #rendered = new LRUCache<string, Rendered>({
    maxSize: RENDERED_CHARACTERS,
    sizeCalculation: ({ json }) => json.length + 200,
  });
  /** Queries asked once lately. Kept is what is asked a second time: most combinations of filters never are. */
  readonly #askedOnce = new LRUCache<string, true>({ max: 2_000 });

  constructor({ planSets, staleAfterMs, now = Date.now }: CatalogOptions) {
    this.#planSets = planSets;
    this.#staleAfterMs = staleAfterMs;
    this.#now = now;
  }

  /** @throws what the last layer threw, if no layer could be read */
  async plans(tdsps: readonly string[], query: PlanQuery): Promise<PlansAnswer | NotReady> {
    const cached = await this.#sets(tdsps);
    if ('notReady' in cached) return cached;
    const freshness = this.#freshness(cached);
    const key = `${freshness.version}|${queryKey(query)}|${query.limit}|${query.after?.id ?? ''}|${query.after?.index ?? ''}`;
    return {
      tdsps,
      freshness,
      tag: hash('md5', key, 'base64url'),
      render: ({ meta, linkTo }) => {
        const { json, total, cursor } = this.#render(key, cached, tdsps, query);
        const { version, as_of, age_seconds, isStale: stale, layer: source, upstreams } = freshness;
        const about = {
          total,
          tdsps,
          source,
          stale,
          as_of,
          age_seconds,
          version,
          upstream: upstreams.join(','),
          ...meta,
        };
        const links = cursor === null ? {} : { next: linkTo(cursor) };
        return `${json},"meta":${asciiJson(JSON.stringify(about))},"links":${asciiJson(JSON.stringify(links))}}`;
      },
    };
  }

  /** An active plan, by its id or by that of its offer, with the freshness of its set. */
  async activePlan(
    tdsps: readonly string[],
    id: string,
  ): Promise<{ plan: Plan; freshness: Freshness } | null> {
    for (const duns of tdsps) {
      const cached = await this.#planSets.get(duns);
      const plan = cached?.set.plans.find((one) => one.id === id || one.offer_id === id);
      if (cached && plan) return { plan, freshness: this.#freshness([cached]) };
    }
    return null;
  }

  /** Active plans and their providers whose name begins with these words. */
  async search(tdsps: readonly string[], words: string, limit: number): Promise<Plan[]> {
    const found: Plan[] = [];
    for (const duns of tdsps) {
      const cached = await this.#planSets.get(duns);
      for (const { plan, words: own } of cached ? indexPlans(cached.set) : []) {
        if (
          found.length < limit &&
          own.split('-').some((_, at, parts) => parts.slice(at).join('-').startsWith(words))
        ) {
          found.push(plan);
        }
      }
    }
    return found;
  }

  /** Which TDSPs cannot be answered, because nothing was ever published for them. */
  async missing(tdsps: readonly string[]): Promise<string[]> {
    const cached = await Promise.all(tdsps.map((duns) => this.#planSets.stored(duns)));
    return tdsps.filter((_, index) => !cached[index]);
  }

  /** The age of what is stored for these TDSPs, without the plans. */
  async freshness(tdsps: readonly string[]): Promise<Freshness | NotReady> {
    const cached = await this.#sets(tdsps);
    return 'notReady' in cached ? cached : this.#freshness(cached);
  }

  async #sets(tdsps: readonly string[]): Promise<CachedPlanSet[] | NotReady> {
    // The hot path: everything in memory, and no promise waited for.
    const held = tdsps.flatMap((duns) => this.#planSets.peek(duns) ?? []);
    if (held.length === tdsps.length) return held;
    const cached = await Promise.all(tdsps.map((duns) => this.#planSets.get(duns)));
    const notReady = tdsps.filter((_, index) => !cached[index]);
    return notReady.length > 0 ? { notReady } : cached.flatMap((one) => one ?? []);
  }

  #render(key: string, cached: CachedPlanSet[], tdsps: readonly string[], query: PlanQuery): Rendered {
    const known = this.#rendered.get(key);
    if (known) return known;
    const { page, facetsJson, total, lastIndex } = answerQuery(
      this.#pricedPlans(cached, query.usage_kwh),
      query,
    );
    let plans = '';
    for (const priced of page) plans += (plans && ',') + pricedPlanJson(priced);
    const json = `{"data":[${plans}],"facets":${facetsJson}`;
    const last = lastIndex === null ? undefined : page.at(-1);
    const cursor = last
      ? writeCursor(cursorKey(tdsps, query), { id: last.plan.id, index: lastIndex! })
      : null;
    const rendered = { json, total, cursor };
    if (this.#askedOnce.has(key)) this.#rendered.set(key, rendered);
    else this.#askedOnce.set(key, true);
    return rendered;
  }

  #pricedPlans(cached: CachedPlanSet[], usageKwh: number): PricedPlans {
    const key = `${versionOf(cached.map(({ set }) => set))}@${usageKwh}`;
    let priced = this.#priced.get(key);
    if (!priced) {
      priced = new PricedPlans(
        cached.map(({ set }) => set),
        usageKwh,
      );
      this.#priced.set(key, priced);
    }
    return priced;
  }

  #freshness(cached: readonly CachedPlanSet[]): Freshness {
    const sets = cached.map(({ set }) => set);
    const as_of = sets.map((set) => set.observed_at).toSorted()[0]!;
    const ageMs = Math.max(0, this.#now() - Date.parse(as_of));
    const layer = LAYERS_BY_SPEED[Math.max(...cached.map((one) => LAYERS_BY_SPEED.indexOf(one.layer)))]!;
    return {
      layer,
      version: versionOf(sets),
      as_of,
      age_seconds: Math.floor(ageMs / 1000),
      isStale: ageMs > this.#staleAfterMs,
      upstreams: [...new Set(sets.map((set) => set.source))],
    };
  }
}

const versionOf = (sets: readonly PlanSet[]): string =>
  sets.map((set) => `${set.tdsp_duns}.${set.version}`).join('+');

/** What a cursor is bound to: the question without its page. */
export function cursorKey(tdsps: readonly string[], query: PlanQuery): string {
  return `${tdsps.join('+')}|${queryKey(query)}`;
}
