/** Rules by what the program writes down: the cause is made, it fires once, is delivered, and resolves when that is gone. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, mock, test } from 'node:test';
import { AnswerCounter } from '../../src/api/observation/answer-counts.ts';
import { Engine } from '../../src/app/engine.ts';
import { CacheStats } from '../../src/cache/cache-stats.ts';
import { readConfig } from '../../src/config.ts';
import type { Channel } from '../../src/monitor/alerts/channels.ts';
import { type Facts, promisesOf, readFacts, SlowFacts } from '../../src/monitor/alerts/facts.ts';
import { SIGNALS_OF } from '../../src/monitor/alerts/signals.ts';
import { sampleOf } from '../../src/monitor/figures/sample.ts';
import { isBusinessDay, localDay } from '../../src/planning/refresh/calendar.ts';
import { fitModel } from '../../src/planning/refresh/model.ts';
import { prove } from '../../src/planning/refresh/proof.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { PowerToChooseSource } from '../../src/sources/powertochoose/powertochoose.ts';
import { rollUp } from '../../src/store/observation/figure-rows.ts';
import { noteVitals } from '../../src/store/observation/vitals.ts';
import { noteSchemaDrift } from '../../src/store/plans/quarantine.ts';
import { forgetRefreshModel, writeRefreshModel } from '../../src/store/queue/refresh-state.ts';
import { registerWorker, removeWorker, touchWorker } from '../../src/store/queue/sync-workers.ts';
import { QueryStats } from '../../src/store/upkeep/query-stats.ts';
import { changeControl } from '../../src/sync/work/control.ts';
import { DAY_MS } from '../../src/units.ts';
import { startRedis } from '../support/cache.ts';
import { createTestDatabase, ONCOR, syncAll, territory, testGate } from '../support/support.ts';
import { causesLeft, rules, watch } from '../support/watch.ts';

const { database } = await createTestDatabase();
const { pool } = database;
const sandbox = await startSandbox({ plansPerTdsp: 40, now: () => new Date('2026-06-01T12:00:00Z') });
after(() => sandbox.stop());
const sourceWith = (gate = {}) =>
  new ComparePowerSource(
    { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
    testGate(database, { attempts: 1, ...gate }),
  );
const source = sourceWith();
const sync = (tdsps = [ONCOR]) => syncAll(database, source, { tdsps, force: true });
const { look, news, pass, memory, seen, firesAndResolves } = await watch(database);

/** What is rolled up is derived again: what was counted an hour ago is no longer of this hour. */
const forgetMinutes = () => pool.query('delete from figures');
const healthy = async (why: string) => {
  await look();
  assert.deepEqual(news(), [], why);
};

test('a healthy fleet has nothing to tell', async () => {
  await syncAll(database, source, { force: true });
  await healthy('at first');
  // Nobody had watched before: now somebody does.
  await healthy('and then');
});

test('plans too old, by the tiers they are promised to', async () => {
  const aged = (hours: number) =>
    pool.query(
      `update plan_snapshots set observed_at = observed_at - make_interval(hours => $2) where tdsp_duns = $1`,
      [ONCOR, hours],
    );
  await firesAndResolves({
    rules: ['plans_too_old_tier_1', 'plans_too_old_tier_2', 'plans_too_old_tier_3'],
    subject: 'Oncor',
    make: () => aged(80),
    undo: () => sync(),
  });
  await aged(4);
  await look();
  assert.deepEqual(news(), ['fired plans_too_old_tier_1 Oncor'], 'tier 2 may be older');
  await sync();
  await look();
  news();
});

const minutesAgo = (minutes: number) => new Date(Date.now() - minutes * 60_000);
/** Oncor's plans, as old as so many hours. */
const oncorIsOld = (hours: number) =>
  pool.query(
    `update plan_snapshots set observed_at = now() - make_interval(hours => $2) where tdsp_duns = $1 and observed_at =
       (select max(observed_at) from plan_snapshots where tdsp_duns = $1)`,
    [ONCOR, hours],
  );
const config = readConfig({ COMPAREPOWER_API_URL: sandbox.url });

/** As the observer does it: minute by minute from the first to the last, each as all plans are now. */
async function rollUpMinutes(first: number, last: number) {
  const facts = await readFacts(pool, config, {
    promises: promisesOf(territory, config),
    slow: new SlowFacts(0),
    readDisk: async () => ({ total_bytes: 100, free_bytes: 60 }),
  });
  for (let ago = first; ago >= last; ago--) await rollUp(pool, minutesAgo(ago), sampleOf(facts));
}

/** Time passes: what was rolled up was so much earlier. */
async function figuresWereEarlier(hours: number) {
  const before = `at < now() - make_interval(hours => ${hours})`;
  await pool.query(`delete from figures where ${before}`);
  await pool.query(`update figures set at = at - make_interval(hours => ${hours})`);
}

test('the budget of fresh minutes burns fast: counted in minutes, and not before twenty of them', async () => {
  await forgetMinutes();
  await oncorIsOld(2);
  await rollUpMinutes(19, 3);
  await sync();
  await healthy('one slow answer of the upstream pages nobody');
  await firesAndResolves({
    rules: ['freshness_burns_fast'],
    subject: 'Oncor',
    make: async () => {
      await forgetMinutes();
      await oncorIsOld(2);
      await rollUpMinutes(40, 1);
    },
    undo: async () => {
      await sync();
      await figuresWereEarlier(6);
      await rollUpMinutes(6, 1);
    },
  });
});

test('the budget of fresh minutes burns slowly: half an hour of six, and it goes on', async () => {
  await forgetMinutes();
  await firesAndResolves({
    rules: ['freshness_burns_slowly'],
    subject: 'Oncor',
    make: async () => {
      await oncorIsOld(2);
      await rollUpMinutes(40, 9);
      await sync();
      await rollUpMinutes(8, 1);
    },
    undo: async () => {
      await figuresWereEarlier(6);
      await rollUpMinutes(6, 1);
    },
  });
});

test('the circuit of the upstream opens, and what follows from it is held back', async () => {
  const fragile = sourceWith({ failuresThatOpen: 2 });
  await firesAndResolves({
    rules: ['circuit_open'],
    seconds: 60,
    make: async () => {
      sandbox.control.setFaults(['500']);
      for (let n = 0; n < 3; n++) await syncAll(database, fragile, { tdsps: [ONCOR] });
      await pool.query(
        `update plan_snapshots set observed_at = observed_at - interval '5 hours' where tdsp_duns = $1`,
        [ONCOR],
      );
    },
    undo: async () => {
      sandbox.control.clearFaults();
      await sync();
      await pool.query(`update sync_attempts set finished_at = finished_at - interval '2 hours'`);
      await forgetMinutes();
    },
  });
});

test('the upstream refuses the key: what was given up follows from it', async () => {
  await firesAndResolves({
    rules: ['key_refused'],
    make: async () => {
      sandbox.control.setFaults(['denied']);
      await sync();
    },
    undo: async () => {
      sandbox.control.clearFaults();
      await sync();
    },
  });
});

test('more calls than a hundred an hour, and the budget with them', async () => {
  const gate = testGate(database);
  const call = (): Promise<unknown> =>
    gate.call(
      {
        source: 'comparepower',
        origin: source.origin,
        endpoint: '/api/plans/current',
        params: { tdsp_duns: ONCOR },
        perform: async () => ({ status: 200, headers: new Headers(), body: new Uint8Array() }),
        read: () => null,
      },
      { run_id: 1, isForced: false, signal: AbortSignal.timeout(60_000) },
    );
  const calls = (n: number) => Promise.all(Array.from({ length: n }, call));
  const hourPasses = () =>
    pool.query(`update upstream_permits set granted_at = granted_at - interval '1 hour'`);
  await hourPasses();
  await calls(42);
  await look();
  assert.deepEqual(news(), ['fired budget_nearly_spent']);
  await calls(10);
  await look();
  assert.deepEqual(news(), ['worsened budget_nearly_spent'], 'used up is a page');
  await calls(60);
  await look();
  assert.deepEqual(news(), ['fired api_calls_high']);
  await healthy('told once');
  await hourPasses();
  await look();
  assert.deepEqual(news(), ['resolved api_calls_high', 'resolved budget_nearly_spent']);
  for (const rule of ['budget_nearly_spent', 'api_calls_high']) seen.add(rule);
});

test('fields of the upstream that came or went', async () => {
  await firesAndResolves({
    rules: ['fields_changed'],
    make: () => noteSchemaDrift(pool, 'comparepower', ['+solar_buyback'], new Date()),
    undo: () => pool.query(`update schema_drift set first_seen_at = first_seen_at - interval '2 days'`),
  });
});

test('plans that are sold by ZIP code, as a new field or as copies of products at other rates', async () => {
  await firesAndResolves({
    rules: ['plans_by_place'],
    subject: 'Oncor',
    make: async () => {
      await pool.query(
        `create table names_before as
           select id, name, term_months from electricity_plans where tdsp_duns = '${ONCOR}' and is_active`,
      );
      await pool.query(
        `with alike as (select provider_id, min(name) as name from electricity_plans
                         where tdsp_duns = $1 and is_active group by 1 having count(*) > 1)
         update electricity_plans p set name = a.name, term_months = 12 from alike a
          where p.tdsp_duns = $1 and p.is_active and p.provider_id = a.provider_id`,
        [ONCOR],
      );
    },
    undo: async () => {
      await pool.query(
        `update electricity_plans p set name = b.name, term_months = b.term_months from names_before b where p.id = b.id`,
      );
      await pool.query('drop table names_before');
    },
  });
});

test('a field that names places finer than a TDSP tells the same', () => {
  const facts = {
    drift: [{ source: 'comparepower', field: '+service_zip_codes' }],
    repeated: [],
    view: { tdsps: [] },
  };
  const rule = rules.rules.find(({ id }) => id === 'plans_by_place')!;
  const read = (one: object) => SIGNALS_OF.plans_by_place(one as unknown as Facts, rule)[0]!;
  assert.equal(read(facts).value, 1);
  assert.match(read(facts).text, /\+service_zip_codes/);
  assert.equal(read({ ...facts, drift: [{ source: 'comparepower', field: '+solar_buyback' }] }).value, 0);
});

test('auto fell back: the replay of its own last weeks shows that the sentinel missed changes', async () => {
  const now = Date.now();
  const sets = [ONCOR, '957877905'];
  const times = Array.from({ length: 56 }, (_, day) => now - day * DAY_MS).filter((time) =>
    isBusinessDay(localDay(time)),
  );
  // They move on the same days, hours apart.
  const changes = times.flatMap((time) =>
    sets.flatMap((_, set) => [1, 2].map((hour) => ({ set, by: time - (hour + 5 * set) * 3_600_000 }))),
  );
  const tape = {
    sets,
    from: now - 56 * DAY_MS,
    until: now,
    changes: changes.map(({ set, by }) => ({ set, after: by - 1, by })),
  };
  const proof = prove(tape, {
    callsAnHour: 6,
    mostAnHour: 38,
    floorMinutes: 360,
    weights: [1, 1],
    sentinel: 0,
  });
  assert.match(proof.reason, /replayed|the sentinel showed/);
  await firesAndResolves({
    rules: ['refresh_fell_back'],
    seconds: 31 * 60,
    make: () =>
      writeRefreshModel(pool, 'comparepower', {
        watched_since: new Date(tape.from),
        read_until: new Date(now),
        fitted_at: new Date(now),
        model: fitModel(tape),
        price: 5,
        proof,
      }),
    undo: () => forgetRefreshModel(pool, 'comparepower'),
  });
});

test('records of a wires company that is none of the six', async () => {
  const fixture = new URL('../fixtures/powertochoose-small.csv', import.meta.url);
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-tdu-'));
  after(() => rmSync(folder, { recursive: true }));
  const csv = join(folder, 'export.csv');
  const { database: other } = await createTestDatabase();
  const watching = await watch(other);
  const fetchExport = async (text: string) => {
    writeFileSync(csv, text);
    const tdspByName = (name: string) => territory.tdspByFeedName(name)?.duns;
    await syncAll(other, new PowerToChooseSource({ csv, tdspByName }, testGate(other)), { force: true });
  };
  const text = readFileSync(fixture, 'utf8');
  await fetchExport(text);
  await watching.look();
  watching.news();
  const renamed = text.replaceAll(/(LUBBOCK POWER & LIGHT|TEXAS-NEW MEXICO POWER)[^,"]*/g, 'LP AND L');
  await fetchExport(renamed);
  await watching.look();
  assert.deepEqual(
    watching.news().filter((one) => one.includes('unknown_tdu')),
    ['fired unknown_tdu LP AND L'],
  );
  await fetchExport(text);
  await watching.look();
  assert.deepEqual(
    watching.news().filter((one) => one.includes('unknown_tdu')),
    ['resolved unknown_tdu LP AND L'],
  );
  seen.add('unknown_tdu');
});

test('more than one in twenty syncs fails, and at least three', async () => {
  await firesAndResolves({
    rules: ['syncs_failing'],
    make: async () => {
      sandbox.control.setFaults(['500']);
      await sync();
      await healthy('one slow answer of the upstream pages nobody');
      await sync();
      await sync();
      sandbox.control.clearFaults();
      await sync();
    },
    undo: async () => {
      await pool.query(`update sync_attempts set finished_at = finished_at - interval '2 hours'`);
      await forgetMinutes();
    },
  });
});

test('a snapshot is held back', async () => {
  await firesAndResolves({
    rules: ['snapshot_held'],
    subject: 'Oncor',
    make: async () => {
      sandbox.control.setFaults(['shrunk']);
      await sync();
      // Given up for that, and tried again by a sync that fails: it is held all the same, and told once.
      await pool.query(
        `update sync_results set gave_up = true where run_id = (select max(run_id) from sync_results)`,
      );
      await look();
      sandbox.control.setFaults(['redirect']);
      await sync();
      sandbox.control.clearFaults();
    },
    undo: () => sync(),
  });
});

test('many records cannot be read', async () => {
  await firesAndResolves({
    rules: ['records_rejected'],
    subject: 'Oncor',
    make: async () => {
      sandbox.control.setFaults(['wrong_types:share=0.12']);
      await sync();
      sandbox.control.clearFaults();
    },
    undo: () => sync(),
  });
});

test('a sync is given up', async () => {
  await firesAndResolves({
    rules: ['dead_letters'],
    make: async () => {
      sandbox.control.setFaults(['redirect']);
      await sync();
      await pool.query(
        `update sync_results set gave_up = true where run_id = (select max(run_id) from sync_results)`,
      );
      sandbox.control.clearFaults();
    },
    undo: () => sync(),
  });
});

const engineWith = (roles: ('web' | 'worker' | 'scheduler')[]) =>
  new Engine({
    config: readConfig({ EMERGENCY_CALL_BUDGET_PER_HOUR: '1000000' }),
    database,
    territory,
    source,
    roles,
    onError: () => {},
  });

test('what was asked for waits, and nobody takes it', async () => {
  const asking = engineWith(['web']);
  await asking.start();
  await firesAndResolves({
    rules: ['queue_stuck'],
    seconds: 60,
    make: async () => {
      await asking.request({ kind: 'city', tdsps: [ONCOR], force: true, requested_by: 'test' });
      await pool.query(`update sync_targets set requested_at = requested_at - interval '20 minutes'`);
    },
    undo: async () => {
      const { rows } = await pool.query(`select max(id) as id from sync_runs`);
      await asking.workOn(Number(rows[0].id));
    },
  });
  await asking.stop();
});

test('nobody keeps the schedule any more', async () => {
  const keeper = engineWith(['scheduler']);
  await keeper.start();
  await healthy('while somebody does');
  await keeper.stop();
  await firesAndResolves({
    rules: ['scheduler_silent'],
    seconds: 30,
    make: () => pool.query(`update schedule_times set told_at = now() - interval '3 minutes'`),
    undo: () => pool.query('update schedule_times set told_at = now()'),
  });
});

test('a stop that was forgotten', async () => {
  const order = { by: 'test', reason: 'maintenance of the upstream' };
  await changeControl(database, 'stopped', order);
  await healthy('an operator knows what was done a moment ago');
  await firesAndResolves({
    rules: ['syncing_stopped'],
    make: () => pool.query(`update sync_control set changed_at = changed_at - interval '2 hours'`),
    undo: () => changeControl(database, 'running', order),
  });
});

test('reads that memory and database no longer answer', async () => {
  const stats = new CacheStats({ database: pool, size: () => ({ entries: 0, bytes: 0 }) });
  const read = async (hits: number, calls: number) => {
    for (let n = 0; n < hits; n++) stats.hit('memory', 0.01, 1_000, false);
    for (let n = 0; n < calls; n++) {
      stats.miss('memory', 1);
      stats.hit('api', 100, 0, false);
    }
    await stats.flush();
  };
  await read(10, 90);
  await healthy('a hundred reads of a quiet night say nothing');
  await firesAndResolves({
    rules: ['hit_rate_low'],
    seconds: 300,
    make: () => read(100, 200),
    undo: () => read(2_000, 0),
  });
  await pool.query('delete from cache_stats');
  await forgetMinutes();
});

test('answers that are slow, and answers that fail', async () => {
  const counter = new AnswerCounter({ database: pool });
  const answer = async (times: number, status: number, ms: number) => {
    for (let n = 0; n < times; n++) counter.of('/v1/plans', 'memory').count(status, ms);
    await counter.flush();
  };
  const forget = async () => {
    await pool.query('delete from answer_stats');
    await forgetMinutes();
  };
  await firesAndResolves({
    rules: ['answers_slow'],
    seconds: 300,
    make: () => answer(300, 200, 700),
    undo: forget,
  });
  await firesAndResolves({
    rules: ['answers_failing'],
    seconds: 60,
    make: async () => {
      await answer(990, 200, 1);
      await answer(20, 503, 1);
    },
    undo: forget,
  });
});

test('statements that take a second on average', async () => {
  const stats = new QueryStats({ database: pool, recorder: database.queries, keepDays: 2 });
  database.queries.take();
  await firesAndResolves({
    rules: ['queries_slow'],
    subject: 'select pg_sleep 1.05)',
    make: async () => {
      await Promise.all(Array.from({ length: 6 }, () => pool.query('select pg_sleep(1.05)')));
      await stats.flush();
    },
    undo: () => pool.query('delete from query_stats'),
  });
});

test('Redis goes away', async () => {
  const redis = await startRedis();
  const env = { REDIS_URL: redis.url.reveal() };
  await look({ env });
  assert.deepEqual(news(), [], 'while it answers');
  await firesAndResolves({
    rules: ['redis_away'],
    seconds: 30,
    make: () => redis.kill(),
    undo: () => redis.restart(),
    options: { env },
  });
});

test('a process freezes, a loop hangs, an event loop is held up, a clock is wrong', async () => {
  const connection = await pool.connect();
  const id = crypto.randomUUID();
  const name = 'process 4711 on elsewhere';
  await registerWorker(connection, {
    id,
    lock_key: 4711,
    host: 'elsewhere',
    pid: 4711,
    roles: ['worker'],
    queue: null,
    origin: null,
    started_at: new Date(),
  });
  /** A sign of life, by a clock that is so far ahead. */
  const beat = async (clockAheadMs = 0) => {
    mock.timers.enable({ apis: ['Date'], now: Date.now() + clockAheadMs });
    await touchWorker(pool, id).finally(() => mock.timers.reset());
  };
  const vitals = async (loop_lag_ms: number, late_ms: number) => {
    await beat();
    const loops = { reconcile: { late_ms, every_ms: 1_000 } };
    await noteVitals(pool, '1.2.3', { memory_bytes: 1, loop_lag_ms, loops, pools: {} });
  };
  await vitals(1, 500);
  await healthy('while it is well');
  await firesAndResolves({
    rules: ['process_silent'],
    subject: name,
    make: () =>
      pool.query(`update sync_workers set seen_at = now() - interval '40 seconds' where id = $1`, [id]),
    undo: () => vitals(1, 500),
  });
  await firesAndResolves({
    rules: ['loop_silent'],
    subject: name,
    make: () => vitals(1, 20_000),
    undo: () => vitals(1, 900),
  });
  await firesAndResolves({
    rules: ['event_loop_lag'],
    subject: name,
    seconds: 300,
    make: () => vitals(400, 500),
    undo: () => vitals(10, 500),
  });
  await firesAndResolves({
    rules: ['clock_skew'],
    subject: name,
    seconds: 60,
    make: () => beat(-5_000),
    undo: () => beat(),
  });
  await removeWorker(pool, id);
  connection.release(true);
});

test('a channel does not deliver: the news goes over the others, and what it missed follows', async () => {
  let isBroken = true;
  const taken: string[] = [];
  const webhook: Channel = {
    name: 'webhook',
    goesTo: 'pager',
    send: async ({ items }) => {
      if (isBroken) throw new Error('503');
      taken.push(...items.map(({ kind, rule }) => `${kind} ${rule}`));
    },
  };
  const options = { channels: [memory, webhook] };
  sandbox.control.setFaults(['shrunk']);
  await sync();
  sandbox.control.clearFaults();
  await look(options);
  await look(options);
  assert.deepEqual(news(), ['fired channel_failing webhook', 'fired snapshot_held Oncor']);
  isBroken = false;
  await pass(10);
  await look(options);
  await look(options);
  assert.deepEqual(news(), ['resolved channel_failing webhook']);
  assert.deepEqual(taken, ['fired snapshot_held'], 'never about itself');
  await sync();
  await look(options);
  assert.deepEqual([news(), taken.at(-1)], [['resolved snapshot_held Oncor'], 'resolved snapshot_held']);
  seen.add('channel_failing');
});

test('a receiver of events that wants no more is told to the operator', async () => {
  const { rows } = await pool.query<{ name: string }>(
    `insert into webhooks (name, url, sealed_secret, filter, with_plans, created_by, seq)
     values ('mirror', 'https://example.com/', 'whsec_AAAA', '{}', false, 'test', 0) returning name`,
  );
  const set = (state: string, why: string | null) => () =>
    pool.query('update webhooks set state = $1, why_disabled = $2 where name = $3', [
      state,
      why,
      rows[0]!.name,
    ]);
  await firesAndResolves({
    rules: ['webhook_disabled'],
    subject: '',
    make: set('disabled', 'example.com answered 410'),
    undo: set('active', null),
  });
});

test('every rule has a test that makes its cause', () => {
  assert.deepEqual([...seen].toSorted(), causesLeft().toSorted());
});
