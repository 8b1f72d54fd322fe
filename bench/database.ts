/**
 * PostgreSQL with far more plans than Texas has: what the documented queries cost, whether plans of other TDSPs make
 * them slower, what a refresh of the views takes and whether anybody notices.
 */

import { readFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import { search } from '../src/catalog/search.ts';
import { MARKET_VIEWS } from '../src/store/market/views.ts';
import type { Database } from '../src/store/postgres/database.ts';
import { refreshMarketViews } from '../src/sync/work/refresh-views.ts';
import { type DocumentedQuery, readDocumentedQueries } from './documented-queries.ts';
import { seeded } from './drafts.ts';
import { inventMarket, KNOWN, type MarketSize } from './invent-market.ts';
import { withOwnPostgres, withUrl } from './own-postgres.ts';
import { withFolder } from './postgres.ts';
import { digits, duration, median, type Say, type Section, type Table, verdict } from './report.ts';

const SIZES: readonly MarketSize[] = [
  { plans: 950, tdsps: 6 },
  { plans: 100_000, tdsps: 600 },
  { plans: 1_000_000, tdsps: 600 },
];
const ROUNDS = 7;
const ASKED_PER_ROUND = 100;
const SETTINGS = {
  shared_buffers: '1GB',
  max_wal_size: '8GB',
  checkpoint_timeout: '30min',
  random_page_cost: 1.1,
  max_connections: 50,
};

const SEARCHES: Record<string, string[]> = {
  'search: first letters': ['a', 'arm', 'blu', 'pec', 'g', 'lon'],
  'search: words': ['armadillo volt', 'steady fix 12', 'prepaid green', '"truly free" -prepaid'],
  'search: a word of all': ['energy', 'fixed', 'months', 'residential'],
  'search: misspelt': ['armadilo vlot', 'blubonet enrgy', 'longhron', 'mesqite currant'],
};

/** What the way there and back costs, and how much of a p99 is the machine's. */
const FLOOR = 'select 1';

/** Milliseconds. */
interface Took {
  p50: number;
  p99: number;
}

interface Measured {
  size: MarketSize;
  queries: Map<string, Took>;
  /** Milliseconds, the first refresh and one after a fiftieth of the plans of a TDSP changed. */
  views: Map<string, number>;
  /** The longest of those who read while the views were refreshed, and while they were not. */
  readers: { during: Took & { longest: number }; before: Took & { longest: number } };
}

export function measureDatabase(say: Say): Promise<Section> {
  const queries = readDocumentedQueries();
  return withFolder((folder) =>
    withOwnPostgres(folder, SETTINGS, async (server) => {
      const measured: Measured[] = [];
      for (const size of SIZES) {
        const url = await server.newDatabase();
        measured.push(await withUrl(url, (database) => measureSize(database, size, queries, say)));
      }
      return sectionOf(queries, measured);
    }),
  );
}

async function measureSize(
  database: Database,
  size: MarketSize,
  queries: readonly DocumentedQuery[],
  say: Say,
): Promise<Measured> {
  const tell = (what: string) => say(`${size.plans.toLocaleString('en-US')} plans: ${what}`);
  await inventMarket(database, size);
  tell('invented');
  await refreshMarketViews(database);
  await database.pool.query('vacuum analyze');
  const took = await measureQueries(database, queries, size);
  tell('queries measured');
  const { views, readers } = await measureRefresh(database, queries);
  tell(`longest read during a refresh ${duration(readers.during.longest)}`);
  return { size, queries: took, views, readers };
}

/** Does it again and again until something else has ended. @returns what each took */
async function repeat(what: () => Promise<unknown>, until: Promise<unknown>): Promise<number[]> {
  let hasEnded = false;
  const end = () => {
    hasEnded = true;
  };
  until.then(end, end);
  const took: number[] = [];
  do {
    const began = performance.now();
    await what();
    took.push(performance.now() - began);
    // Every few milliseconds: asking without a pause leaves nothing of two cores for the work itself.
    await new Promise((resolve) => setTimeout(resolve, 5));
  } while (!hasEnded);
  return took;
}

/** In turns, each time about another TDSP, provider, plan: nothing is measured twice in a row. */
async function measureQueries(
  database: Database,
  queries: readonly DocumentedQuery[],
  { plans }: MarketSize,
): Promise<Map<string, Took>> {
  const random = seeded(plans);
  const { rows } = await database.pool.query<{ duns: string[]; providers: string[] }>(
    'select (select array_agg(duns) from tdsps) as duns, (select array_agg(id) from providers) as providers',
  );
  const pick = <T>(values: readonly T[]): T => values[Math.floor(random() * values.length)]!;
  const another = (sql: string) => {
    const n = (1 + Math.floor(random() * plans)).toString(16).padStart(12, '0');
    return sql
      .replaceAll(`'${KNOWN.duns}'`, `'${pick(rows[0]!.duns)}'`)
      .replaceAll(KNOWN.provider_id, pick(rows[0]!.providers))
      .replaceAll(KNOWN.plan_id, KNOWN.plan_id.slice(0, -12) + n)
      .replaceAll(KNOWN.offer_id, KNOWN.offer_id.slice(0, -12) + n);
  };
  const parts = {
    database,
    // Memory is not what is measured: PostgreSQL answers, or nothing does.
    catalog: { plansWithWords: async () => [], sellers: async () => [] } as never,
    tdsps: [],
    mayCorrect: true,
  };
  const asked: [string, () => Promise<unknown>][] = [
    [FLOOR, () => database.pool.query('select 1')],
    ...queries.map(({ name, sql }): [string, () => Promise<unknown>] => [
      name,
      () => database.pool.query(another(sql)),
    ]),
    ...Object.entries(SEARCHES).map(([name, typed]): [string, () => Promise<unknown>] => [
      name,
      () => search(parts, pick(typed), 10),
    ]),
  ];
  const rounds = new Map<string, number[][]>(asked.map(([name]) => [name, []]));
  for (let round = -1; round < ROUNDS; round++) {
    const took = new Map<string, number[]>(asked.map(([name]) => [name, []]));
    for (let time = 0; time < ASKED_PER_ROUND; time++) {
      // In another order each time: what comes before must not decide how warm everything is.
      for (const [name, ask] of shuffled(asked, random)) {
        const began = performance.now();
        await ask();
        took.get(name)!.push(performance.now() - began);
      }
    }
    // The first one only warms up.
    if (round >= 0) for (const [name, all] of took) rounds.get(name)!.push(all);
  }
  return new Map([...rounds].map(([name, all]) => [name, tookOf(all)]));
}

function shuffled<T>(values: readonly T[], random: () => number): T[] {
  return values
    .map((value) => ({ value, at: random() }))
    .toSorted((a, b) => a.at - b.at)
    .map(({ value }) => value);
}

/** The percentiles of each round, and of those the median: what disturbed one round does not count. */
function tookOf(rounds: readonly number[][]): Took {
  const at = (share: number) =>
    median(rounds.map((round) => round.toSorted((a, b) => a - b)[Math.ceil(round.length * share) - 1]!));
  return { p50: at(0.5), p99: at(0.99) };
}

async function measureRefresh(
  database: Database,
  queries: readonly DocumentedQuery[],
): Promise<Pick<Measured, 'views' | 'readers'>> {
  const reads = queries.filter(({ name }) =>
    ['plans-by-rate', 'market-of-a-city', 'facet-counts', 'products-found'].includes(name),
  );
  const read = async () => {
    for (const { sql } of reads) await database.quick.query(sql);
  };
  const spread = (took: number[]) => ({ ...tookOf([took]), longest: Math.max(...took) });
  const before = spread(await repeat(read, new Promise((resolve) => setTimeout(resolve, 3_000))));
  // A publish that re-priced every tenth plan of one TDSP: every view has something to write.
  await database.pool.query(
    `update electricity_plans set rate_1000kwh = rate_1000kwh + 0.1, last_changed_at = now()
      where tdsp_duns = $1 and is_active and right(id::text, 1) = '1'`,
    [KNOWN.duns],
  );
  await database.pool.query(
    `insert into plan_snapshots (tdsp_duns, version, source, origin, content_hash, set_hash, plans, observed_at, published_at)
     select tdsp_duns, version + 1, source, origin, content_hash, set_hash, plans, now(), now()
       from plan_snapshots where tdsp_duns = $1 order by version desc limit 1`,
    [KNOWN.duns],
  );
  const refreshing = refreshMarketViews(database);
  const during = spread(await repeat(read, refreshing));
  const { views } = await refreshing;
  return {
    views: new Map(views.map(({ view, duration_ms }) => [view, duration_ms])),
    readers: { before, during },
  };
}

/** Beside the work of others a p99 shows how long a process waits for a processor, so that is what they must not have. */
function priority(): string {
  if (process.platform !== 'linux') return '';
  const policy = readFileSync('/proc/self/stat', 'utf8').split(') ')[1]!.split(' ')[38];
  return policy === '2'
    ? 'Run at real-time priority (`chrt -r 5`), because the machine had other work. '
    : '';
}

const shown = (count: number) => count.toLocaleString('en-US');

function sectionOf(queries: readonly DocumentedQuery[], measured: readonly Measured[]): Section {
  const names = [...queries.map(({ name }) => name), ...Object.keys(SEARCHES)];
  const last = measured.at(-1)!;
  const floor = last.queries.get(FLOOR)!;
  const worst = (of: (took: Took) => number) =>
    names
      .map((name) => ({ name, value: of(last.queries.get(name)!) }))
      .toSorted((a, b) => b.value - a.value)[0]!;
  const slowest = worst(({ p99 }) => p99);
  const ratio = ({ p50, p99 }: Took) => p99 / p50;
  const uneven = names.filter((name) => ratio(last.queries.get(name)!) > 3);
  const mostUneven = worst(ratio);
  // A TDSP of the first two sizes has 160 plans in either; of the others there are a hundred times as many.
  const ofTdsp = queries.filter(({ sql }) => sql.includes('electricity_plans') && sql.includes(KNOWN.duns));
  const growth = ofTdsp.map(({ name }) => ({
    name,
    ratio: measured[1]!.queries.get(name)!.p50 / measured[0]!.queries.get(name)!.p50,
  }));
  const grown = growth.toSorted((a, b) => b.ratio - a.ratio)[0]!;
  const others = ({ size }: Measured) => shown(Math.round(size.plans - size.plans / size.tdsps));
  const found = Object.keys(SEARCHES).map((name) => last.queries.get(name)!.p99);
  const { during, before } = last.readers;
  return {
    title: 'The database at scale',
    method:
      `Plans of 6, 600 and 600 TDSPs, a quarter as many inactive ones beside them, years of logs and history, made by SQL on a ` +
      `PostgreSQL of its own (shared_buffers 1 GB). Each query of docs/queries.md is asked ${ROUNDS} × ${ASKED_PER_ROUND} times ` +
      `in turns, each time for another TDSP, provider or plan, planning and the way through \`pg\` included; a percentile is the ` +
      `median of those of the ${ROUNDS} rounds. Times in ms. ${priority()}Takes five minutes and 5 GB of disk.`,
    tables: [queryTable([FLOOR, ...names], measured), viewTable(measured), disturbanceTable(measured)],
    findings: [
      `Every query at ${shown(last.size.plans)} plans under 10 ms at p99: ${verdict(slowest.value < 10)} (${slowest.name}: ${digits(slowest.value)} ms)`,
      `p99 at most 3 × p50: ${verdict(uneven.length === 0)} (kept by ${names.length - uneven.length} of ${names.length}; most by ${mostUneven.name}: ${digits(mostUneven.value)} ×; by \`${FLOOR}\` ${digits(ratio(floor))} ×)`,
      `Flat as the plans of other TDSPs grow from ${others(measured[0]!)} to ${others(measured[1]!)}: ${verdict(grown.ratio < 1.5)} (median ${digits(median(growth.map(({ ratio }) => ratio)))} ×, at most ${digits(grown.ratio)} ×: ${grown.name})`,
      `A search at ${shown(last.size.plans)} plans under 10 ms at p99: ${verdict(Math.max(...found) < 10)}`,
      `Nobody waits for a refresh of the views: ${verdict(during.longest < Math.min(...last.views.values()))} (longest read ${duration(during.longest)}, without a refresh ${duration(before.longest)}; the shortest refresh takes ${duration(Math.min(...last.views.values()))})`,
    ],
  };
}

function queryTable(names: readonly string[], measured: readonly Measured[]): Table {
  return {
    title: 'Queries, ms at p50 and p99',
    head: ['query', ...measured.map(({ size }) => `${shown(size.plans)} plans`), 'p99 ÷ p50'],
    rows: names.map((name) => {
      const took = measured.map(({ queries }) => queries.get(name)!);
      const last = took.at(-1)!;
      return [
        name,
        ...took.map(({ p50, p99 }) => `${digits(p50)} / ${digits(p99)}`),
        digits(last.p99 / last.p50),
      ];
    }),
  };
}

function viewTable(measured: readonly Measured[]): Table {
  return {
    title: 'A refresh after a publish of one TDSP',
    head: ['view', ...measured.map(({ size }) => `${shown(size.plans)} plans`)],
    rows: MARKET_VIEWS.map((view) => [view, ...measured.map(({ views }) => duration(views.get(view)!))]),
  };
}

function disturbanceTable(measured: readonly Measured[]): Table {
  const row = (what: string, of: (one: Measured) => number) => [
    what,
    ...measured.map((one) => duration(of(one))),
  ];
  return {
    title: 'What others notice',
    head: ['', ...measured.map(({ size }) => `${shown(size.plans)} plans`)],
    rows: [
      row('four reads, p99, nothing else going on', ({ readers }) => readers.before.p99),
      row('four reads, p99, while the views are refreshed', ({ readers }) => readers.during.p99),
      row('the longest of them', ({ readers }) => readers.during.longest),
    ],
  };
}
