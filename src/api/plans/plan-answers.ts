/**
 * Answers of `/v1/plans` as bytes. What memory holds is answered at once, without a promise and past the router; an
 * address that is asked for again is answered with the bytes of the last time, of which only the age is written anew.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import { crc32 } from 'node:zlib';
import { parse as parseQuery } from 'fast-querystring';
import { LRUCache } from 'lru-cache';
import type { PlanView, Viewed } from '../../catalog/catalog.ts';
import type { PlanQuery } from '../../catalog/plan-query.ts';
import { asciiJson, flat } from '../../plan/packed/ascii-json.ts';
import { missedPlace, type Place } from '../../territory/places.ts';
import {
  compressPrefix,
  type Encoding,
  encodingFor,
  headerOf,
  type PrefixPacked,
  withTail,
} from '../packed-body.ts';
import { invalidParameter, type RawQuery, readParams } from '../params.ts';
import { expectPlace, readTdsp } from '../place.ts';
import {
  type ApiParts,
  EVERY_ANSWER,
  freshnessHeaders,
  freshnessTag,
  isNotModified,
  linkNext,
  upstreamNotice,
} from '../routes.ts';
import { PLAN_PARAMS, type PlanParams, toPlanQuery } from './plan-params.ts';

export const PLANS_PATH = '/v1/plans';

// Not on a 304, which has no content (RFC 9110, 15.4.5).
const JSON_TYPE = ['content-type', 'application/json; charset=utf-8'] as const;
const READY_BYTES = 16 << 20;
const ASKED_ONCE = 8_192;

/** Where plans are asked for: the TDSPs, and what is to be said about the place, as JSON. */
export interface Where {
  tdsps: readonly string[];
  placeJson: string;
}

/** An answer but for its age. */
interface Prepared {
  view: PlanView;
  /** From `{"data"` up to what depends on the time. */
  prefix: string;
  /** What follows the age. */
  suffix: string;
  /** The header that leads to the next page, or nothing. */
  link: readonly string[];
}

/** An answer that is asked for again and again. */
interface Ready extends Prepared {
  /** The second its head and tail were written in. */
  second: number;
  head: readonly string[];
  tag: string;
  tail: string;
  /** Finished, in the encodings that were asked for in this second. */
  bodies: Partial<Record<Encoding, Buffer>>;
  packed: Partial<Record<Exclude<Encoding, 'identity'>, PrefixPacked | 'being made'>>;
}

export class PlanAnswers {
  readonly #parts: ApiParts;
  readonly #ready = new LRUCache<string, Ready>({
    maxSize: READY_BYTES,
    sizeCalculation: ({ prefix, suffix }) => 3 * (prefix.length + suffix.length) + 500,
  });
  /** Checksums of addresses asked for lately: kept ready is only what is asked for twice. */
  readonly #askedOnce = new Int32Array(ASKED_ONCE);
  readonly #placeJson = new WeakMap<Place, string>();

  constructor(parts: ApiParts) {
    this.#parts = parts;
  }

  /** Answers what was asked before; `false`: it has to be made anew. */
  answerReady(request: IncomingMessage, response: ServerResponse): boolean {
    const known = this.#ready.get(request.url!);
    if (!known) return false;
    const { catalog } = this.#parts;
    // The clock is read once for all that one answer has to know of it: that takes longer than a read from memory.
    const nowMs = catalog.nowMs();
    if (!catalog.isCurrent(known.view, nowMs)) return false;
    this.#sendReady(known, nowMs, request, response);
    return true;
  }

  /** Answers from memory; `false` where that cannot be done at once or where something is wrong with the question. */
  answerAtOnce(request: IncomingMessage, response: ServerResponse): boolean {
    const url = request.url!;
    const { catalog } = this.#parts;
    const nowMs = catalog.nowMs();
    let prepared: Prepared;
    try {
      const params = readParams(PLAN_PARAMS, parseQuery(url.slice(PLANS_PATH.length + 1)) as RawQuery);
      if (params.as_of !== null) return false;
      const { tdsps, placeJson } = this.readWhere(params);
      const view = catalog.viewInMemory(tdsps, nowMs);
      if (!view) return false;
      prepared = this.#prepare(view, toPlanQuery(params, tdsps), placeJson, url);
    } catch {
      // Nothing was sent yet: the route asks the same again, and knows how to tell what is wrong.
      return false;
    }
    if (this.#wasAsked(url)) {
      const ready: Ready = {
        ...prepared,
        prefix: flat(prepared.prefix),
        second: -1,
        head: [],
        tag: '',
        tail: '',
        bodies: {},
        packed: {},
      };
      this.#ready.set(url, ready);
      this.#sendReady(ready, nowMs, request, response);
    } else {
      this.#send({ view: prepared.view, layer: 'memory' }, prepared, nowMs, request, response);
    }
    return true;
  }

  /** Answers from whichever layer the view came from. */
  answer(
    viewed: Viewed,
    query: PlanQuery,
    where: Where,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    const prepared = this.#prepare(viewed.view, query, where.placeJson, request.url!);
    this.#send(viewed, prepared, this.#parts.catalog.nowMs(), request, response);
  }

  #prepare(view: PlanView, query: PlanQuery, placeJson: string, url: string): Prepared {
    const { json, total, cursor } = view.page(query);
    const next = cursor === null ? null : withCursor(url, cursor);
    const links = next === null ? '' : `"next":${asciiJson(JSON.stringify(next))}`;
    return {
      link: next === null ? [] : ['link', linkNext(next)],
      view,
      prefix: `{${json},"meta":{"total":${total},${placeJson},${aboutJson(view)}`,
      suffix: `},"links":{${links}}}`,
    };
  }

  #send(
    viewed: Viewed,
    { prefix, suffix, link }: Prepared,
    nowMs: number,
    request: IncomingMessage,
    response: ServerResponse,
  ): void {
    this.#parts.counts?.noteLayer(response, viewed.layer);
    const { head, tag, meta } = this.#freshness(viewed, nowMs);
    if (isNotModified(request.headers['if-none-match'], tag)) {
      response.writeHead(304, [...head]).end();
      return;
    }
    const body = prefix + meta + suffix;
    response.writeHead(200, [...head, ...link, ...JSON_TYPE, 'content-length', String(body.length)]);
    // In Latin-1, which ASCII is, head and body leave as one write without being measured or encoded.
    response.end(body, 'latin1');
  }

  #sendReady(ready: Ready, nowMs: number, request: IncomingMessage, response: ServerResponse): void {
    const second = Math.floor(nowMs / 1000);
    if (ready.second !== second) {
      const { head, tag, meta } = this.#freshness({ view: ready.view, layer: 'memory' }, nowMs);
      Object.assign(ready, { second, head, tag, tail: meta + ready.suffix, bodies: {} });
    }
    if (isNotModified(headerOf(request, 'if-none-match'), ready.tag)) {
      response.writeHead(304, ready.head as string[]).end();
      return;
    }
    const encoding = this.#encodingFor(ready, headerOf(request, 'accept-encoding'));
    let body = ready.bodies[encoding];
    if (!body) {
      const packed = encoding === 'identity' ? null : ready.packed[encoding];
      body =
        packed && packed !== 'being made'
          ? withTail(packed, ready.tail)
          : Buffer.from(ready.prefix + ready.tail, 'latin1');
      ready.bodies[encoding] = body;
    }
    const head = [...ready.head, ...ready.link, ...JSON_TYPE, 'content-length', String(body.length)];
    if (encoding !== 'identity') head.push('content-encoding', encoding);
    response.writeHead(200, head);
    response.end(body);
  }

  /** What the caller takes and what is packed already; what is not is packed in the background, for the next one. */
  #encodingFor(ready: Ready, accepted: string | undefined): Encoding {
    const encoding = encodingFor(accepted);
    if (encoding === 'identity') return encoding;
    const packed = ready.packed[encoding];
    if (packed === undefined) {
      ready.packed[encoding] = 'being made';
      void compressPrefix(encoding, ready.prefix).then((done) => {
        ready.packed[encoding] = done;
      });
    }
    return packed === undefined || packed === 'being made' ? 'identity' : encoding;
  }

  #freshness(viewed: Viewed, nowMs: number): { head: readonly string[]; tag: string; meta: string } {
    const freshness = this.#parts.catalog.freshnessOf(viewed, nowMs);
    const { layer, isStale, age_seconds } = freshness;
    const tag = freshnessTag(freshness);
    const headers = freshnessHeaders(this.#parts, freshness, tag);
    return {
      tag,
      head: [...EVERY_ANSWER, ...Object.entries(headers).flat()],
      meta: `"source":"${layer}","stale":${isStale},"age_seconds":${age_seconds}`,
    };
  }

  #wasAsked(url: string): boolean {
    const checksum = crc32(url) | 0;
    const at = checksum & (ASKED_ONCE - 1);
    if (this.#askedOnce[at] === checksum) return true;
    this.#askedOnce[at] = checksum;
    return false;
  }

  /**
   * Which TDSPs are asked for, and what is to be said about the place.
   * @throws {Problem} no place, more than one, or one without plans
   */
  readWhere({ city, zip, tdsp }: PlanParams): Where {
    const { places, territory } = this.#parts;
    const given = Number(city !== null) + Number(zip !== null) + Number(tdsp !== null);
    if (given !== 1) {
      throw invalidParameter('city', `expected exactly one of city, zip and tdsp, got ${given}`);
    }
    if (tdsp !== null) {
      const { duns, short_name } = readTdsp(territory, tdsp);
      const place = { tdsps: [short_name], note: null };
      return { tdsps: [duns], placeJson: `"place":${JSON.stringify(place)}` };
    }
    const found = places.find(city ?? zip ?? '');
    const missed = missedPlace(found);
    if (missed !== null) this.#parts.onMiss?.(missed);
    const place = expectPlace(found, city === null ? 'zip' : 'city');
    let placeJson = this.#placeJson.get(place);
    if (placeJson === undefined) {
      const about =
        place.kind === 'city'
          ? { slug: place.city.slug, name: place.city.name }
          : { zip: place.zip.zip, name: place.zip.city };
      const tdsps = place.tdsps.map((duns) => territory.tdsp(duns)?.short_name ?? duns);
      placeJson = asciiJson(`"place":${JSON.stringify({ ...about, tdsps, note: place.note })}`);
      this.#placeJson.set(place, placeJson);
    }
    return { tdsps: place.tdsps, placeJson };
  }
}

const aboutViews = new WeakMap<PlanView, string>();

/** What `meta` says about the plans, whenever it is asked. */
function aboutJson(view: PlanView): string {
  let json = aboutViews.get(view);
  if (json === undefined) {
    const { tdsps, as_of, version, upstreams } = view;
    const about = { tdsps, as_of, version, upstream: upstreams.join(','), ...upstreamNotice(view) };
    json = `${asciiJson(JSON.stringify(about)).slice(1, -1)},`;
    aboutViews.set(view, json);
  }
  return json;
}

/** The same address, one page on. */
export function withCursor(url: string, cursor: string): string {
  const rest = url.includes('cursor=') ? url.replace(/&cursor=[^&]*|(?<=\?)cursor=[^&]*&/g, '') : url;
  return `${rest}&cursor=${cursor}`;
}
