/** What an SDK that the operator brings is told: a stand-in for one keeps the spans in memory. */

import assert from 'node:assert/strict';
import { AsyncLocalStorage } from 'node:async_hooks';
import { after, test } from 'node:test';
import {
  type Context,
  context,
  propagation,
  ROOT_CONTEXT,
  type Span,
  type SpanContext,
  trace,
} from '@opentelemetry/api';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { activeTrace, traced, turnTracingOn } from '../../src/trace.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, ONCOR, syncAll, testGate } from '../support/support.ts';

const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 30, now: () => new Date('2026-06-01T12:00:00Z') });
after(() => sandbox.stop());

interface Kept {
  name: string;
  id: string;
  traceId: string;
  parent: string | null;
  isOver: boolean;
  failed: boolean;
  attributes: Record<string, unknown>;
}
const spans: Kept[] = [];
let ids = 0;
const newId = (digits: number) => (++ids).toString(16).padStart(digits, '0');

function keep(name: string, attributes: object | undefined, within: Context): Span {
  const parent = trace.getSpanContext(within);
  const kept: Kept = {
    name,
    id: newId(16),
    traceId: parent?.traceId ?? newId(32),
    parent: parent?.spanId ?? null,
    isOver: false,
    failed: false,
    attributes: { ...attributes },
  };
  spans.push(kept);
  const spanContext: SpanContext = { traceId: kept.traceId, spanId: kept.id, traceFlags: 1 };
  const span = {
    spanContext: () => spanContext,
    setAttribute: (key: string, value: unknown) => {
      kept.attributes[key] = value;
      return span;
    },
    setStatus: () => span,
    recordException: () => {
      kept.failed = true;
    },
    end: () => {
      kept.isOver = true;
    },
  } as unknown as Span;
  return span;
}

const storage = new AsyncLocalStorage<Context>();
const active = () => storage.getStore() ?? ROOT_CONTEXT;

function bringSdk(): void {
  context.setGlobalContextManager({
    active,
    with: (within, work, self, ...args) => storage.run(within, () => work.call(self as never, ...args)),
    bind: (_within, target) => target,
    enable() {
      return this;
    },
    disable() {
      return this;
    },
  });
  trace.setGlobalTracerProvider({
    getTracer: () => ({
      startSpan: (name, options, within = active()) => keep(name, options?.attributes, within),
      startActiveSpan: ((name: string, options: { attributes: object }, work: (span: Span) => unknown) => {
        const span = keep(name, options.attributes, active());
        return storage.run(trace.setSpan(active(), span), () => work(span));
      }) as never,
    }),
  });
  propagation.setGlobalPropagator({
    inject() {},
    extract: (within, carrier) => {
      const [, traceId, spanId] = String((carrier as Record<string, string>).traceparent ?? '').split('-');
      return traceId && spanId
        ? trace.setSpanContext(within, { traceId, spanId, traceFlags: 1, isRemote: true })
        : within;
    },
    fields: () => ['traceparent'],
  });
}

bringSdk();
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
const named = (name: string) => spans.filter((span) => span.name === name);
const parentOf = (span: Kept) => spans.find(({ id }) => id === span.parent)?.name ?? null;

test('with tracing off nothing is told, and work is done as it is', () => {
  assert.equal(
    traced('x', {}, () => 7),
    7,
  );
  assert.deepEqual([spans.length, activeTrace()], [0, null]);
});

test('a trace goes from the job to the call, to the publish, to its statements', async () => {
  await turnTracingOn();
  await syncAll(database, source, { tdsps: [ONCOR], force: true });
  const [sync] = named('sync');
  assert.ok(sync && 'wattsync.job' in sync.attributes);
  assert.equal(parentOf(named('upstream call')[0]!), 'sync');
  assert.equal(parentOf(named('publish')[0]!), 'sync');
  const written = spans.find(({ name }) => name === 'db plan-cache.refillPlanCache')!;
  assert.ok(written.traceId === sync.traceId && written.isOver, 'its statements are in the same trace');
  assert.ok(named('sync').every(({ isOver }) => isOver));
});

test('a request goes on from its caller, down to the layer and the statement', async () => {
  spans.length = 0;
  const { app } = openApi(database);
  await app.ready();
  await app.listen({ host: '127.0.0.1', port: 0 });
  const { port } = app.server.address() as { port: number };
  const traceparent = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
  const answer = await fetch(`http://127.0.0.1:${port}/v1/plans?tdsp=ONCOR`, { headers: { traceparent } });
  assert.equal(answer.status, 200);
  await answer.arrayBuffer();
  const request = named('GET')[0]!;
  assert.deepEqual(
    [request.traceId, request.parent, request.attributes['url.path']],
    ['0af7651916cd43dd8448eb211c80319c', 'b7ad6b7169203331', '/v1/plans'],
  );
  const statement = spans.find(({ name }) => name.startsWith('db '))!;
  assert.equal(statement.traceId, request.traceId);
});

test('what fails ends as an error, and the error is that of the work', async () => {
  spans.length = 0;
  const error = new Error('no');
  assert.throws(
    () =>
      traced('throws', {}, () => {
        throw error;
      }),
    error,
  );
  await assert.rejects(
    traced('rejects', {}, () => Promise.reject(error)),
    error,
  );
  assert.deepEqual(
    spans.map(({ failed, isOver }) => [failed, isOver]),
    [
      [true, true],
      [true, true],
    ],
  );
  const ids = traced('inside', {}, () => activeTrace());
  assert.match(ids!.trace_id, /^[0-9a-f]{32}$/);
});
