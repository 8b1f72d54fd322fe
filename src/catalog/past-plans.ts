/**
 * Plans as they were at a time: which version of each plan set was current then is asked of PostgreSQL, the set is
 * rebuilt (see store/plan-revisions.ts), and from there on it is a view like any other, with filters, facets, orders
 * and pages. Upstreams and caches of the present are not touched.
 *
 * A few sets are kept, up to a size: a reader of many past times must not fill the memory.
 */

import { LRUCache } from 'lru-cache';
import type { PlanSet } from '../plan/plan-set.ts';
import {
  type PastVersion,
  readFirstPublished,
  readVersionsAt,
  rebuildPlanSet,
} from '../store/plans/plan-revisions.ts';
import type { Queryable } from '../store/postgres/database.ts';
import { PlanView } from './catalog.ts';

export interface PastView {
  view: PlanView;
  /** The time that was asked about. */
  at: Date;
  /** Names the versions, and what was in them. */
  version: string;
  tag: string;
  /** When the youngest of the versions was published. */
  published_at: Date;
  /** How long before that time the upstream had last confirmed the plans; 0 where it did so later, too. */
  age_seconds: number;
  upstreams: readonly string[];
  keptFields: readonly string[];
  /** Nothing that may still happen changes the answer. */
  isSettled: boolean;
}

/** Why there is no answer. */
type NoPast =
  /** TDSPs of which nothing was published yet. */
  | { nothingYet: string[]; first_published_at: Date | null }
  /** TDSPs whose plans of that time cannot be rebuilt, and since when they can. */
  | { notKept: string[]; kept_since: Date | null };

interface PastPlansOptions {
  /** Whose queries fail soon rather than hang. */
  database: Queryable;
  /** The most that rebuilt plan sets may take, as JSON. */
  maxBytes?: number;
  now?: () => number;
}

const MAX_BYTES = 16 << 20;
const VIEWS = 8;
/** Longer ago than any publish takes from its time to its commit. */
const SETTLED_MS = 10 * 60_000;

export class PastPlans {
  readonly #database: Queryable;
  readonly #now: () => number;
  readonly #sets: LRUCache<string, PlanSet>;
  readonly #views = new LRUCache<string, PlanView>({ max: VIEWS });

  constructor({ database, maxBytes = MAX_BYTES, now = Date.now }: PastPlansOptions) {
    this.#database = database;
    this.#now = now;
    this.#sets = new LRUCache({ maxSize: maxBytes, sizeCalculation: (set) => JSON.stringify(set).length });
  }

  /**
   * @param at not in the future
   * @throws what the database throws
   */
  async view(tdsps: readonly string[], at: Date): Promise<PastView | NoPast> {
    const versions = await readVersionsAt(this.#database, tdsps, at);
    const known = new Set(versions.map(({ tdsp_duns }) => tdsp_duns));
    const nothingYet = tdsps.filter((duns) => !known.has(duns));
    if (nothingYet.length > 0) {
      return { nothingYet, first_published_at: await readFirstPublished(this.#database, tdsps) };
    }
    const sets: PlanSet[] = [];
    for (const one of versions) {
      const set = await this.#set(one);
      if (set === null) {
        return { notKept: [one.tdsp_duns], kept_since: await readFirstPublished(this.#database, tdsps) };
      }
      sets.push(set);
    }
    return this.#describe(versions, sets, at);
  }

  async #set({ tdsp_duns, version, set_hash }: PastVersion): Promise<PlanSet | null> {
    // The hash belongs to the name: a database that was made anew counts from 1 again.
    const key = `${tdsp_duns}.${version}.${set_hash}`;
    const held = this.#sets.get(key);
    if (held) return held;
    const set = await rebuildPlanSet(this.#database, tdsp_duns, version);
    if (set === null || set === 'not_kept') return null;
    this.#sets.set(key, set);
    return set;
  }

  #describe(versions: readonly PastVersion[], sets: readonly PlanSet[], at: Date): PastView {
    const tag = versions
      .map((one) => `${one.tdsp_duns}.${one.version}.${one.set_hash.slice(0, 12)}`)
      .join('+');
    let view = this.#views.get(tag);
    if (!view) {
      view = new PlanView(
        sets.map(({ tdsp_duns }) => tdsp_duns),
        sets,
      );
      this.#views.set(tag, view);
    }
    const ages = versions.map(({ observed_at }) => at.getTime() - observed_at.getTime());
    const isOver = versions.every(
      ({ is_superseded, observed_at }) => is_superseded || observed_at.getTime() >= at.getTime(),
    );
    return {
      view,
      at,
      version: view.version,
      tag,
      upstreams: view.upstreams,
      keptFields: view.keptFields,
      published_at: new Date(Math.max(...versions.map((one) => one.published_at.getTime()))),
      age_seconds: Math.floor(Math.max(0, ...ages) / 1000),
      isSettled: isOver && this.#now() - at.getTime() > SETTLED_MS,
    };
  }
}
