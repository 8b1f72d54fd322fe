/** Every rule: its cause is made, it fires once, is delivered, and resolves when the cause is gone. */

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { AnswerCounter } from '../../src/api/observation/answer-counts.ts';
import { Engine } from '../../src/app/engine.ts';
import { CacheStats } from '../../src/cache/cache-stats.ts';
import { readConfig } from '../../src/config.ts';
import type { Channel } from '../../src/monitor/alerts/channels.ts';
import type { Facts } from '../../src/monitor/alerts/facts.ts';
import { SIGNALS_OF } from '../../src/monitor/alerts/signals.ts';
import { isBusinessDay, localDay } from '../../src/planning/refresh/calendar.ts';
import { fitModel } from '../../src/planning/refresh/model.ts';
import { prove } from '../../src/planning/refresh/proof.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { PowerToChooseSource } from '../../src/sources/powertochoose/powertochoose.ts';
import { noteSchemaDrift } from '../../src/store/plans/quarantine.ts';
import { forgetRefreshModel, writeRefreshModel } from '../../src/store/queue/refresh-state.ts';
import { registerWorker, removeWorker } from '../../src/store/queue/sync-workers.ts';
import { QueryStats } from '../../src/store/upkeep/query-stats.ts';
import { noteCertificate } from '../../src/store/upstream/permits.ts';
import { changeControl } from '../../src/sync/work/control.ts';
import { DAY_MS } from '../../src/units.ts';
import { startRedis } from '../support/cache.ts';
import { createTestDatabase, ONCOR, syncAll, territory, testGate } from '../support/support.ts';
import { rules, watch } from '../support/watch.ts';

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
const { look, news, pass, memory, errors } = await watch(database);
const seen = new Set<string>();

/** What is rolled up is derived again: what was counted an hour ago is no longer of this hour. */
const forgetMinutes = () => pool.query('delete from figures');
const healthy = async (why: string) => {
  await look();
  assert.deepEqual(news(), [], why);
};

interface Case {
  rules: string[];
  subject?: string;
  /** How long the condition has to last. */
  seconds?: number;
  make(): Promise<unknown>;
  undo(): Promise<unknown>;
  options?: Parameters<typeof look>[0];
}

/** Fires once, however often it is looked at, and resolves once. */
async function firesAndResolves({ rules, subject = '', seconds = 0, make, undo, options }: Case) {
  const named = (kind: string) => rules.map((rule) => `${kind} ${rule} ${subject}`.trim()).toSorted();
  await make();
  await look(options);
  if (seconds > 0) {
    assert.deepEqual(news(), [], 'not before its time');
    await pass(seconds);
    await look(options);
  }
  assert.deepEqual(errors, []);
  assert.deepEqual(news(), named('fired'));
  await look(options);
  await look(options);
  assert.deepEqual(news(), [], 'told once');
  await undo();
  await look();
  assert.deepEqual(news(), named('resolved'));
  await healthy('resolved once');
  for (const rule of rules) seen.add(rule);
}

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

/** @param late how many of the last minutes Oncor's plans were late */
async function lateMinutes(span: 'minute' | 'hour', at: string, fresh: number, known: number) {
  await pool.query(
    `insert into figures (span, at, figures)
     select $1, at, jsonb_build_object('minutes', 1, 'answers', '{}'::jsonb, 'layers', '{}'::jsonb,
              'statements', '{"calls":0,"errors":0,"total_ms":0,"max_ms":0,"latency":[]}'::jsonb,
              'calls', '{"outcomes":{},"tdsps":{},"reasons":{},"latency":[]}'::jsonb,
              'attempts', '{"succeeded":0,"failed":0,"held":0}'::jsonb, 'runs', '{}'::jsonb, 'readings', '{}'::jsonb,
              'tdsps', jsonb_build_object($2::text, jsonb_build_object('age_seconds', 9e3, 'plans', 40,
                'fresh', $3::int, 'known', $4::int, 'published', 0)))
       from ${at} on conflict (span, at) do update set figures = excluded.figures`,
    [span, ONCOR, fresh, known],
  );
}

test('the budget of fresh minutes burns fast: counted in minutes, and not before twenty of them', async () => {
  const minutes = (from: number, to: number) =>
    `generate_series(date_trunc('minute', now()) - interval '${from} minutes', date_trunc('minute', now()) - interval '${to} minutes', interval '1 minute') at`;
  await lateMinutes('minute', minutes(19, 3), 0, 1);
  await healthy('one slow answer of the upstream pages nobody');
  await firesAndResolves({
    rules: ['freshness_burns_fast'],
    subject: 'Oncor',
    make: () => lateMinutes('minute', minutes(40, 3), 0, 1),
    undo: () => lateMinutes('minute', minutes(40, 1), 1, 1),
  });
});

test('the budget of fresh minutes burns slowly, over hours', async () => {
  const hours = `generate_series(date_trunc('hour', now()) - interval '5 hours', date_trunc('hour', now()) - interval '1 hour', interval '1 hour') at`;
  const now = `(select date_trunc('minute', now()) - interval '4 minutes') m(at)`;
  await firesAndResolves({
    rules: ['freshness_burns_slowly'],
    subject: 'Oncor',
    make: async () => {
      await lateMinutes('hour', hours, 50, 60);
      await lateMinutes('minute', now, 0, 3);
    },
    undo: async () => {
      await lateMinutes('hour', hours, 60, 60);
      await forgetMinutes();
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
  const calls = (n: number) =>
    pool.query(
      `insert into upstream_permits (source, granted_at, expires_at, finished_at)
       select 'comparepower', clock_timestamp(), clock_timestamp(), clock_timestamp() from generate_series(1, $1)`,
      [n],
    );
  await pool.query('delete from upstream_permits');
  await calls(42);
  await look();
  assert.deepEqual(news(), ['fired budget_nearly_spent']);
  await calls(10);
  await look();
  assert.deepEqual(news(), ['worsened budget_nearly_spent'], 'used up is a page');
  seen.add('budget_nearly_spent');
  await calls(60);
  await look();
  assert.deepEqual(news(), ['fired api_calls_high']);
  seen.add('api_calls_high');
  // An hour later.
  await pool.query(`update upstream_permits set granted_at = granted_at - interval '1 hour'`);
  await look();
  assert.deepEqual(news(), ['resolved api_calls_high', 'resolved budget_nearly_spent']);
});

test('the certificate of the upstream nears its end, and nearer', async () => {
  const inDays = (days: number) =>
    noteCertificate(pool, 'comparepower', new Date(Date.now() + days * 86_400_000));
  await inDays(10);
  await look();
  await inDays(2);
  await look();
  await look();
  assert.deepEqual(news(), ['fired certificate_ends', 'worsened certificate_ends']);
  await inDays(90);
  await look();
  assert.deepEqual(news(), ['resolved certificate_ends']);
  seen.add('certificate_ends');
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

test('the disk of the embedded database fills', () =>
  firesAndResolves({
    rules: ['disk_full'],
    make: async () => {},
    undo: async () => {},
    options: { disk: { total_bytes: 1_000, free_bytes: 60 } },
  }));

test('Redis goes away', async () => {
  const redis = await startRedis();
  const env = { REDIS_URL: redis.url.reveal() };
  await look({ env });
  assert.deepEqual(news(), [], 'while it answers');
  await firesAndResolves({
    rules: ['redis_away'],
    seconds: 30,
    make: () => redis.kill(),
    undo: async () => {},
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
  const set = (what: string) =>
    pool.query(`update sync_workers set seen_at = now(), ${what} where id = $1`, [id]);
  const vitals = (lag: number, late: number) =>
    set(
      `vitals = '{"memory_bytes":1,"loop_lag_ms":${lag},"loops":{"reconcile":{"late_ms":${late},"every_ms":1000}}}'`,
    );
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
    make: () => set('clock_ahead_ms = -5000'),
    undo: () => set('clock_ahead_ms = 20'),
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

test('a replica falls behind', () => {
  // A replica needs a second server: what PostgreSQL would say of it is handed in.
  const replica = { name: 'standby', state: 'streaming', lag_bytes: 1, lag_seconds: 700 };
  const facts = {
    replication: { replicas: [replica], slots: [], own_lag_seconds: null },
  } as unknown as Facts;
  const rule = rules.rules.find(({ id }) => id === 'replica_behind')!;
  const [reading] = SIGNALS_OF.replica_lag(facts, rule);
  assert.deepEqual([reading!.subject, reading!.value! >= rule.fires], ['standby', true]);
  assert.match(reading!.text, /11 min behind/);
  seen.add('replica_behind');
});

test('every rule has a test that makes it fire', () => {
  // PostgreSQL away is tested with a PostgreSQL that goes away (observer.test.ts).
  const missing = rules.rules.map(({ id }) => id).filter((id) => id !== 'postgres_away' && !seen.has(id));
  assert.deepEqual(missing, []);
});
