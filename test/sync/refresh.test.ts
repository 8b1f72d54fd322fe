/** Looks between the schedules: learned from kept answers, asked for once by the fleet, and never beyond what is allowed. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { learn } from '../../src/planning/refresh/learn.ts';
import { decideRefresh, type RefreshSettings, refreshTick } from '../../src/planning/refresh/refresher.ts';
import { readLearned } from '../../src/planning/refresh/stored.ts';
import { keepPayload, toPayload } from '../../src/store/plans/source-payloads.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { readChanges } from '../../src/store/queue/refresh-state.ts';
import { DAY_MS, HOUR_MS } from '../../src/units.ts';
import { allDuns, createTestDatabase, ONCOR, territory } from '../support/support.ts';

const upstream = { name: 'comparepower', origin: 'https://upstream.test', coverage: 'tdsp' } as const;
const settings: RefreshSettings = {
  strategy: 'even',
  callsPerHour: 6,
  budgetPerHour: 50,
  targetMs: () => HOUR_MS,
  territory,
  upstream,
};
const terms = {
  source: upstream.name,
  coverage: upstream.coverage,
  tdsps: allDuns.toSorted(),
  callsAnHour: 6,
  mostAnHour: 38,
  weights: allDuns.map(() => 1),
};

const idAt = (ms: number, n: number) =>
  Math.floor(ms / 1_000)
    .toString(16)
    .padStart(8, '0') + n.toString(16).padStart(16, '0');

/** An answer as the gate writes it down; `null`: the call failed. */
async function look(
  database: Database,
  duns: string,
  at: number,
  ids: readonly string[] | null,
): Promise<void> {
  const body = ids && toPayload(new TextEncoder().encode(JSON.stringify(ids.map((_id) => ({ _id })))))!;
  const called_at = new Date(at);
  if (body) {
    await keepPayload(database.pool, body, {
      source: upstream.name,
      origin: upstream.origin,
      request: { endpoint: '/', params: {} },
      seen_at: called_at,
      status: 200,
      content_type: null,
    });
  }
  await database.pool.query(
    `insert into api_calls (source, endpoint, params, attempt, status, duration_ms, error, payload_hash, called_at)
     values ($1, '/', $2, 1, $3, 1, $4, $5, $6)`,
    [
      upstream.name,
      { tdsp_duns: duns },
      body ? 200 : null,
      body ? null : 'no answer',
      body?.hash ?? null,
      called_at,
    ],
  );
}

const { database } = await createTestDatabase();
const { pool } = database;

test('ids of kept answers become changes to the second, read once, and a failed call is not a look', async () => {
  const now = Date.now();
  const begin = now - 3 * DAY_MS;
  const old = idAt(begin - DAY_MS, 1);
  const made = begin + 90 * 60_000;
  await look(database, ONCOR, begin, [old]);
  await look(database, ONCOR, begin + HOUR_MS, null);
  await look(database, ONCOR, begin + 2 * HOUR_MS, [old, idAt(made, 2)]);
  assert.ok(await learn(pool, { ...terms, now }));
  const [change, ...rest] = await readChanges(pool, upstream.name);
  assert.equal(rest.length, 0);
  assert.equal(change!.changed_by.getTime(), Math.floor(made / 1_000) * 1_000);
  assert.equal(change!.seen_at.getTime(), begin + 2 * HOUR_MS);
  // What was read is not read again, and what comes next is compared with it.
  await look(database, ONCOR, begin + 3 * HOUR_MS, [old, idAt(made, 2)]);
  await look(database, ONCOR, begin + 4 * HOUR_MS, [idAt(begin + 3.5 * HOUR_MS, 3)]);
  await learn(pool, { ...terms, now });
  const times = (await readChanges(pool, upstream.name)).map(({ changed_by }) => changed_by.getTime());
  assert.deepEqual(
    times.map((time) => Math.round((time - begin) / 60_000)),
    [90, 210],
  );
  const learned = (await readLearned(pool, upstream.name))!;
  assert.equal(learned.proof.isTrusted, false);
  assert.match(learned.proof.reason, /business days are known, 20 are needed/);
});

test('auto says why it falls back, and a set that was never confirmed is due before all others', async () => {
  const decision = await decideRefresh(pool, { ...settings, strategy: 'auto' }, Date.now());
  assert.equal(decision.inUse, 'even');
  assert.match(decision.reason, /20 are needed/);
  assert.ok(decision.due.length > 0 && decision.due.every(({ kind }) => kind === 'floor'));
});

test('looks stop where the hour is used up but for the reserve, and while the last call has just failed', async () => {
  const open = await decideRefresh(pool, settings, Date.now());
  assert.equal(open.room, 38);
  await pool.query(`insert into upstream_gates (source) values ($1) on conflict do nothing`, [upstream.name]);
  const full = await decideRefresh(pool, { ...settings, budgetPerHour: 0 }, Date.now());
  assert.deepEqual(full.due, []);
  const wanted = (at: number) =>
    decideRefresh(pool, settings, at).then(({ due, sets }) => due.map(({ set }) => sets[set]!.plan_set));
  const failed = Date.now();
  await look(database, allDuns[1]!, failed, null);
  assert.ok(!(await wanted(failed + 60_000)).includes(allDuns[1]!));
  assert.ok((await wanted(failed + 11 * 60_000)).includes(allDuns[1]!));
});

test('one process of the fleet asks, and none on the full minute or with the strategy schedule', async () => {
  const minute = Math.floor(Date.now() / 60_000) * 60_000;
  const asked: string[][] = [];
  const options = {
    ...settings,
    database,
    onDue: async (tdsps: readonly string[]) => void asked.push([...tdsps]),
  };
  assert.equal(await refreshTick({ ...options, now: () => minute + 1_000 }), 0);
  assert.equal(await refreshTick({ ...options, strategy: 'schedule', now: () => minute + 20_000 }), 0);
  let others = 0;
  const blocked = {
    ...options,
    onDue: async (tdsps: readonly string[]) => {
      others += await refreshTick({ ...options, now: () => minute + 20_000 });
      asked.push([...tdsps]);
    },
  };
  assert.ok((await refreshTick({ ...blocked, now: () => minute + 20_000 })) > 0);
  assert.equal(others, 0);
  assert.equal(asked.length, 1);
});

test('floors that schedules keep leave the calls of the looks to the model', async () => {
  const { learned, table } = await decideRefresh(pool, settings, Date.now());
  assert.ok(learned!.price < 1_000, `a call has to save ${learned!.price} change-minutes`);
  assert.ok(table!.looks.flat().length > 24);
});
