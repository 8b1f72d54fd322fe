/** A day of mixed traffic over all cities, in simulated time, with the trouble that days have. */

import { Agent, type IncomingHttpHeaders, request } from 'node:http';
import { Engine } from '../src/app/engine.ts';
import { Front } from '../src/app/front.ts';
import { Scope } from '../src/app/scope.ts';
import { startWeb } from '../src/app/web.ts';
import { readConfig, Secret } from '../src/config.ts';
import { createLog } from '../src/log.ts';
import { RefreshRequests } from '../src/planning/refresh-requests.ts';
import { type Sandbox, startSandbox } from '../src/sandbox/server.ts';
import { ComparePowerSource } from '../src/sources/comparepower/comparepower.ts';
import { Gate } from '../src/sources/gate.ts';
import { openDatabase } from '../src/store/postgres/database.ts';
import { readTerritory } from '../src/store/territory.ts';
import { SimulatedClock } from '../test/support/simulated-clock.ts';
import { seeded } from './drafts.ts';
import { withManyConnections } from './own-postgres.ts';
import { withFolder } from './postgres.ts';
import { withRedis } from './redis.ts';
import { type Say, type Section, verdict } from './report.ts';

const START = Date.parse('2026-07-01T05:00:00Z');
const PER_MINUTE = 200;
const READERS = 16;
/** In hours of the day. */
const TROUBLE = { processRestarts: 6, redisRestarts: 10, upstreamFails: 14, upstreamIsBack: 15 };
const FRESH_FOR_MS = 1_800_000;
const STALE_AFTER_MS = 7_200_000;

export function measureDay(say: Say): Promise<Section> {
  return withFolder(async (folder) =>
    withManyConnections(folder, async (server) => {
      const days: { name: string; day: Day }[] = [];
      for (const hasRedis of [true, false]) {
        const name = hasRedis ? 'with Redis' : 'without Redis';
        const url = await server.newDatabase();
        const live = (redis: RedisForADay | null) =>
          liveThrough(url, redis, (line) => say(`${name}: ${line}`));
        days.push({ name, day: hasRedis ? await withRestarts(folder, live) : await live(null) });
      }
      const all = (isMet: (day: Day) => boolean) => verdict(days.every(({ day }) => isMet(day)));
      const percent = (part: number, { asked }: Day) => `${((part / asked) * 100).toFixed(4)} %`;
      return {
        title: 'A day',
        method:
          `Two web processes over one PostgreSQL, asked over HTTP, ${PER_MINUTE} times a simulated minute: cities by Zipf's law, a third with ` +
          'filters, four in ten with the tag of the last time. The clock of processes and database is set by hand. A sync ' +
          'each hour, and prices move each hour; one process restarts at ' +
          `${TROUBLE.processRestarts}:00, Redis at ${TROUBLE.redisRestarts}:00 (its times to live are in real time and so never reached), ` +
          `the upstream fails from ${TROUBLE.upstreamFails}:00 to ${TROUBLE.upstreamIsBack}:00.`,
        tables: [
          {
            title: 'What readers got, and what it cost',
            head: ['', ...days.map(({ name }) => name)],
            rows: [
              ['requests', ...days.map(({ day }) => day.asked.toLocaleString('en-US'))],
              ['answered from memory', ...days.map(({ day }) => percent(day.byLayer.memory ?? 0, day))],
              [
                'without the upstream',
                ...days.map(({ day }) => percent(day.asked - day.waited - day.errors, day)),
              ],
              ['errors', ...days.map(({ day }) => String(day.errors))],
              ['waited for the upstream', ...days.map(({ day }) => String(day.waited))],
              ['304', ...days.map(({ day }) => percent(day.notModified, day))],
              ['told to be stale', ...days.map(({ day }) => percent(day.stale, day))],
              ['versions seen', ...days.map(({ day }) => String(day.versions))],
              [
                'upstream calls',
                ...days.map(({ day }) => String(day.calls.reduce((sum, one) => sum + one, 0))),
              ],
              ['most calls in an hour', ...days.map(({ day }) => String(Math.max(...day.calls)))],
            ],
          },
        ],
        findings: [
          `At least 99.9 % from memory: ${all((day) => (day.byLayer.memory ?? 0) / day.asked >= 0.999)}`,
          `At least 99.999 % without the upstream: ${all((day) => (day.asked - day.waited - day.errors) / day.asked >= 0.99999)}, and nobody waits for it: ${all(({ waited }) => waited === 0)}`,
          `At most 7 upstream calls an hour on average: ${all(({ calls }) => calls.reduce((sum, one) => sum + one, 0) / calls.length <= 7)}`,
        ],
      };
    }),
  );
}

interface Day {
  asked: number;
  errors: number;
  notModified: number;
  stale: number;
  /** Answers that came from the upstream, and fetches that readers waited for without success. */
  waited: number;
  byLayer: Record<string, number>;
  versions: number;
  /** Of the upstream, in each hour. */
  calls: number[];
}

interface RedisForADay {
  url: string;
  restart(): Promise<void>;
}

/** One Redis after another at the same address. */
async function withRestarts(folder: string, work: (redis: RedisForADay) => Promise<Day>): Promise<Day> {
  let next = Promise.withResolvers<void>();
  let isUp = Promise.withResolvers<void>();
  let result: Promise<Day> | null = null;
  let isOver = false;
  let port: number | undefined;
  while (!isOver) {
    await withRedis(
      folder,
      async (url) => {
        port = Number(new URL(url).port);
        isUp.resolve();
        const restart = () => {
          isUp = Promise.withResolvers();
          next.resolve();
          return isUp.promise;
        };
        result ??= work({ url, restart }).finally(() => {
          isOver = true;
          next.resolve();
        });
        await next.promise;
        next = Promise.withResolvers();
      },
      port,
    );
  }
  return result!;
}

async function liveThrough(databaseUrl: string, redis: RedisForADay | null, say: Say): Promise<Day> {
  const clock = await SimulatedClock.start(databaseUrl, START);
  const sandbox = await startSandbox({ now: () => new Date(START) });
  const begun = performance.now();
  try {
    const start = () => startProcess(databaseUrl, redis?.url, sandbox);
    const first = await start();
    await first.sync();
    const processes = [first, await start()];
    await Promise.all(processes.map((one) => one.ready()));
    sandbox.control.reset();
    const traffic = new Traffic();
    const day: Day = { ...traffic.counts, calls: [] };
    let calls = 0;
    for (let minute = 0; minute < 24 * 60; minute++) {
      await clock.advance(60);
      const hour = minute / 60;
      if (hour === TROUBLE.upstreamFails) sandbox.control.setFaults(['500']);
      if (hour === TROUBLE.upstreamIsBack) sandbox.control.clearFaults();
      if (hour === TROUBLE.redisRestarts) await redis?.restart();
      if (hour === TROUBLE.processRestarts) {
        // Another takes its traffic, as behind any load balancer.
        const gone = processes.pop()!;
        await Promise.all([gone.stop(), traffic.pass(PER_MINUTE, processes)]);
        const back = await start();
        await back.ready();
        processes.push(back);
      }
      if (Number.isInteger(hour)) {
        sandbox.control.advance(1);
        // Readers go on meanwhile.
        await Promise.all([processes[0]!.sync(), traffic.pass(PER_MINUTE, processes)]);
      } else await traffic.pass(PER_MINUTE, processes);
      // A refresh takes a second, so its end belongs to the minute in which it began.
      await Promise.all(processes.map((one) => one.settled()));
      if (Number.isInteger(hour + 1 / 60)) {
        const { total } = sandbox.control.state().calls;
        day.calls.push(total - calls);
        calls = total;
      }
    }
    const waited = await processes[0]!.upstreamWaits();
    for (const one of processes) await one.stop();
    const seconds = Math.round((performance.now() - begun) / 1_000);
    say(`${traffic.counts.asked.toLocaleString('en-US')} requests of a day in ${seconds} s`);
    return { ...traffic.counts, calls: day.calls, waited: waited + (traffic.counts.byLayer.api ?? 0) };
  } finally {
    await sandbox.stop();
    await clock.stop();
  }
}

/** A web process, whose readers have plans refreshed, and that syncs when it is told to. */
async function startProcess(databaseUrl: string, redisUrl: string | undefined, sandbox: Sandbox) {
  const territory = readTerritory();
  const database = await openDatabase({ databaseUrl: new Secret(databaseUrl), dataDir: '', connections: 10 });
  const limits = { maxConcurrentRequests: 5, rateLimitPerSecond: 25, callBudgetPerHour: 50 };
  const source = new ComparePowerSource(
    { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
    new Gate(limits, database),
  );
  const config = {
    ...readConfig({ REDIS_URL: redisUrl, PORT: '0', LOG_LEVEL: 'silent' }),
    syncIntervalMs: 2 * FRESH_FOR_MS,
    cacheTtlHours: STALE_AFTER_MS / 3_600_000,
  };
  const engine = new Engine({ config, database, territory, source, roles: ['web'], onError: console.error });
  await engine.start();
  const requests = new RefreshRequests({
    request: (duns, kind) => engine.requestRefresh(duns, kind),
    fetchNow: (duns, runId) => engine.fetchNow(duns, runId),
    onError: console.error,
  });
  const refreshes = new Set<Promise<unknown>>();
  // No worker is there: what is old is fetched like what is missing.
  const refresh = (duns: string) => {
    const running = requests.cold(duns);
    refreshes.add(running);
    void running.then(() => refreshes.delete(running));
    return running;
  };
  const scope = new Scope(console.error);
  const front = scope.own(new Front(readConfig({})));
  const url = await front.listen(config);
  await startWeb(scope, {
    config,
    front,
    database,
    territory,
    log: await createLog('silent'),
    admin: null,
    onStale: refresh,
    loadColdly: refresh,
  });
  return {
    url: new URL(url),
    async sync(): Promise<void> {
      const { run_id } = await engine.request({ kind: 'full', requested_by: 'cli' });
      await engine.workOn(run_id);
    },
    async ready(): Promise<void> {
      while ((await fetch(`${url}/readyz`)).status !== 200) await new Promise(setImmediate);
    },
    settled: () => Promise.all(refreshes),
    /** Fetches that readers waited for, in all processes, as the database has them in the end. */
    async upstreamWaits(): Promise<number> {
      const { rows } = await database.pool.query<{ n: number }>(
        `select coalesce(sum(errors), 0)::int as n from cache_stats where layer = 'api'`,
      );
      return rows[0]!.n;
    },
    async stop(): Promise<void> {
      await scope.close();
      await engine.stop();
      await database.close();
    },
  };
}

const FILTERS = [
  '&term=12',
  '&min_green=100',
  '&term=12&min_green=50',
  '&sort=bill&usage=1500',
  '&max_rate=14',
];

/** Readers who know some cities well and others hardly, the same ones every time. */
class Traffic {
  readonly counts: Omit<Day, 'calls'> = {
    asked: 0,
    errors: 0,
    notModified: 0,
    stale: 0,
    waited: 0,
    versions: 0,
    byLayer: {},
  };
  readonly #random = seeded(1);
  readonly #agent = new Agent({ keepAlive: true, maxSockets: READERS });
  readonly #slugs = readTerritory()
    .cities.toSorted((a, b) => (b.population ?? 0) - (a.population ?? 0))
    .map(({ slug }) => slug);
  /** How likely one of the first so many cities is. */
  readonly #likely: number[];
  readonly #tags = new Map<string, string>();
  readonly #versions = new Set<string>();

  constructor() {
    let sum = 0;
    const sums = this.#slugs.map((_, at) => (sum += 1 / (at + 1)));
    this.#likely = sums.map((one) => one / sum);
  }

  async pass(count: number, processes: readonly { url: URL }[]): Promise<void> {
    let left = count;
    const readers = Array.from({ length: READERS }, async () => {
      while (left-- > 0) await this.#ask(processes[left % processes.length]!.url);
    });
    await Promise.all(readers);
    this.counts.versions = this.#versions.size;
  }

  async #ask(url: URL): Promise<void> {
    const path = this.#question();
    const known = this.#random() < 0.4 ? this.#tags.get(path) : undefined;
    const { counts } = this;
    counts.asked += 1;
    try {
      const { status, headers } = await this.#get(url, path, known);
      const detail = /detail="?([a-z]+)/.exec(String(headers['cache-status']))?.[1] ?? 'none';
      counts.byLayer[detail] = (counts.byLayer[detail] ?? 0) + 1;
      if (status === 304) counts.notModified += 1;
      else if (status !== 200) counts.errors += 1;
      if (/-stale/.test(headers.etag ?? '')) counts.stale += 1;
      this.#tags.set(path, headers.etag ?? '');
      for (const version of (headers.etag ?? '').replace('-stale', '').match(/\d+\.\d+/g) ?? [])
        this.#versions.add(version);
    } catch {
      counts.errors += 1;
    }
  }

  #question(): string {
    const share = this.#random();
    let from = 0;
    let to = this.#likely.length - 1;
    while (from < to) {
      const middle = (from + to) >> 1;
      if (this.#likely[middle]! < share) from = middle + 1;
      else to = middle;
    }
    const filter = this.#random() < 1 / 3 ? FILTERS[Math.floor(this.#random() * FILTERS.length)]! : '';
    return `/v1/plans?city=${this.#slugs[from]}${filter}`;
  }

  #get(
    url: URL,
    path: string,
    tag: string | undefined,
  ): Promise<{ status: number; headers: IncomingHttpHeaders }> {
    const headers = tag ? { 'if-none-match': tag } : {};
    return new Promise((resolve, reject) => {
      const asked = request(
        { agent: this.#agent, host: url.hostname, port: url.port, path, headers },
        (answer) => {
          answer.resume();
          answer.on('end', () => resolve({ status: answer.statusCode!, headers: answer.headers }));
          answer.on('error', reject);
        },
      );
      asked.on('error', reject);
      asked.end();
    });
  }
}
