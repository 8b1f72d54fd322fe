/** One HTTP request of an upstream: an answer read to its end, or a SourceError that says what went wrong. */

import type { Secret } from '../config.ts';
import { SourceError } from './source-error.ts';

export interface HttpAnswer {
  status: number;
  headers: Headers;
  body: Uint8Array;
}

// The whole state's export has 1.7 MB; far more than that is not a plan list, and must not fill the memory.
export const LARGEST_BODY_BYTES = 64 << 20;
// An address that moved once or twice. `fetch` itself would follow twenty, each of them a call that nobody counts.
const MOST_REDIRECTS = 3;

/**
 * Reads `url` to the last byte.
 * @throws {SourceError} `upstream_unreachable` if no whole answer came; an answer of any status is returned
 */
export async function getAnswer(
  url: string,
  headers: Record<string, string>,
  signal: AbortSignal,
): Promise<HttpAnswer> {
  try {
    const response = await follow(url, headers, signal);
    return { status: response.status, headers: response.headers, body: await readBody(response) };
  } catch (cause) {
    if (cause instanceof SourceError) throw cause;
    throw new SourceError(
      'upstream_unreachable',
      `${hostOf(url)} gave no whole answer: ${whatFailed(cause)}`,
      { cause },
    );
  }
}

/** Follows redirects as `fetch` does, but only a few, and never sends the API key to another host. */
async function follow(url: string, headers: Record<string, string>, signal: AbortSignal): Promise<Response> {
  let at = new URL(url);
  let sent = headers;
  for (let redirects = 0; ; redirects++) {
    const response = await fetch(at, { headers: sent, signal, redirect: 'manual' });
    const location = response.status >= 300 && response.status < 400 && response.headers.get('location');
    if (!location) return response;
    await response.body?.cancel();
    if (redirects === MOST_REDIRECTS) throw new Error(`it redirects more than ${MOST_REDIRECTS} times`);
    const next = new URL(location, at);
    if (next.origin !== at.origin) sent = {};
    at = next;
  }
}

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
  const quote = excerpt(answer.body);
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

/** The beginning of an answer, on one line, for a person. */
export function excerpt(body: Uint8Array): string {
  const text = new TextDecoder().decode(body.subarray(0, 400)).replace(/\s+/g, ' ').trim();
  return text.length > 200 ? `${text.slice(0, 200)}…` : text;
}

function whatFailed(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (error.name === 'TimeoutError') return 'it took too long';
  if (error.name === 'AbortError') return 'the call was stopped';
  const inner = error.cause instanceof Error ? error.cause : error;
  return inner.message || ('code' in inner ? String(inner.code) : inner.name);
}
