/**
 * Pages as bytes: written once for each address and version of the plans, compressed, and sent again as they are until
 * the plans are other ones or the page would say another time. What is ready is sent before the router, without a promise.
 */

import { hash } from 'node:crypto';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { brotliCompressSync, constants, gzipSync } from 'node:zlib';
import { LRUCache } from 'lru-cache';
import { cacheStatus } from '../api/cache-status.ts';
import { type Encoding, encodingFor, headerOf } from '../api/packed-body.ts';
import { EVERY_ANSWER, isNotModified } from '../api/routes.ts';
import type { PlanSet } from '../plan/plan-set.ts';
import { HOUR_MS } from '../units.ts';
import { headersOf } from './document.ts';
import { ageOf } from './format.ts';
import type { Page, PageParts } from './page-parts.ts';

const READY_BYTES = 64 << 20;
/** A page without plans changes with the program only. */
const WITHOUT_PLANS_MS = HOUR_MS;

interface Ready {
  page: Omit<Page, 'html'>;
  tag: string;
  /** What prices did lately, and what could not be read, of each of its plan sets: it may come to memory after the plans. */
  beside: readonly unknown[];
  /** Nothing it says of the time is wrong until then. */
  validUntilMs: number;
  bodies: Partial<Record<Encoding, Buffer>>;
  /** The second its head was written in. */
  second: number;
  head: readonly string[];
  /** The same with what depends on the encoding. */
  heads: Partial<Record<Encoding, string[]>>;
}

export class PageStore {
  readonly #parts: PageParts;
  readonly #ready = new LRUCache<string, Ready>({
    maxSize: READY_BYTES,
    sizeCalculation: ({ bodies }) => Object.values(bodies).reduce((sum, { length }) => sum + length, 1_000),
  });

  constructor(parts: PageParts) {
    this.#parts = parts;
  }

  /** `false`: the page is to be made first. */
  answerReady(request: IncomingMessage, response: ServerResponse): boolean {
    const ready = this.#ready.get(request.url!);
    if (ready === undefined) return false;
    const nowMs = this.#parts.catalog.nowMs();
    const encoding = encodingFor(headerOf(request, 'accept-encoding'));
    if (!this.#holds(ready, nowMs) || !ready.bodies[encoding]) return false;
    this.#send(ready, encoding, nowMs, request, response);
    return true;
  }

  /** Sends a page that was just made, and keeps it. */
  answer(request: IncomingMessage, response: ServerResponse, made: Page): void {
    const encoding = encodingFor(headerOf(request, 'accept-encoding'));
    const ready = this.#keep(request.url!, encoding, made);
    this.#send(ready, encoding, this.#parts.catalog.nowMs(), request, response);
  }

  #keep(url: string, encoding: Encoding, { html, ...page }: Page): Ready {
    const nowMs = this.#parts.catalog.nowMs();
    const raw = Buffer.from(String(html));
    const tag = hash('sha256', raw, 'base64url').slice(0, 22);
    const beside = page.view?.sets.flatMap((set) => [this.#recentOf(set), this.#unreadOf(set)]) ?? [];
    const held = this.#ready.get(url);
    const isSame = held?.tag === tag && this.#holds(held, nowMs);
    const body = compressed(encoding, raw);
    const bodies = { ...(isSame ? held.bodies : {}), [encoding]: body };
    const ready = {
      page,
      tag,
      beside,
      validUntilMs: this.#validUntil(page, nowMs),
      bodies,
      second: -1,
      head: [],
      heads: {},
    };
    if (page.status === 200 && !page.isPrivate) this.#ready.set(url, ready);
    return ready;
  }

  #holds({ page: { view }, beside, validUntilMs }: Ready, nowMs: number): boolean {
    if (nowMs >= validUntilMs) return false;
    if (view === null) return true;
    if (!this.#parts.catalog.isAsSeen(view, nowMs)) return false;
    for (let at = 0; at < view.sets.length; at++) {
      const set = view.sets[at]!;
      if (this.#recentOf(set) !== beside[2 * at] || this.#unreadOf(set) !== beside[2 * at + 1]) return false;
    }
    return true;
  }

  #recentOf({ tdsp_duns, version }: PlanSet) {
    return this.#parts.recentPrices(tdsp_duns, version);
  }

  #unreadOf({ tdsp_duns }: PlanSet) {
    return this.#parts.unreadRecords?.(tdsp_duns);
  }

  /** The age it tells, that its plans are fresh, and the day change with the time; days begin with an hour. */
  #validUntil({ view, keptForMs }: Pick<Page, 'view' | 'keptForMs'>, nowMs: number): number {
    const most = keptForMs ?? Number.POSITIVE_INFINITY;
    if (!view) return nowMs + Math.min(WITHOUT_PLANS_MS, most);
    const ageMs = Math.max(0, nowMs - view.observedAtMs);
    const freshForMs = this.#parts.staleAfterMs - ageMs;
    return (
      nowMs +
      Math.min(
        most,
        ageOf(ageMs).forMs,
        HOUR_MS - (nowMs % HOUR_MS),
        freshForMs >= 0 ? freshForMs + 1 : HOUR_MS,
      )
    );
  }

  #send(
    ready: Ready,
    encoding: Encoding,
    nowMs: number,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const { page, tag, bodies } = ready;
    const second = Math.floor(nowMs / 1000);
    if (ready.second !== second) {
      ready.second = second;
      ready.head = this.#head(ready, nowMs);
      ready.heads = {};
    }
    // A browser that fetches ahead is not yet somebody who looks (Speculation Rules, Sec-Purpose).
    if (headerOf(request, 'sec-purpose') === undefined) {
      if (page.demand !== null) this.#parts.onView(page.demand, request);
      if (page.missed != null) this.#parts.onMiss?.(page.missed);
    }
    if (page.status === 200 && isNotModified(headerOf(request, 'if-none-match'), tag)) {
      response.writeHead(304, ready.head as string[]).end();
      return;
    }
    const body = bodies[encoding]!;
    let head = ready.heads[encoding];
    if (!head) {
      head = [...ready.head, 'content-length', String(body.length)];
      if (encoding !== 'identity') head.push('content-encoding', encoding);
      ready.heads[encoding] = head;
    }
    response.writeHead(page.status, head);
    response.end(body);
  }

  #head({ page, tag, validUntilMs }: Ready, nowMs: number): string[] {
    const head = [...EVERY_ANSWER, ...headersOf(page.style)];
    if (page.status !== 200 || page.isPrivate) {
      head.push('cache-control', 'no-store');
      if (page.retryAfterSeconds !== null) head.push('retry-after', String(page.retryAfterSeconds));
      return head;
    }
    const shared = Math.max(1, Math.floor((validUntilMs - nowMs) / 1000));
    head.push('etag', `W/"${tag}"`);
    head.push(
      'cache-control',
      `public, max-age=60, s-maxage=${shared}, stale-while-revalidate=600, stale-if-error=86400`,
    );
    if (page.view) {
      const freshness = this.#parts.catalog.freshnessOf({ view: page.view, layer: 'memory' }, nowMs);
      head.push('cache-status', cacheStatus(freshness));
    }
    return head;
  }
}

/**
 * At once: it takes less than the page took to write. In the background the same costs more, for the tables that every
 * compressor makes anew in each thread, and makes all others wait for what it leaves to collect.
 */
function compressed(encoding: Encoding, raw: Buffer): Buffer {
  if (encoding === 'identity') return raw;
  if (encoding === 'gzip') return gzipSync(raw);
  const params = {
    [constants.BROTLI_PARAM_QUALITY]: 5,
    [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
    [constants.BROTLI_PARAM_SIZE_HINT]: raw.length,
  };
  return brotliCompressSync(raw, { params });
}
