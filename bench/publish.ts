/**
 * What a publish costs, whole as it is (hashes, offers, history, plan cache, snapshot, notification), against the two
 * plain ways to bring the same rows into PostgreSQL: one statement for each row, and COPY into a bare table.
 */

import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { contentHash } from '../src/plan/content.ts';
import { providerId } from '../src/plan/offer.ts';
import type { PlanDraft } from '../src/plan/plan.ts';
import { type CopyValue, copyRows, toJsonb } from '../src/store/copy.ts';
import type { Database } from '../src/store/database.ts';
import { PLAN_COLUMNS } from '../src/store/plan-rows.ts';
import { makeDrafts, repriced } from './drafts.ts';
import { publishDrafts, withDatabase } from './postgres.ts';
import { digits, duration, median, type Say, type Section, spread, type Table } from './report.ts';

interface Scale {
  plans: number;
  tdsps: number;
  rounds: number;
}

const SCALES: readonly Scale[] = [
  { plans: 950, tdsps: 6, rounds: 9 },
  { plans: 100_000, tdsps: 600, rounds: 1 },
];
/** Every 50th plan: 2 %. */
const CHANGED_NTH = 50;

const PHASES = ['first insert', '2 % changed', 'unchanged'] as const;
type Phase = (typeof PHASES)[number];
const WAYS = ['publish', 'rows', 'copy'] as const;
type Way = (typeof WAYS)[number];
type Timings = Record<Phase, Record<Way, number[]>>;

const COLUMNS = [...PLAN_COLUMNS.map(({ name }) => name), 'source', 'is_active', 'last_scraped_at'];

export function measurePublish(say: Say): Promise<Section> {
  return withDatabase(async (database, duns) => {
    await inventTdsps(database, Math.max(...SCALES.map(({ tdsps }) => tdsps)) - duns.length);
    const { rows } = await database.pool.query<{ duns: string }>('select duns from tdsps order by duns');
    const allDuns = [...duns, ...rows.map((row) => row.duns).filter((one) => !duns.includes(one))];
    await makeTables(database);
    const tables: Table[] = [];
    const findings: string[] = [];
    for (const scale of SCALES) {
      const timings = await measureScale(database, allDuns.slice(0, scale.tdsps), scale, say);
      tables.push(tableOf(scale, timings));
      findings.push(findingOf(scale, timings));
    }
    return { title: 'Publish', method: METHOD, tables, findings };
  });
}

const METHOD = `\`publish()\` of src/sync/publish.ts, one TDSP after the other, one transaction each, on the embedded PostgreSQL. It compares
hashes, finds offers, writes history, plan cache and snapshot, and notifies; the other two ways only move rows:

- **row by row**: all rows, one prepared upsert for each, in one transaction, into a table like \`electricity_plans\` with all
  its indexes and checks but no foreign keys. It writes a row only where the content hash differs. Rows and hashes are
  ready before the clock starts.
- **COPY**: all rows into an emptied unlogged table without indexes, the same in every case: the least that moving them costs.

The three take turns; tables are emptied before each round and vacuumed between the cases, off the clock. Every number
is of all rows, none is scaled up.`;

async function inventTdsps(database: Database, count: number): Promise<void> {
  await database.pool.query(
    `insert into tdsps (duns, code, name, short_name)
     select '99' || lpad(n::text, 11, '0'), 'BENCH_' || n, 'Invented wires company ' || n, 'Invented ' || n
       from generate_series(1, $1::int) n`,
    [count],
  );
}

async function makeTables(database: Database): Promise<void> {
  await database.pool.query('create table upserted_plans (like electricity_plans including all)');
  await database.pool.query('create unlogged table copied_plans (like electricity_plans)');
}

async function measureScale(
  database: Database,
  duns: string[],
  { plans, rounds }: Scale,
  say: Say,
): Promise<Timings> {
  const before = duns.map((one, at) => {
    const share = Math.floor((plans * (at + 1)) / duns.length) - Math.floor((plans * at) / duns.length);
    return makeDrafts(one, share, at + 1);
  });
  const after = before.map((drafts) => repriced(drafts, CHANGED_NTH));
  const timings = Object.fromEntries(
    PHASES.map((phase) => [phase, { publish: [], rows: [], copy: [] }]),
  ) as unknown as Timings;
  for (let round = 0; round < rounds; round++) {
    await database.pool.query(
      `truncate electricity_plans, offers, providers, plan_price_history, plan_snapshots, plan_cache,
                upserted_plans, copied_plans`,
    );
    for (const phase of PHASES) {
      const sets = phase === 'first insert' ? before : after;
      const rows = sets.flatMap((drafts) => drafts.map(rowOf));
      const run: Record<Way, () => Promise<void>> = {
        publish: () => publishAll(database, duns, sets, phase),
        rows: () => upsertOneByOne(database, rows),
        copy: () => copyAll(database, rows),
      };
      await database.pool.query('truncate copied_plans');
      await database.pool.query(
        'vacuum analyze electricity_plans, upserted_plans, offers, providers, plan_cache',
      );
      await database.pool.query('checkpoint');
      for (const way of WAYS.map((_, at) => WAYS[(at + round) % WAYS.length]!)) {
        const began = performance.now();
        await run[way]();
        timings[phase][way].push(performance.now() - began);
      }
      const told = WAYS.map((way) => `${way} ${duration(timings[phase][way].at(-1)!)}`);
      say(`${plans} plans, round ${round + 1} of ${rounds}, ${phase}: ${told.join(', ')}`);
    }
    await checkStored(database, plans);
  }
  return timings;
}

async function publishAll(
  database: Database,
  duns: string[],
  sets: PlanDraft[][],
  phase: Phase,
): Promise<void> {
  let written = 0;
  let plans = 0;
  for (const [at, one] of duns.entries()) {
    const { counts } = await publishDrafts(database, one, sets[at]!);
    written += counts.added + counts.changed;
    plans += counts.seen;
  }
  const isRight =
    phase === 'first insert'
      ? written === plans
      : phase === 'unchanged'
        ? written === 0
        : written < plans / 25;
  assert.ok(isRight, `${written} of ${plans} plans written on ${phase}`);
}

/** All ways must have ended with the same plans. */
async function checkStored(database: Database, plans: number): Promise<void> {
  for (const table of ['upserted_plans', 'copied_plans']) {
    const { rows } = await database.pool.query<{ same: number }>(
      `select count(*)::int as same from electricity_plans p join ${table} t using (external_id, tdsp_duns)
        where p.is_active and p.content_hash = t.content_hash and p.rate_1000kwh = t.rate_1000kwh`,
    );
    assert.equal(rows[0]?.same, plans, `${table} holds other plans`);
  }
}

function rowOf(draft: PlanDraft): CopyValue[] {
  const now = new Date();
  const plan = {
    id: randomUUID(),
    offer_id: randomUUID(),
    provider_id: providerId(draft.provider.name),
    content_hash: contentHash(draft),
    first_seen_at: now,
    last_changed_at: now,
    draft,
  };
  return [...PLAN_COLUMNS.map((column) => column.value(plan)), 'sandbox', true, now];
}

async function upsertOneByOne(database: Database, rows: CopyValue[][]): Promise<void> {
  const kept = COLUMNS.filter((name) => !['id', 'external_id', 'tdsp_duns', 'offer_id'].includes(name));
  const text = `insert into upserted_plans as p (${COLUMNS.join(', ')})
    values (${COLUMNS.map((_, at) => `$${at + 1}`).join(', ')})
    on conflict (external_id, tdsp_duns) do update set ${kept.map((name) => `${name} = excluded.${name}`).join(', ')}
    where p.content_hash is distinct from excluded.content_hash`;
  await database.transaction(async (connection) => {
    for (const row of rows) {
      const values = row.map((value) =>
        value !== null && typeof value === 'object' && 'json' in value ? toJsonb(value.json) : value,
      );
      await connection.query({ name: 'upsert one plan', text, values });
    }
  });
}

const copyAll = (database: Database, rows: CopyValue[][]): Promise<void> =>
  database.transaction((connection) => copyRows(connection, 'copied_plans', COLUMNS, rows));

function tableOf({ plans, tdsps, rounds }: Scale, timings: Timings): Table {
  return {
    title: `${plans.toLocaleString('en-US')} plans of ${tdsps} TDSPs, ${rounds} rounds`,
    head: ['', 'publish()', 'per plan', 'row by row', 'COPY', 'row by row ÷ publish', 'publish ÷ COPY'],
    rows: PHASES.map((phase) => {
      const { publish, rows, copy } = timings[phase];
      return [
        phase,
        spread(publish),
        duration(median(publish) / plans),
        spread(rows),
        spread(copy),
        digits(ratio(rows, publish)),
        digits(ratio(publish, copy)),
      ];
    }),
  };
}

function findingOf({ plans }: Scale, timings: Timings): string {
  const told = PHASES.map((phase) => {
    const factor = ratio(timings[phase].rows, timings[phase].publish);
    return `${phase} ${digits(factor)} times as fast as row by row`;
  });
  return `${plans.toLocaleString('en-US')} plans: ${told.join(', ')}.`;
}

/** Of the same round each: what disturbed a round disturbed both. */
const ratio = (a: readonly number[], b: readonly number[]): number =>
  median(a.map((value, round) => value / b[round]!));
