/**
 * Spans for OpenTelemetry. Only its API is used, and only loaded where TRACING is on: without an SDK, which the operator
 * brings with `NODE_OPTIONS=--import …`, a span costs a tenth of a microsecond, with tracing off nothing.
 */

import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Attributes, Span } from '@opentelemetry/api';

let api: typeof import('@opentelemetry/api') | null = null;

/** For the life of the process. */
export async function turnTracingOn(): Promise<void> {
  api = await import('@opentelemetry/api');
}

const TRACER = 'wattsync';

/** Whether `value` is a promise, of whatever make. */
const isThenable = (value: unknown): value is Promise<unknown> =>
  typeof (value as { then?: unknown } | null)?.then === 'function';

function fail(span: Span, error: unknown): void {
  span.recordException(error instanceof Error ? error : String(error));
  span.setStatus({ code: api!.SpanStatusCode.ERROR });
  span.end();
}

/** Does the work in a span of its own, inside the one that is active; one that throws or rejects ends as an error. */
export function traced<T>(name: string, attributes: Attributes, work: () => T): T {
  if (api === null) return work();
  return api.trace.getTracer(TRACER).startActiveSpan(name, { attributes }, (span) => {
    try {
      const result = work();
      if (!isThenable(result)) {
        span.end();
        return result;
      }
      // Not a promise of our own: those that wait get what the work returned.
      result.then(
        () => span.end(),
        (error) => fail(span, error),
      );
      return result;
    } catch (error) {
      fail(span, error);
      throw error;
    }
  });
}

/** For work that tells its end by a callback. @returns ends the span, with the error where there was one */
export function beginSpan(name: string, attributes: Attributes): (error?: unknown) => void {
  if (api === null) return nothing;
  const span = api.trace.getTracer(TRACER).startSpan(name, { attributes });
  return (error) => {
    if (error) fail(span, error);
    else span.end();
  };
}

const nothing = (): void => {};

/** Work for later, in the span that is active now. */
export const inSameSpan = (work: () => void): (() => void) =>
  api === null ? work : api.context.bind(api.context.active(), work);

/** Answers a request in a span that goes on from the caller's `traceparent`, and ends when the answer has left. */
export function tracedRequest(request: IncomingMessage, response: ServerResponse, work: () => void): void {
  if (api === null) {
    work();
    return;
  }
  const { trace, context, propagation, SpanKind, SpanStatusCode } = api;
  const parent = propagation.extract(context.active(), request.headers);
  const { method = 'GET', url = '/' } = request;
  const attributes = { 'http.request.method': method, 'url.path': url.split('?')[0]! };
  const span = trace.getTracer(TRACER).startSpan(method, { kind: SpanKind.SERVER, attributes }, parent);
  response.once('close', () => {
    span.setAttribute('http.response.status_code', response.statusCode);
    if (response.statusCode >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  });
  context.with(trace.setSpan(parent, span), work);
}

/** Of the active span, for log lines and exemplars; `null` where there is none, or tracing is off. */
export function activeTrace(): { trace_id: string; span_id: string } | null {
  const active = api?.trace.getActiveSpan()?.spanContext();
  return active && api!.isSpanContextValid(active)
    ? { trace_id: active.traceId, span_id: active.spanId }
    : null;
}
