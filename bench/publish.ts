/**
 * What a publish costs, whole as it is (hashes, offers, history, revisions, snapshot, notification), against the plain
 * ways to bring the same rows into PostgreSQL: one statement for each row, and COPY into a bare table.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { contentHash } from '../src/plan/content.ts';
import { PLAN_COLUMNS } from '../src/plan/fields.ts';
import { providerId } from '../src/plan/offer.ts';
import type { Plan, PlanDraft } from '../src/plan/plan.ts';
import { fillPlanCache } from '../src/store/plans/plan-cache.ts';
import { type CopyValue, copyRows, toJsonb } from '../src/store/postgres/copy.ts';
import type { Database } from '../src/store/postgres/database.ts';
import { makeDrafts, repriced } from './drafts.ts';
import { publishDrafts, withDatabase } from './postgres.ts';
import { measureEventLog } from './publish-log.ts';
import { digits, duration, median, type Say, type Section, spread, type Table, verdict } from './report.ts';

interface Scale {
  plans: number;
  tdsps: number;
  rounds: number;
  /** In this many rounds every changed row is also committed by itself: that takes minutes. */
  committed: number;
}

const SCALES: readonly Scale[] = [
  { plans: 950, tdsps: 6, rounds: 9, committed: 9 },
  { plans: 100_000, tdsps: 600, rounds: 3, committed: 3 },
];
/** Every 50th plan: 2 %. */
const CHANGED_NTH = 50;
/** As many as a sync works on at once: MAX_CONCURRENT_REQUESTS. */
const AT_ONCE = 5;

const PHASES = ['first insert', '2 % changed', 'unchanged'] as const;
type Phase = (typeof PHASES)[number];
const WAYS = ['publish', 'copy', 'rows', 'committed'] as const;
type Way = (typeof WAYS)[number];

interface Measured {
  timings: Record<Phase, Record<Way, number[]>>;
  /** Bytes of WAL for each changed plan, in the first publish after a checkpoint and in the second. */
  wal: { first: number[]; second: number[] };
  /** Rows that an unchanged publish of one TDSP writes. */
  rowsOfNoChange: number[];
  /** Milliseconds for the ready plan set of one TDSP. */
  cache: number[];
}

const COLUMNS = [
  ...PLAN_COLUMNS.map(({ name }) => name),
  'content_hash',
  'plan_hash',
  'source',
  'is_active',
  'last_scraped_at',
  'since_version',
];

export function measurePublish(say: Say): Promise<Section> {
  return withDatabase(async (database, duns) => {
    await inventTdsps(database, Math.max(...SCALES.map(({ tdsps }) => tdsps)) - duns.length);
    const { rows } = await database.pool.query<{ duns: string }>('select duns from tdsps order by duns');
    const allDuns = [...duns, ...rows.map((row) => row.duns).filter((one) => !duns.includes(one))];
    const indexes = await countIndexes(database);
    await makeTables(database);
    const tables: Table[] = [];
    const findings: string[] = [];
    for (const scale of SCALES) {
      const measured = await measureScale(database, allDuns.slice(0, scale.tdsps), scale, say);
      tables.push(tableOf(scale, measured));
      findings.push(...findingsOf(scale, measured));
    }
    const log = await measureEventLog(database, allDuns, say);
    tables.push(log.table);
    findings.push(...log.findings);
    return { title: 'Publish', method: methodOf(indexes), tables, findings };
  });
}

const methodOf = (
  indexes: number,
): string => `\`publish()\` of src/sync/publish/publish.ts, ${AT_ONCE} TDSPs at once as in a sync, one transaction each, on the embedded PostgreSQL, until the
commit: from there on every reader has the plans. \`electricity_plans\` has ${indexes} indexes. A publish compares
hashes, finds offers, writes plans, what they were before, history and snapshot, and notifies; the other ways only move rows:

- **COPY**: all rows into an emptied unlogged table without indexes, the same in every case: the least that moving them costs.
- **row by row**: all rows, one prepared upsert for each, into a table like \`electricity_plans\` with all its indexes and
  checks but no foreign keys, in one transaction; and **committed**: each by itself, as one does who sends one after the
  other. They write a row only where the content hash differs. Rows and hashes are ready before the clock starts.

What the event log adds is the same publish with the statement that writes it and without.

They take turns; tables are emptied before each round, vacuumed between the cases, and a checkpoint precedes each case, all
off the clock. Every number is of all rows, none is scaled up.`;

async function countIndexes(database: Database): Promise<number> {
  const { rows } = await database.pool.query<{ n: number }>(
    `select count(*)::int as n from pg_indexes where tablename = 'electricity_plans'`,
  );
  return rows[0]!.n;
}

async function inventTdsps(database: Database, count: number): Promise<void> {
  await database.pool.query(
    `insert into tdsps (duns, code, name, short_name)
     select '99' || lpad(n::text, 11, '0'), 'BENCH_' || n, 'Invented wires company ' || n, 'Invented ' || n
       from generate_series(1, $1::int) n`,
    [count],
  );
}

async function makeTables(database: Database): Promise<void> {
  for (const table of ['upserted_plans', 'committed_plans']) {
    await database.pool.query(`create table ${table} (like electricity_plans including all)`);
  }
  await database.pool.query('create unlogged table copied_plans (like electricity_plans)');
}

async function measureScale(
  database: Database,
  duns: string[],
  { plans, rounds, committed }: Scale,
  say: Say,
): Promise<Measured> {
  const before = duns.map((one, at) => {
    const share = Math.floor((plans * (at + 1)) / duns.length) - Math.floor((plans * at) / duns.length);
    return makeDrafts(one, share, at + 1);
  });
  const after = before.map((drafts) => repriced(drafts, CHANGED_NTH));
  const measured: Measured = {
    timings: Object.fromEntries(
      PHASES.map((phase) => [phase, { publish: [], copy: [], rows: [], committed: [] }]),
    ) as unknown as Measured['timings'],
    wal: { first: [], second: [] },
    rowsOfNoChange: [],
    cache: [],
  };
  for (let round = 0; round < rounds; round++) {
    await database.pool.query(
      `truncate electricity_plans, plan_revisions, offers, providers, plan_price_history, plan_snapshots, plan_cache,
                market_events, upserted_plans, committed_plans, copied_plans cascade`,
    );
    for (const phase of PHASES) {
      const ways = WAYS.filter(
        (way) => way !== 'committed' || (phase === '2 % changed' && round < committed),
      );
      // What is to be changed has to be there, whichever way brought it.
      if (ways.includes('committed')) {
        await database.pool.query('insert into committed_plans select * from upserted_plans');
      }
      const sets = phase === 'first insert' ? before : after;
      const rows = sets.flatMap((drafts) => drafts.map(rowOf));
      const run: Record<Way, () => Promise<unknown>> = {
        publish: () => publishAll(database, duns, sets, phase, measured),
        copy: () => copyAll(database, rows),
        rows: () => database.transaction((connection) => upsertOneByOne(connection, 'upserted_plans', rows)),
        committed: () => upsertOneByOne(database.pool, 'committed_plans', rows),
      };
      await database.pool.query('truncate copied_plans');
      await database.pool.query(
        'vacuum analyze electricity_plans, upserted_plans, committed_plans, offers, providers, plan_revisions',
      );
      for (const way of ways.map((_, at) => ways[(at + round) % ways.length]!)) {
        await database.pool.query('checkpoint');
        const began = performance.now();
        await run[way]();
        measured.timings[phase][way].push(performance.now() - began);
      }
      const told = ways.map((way) => `${way} ${duration(measured.timings[phase][way].at(-1)!)}`);
      say(`${plans} plans, round ${round + 1} of ${rounds}, ${phase}: ${told.join(', ')}`);
    }
    await checkStored(database, plans, round < committed);
    await measureAfterwards(database, duns, before, after, measured);
  }
  return measured;
}

async function publishAll(
  database: Database,
  duns: string[],
  sets: PlanDraft[][],
  phase: Phase,
  { wal }: Measured,
): Promise<void> {
  const from = await walPosition(database);
  const published = await publishSets(database, duns, sets);
  const written = published.reduce((sum, { counts }) => sum + counts.added + counts.changed, 0);
  const plans = published.reduce((sum, { counts }) => sum + counts.seen, 0);
  if (phase === '2 % changed') wal.first.push(((await walPosition(database)) - from) / written);
  const isRight =
    phase === 'first insert'
      ? written === plans
      : phase === 'unchanged'
        ? written === 0
        : written < plans / 25;
  assert.ok(isRight, `${written} of ${plans} plans written on ${phase}`);
}

async function publishSets(database: Database, duns: string[], sets: PlanDraft[][]) {
  const waiting = [...duns.entries()];
  const published: Awaited<ReturnType<typeof publishDrafts>>[] = [];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      published.push(await publishDrafts(database, next[1], sets[next[0]]!));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
  return published;
}

async function walPosition(database: Database): Promise<number> {
  const { rows } = await database.pool.query<{ bytes: number }>(
    `select (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float8 as bytes`,
  );
  return rows[0]!.bytes;
}

/** Off the clock: the WAL of the same change when its pages are in the WAL already, the plan cache, what no change writes. */
async function measureAfterwards(
  database: Database,
  duns: string[],
  before: PlanDraft[][],
  after: PlanDraft[][],
  { wal, rowsOfNoChange, cache }: Measured,
): Promise<void> {
  await publishSets(database, duns, before);
  const from = await walPosition(database);
  const published = await publishSets(database, duns, after);
  const changed = published.reduce((sum, { counts }) => sum + counts.changed, 0);
  wal.second.push(((await walPosition(database)) - from) / changed);

  const began = performance.now();
  for (const one of duns) await fillPlanCache(database, one, 7_200_000);
  cache.push((performance.now() - began) / duns.length);

  const { rows } = await database.pool.query<{ before: string }>(
    'select pg_snapshot_xmax(pg_current_snapshot())::text as before',
  );
  await publishDrafts(database, duns[0]!, after[0]!);
  let written = 0;
  for (const table of ['electricity_plans', 'offers', 'plan_price_history', 'plan_snapshots', 'plan_cache']) {
    const { rows: found } = await database.pool.query<{ n: number }>(
      `select count(*)::int as n from ${table} where xmin::text::bigint >= ${rows[0]!.before}`,
    );
    written += found[0]!.n;
  }
  rowsOfNoChange.push(written);
}

/** All ways must have ended with the same plans. */
async function checkStored(database: Database, plans: number, isCommitted: boolean): Promise<void> {
  const tables = ['upserted_plans', 'copied_plans', ...(isCommitted ? ['committed_plans'] : [])];
  for (const table of tables) {
    const { rows } = await database.pool.query<{ same: number }>(
      `select count(*)::int as same from electricity_plans p join ${table} t using (external_id, tdsp_duns)
        where p.is_active and p.content_hash = t.content_hash and p.rate_1000kwh = t.rate_1000kwh`,
    );
    assert.equal(rows[0]?.same, plans, `${table} holds other plans`);
  }
}

function rowOf(draft: PlanDraft): CopyValue[] {
  const now = new Date();
  const hash = contentHash(draft);
  const { provider, ...told } = draft;
  const plan: Plan = {
    ...told,
    id: randomUUID(),
    offer_id: randomUUID(),
    provider: { id: providerId(provider.name), name: provider.name },
    first_seen_at: now.toISOString(),
    last_changed_at: now.toISOString(),
    is_active: true,
    remembered_text: null,
  };
  const cells = PLAN_COLUMNS.map(({ sql, cell }) => {
    const value = cell(plan);
    return (sql === 'jsonb' && value !== null ? { json: value } : value) as CopyValue;
  });
  return [...cells, hash, hash, 'sandbox', true, now, 1];
}

async function upsertOneByOne(
  queryable: Pick<Database['pool'], 'query'>,
  table: string,
  rows: CopyValue[][],
): Promise<void> {
  const kept = COLUMNS.filter((name) => !['id', 'external_id', 'tdsp_duns', 'offer_id'].includes(name));
  const text = `insert into ${table} as p (${COLUMNS.join(', ')})
    values (${COLUMNS.map((_, at) => `$${at + 1}`).join(', ')})
    on conflict (external_id, tdsp_duns) do update set ${kept.map((name) => `${name} = excluded.${name}`).join(', ')}
    where p.content_hash is distinct from excluded.content_hash`;
  for (const row of rows) {
    const values = row.map((value) =>
      value !== null && typeof value === 'object' && 'json' in value ? toJsonb(value.json) : value,
    );
    await queryable.query({ name: `upsert into ${table}`, text, values });
  }
}

const copyAll = (database: Database, rows: CopyValue[][]): Promise<void> =>
  database.transaction((connection) => copyRows(connection, 'copied_plans', COLUMNS, rows));

function tableOf({ plans, tdsps, rounds }: Scale, { timings }: Measured): Table {
  return {
    title: `${plans.toLocaleString('en-US')} plans of ${tdsps} TDSPs, ${rounds} rounds`,
    head: [
      '',
      'publish()',
      'per plan',
      'COPY',
      'row by row',
      'committed',
      'publish ÷ COPY',
      'row by row ÷ publish',
    ],
    rows: PHASES.map((phase) => {
      const { publish, copy, rows, committed } = timings[phase];
      return [
        phase,
        spread(publish),
        duration(median(publish) / plans),
        spread(copy),
        spread(rows),
        committed.length > 0 ? spread(committed) : '',
        digits(ratio(publish, copy)),
        digits(ratio(rows, publish)),
      ];
    }),
  };
}

function findingsOf({ plans }: Scale, { timings, wal, rowsOfNoChange, cache }: Measured): string[] {
  const name = `${plans.toLocaleString('en-US')} plans`;
  const { publish, copy, committed } = timings['2 % changed'];
  const [changed, faster] = [ratio(publish, copy), ratio(committed, publish)];
  const first = ratio(timings['first insert'].publish, timings['first insert'].copy);
  const rows = Math.max(...rowsOfNoChange);
  const kB = (bytes: readonly number[]) => `${digits(median(bytes) / 1000)} kB`;
  const facts = [
    `${name}, nothing changed: a publish writes ${rows} rows, ${verdict(rows <= 2)}`,
    `${name}: ${kB(wal.second)} of WAL for each changed plan; ${kB(wal.first)} in the first publish after a checkpoint, which writes whole pages`,
    `${name}: the ready plan set of a TDSP is in \`plan_cache\` ${duration(median(cache))} after the commit`,
  ];
  // The targets are for the large market: six TDSPs are done before a COPY of as many rows has made itself felt.
  if (plans < 100_000) return facts;
  return [
    `${name}, 2 % changed, at most as long as COPY takes: ${verdict(changed <= 1)}, ${digits(changed)} ×`,
    `${name}, 2 % changed, at least 20 times as fast as row by row, each committed: ${verdict(faster >= 20)}, ${digits(faster)} ×`,
    `${name}, first insert, at most 13 × COPY: ${verdict(first <= 13)}, ${digits(first)} ×`,
    ...facts,
  ];
}

/** Of the same round each: what disturbed a round disturbed both. */
const ratio = (a: readonly number[], b: readonly number[]): number => {
  const rounds = Math.min(a.length, b.length);
  return median(Array.from({ length: rounds }, (_, round) => a[round]! / b[round]!));
};
