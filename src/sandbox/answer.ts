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
  return errorJson(
    429,
    `Rate limit exceeded, retry after ${retryAfter} s`,
    retryAfter === 'none' ? {} : { 'retry-after': String(retryAfter) },
  );
}

export function unauthorized(): Answer {
  return errorJson(401, 'Missing or invalid API key in X-API-Key');
}

function page(body: string, headers: Record<string, string> = {}): Answer {
  return { status: 200, body: Buffer.from(body), headers };
}

/** Answers that stand in for the real one; other faults are in the list or in the way it is sent. */
const SUBSTITUTES: Partial<Record<FaultKind, (fault: Fault) => Answer>> = {
  '500': () => errorJson(500, 'Fault of the sandbox: 500'),
  rate_limit: ({ retry_after, retry_after_seconds }) =>
    tooManyRequests(retry_after ?? retry_after_seconds ?? 1),
  denied: unauthorized,
  not_modified: () => ({ status: 304, body: Buffer.alloc(0) }),
  malformed: () => page('[{"_id": "not json", product: undefined, }]'),
  html: () =>
    page('<!doctype html><title>Maintenance</title><h1>We will be right back</h1>', {
      'content-type': 'text/html; charset=utf-8',
    }),
  gzip_bomb: ({ mib = DEFAULT_MIB }) => ({
    status: 200,
    // As many members as MiB, which follow each other in one stream (RFC 1952, 2.2).
    body: Buffer.concat(new Array(mib).fill(gzipSync(Buffer.alloc(MIB, ' ')))),
    headers: { 'content-encoding': 'gzip' },
  }),
};

export function substituteFor(fault: Fault): Answer | null {
  return SUBSTITUTES[fault.kind]?.(fault) ?? null;
}

/** Sends as the fault wants it, if any. Resolves when nothing is left to do; `signal` ends it early. */
export async function send(
  response: ServerResponse,
  answer: Answer,
  fault: Fault | null,
  signal: AbortSignal,
): Promise<void> {
  const { status, body } = answer;
  // It has no body, and says nothing about one.
  if (status === 304) {
    response.writeHead(304, answer.headers).end();
    return;
  }
  const head = (lengthBytes: number) =>
    response.writeHead(status, { ...JSON_TYPE, ...answer.headers, 'content-length': lengthBytes });

  if (fault?.kind === 'truncated') {
    const cut = body.subarray(0, Math.floor(body.length * (fault.share ?? 0.6)));
    if (!fault.aborted) {
      head(cut.length).end(cut);
      return;
    }
    // The cut bytes must have left before the connection goes, else the client sees no answer at all.
    head(body.length).write(cut, () => response.destroy());
    return;
  }
  if (fault?.kind === 'oversized') {
    response.writeHead(status, JSON_TYPE);
    await pipeline(Readable.from(endless(fault.mib ?? DEFAULT_MIB)), response, { signal });
    return;
  }
  head(body.length);
  if (fault?.kind === 'slow_body') {
    const pieceBytes = Math.max(1, Math.ceil(body.length / SLOW_PIECES));
    for (let from = 0; from < body.length; from += pieceBytes) {
      response.write(body.subarray(from, from + pieceBytes));
      await sleep(fault.ms ?? 250, undefined, { signal });
    }
    response.end();
    return;
  }
  response.end(body);
}

/** A list that is valid JSON in the end. */
function* endless(mib: number): Generator<Buffer> {
  yield Buffer.from('[');
  const white = Buffer.alloc(MIB, ' ');
  for (let sent = 0; sent < mib; sent++) yield white;
  yield Buffer.from(']');
}
