/** Sends answers, properly or with a fault. */

import { type ServerResponse, STATUS_CODES } from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import type { Fault, FaultKind } from './faults/faults.ts';

export interface Answer {
  status: number;
  body: Buffer;
  headers?: Record<string, string>;
}

const JSON_TYPE = { 'content-type': 'application/json; charset=utf-8' };
const SLOW_PIECES = 16;
const MIB = 1 << 20;
const DEFAULT_MIB = 256;

export function json(status: number, value: unknown, headers: Record<string, string> = {}): Answer {
  return { status, body: Buffer.from(JSON.stringify(value)), headers };
}

/** An error in the form `{error, message, …}`. */
export function errorJson(status: number, message: string, headers: Record<string, string> = {}): Answer {
  return json(status, { error: STATUS_CODES[status], message }, headers);
}

/** @param retryAfter seconds, or whatever an upstream may write there; `none`: no such header */
export function tooManyRequests(retryAfter: number | string): Answer {
  const headers: Record<string, string> = retryAfter === 'none' ? {} : { 'retry-after': String(retryAfter) };
  return errorJson(429, `Rate limit exceeded, retry after ${retryAfter} s`, headers);
}

export const unauthorized = (): Answer => errorJson(401, 'Missing or invalid API key in X-API-Key');

export const notModified = (etag?: string): Answer => ({
  status: 304,
  body: Buffer.alloc(0),
  headers: etag === undefined ? {} : { etag },
});

/** Answers that stand in for the real one; other faults are in the list or in the way it is sent. */
const SUBSTITUTES: Partial<Record<FaultKind, (fault: Fault, path: string) => Answer>> = {
  '500': () => errorJson(500, 'Fault of the sandbox: 500'),
  rate_limit: ({ retry_after, retry_after_seconds }) =>
    tooManyRequests(retry_after ?? retry_after_seconds ?? 1),
  denied: unauthorized,
  not_modified: () => notModified(),
  redirect: (_fault, path) => ({ status: 302, body: Buffer.alloc(0), headers: { location: path } }),
  malformed: () => ({ status: 200, body: Buffer.from('[{"_id": "not json", product: undefined, }]') }),
  html: () => ({
    status: 200,
    body: Buffer.from('<!doctype html><title>Maintenance</title><h1>We will be right back</h1>'),
    headers: { 'content-type': 'text/html; charset=utf-8' },
  }),
  gzip_bomb: ({ mib = DEFAULT_MIB }) => ({
    status: 200,
    // As many members as MiB, which follow each other in one stream (RFC 1952, 2.2).
    body: Buffer.concat(new Array(mib).fill(gzipSync(Buffer.alloc(MIB, ' ')))),
    headers: { 'content-encoding': 'gzip' },
  }),
};

export function substituteFor(fault: Fault, path: string): Answer | null {
  return SUBSTITUTES[fault.kind]?.(fault, path) ?? null;
}

/** Sends as the fault wants it, if any. Resolves when nothing is left to do; `signal` ends it early. */
export async function send(
  response: ServerResponse,
  { status, body, headers }: Answer,
  fault: Fault | null,
  signal: AbortSignal,
): Promise<void> {
  if (status === 304) {
    // It has no body, and says nothing about one.
    response.writeHead(304, headers).end();
    return;
  }
  const head = (lengthBytes: number) =>
    response.writeHead(status, { ...JSON_TYPE, ...headers, 'content-length': lengthBytes });
  if (fault?.kind === 'truncated') {
    const cut = body.subarray(0, Math.floor(body.length * (fault.share ?? 0.6)));
    // The cut bytes must have left before the connection goes, else the client sees no answer at all.
    if (fault.aborted) head(body.length).write(cut, () => response.destroy());
    else head(cut.length).end(cut);
  } else if (fault?.kind === 'oversized') {
    response.writeHead(status, JSON_TYPE);
    await pipeline(Readable.from(endless(fault.mib ?? DEFAULT_MIB)), response, { signal });
  } else if (fault?.kind === 'slow_body') {
    head(body.length);
    await pipeline(Readable.from(slowly(body, fault.ms ?? 250, signal)), response, { signal });
  } else head(body.length).end(body);
}

async function* slowly(body: Buffer, ms: number, signal: AbortSignal): AsyncGenerator<Buffer> {
  const pieceBytes = Math.max(1, Math.ceil(body.length / SLOW_PIECES));
  for (let from = 0; from < body.length; from += pieceBytes) {
    yield body.subarray(from, from + pieceBytes);
    await sleep(ms, undefined, { signal });
  }
}

/** A list that is valid JSON in the end. */
function* endless(mib: number): Generator<Buffer> {
  yield Buffer.from('[');
  const white = Buffer.alloc(MIB, ' ');
  for (let sent = 0; sent < mib; sent++) yield white;
  yield Buffer.from(']');
}
