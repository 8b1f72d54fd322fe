/** The name of a request, for logs on both sides: the caller's own, else the trace it belongs to, else one of ours. */

import { randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

/** Nothing that breaks a line or a log. */
export const REQUEST_ID = /^[\w.:/+=-]{1,128}$/;
/** W3C Trace Context: version, trace, span, flags. */
export const TRACEPARENT = /^[\da-f]{2}-([\da-f]{32})-[\da-f]{16}-[\da-f]{2}$/;

export function requestIdOf({ headers }: Pick<IncomingMessage, 'headers'>): string {
  const { 'x-request-id': id, traceparent } = headers;
  if (typeof id === 'string' && REQUEST_ID.test(id)) return id;
  const [, trace] = TRACEPARENT.exec(String(traceparent)) ?? [];
  return trace ?? randomUUID();
}

/** What a line of the log says of a request. */
export const aboutRequest = (request: Pick<IncomingMessage, 'headers' | 'method' | 'url'>) => ({
  method: request.method,
  // Without what was asked: it may be somebody's home.
  path: request.url?.split('?')[0],
  request_id: requestIdOf(request),
});
