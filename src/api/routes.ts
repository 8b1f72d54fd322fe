/** What every route gets, and what every list and freshness header has in common. */

import type { Catalog, Freshness } from '../catalog/catalog.ts';
import type { AdminToken } from '../config.ts';
import type { EventHub } from '../events/event-hub.ts';
import type { DataPackage } from '../export/data-package.ts';
import type { Rules } from '../monitor/alerts/rules.ts';
import type { DemandEvent } from '../planning/demand-recorder.ts';
import type { SyncRequest } from '../planning/request-sync.ts';
import type { Sealer } from '../seal.ts';
import type { KeptExport } from '../store/exports/kept-exports.ts';
import type { Database } from '../store/postgres/database.ts';
import type { Places } from '../territory/places.ts';
import type { Territory } from '../territory/territory.ts';
import { cacheStatus } from './cache-status.ts';
import { EDITION } from './edition.ts';
import type { AnswerCounter } from './observation/answer-counts.ts';
import type { RenderMetrics } from './observation/metrics.ts';
import { Problem } from './problem.ts';
import type { Strangers } from './strangers/strangers.ts';

interface Order {
  by: string;
  reason: string | null;
}

export interface AdminParts {
  /** Of the alerts; left out, nothing can be said about them. */
  rules?: Rules;
  tokens: readonly AdminToken[];
  /** Opens and seals stored secrets; left out, there is no key for it. */
  sealer?: Sealer;
  database: Database;
  /** Handed in: the routes know neither queue nor control. */
  engine: {
    request(request: SyncRequest): Promise<{ run_id: number }>;
    changeControl(state: 'running' | 'stopped', order: Order): Promise<{ state: string; changed: boolean }>;
    halt(order: Order): Promise<{ changed: boolean; cancelled_runs: number[]; cancelled_tdsps: number }>;
    /** @returns `null`: nothing is held */
    publishHeld(
      duns: string,
      by: string,
    ): Promise<{ error_code: string | null; message: string | null } | null>;
    /** @returns whether one was held */
    dropHeld(duns: string, by: string): Promise<boolean>;
  };
}

export interface ApiParts {
  /** Counts what is answered, by route and layer; left out, nobody does. */
  counts?: AnswerCounter;
  /** Left out: there is no /metrics. */
  metrics?: RenderMetrics;
  catalog: Catalog;
  /** Whose connections and queries fail after about a second rather than hang. */
  database: Pick<Database, 'pool'>;
  territory: Territory;
  places: Places;
  /** How often the upstream is asked: so long an answer may be kept by caches that many share. */
  syncIntervalMs: number;
  /** Counts what a shopper did in a city. @param isVouched told with the key of events */
  onEvent(city_slug: string, event: DemandEvent, isVouched: boolean): void;
  /** Counts that somebody asked for a place without plans, as `missedPlace` names it; left out, nobody does. */
  onMiss?: (place: string) => void;
  /** Tells what happens as it happens; left out, there is no stream. */
  hub?: Pick<EventHub, 'isFull' | 'join' | 'most'>;
  /** The files of exports; left out, there are none. */
  exports?: {
    folder: string;
    packageOf(kept: KeptExport): DataPackage;
    /** @returns whether its files are here now */
    remake(kept: KeptExport): Promise<boolean>;
  };
  /** `null`: the admin routes are off. */
  admin: AdminParts | null;
  /** Left out: what holds where nothing is configured. */
  strangers?: Strangers;
  /** How long a stale answer may be served while a new one is fetched. */
  staleAfterMs: number;
}

const SANDBOX_NOTICE = 'Sandbox data: these plans and prices are invented.';

/** What an answer must say of itself when its plans are not real, or not all of them is as the upstream tells it. */
export function upstreamNotice({
  upstreams,
  keptFields = [],
}: Pick<Freshness, 'upstreams'> & Partial<Pick<Freshness, 'keptFields'>>) {
  return {
    ...(keptFields.length > 0 && { kept_fields: keptFields }),
    ...(upstreams.includes('sandbox') && { notice: SANDBOX_NOTICE }),
  };
}

/**
 * Names what an answer says. The same plans are called something else once they are stale, for the answer says so.
 * @param of tells apart the answers about one version
 */
export function freshnessTag({ version, whyStale }: Freshness, of = ''): string {
  return `${EDITION}.${of}${version}${whyStale === null ? '' : '-stale'}`;
}

/** Headers that tell caches and people how old an answer is and where it came from (RFC 9111, RFC 9211, RFC 5861). */
export function freshnessHeaders(parts: ApiParts, freshness: Freshness, tag: string): Record<string, string> {
  const seconds = (ms: number) => Math.max(1, Math.round(ms / 1000));
  return {
    // Weak (RFC 9110, 8.8.1): one tag stands for the plain, the gzip and the br bytes, and for every age in the body.
    etag: `W/"${tag}"`,
    age: String(freshness.age_seconds),
    // Age counts from the upstream's confirmation, so a browser asks again each time, and gets a 304 for its tag.
    'cache-control': `public, max-age=60, s-maxage=${seconds(parts.syncIntervalMs)}, stale-while-revalidate=${seconds(parts.staleAfterMs)}, stale-if-error=86400`,
    'cache-status': cacheStatus(freshness),
  };
}

/**
 * On every answer: public facts, to be read from any page, nothing but what they say they are, and in the encodings
 * its caller takes.
 */
export const PUBLIC_HEADERS = {
  'x-content-type-options': 'nosniff',
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'age, allow, cache-status, etag, link, location, retry-after',
  vary: 'accept-encoding',
};
/** The same as a flat list. */
export const EVERY_ANSWER: readonly string[] = Object.entries(PUBLIC_HEADERS).flat();

/** The value of `Link` for the next page (RFC 8288): for clients that page by header, and for CSV, which has no place for it. */
export const linkNext = (next: string): string =>
  `<${next.replace(/[<>"]/g, encodeURIComponent)}>; rel="next"`;

/** Whether the caller holds this version already (RFC 9110, 13.1.2). */
export function isNotModified(header: string | undefined, tag: string): boolean {
  if (header === undefined) return false;
  return (
    header.trim() === '*' || header.split(',').some((one) => one.trim().replace(/^W\//, '') === `"${tag}"`)
  );
}

export function notReady(parts: ApiParts, tdsps: readonly string[]): Problem {
  const names = tdsps.map((duns) => parts.territory.tdsp(duns)?.short_name ?? duns).join(', ');
  return new Problem('not_ready', {
    detail: `No plans of ${names} are stored yet. The first sync may be under way; else run: npm run sync:full`,
    tdsps,
  });
}
