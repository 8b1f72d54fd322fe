/** What /metrics of a process says: its own counts since it began, and the state of the fleet as the observer saw it last. */

import { type EventLoopUtilization, monitorEventLoopDelay, performance } from 'node:perf_hooks';
import { LATENCY_STEPS_MS } from '../histogram.ts';
import { type Family, gauge, type MetricsFormat, renderMetrics, type Teller } from '../metrics.ts';
import { LOOPS, Periodic } from '../periodic.ts';
import { PROCESS_COUNTERS } from '../process-metrics.ts';
import { type ObserverState, readObserver } from '../store/observation/observer-lease.ts';
import { noteDeploy, noteVitals, type Vitals } from '../store/observation/vitals.ts';
import type { Database } from '../store/postgres/database.ts';
import type { QueryCounts } from '../store/postgres/query-recorder.ts';

const EVERY_MS = 10_000;
const DELAY_RESOLUTION_MS = 20;

interface ProcessMetricsOptions {
  database: Database;
  version: string;
  roles: readonly string[];
  onError?: (error: unknown) => void;
}

export class ProcessMetrics {
  readonly #options: ProcessMetricsOptions;
  readonly #tellers: Teller[] = [];
  readonly #delays = monitorEventLoopDelay({ resolution: DELAY_RESOLUTION_MS });
  readonly #loop: Periodic;
  readonly #startedAt = Date.now() / 1_000;
  #utilization: EventLoopUtilization = performance.eventLoopUtilization();
  #busy = 0;
  #lagMs = 0;
  #isDeployNoted = false;
  #observer: ObserverState<Family[]> | null = null;

  constructor(options: ProcessMetricsOptions) {
    this.#options = options;
    this.#loop = new Periodic('vitals', () => this.#look(), EVERY_MS);
  }

  start(): void {
    this.#delays.enable();
    this.#loop.start();
    void this.#loop.now();
  }

  /** Safe early and twice. */
  async stop(): Promise<void> {
    this.#delays.disable();
    await this.#loop.stop();
  }

  /** Asked with every scrape. */
  tell(teller: Teller): void {
    this.#tellers.push(teller);
  }

  render(format: MetricsFormat): string {
    const families = [
      ...this.#ofProcess(),
      ...PROCESS_COUNTERS.map((counter) => counter.family()),
      ...databaseFamilies(this.#options.database),
      ...this.#tellers.flatMap((teller) => teller()),
      ...this.#ofFleet(),
    ];
    return renderMetrics(families, format);
  }

  #ofProcess(): Family[] {
    const { version, roles } = this.#options;
    const labels = { version, node: process.versions.node, roles: roles.join(',') };
    const rounds = [...LOOPS].map(([loop, { at }]) => ({ labels: { loop }, value: at / 1_000 }));
    return [
      gauge('wattsync_build_info', 'Always 1: the version, Node and the roles of this process.', [
        { labels, value: 1 },
      ]),
      gauge('wattsync_process_start_time_seconds', 'When this process began.', this.#startedAt),
      gauge('wattsync_process_resident_memory_bytes', 'Memory of this process.', process.memoryUsage.rss()),
      {
        name: 'wattsync_process_cpu_seconds_total',
        help: 'Processor time this process took.',
        type: 'counter',
        samples: [{ labels: {}, value: cpuSeconds() }],
      },
      gauge(
        'wattsync_event_loop_lag_seconds',
        '99 of 100 turns of the event loop were held up for less, within the last ten seconds.',
        this.#lagMs / 1_000,
      ),
      gauge(
        'wattsync_event_loop_busy_ratio',
        'Share of the last ten seconds in which the event loop was at work.',
        this.#busy,
      ),
      gauge(
        'wattsync_loop_last_round_timestamp_seconds',
        'When each loop of this process last went round whole.',
        rounds,
      ),
    ];
  }

  /** Nothing until it was read once. */
  #ofFleet(): Family[] {
    if (!this.#observer) return [];
    const { evaluated_at, evaluations, took_ms, state, is_held } = this.#observer;
    return [
      gauge(
        'wattsync_fleet_observer_evaluated_timestamp_seconds',
        'When the alerts were last evaluated: by one process, for the whole fleet.',
        evaluated_at && [{ labels: {}, value: new Date(evaluated_at).getTime() / 1_000 }],
      ),
      gauge('wattsync_fleet_observer_up', '1: a process watches. Of the whole fleet.', is_held ? 1 : 0),
      gauge('wattsync_fleet_observer_evaluations', 'Evaluations so far. Of the whole fleet.', evaluations),
      gauge(
        'wattsync_fleet_observer_evaluation_seconds',
        'How long the last evaluation took. Of the whole fleet.',
        took_ms === null ? null : took_ms / 1_000,
      ),
      ...(state ?? []),
    ];
  }

  async #look(): Promise<void> {
    const { database, version, onError } = this.#options;
    const since = performance.eventLoopUtilization(this.#utilization);
    this.#utilization = performance.eventLoopUtilization();
    this.#busy = since.utilization;
    const held = this.#delays.percentile(99) / 1e6 - DELAY_RESOLUTION_MS;
    this.#lagMs = Number.isFinite(held) ? Math.max(0, held) : 0;
    this.#delays.reset();
    try {
      if (!this.#isDeployNoted) await noteDeploy(database.quick, version);
      this.#isDeployNoted = true;
      await noteVitals(database.quick, version, this.#vitals());
      this.#observer = await readObserver<Family[]>(database.quick);
    } catch (error) {
      onError?.(error);
    }
  }

  #vitals(): Vitals {
    const now = Date.now();
    const loops = [...LOOPS].map(([name, { at, everyMs }]) => [
      name,
      { late_ms: Math.max(0, now - at), every_ms: everyMs },
    ]);
    return {
      memory_bytes: process.memoryUsage.rss(),
      loop_lag_ms: this.#lagMs,
      loops: Object.fromEntries(loops),
      pools: Object.fromEntries(
        poolsOf(this.#options.database).map(({ name, of }) => [
          name,
          {
            open: of.totalCount,
            busy: of.totalCount - of.idleCount,
            most: of.options.max,
            waiting: of.waitingCount,
          },
        ]),
      ),
    };
  }
}

function cpuSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

const poolsOf = ({ pool, quick }: Pick<Database, 'pool' | 'quick'>) => [
  { name: 'work', of: pool },
  { name: 'quick', of: quick },
];

function databaseFamilies({ pool, quick, queries }: Database): Family[] {
  const totals = queries.totals();
  const by = (value: (one: QueryCounts) => number) =>
    totals.map((one) => ({ labels: { query: one.name }, value: value(one) }));
  const latency = LATENCY_STEPS_MS.map((_, step) => step)
    .concat(LATENCY_STEPS_MS.length)
    .map((step) => totals.reduce((sum, one) => sum + one.latency[step]!, 0));
  const pools = poolsOf({ pool, quick });
  return [
    {
      name: 'wattsync_db_query_duration_seconds',
      help: 'Time statements took, by the function that sends them.',
      type: 'summary',
      samples: totals.map(({ name, total_ms, calls }) => ({
        labels: { query: name },
        sum: total_ms / 1_000,
        count: calls,
      })),
    },
    {
      name: 'wattsync_db_query_errors_total',
      help: 'Statements that failed, by the function that sends them.',
      type: 'counter',
      samples: by(({ errors }) => errors).filter(({ value }) => value > 0),
    },
    {
      name: 'wattsync_db_statement_duration_seconds',
      help: 'Time statements took, all of them together.',
      type: 'histogram',
      steps: LATENCY_STEPS_MS.map((ms) => ms / 1_000),
      samples: [
        { labels: {}, counts: latency, sum: totals.reduce((sum, { total_ms }) => sum + total_ms, 0) / 1_000 },
      ],
    },
    gauge(
      'wattsync_db_pool_connections',
      'Connections of this process to PostgreSQL.',
      pools.flatMap(({ name, of }) => [
        { labels: { pool: name, state: 'idle' }, value: of.idleCount },
        { labels: { pool: name, state: 'busy' }, value: of.totalCount - of.idleCount },
      ]),
    ),
    gauge(
      'wattsync_db_pool_waiting',
      'Callers that wait for a connection.',
      pools.map(({ name, of }) => ({ labels: { pool: name }, value: of.waitingCount })),
    ),
  ];
}
