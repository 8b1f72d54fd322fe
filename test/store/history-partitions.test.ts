import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeDrafts } from '../../bench/drafts.ts';
import { copyRows } from '../../src/store/postgres/copy.ts';
import type { Connection, Database } from '../../src/store/postgres/database.ts';
import {
  dropHistoryBefore,
  ensureHistoryPartitions,
  historyLimit,
  readHistoryKeptSince,
  readHistoryPartitions,
} from '../../src/store/schema/history-partitions.ts';
import { migrate } from '../../src/store/schema/migrate.ts';
import { storeTerritory } from '../../src/store/territory.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { createTestDatabase, ONCOR, territory, until } from '../support/support.ts';

const { database } = await createTestDatabase();
const { pool } = database;
const NOW = new Date();

const offerRow = (id: string) => [id, ONCOR, `key ${id}`, 'p', 'Some plan', 12, NOW, NOW];
const OFFER_COLUMNS =
  'id, tdsp_duns, offer_key, provider_id, name, term_months, first_seen_at, last_changed_at';

/** One offer, written as a publish writes it. */
async function insertOffer(connection: Connection): Promise<string> {
  const id = randomUUID();
  await connection.query(
    `insert into providers (id, name, first_seen_at) values ('p', 'P', now()) on conflict do nothing`,
  );
  await copyRows(connection, 'offers', OFFER_COLUMNS.split(', '), [offerRow(id)]);
  return id;
}

async function insertHistory(connection: Connection, offerId: string, at: Date): Promise<void> {
  await connection.query(
    `insert into plan_price_history
       (offer_id, plan_id, tdsp_duns, external_id, event, field, from_value, to_value, snapshot_version, changed_at)
     values ($1, $1, $2, 'x', 'changed', 'rate_1000kwh', '12', '13', 1, $3)`,
    [offerId, ONCOR, at],
  );
}

async function writeChange(at: Date, db: Database = database): Promise<string> {
  return db.transaction(async (connection) => {
    const id = await insertOffer(connection);
    await insertHistory(connection, id, at);
    return id;
  });
}

async function partitionOf(offerId: string): Promise<string> {
  const { rows } = await pool.query<{ name: string }>(
    'select tableoid::regclass::text as name from plan_price_history where offer_id = $1',
    [offerId],
  );
  assert.equal(rows.length, 1);
  return rows[0]!.name;
}

const count = async (sql: string): Promise<number> =>
  (await pool.query<{ n: number }>(`select count(*)::int as n from ${sql}`)).rows[0]!.n;

/** The database as it was when it was made. */
async function startAnew(): Promise<void> {
  await pool.query('drop schema public cascade; create schema public');
  await migrate(database);
  await storeTerritory(database, territory);
}

test('a new history has a partition for every month from this one on, and one for what lies before', async () => {
  const [before, ...months] = await readHistoryPartitions(pool);
  assert.equal(before!.from_at, null);
  assert.equal(before!.until_at.toISOString().slice(0, 10), `${NOW.toISOString().slice(0, 7)}-01`);
  assert.equal(months.length, 4);
  assert.equal(await partitionOf(await writeChange(new Date('2001-01-01T00:00:00Z'))), before!.name);
});

const moment = fc
  .date({ min: new Date('2031-01-01T00:00:00Z'), max: new Date('2040-12-31T23:59:59Z'), noInvalidDate: true })
  .chain((at) =>
    fc.constantFrom(
      at,
      // The edges of its month, of February, and of the days on which American clocks change.
      new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth(), 1)),
      new Date(Date.UTC(at.getUTCFullYear(), at.getUTCMonth() + 1, 1) - 1),
      new Date(Date.UTC(at.getUTCFullYear(), 1, 29, 23, 59, 59, 999)),
      new Date(Date.UTC(at.getUTCFullYear(), 2, 8, 8)),
      new Date(Date.UTC(at.getUTCFullYear(), 10, 1, 6, 30)),
    ),
  );

test('any month and the three after it have a place, whatever the time zone of the session', () =>
  fc.assert(
    fc.asyncProperty(
      moment,
      fc.constantFrom('UTC', 'America/Chicago', 'Pacific/Kiritimati', 'Asia/Kolkata'),
      async (now, zone) => {
        const connection = await pool.connect();
        try {
          await connection.query(`set time zone '${zone}'`);
          await ensureHistoryPartitions(connection, now);
          assert.deepEqual(await ensureHistoryPartitions(connection, now), []);
        } finally {
          connection.release(true);
        }
        const partitions = await readHistoryPartitions(pool);
        for (const { from_at, until_at } of partitions.slice(1)) {
          assert.match(from_at!.toISOString(), /-01T00:00:00\.000Z$/);
          assert.match(until_at.toISOString(), /-01T00:00:00\.000Z$/);
          assert.ok(until_at.getTime() - from_at!.getTime() <= 31 * 86_400_000);
        }
        for (const months of [0, 1, 2, 3]) {
          const first = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months));
          const next = Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + months + 1);
          const name = `plan_price_history_${first.toISOString().slice(0, 7).replace('-', '_')}`;
          assert.equal(await partitionOf(await writeChange(first)), name);
          assert.equal(await partitionOf(await writeChange(new Date(next - 1))), name);
        }
      },
    ),
    { numRuns: 15 },
  ));

test('of many that miss a month at once one makes it', async () => {
  const now = new Date('2042-05-31T12:00:00Z');
  const made = await Promise.all(Array.from({ length: 8 }, () => ensureHistoryPartitions(pool, now)));
  assert.deepEqual(
    made.flat().toSorted(),
    [5, 6, 7, 8].map((month) => `plan_price_history_2042_0${month}`),
  );
});

test('a month is made without waiting for those who write and read just now', async () => {
  const user = await pool.connect();
  await user.query('begin');
  const id = await insertOffer(user);
  await insertHistory(user, id, NOW);
  await user.query('select count(*) from plan_price_history');
  assert.equal((await ensureHistoryPartitions(pool, new Date('2043-01-01T00:00:00Z'))).length, 4);
  await user.query('commit');
  user.release();
  assert.match(await partitionOf(id), /^plan_price_history_/);
});

test('a publish never fails for want of a month', async () => {
  const drafts = makeDrafts(ONCOR, 20, 7);
  const at = (time: string, plans = drafts) =>
    publish(
      database,
      {
        tdsp_duns: ONCOR,
        source: 'sandbox',
        origin: 'test',
        plans,
        rejected: [],
        observed_at: new Date(time),
        run_id: 1,
      },
      { now: new Date(time), cacheTtlMs: 1000, passed_as: 'overridden' },
    );
  await at('2050-01-31T23:59:59.999Z');
  assert.equal((await at('2051-02-28T23:00:00Z', drafts.slice(5))).counts.deactivated, 5);
  assert.equal(await count('plan_price_history_2051_02'), 5);
  assert.equal((await at('2051-03-01T00:00:00Z')).counts.added, 5);
  assert.equal(await count("plan_price_history_2051_03 where event = 'relisted'"), 5);
});

test('the last thirteen months cannot be dropped, nor half a month', async () => {
  const now = new Date('2036-03-31T23:59:59Z');
  assert.equal(historyLimit(now, 13).toISOString(), '2035-02-01T00:00:00.000Z');
  assert.equal(historyLimit(now, 36).toISOString(), '2033-03-01T00:00:00.000Z');
  for (const months of [0, 12, 12.5, Number.NaN])
    assert.throws(() => historyLimit(now, months), { code: 'history_too_young' });
  const before = await readHistoryPartitions(pool);
  for (const month of ['2035-03-01T00:00:00Z', '2034-12-02T00:00:00Z', '2034-12-01T06:00:00Z']) {
    await assert.rejects(dropHistoryBefore(pool, new Date(month), { now, dryRun: false }), {
      code: 'history_too_young',
      message: /2035-02-01T00:00:00\.000Z at the latest/,
    });
  }
  assert.deepEqual(await readHistoryPartitions(pool), before);
});

/** A database with months of its own to lose, ten of them in 2061. */
async function monthsToDrop(): Promise<{ month: Date; now: Date; names: string[]; kept: string[] }> {
  await startAnew();
  for (const month of [0, 4]) await ensureHistoryPartitions(pool, new Date(Date.UTC(2061, month)));
  await writeChange(new Date('2061-01-31T23:59:59.999Z'));
  await writeChange(new Date('2061-02-01T00:00:00Z'));
  const all = await readHistoryPartitions(pool);
  const month = new Date('2061-02-01T00:00:00Z');
  const names = (isOld: boolean) =>
    all.filter(({ until_at }) => until_at <= month === isOld).map(({ name }) => name);
  return { month, now: new Date('2070-01-01T00:00:00Z'), names: names(true), kept: names(false) };
}

const namesOf = (partitions: { name: string }[]) => partitions.map(({ name }) => name);

test('a dry run tells what would go; then exactly that goes, while others write and a long reader still sees it', async () => {
  const { month, now, names, kept } = await monthsToDrop();
  assert.deepEqual(namesOf(await dropHistoryBefore(pool, month, { now, dryRun: true })), names);
  assert.equal(await count('plan_price_history'), 2);
  const reader = await pool.connect();
  await reader.query('begin isolation level repeatable read');
  assert.equal((await reader.query('select from plan_price_history')).rowCount, 2);
  const dropping = dropHistoryBefore(pool, month, { now, dryRun: false });
  await until(async () =>
    (await readHistoryPartitions(pool)).some(({ is_being_detached }) => is_being_detached),
  );
  const added = await writeChange(new Date('2061-03-10T00:00:00Z'));
  assert.equal(await partitionOf(added), 'plan_price_history_2061_03');
  await reader.query('commit');
  reader.release();
  assert.deepEqual(namesOf(await dropping), names);
  assert.deepEqual(namesOf(await readHistoryPartitions(pool)), kept);
  assert.equal(await count('plan_price_history'), 2);
  assert.deepEqual(await readHistoryKeptSince(pool), month);
  assert.deepEqual(await dropHistoryBefore(pool, month, { now, dryRun: false }), []);
});

test('a drop that was killed half-way is finished by the next one', async () => {
  const { month, now, names, kept } = await monthsToDrop();
  const [first, second] = names as [string, string];
  // One had got as far as detaching, and died before the drop.
  await pool.query(`comment on table ${second} is 'to be dropped, ends at 2026-12-01T00:00:00Z'`);
  await pool.query(`alter table plan_price_history detach partition ${second} concurrently`);
  // Another one died while it waited for a reader.
  const reader = await pool.connect();
  await reader.query('begin; select count(*) from plan_price_history');
  const killed = assert.rejects(dropHistoryBefore(pool, month, { now, dryRun: false }));
  const isBegun = async () =>
    (await readHistoryPartitions(pool)).some((one) => one.name === first && one.is_being_detached);
  await until(isBegun);
  await pool.query(
    "select pg_terminate_backend(pid) from pg_stat_activity where query like '%detach partition%' and pid <> pg_backend_pid() and datname = current_database()",
  );
  await killed;
  await reader.query('commit');
  reader.release();
  assert.ok(await isBegun());
  const doomed = names.toSorted();
  const dryRun = await dropHistoryBefore(pool, month, { now, dryRun: true });
  assert.deepEqual(namesOf(dryRun).toSorted(), doomed);
  const dropped = await dropHistoryBefore(pool, month, { now, dryRun: false });
  assert.deepEqual(namesOf(dropped).toSorted(), doomed);
  assert.deepEqual(namesOf(await readHistoryPartitions(pool)), kept);
  for (const name of names) {
    assert.equal((await pool.query('select to_regclass($1) as it', [name])).rows[0].it, null);
  }
});

test('a month that somebody detached to keep it is not dropped', async () => {
  const { month, now, names } = await monthsToDrop();
  const archived = names.at(-1)!;
  await pool.query(`alter table plan_price_history detach partition ${archived}`);
  await dropHistoryBefore(pool, month, { now, dryRun: false });
  assert.equal(await count(archived), 1);
});

async function explain(sql: string, values: unknown[]): Promise<string> {
  const { rows } = await pool.query(`explain (costs off) ${sql}`, values);
  return rows.map((row) => row['QUERY PLAN']).join('\n');
}

test('a question about one month opens one partition, and an offer is found by an index in each', async () => {
  await startAnew();
  await database.transaction(insertOffer);
  await ensureHistoryPartitions(pool, new Date('2061-01-01T00:00:00Z'));
  await pool.query(
    `insert into plan_price_history (offer_id, plan_id, tdsp_duns, external_id, event, snapshot_version, changed_at)
     select gen_random_uuid(), gen_random_uuid(), '1039940674000', 'x', 'relisted', n, '2061-01-01T00:00:00Z'::timestamptz + n * interval '5 minutes'
       from generate_series(0, 30000) n`,
  );
  await pool.query('analyze plan_price_history');
  const month = await explain(
    'select * from plan_price_history where tdsp_duns = $1 and changed_at >= $2 and changed_at < $3',
    [ONCOR, '2061-02-01T00:00:00Z', '2061-03-01T00:00:00Z'],
  );
  assert.deepEqual(month.match(/plan_price_history_2061_\d\d\b(?!_)/g), ['plan_price_history_2061_02']);
  const offer = await explain(
    'select * from plan_price_history where offer_id = $1 and changed_at >= $2 order by changed_at desc limit 10',
    [randomUUID(), '2061-01-01T00:00:00Z'],
  );
  assert.doesNotMatch(offer, /Seq Scan|Sort/);
  assert.equal(offer.match(/Index Scan using idx_history_offer_2061_\d\d/g)?.length, 4);
});
