import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { after, test } from 'node:test';
import { AnswerCounter } from '../../src/api/observation/answer-counts.ts';
import { openMetricsPort } from '../../src/app/metrics-port.ts';
import { ProcessMetrics } from '../../src/app/process-metrics.ts';
import { CacheStats } from '../../src/cache/cache-stats.ts';
import { LATENCY_STEPS_MS } from '../../src/histogram.ts';
import { Counter, formatFor, gauge, Observations, renderMetrics } from '../../src/metrics.ts';
import { publishes, syncResults, upstreamCalls } from '../../src/process-metrics.ts';
import { readFigures } from '../../src/store/observation/figure-rows.ts';
import { createTestDatabase, until } from '../support/support.ts';
import { watch } from '../support/watch.ts';

const { database } = await createTestDatabase();
const { look } = await watch(database);
await look();
const lint = (text: string) =>
  execFileSync('promtool', ['check', 'metrics'], { input: text, encoding: 'utf8', stdio: 'pipe' });

const counter = new AnswerCounter({ database: database.pool });
const stats = new CacheStats({ database: database.pool, size: () => ({ entries: 6, bytes: 1_000 }) });
const metrics = new ProcessMetrics({ database, version: '1.2.3', roles: ['web', 'worker'] });
metrics.tell(() => counter.families());
metrics.tell(() => stats.families());
metrics.start();
after(() => metrics.stop());
await until(() => metrics.render('text').includes('wattsync_fleet_queue_targets'));

counter.of('/v1/plans', 'memory').count(200, 0.4);
counter.of('/v1/plans', 'memory').count(304, 0.2);
counter.of('/v1/plans/:id', '').count(404, 30);
stats.hit('database', 3, 60_000, true);
upstreamCalls.add('sandbox', 'ok');
syncResults.add('published');
publishes.add('1039940674000');

test('what a process tells has every name it promised, and promtool has nothing to say about it', () => {
  const text = metrics.render('text');
  assert.equal(lint(text), '');
  for (const name of [
    'wattsync_build_info{version="1.2.3",node="',
    'wattsync_http_requests_total{route="/v1/plans",layer="memory",status="2xx"} 1',
    'wattsync_http_requests_total{route="/v1/plans/:id",status="4xx"} 1',
    'wattsync_http_request_duration_seconds_bucket{route="/v1/plans",layer="memory",le="0.0005"} 2',
    'wattsync_cache_hits_total{layer="database"} 1',
    'wattsync_cache_stale_serves_total{layer="database"} 1',
    'wattsync_upstream_calls_total{source="sandbox",outcome="ok"}',
    'wattsync_sync_results_total{status="published"}',
    'wattsync_publishes_total{tdsp="1039940674000"}',
    'wattsync_db_query_duration_seconds_count{query="',
    'wattsync_db_pool_connections{pool="work",state="idle"}',
    'wattsync_event_loop_lag_seconds ',
    'wattsync_process_resident_memory_bytes ',
    'wattsync_loop_last_round_timestamp_seconds{loop="vitals"}',
    // Explicit zeros: that nothing waits is known.
    'wattsync_fleet_queue_targets{state="waiting"} 0',
    'wattsync_fleet_queue_oldest_seconds 0',
    'wattsync_fleet_dead_letters 0',
    'wattsync_fleet_budget_left_calls{source="comparepower"} 50',
    'wattsync_fleet_reserve_left_calls{source="comparepower"}',
    'wattsync_fleet_circuit_state{source="comparepower",state="closed"} 1',
    'wattsync_fleet_runs_last_hour{status="failed"} 0',
    'wattsync_fleet_snapshot_held{tdsp="ONCOR"} 0',
    'wattsync_fleet_observer_evaluated_timestamp_seconds ',
  ]) {
    const sorted = name.replace(/\{(.*)\}/, (_all, labels: string) => `{${labels}}`);
    assert.ok(text.includes(sorted) || text.includes(swapped(sorted)), name);
  }
  assert.doesNotMatch(text, /dallas|houston/i, 'no city is a label');
  assert.ok(text.length < 60_000, `${text.length} bytes`);
});

/** jsonb keeps labels in an order of its own. */
const swapped = (line: string): string =>
  line.replace(/\{(\w+="[^"]*"),(\w+="[^"]*")\}/, (_all, one: string, other: string) => `{${other},${one}}`);

test('OpenMetrics only where it is asked for, with its own rules', () => {
  assert.equal(formatFor(undefined), 'text');
  assert.equal(formatFor('text/plain;version=0.0.4;q=0.5,*/*;q=0.1'), 'text');
  assert.equal(formatFor('application/openmetrics-text;version=1.0.0;q=0.6,text/plain;q=0.5'), 'openmetrics');
  assert.equal(formatFor('application/openmetrics-text;q=0.3,text/plain;q=0.5'), 'text');
  const waits = new Observations([0.1, 1]);
  waits.observe(0.05);
  waits.observe(0.5);
  waits.observe(7);
  waits.exemplify({ trace_id: 'a41f0c92a41f0c92a41f0c92a41f0c92', value: 0.5, at: 1_700_000_000_000 });
  const families = [
    {
      name: 'x_seconds',
      help: 'X',
      type: 'histogram' as const,
      steps: [0.1, 1],
      samples: [{ labels: {}, ...waits }],
    },
    new Counter('y_total', 'Y').family(),
  ];
  const open = renderMetrics(families, 'openmetrics');
  assert.match(open, /# TYPE y counter\ny_total 0\n# EOF\n$/);
  assert.match(open, /# UNIT x_seconds seconds/);
  assert.match(open, /x_seconds_bucket\{le="1"\} 2 # \{trace_id="a41f[0-9a-f]+"\} 0.5 1700000000\n/);
  const text = renderMetrics(families, 'text');
  assert.doesNotMatch(text, /trace_id|EOF|UNIT/);
  assert.match(text, /x_seconds_bucket\{le="\+Inf"\} 3\nx_seconds_sum 7.55\nx_seconds_count 3/);
});

test('labels are escaped, empty families left out, and a name given twice is an error of ours', () => {
  const odd = gauge('odd', 'Odd', [{ labels: { name: 'a"b\\c\nd' }, value: 1 }]);
  assert.match(
    renderMetrics([odd, gauge('none', 'None', null)], 'text'),
    /^# HELP odd Odd\n# TYPE odd gauge\nodd\{name="a\\"b\\\\c\\nd"\} 1\n$/,
  );
  assert.throws(() => renderMetrics([odd, odd], 'text'), /Two metrics/);
});

test('counters never fall back, whatever is told to the fleet or cannot be', async () => {
  let isDown = true;
  const flaky: Pick<typeof database.pool, 'query'> = {
    query: ((...args: Parameters<typeof database.pool.query>) =>
      isDown
        ? Promise.reject(new Error('down'))
        : database.pool.query(...args)) as typeof database.pool.query,
  };
  const counted = new AnswerCounter({ database: flaky });
  const cache = new CacheStats({ database: flaky, size: () => ({ entries: 0, bytes: 0 }) });
  const read = () => [
    counted.of('/x', '').statuses[1],
    cache.totals().find(({ layer }) => layer === 'redis')?.hits,
  ];
  counted.of('/x', '').count(200, 1);
  cache.hit('redis', 1, 0, false);
  assert.deepEqual(read(), [1, 1]);
  const flushing = Promise.all([counted.flush(), cache.flush()]);
  assert.deepEqual(read(), [1, 1], 'while it is told');
  await flushing;
  assert.deepEqual(read(), [1, 1], 'when it could not be');
  isDown = false;
  counted.of('/x', '').count(200, 1);
  await Promise.all([counted.flush(), cache.flush(), counted.flush()]);
  assert.deepEqual(read(), [2, 1]);
  const now = new Date();
  const minutes = await readFigures(
    database.pool,
    { from: new Date(now.getTime() - 300_000), to: new Date(now.getTime() + 60_000) },
    'minute',
  );
  const told = minutes.reduce((sum, { figures }) => sum + (figures.answers['/x']?.answers ?? 0), 0);
  assert.equal(told, 2, 'each answer is told once');
  assert.equal(LATENCY_STEPS_MS.length + 1, counted.of('/x', '').waits.counts.length);
});

test('a process that answers nothing else tells its metrics on a port of its own', async () => {
  const port = await openMetricsPort({ host: '127.0.0.1', port: 0 }, (format) => metrics.render(format));
  try {
    const plain = await fetch(`${port.url}/metrics`);
    assert.equal(plain.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8');
    assert.equal(lint(await plain.text()), '');
    const open = await fetch(`${port.url}/metrics`, { headers: { accept: 'application/openmetrics-text' } });
    assert.match(open.headers.get('content-type')!, /^application\/openmetrics-text; version=1.0.0/);
    assert.match(await open.text(), /\n# EOF\n$/);
    assert.deepEqual(
      [(await fetch(`${port.url}/healthz`)).status, (await fetch(`${port.url}/x`)).status],
      [200, 404],
    );
  } finally {
    await port.stop();
    await port.stop();
  }
});
