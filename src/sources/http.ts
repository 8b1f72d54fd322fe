/** One HTTP request of an upstream: an answer read to its end, or a SourceError that says what went wrong. */

import type { LookupAddress } from 'node:dns';
import { lookup } from 'node:dns/promises';
import { isIP, type LookupFunction } from 'node:net';
import type { Secret } from '../config.ts';
import { isOpen } from '../open-address.ts';
import { SourceError } from './source-error.ts';
import { readText } from './text.ts';

export interface HttpAnswer {
  status: number;
  headers: Headers;
  body: Uint8Array;
  /** Another address is to be asked: a call of its own. */
  moved?: Moved | null;
  /** Another host than the configured one answered: what it says is not repeated. */
  isElsewhere?: boolean;
}

/** Where an answer sent us. */
export interface Moved {
  to: URL;
  /** Another origin than the configured one: it gets no key. */
  isElsewhere: boolean;
}

// The whole state's export has 1.7 MB; far more than that is not a plan list, and must not fill the memory.
export const LARGEST_BODY_BYTES = 64 << 20;

/**
 * Reads `url`, or where an answer sent us instead, to the last byte. A redirect is an answer as well: following it is another
 * call, which the gate counts.
 * @throws {SourceError} `upstream_unreachable` if no whole answer came; an answer of any status is returned
 */
export async function getAnswer(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
  moved: Moved | null = null,
): Promise<HttpAnswer> {
  const isElsewhere = moved?.isElsewhere ?? false;
  try {
    const at = moved?.to ?? new URL(url);
    const ask =
      moved && at.host !== new URL(url).host && !(await isPrivate(new URL(url))) ? fetchPublic : fetch;
    const response = await ask(at, { headers: isElsewhere ? {} : headers, signal, redirect: 'manual' });
    const location = response.status >= 300 && response.status < 400 && response.headers.get('location');
    if (!location) {
      return {
        status: response.status,
        headers: response.headers,
        body: await readBody(response),
        isElsewhere,
      };
    }
    await response.body?.cancel();
    const to = new URL(location, at);
    await expectPublic(to, new URL(url));
    const isAway = isElsewhere || to.origin !== new URL(url).origin;
    const { status } = response;
    return { status, headers: response.headers, body: new Uint8Array(), moved: { to, isElsewhere: isAway } };
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    throw new SourceError(
      'upstream_unreachable',
      `${hostOf(url)} gave no whole answer: ${whatFailed(cause)}`,
      { cause },
    );
  }
}

/**
 * A redirect must not lead into the network this program runs in, unless the configured address is there itself.
 * @throws {SourceError} it does
 */
async function expectPublic(to: URL, configured: URL): Promise<void> {
  if (!/^https?:$/.test(to.protocol)) {
    throw new SourceError(
      'upstream_rejected',
      `${configured.host} redirects to an address that is not http(s)`,
    );
  }
  if (to.host === configured.host || (await isPrivate(configured)) || !(await isPrivate(to))) return;
  throw new SourceError(
    'upstream_rejected',
    `${configured.host} redirects to a private address (${to.host}), which is not followed: name that address itself if it is meant`,
  );
}

/**
 * As `fetch`, but it connects to the addresses it looked at: a name server may say another one than when the redirect was
 * judged.
 */
async function fetchPublic(at: URL, options: RequestInit): Promise<Response> {
  const { Agent, fetch: fetchWith } = await import('undici');
  const dispatcher = new Agent({ connect: { lookup: lookupPublic } });
  // One answer, then the connection is of no use.
  const answer = await fetchWith(at, { ...(options as object), dispatcher });
  void dispatcher.close();
  return answer as unknown as Response;
}

const lookupPublic: LookupFunction = (name, options, done) => {
  lookup(name, { ...options, all: true }).then(
    (found) => {
      const isAway = found.some(isPrivateAddress);
      const error = isAway ? new Error(`${name} is a private address now, which is not followed`) : null;
      if (error || options.all) done(error, error ? [] : found);
      else done(null, found[0]!.address, found[0]!.family);
    },
    (error) => done(error, []),
  );
};

/** Whether any address of this host is of a private network, or of this machine. */
async function isPrivate({ hostname }: URL): Promise<boolean> {
  const name = hostname.replace(/^\[|\]$/g, '');
  const found = isIP(name) ? [{ address: name, family: isIP(name) }] : await lookup(name, { all: true });
  return found.some(isPrivateAddress);
}

const isPrivateAddress = ({ address }: LookupAddress): boolean => !isOpen(address);

async function readBody(response: Response): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  for await (const chunk of response.body ?? []) {
    size += chunk.byteLength;
    if (size > LARGEST_BODY_BYTES) {
      throw new SourceError(
        'upstream_unreadable',
        `The answer is longer than ${LARGEST_BODY_BYTES >> 20} MiB: not a plan list`,
      );
    }
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/**
 * Turns every status but 2xx into the error it means.
 * @throws {SourceError}
 */
export function expectSuccess(answer: HttpAnswer, host: string, now: Date): void {
  const { status } = answer;
  if (status >= 200 && status < 300) return;
  const quote = answer.isElsewhere ? '' : excerpt(answer.body);
  const said = `${host} answered ${status}${quote === '' ? '' : `: ${quote}`}`;
  if (status === 429) {
    const retryAfterMs = readRetryAfter(answer.headers.get('retry-after'), now);
    const wait = retryAfterMs === undefined ? '' : `, asked to wait ${Math.ceil(retryAfterMs / 1000)} s`;
    throw new SourceError('upstream_rate_limited', `${host} answered 429, too many calls${wait}`, {
      retryAfterMs,
    });
  }
  if (status === 401 || status === 403) {
    throw new SourceError('upstream_denied', `${said}. Check the API key and its header.`);
  }
  throw new SourceError(status >= 500 ? 'upstream_failed' : 'upstream_rejected', said);
}

/** `Retry-After` in milliseconds; it comes in seconds or as a date (RFC 9110, 10.2.3). */
function readRetryAfter(value: string | null, now: Date): number | undefined {
  if (value === null) return undefined;
  if (/^\d+$/.test(value.trim())) return Number(value) * 1000;
  const date = Date.parse(value);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now.getTime());
}

/** An upstream may repeat a key in its refusal: stars replace it before anybody reads, quotes or keeps the body. */
export function redactSecrets(answer: HttpAnswer, secrets: readonly Secret[]): HttpAnswer {
  let body = Buffer.from(answer.body.buffer, answer.body.byteOffset, answer.body.byteLength);
  for (const secret of secrets) {
    const needle = Buffer.from(secret.reveal());
    if (needle.length === 0 || !body.includes(needle)) continue;
    body = Buffer.from(body);
    for (let at = body.indexOf(needle); at >= 0; at = body.indexOf(needle, at + needle.length)) {
      body.fill('*', at, at + needle.length);
    }
  }
  return { ...answer, body };
}

export function hostOf(url: string): string {
  return URL.canParse(url) ? new URL(url).host : url;
}

/** An address as it may be written down: without name, password and query. */
export function withoutSecrets(url: string): string {
  const { protocol, host, pathname } = new URL(url);
  return `${protocol}//${host}${pathname}`;
}

/** The beginning of an answer, on one line, for a person, without anything that steers a terminal. */
export function excerpt(body: Uint8Array): string {
  const text = readText(new TextDecoder().decode(body.subarray(0, 400))) ?? '';
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function whatFailed(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it took too long';
  if (error.name === 'AbortError') return 'the call was stopped';
  const inner = error.cause instanceof Error ? error.cause : error;
  return inner.message || ('code' in inner ? String(inner.code) : inner.name);
}

/** Seconds that a cache on the way had held an answer (RFC 9111 5.1); `null`: none says so. */
export function readAge(header: string | null): number | null {
  const seconds = /^\d{1,9}$/.test(header?.trim() ?? '') ? Number(header) : 0;
  return seconds > 0 ? Math.min(seconds, 2_147_483_647) : null;
}
