import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Session } from '../../store/upkeep/readings/activity.ts';
import type { HealthReadings } from '../../store/upkeep/readings/health-readings.ts';
import type { IndexState } from '../../store/upkeep/readings/indexes.ts';
import { coveredUntil, parseRange } from '../../store/upkeep/readings/partitions.ts';
import type { Reading } from '../../store/upkeep/readings/reading.ts';
import type { TableState } from '../../store/upkeep/readings/tables.ts';
import { type Finding, worst } from '../finding.ts';
import { rootsOf } from './activity.ts';
import { judgeHealth } from './database-health.ts';
import { isCoveredBy } from './indexes.ts';
import { HEALTH_LIMITS } from './limits.ts';
import { growthPerDay } from './server.ts';

const NOW = new Date('2026-11-20T12:00:00Z');
const GB = 1 << 30;
const read = <T>(value: T): Reading<T> => ({ value });

/** A database that is fine in every way. */
const FINE: HealthReadings = {
  server: read({
    version: '18.4',
    database: 'wattsync',
    started_seconds: 9_000,
    is_standby: false,
    bytes: GB,
  }),
  settings: read({
    fsync: 'on',
    full_page_writes: 'on',
    autovacuum: 'on',
    track_counts: 'on',
    archive_mode: 'on',
    shared_buffers: String(GB),
    max_wal_size: String(GB),
    checkpoint_timeout: '300',
  }),
  connections: read({ used: 10, limit: 100, reserved: 3, idle: 8 }),
  sessions: read<Session[]>([]),
  held_back: read([]),
  prepared: read([]),
  tables: read<TableState[]>([]),
  indexes: read<IndexState[]>([]),
  exact: new Map(),
  migrations: read({ applied: 7, last: '0007_x', behind: [], ahead: [], edited: [], renamed: [] }),
  schema: read([]),
  known_indexes: new Set(),
  missing_extended_statistics: read([]),
  failed_refreshes: read([]),
  partitions: read([]),
  counters: read({
    since_seconds: 86_400 * 30,
    blocks_hit: 1e6,
    blocks_read: 100,
    temp_files: 0,
    temp_bytes: 0,
    deadlocks: 0,
    checksum_failures: 0,
  }),
  checkpoints: read({ timed: 100, requested: 1, seconds: 30_000, wal_bytes: 1e6 }),
  wraparound: read({ transactions: 1e6, multixacts: 0 }),
  archiver: read({ failed_since_last_success: false, last_failed: null }),
  sequences: read([{ name: 'a_seq', used: 0.01 }]),
  replication: read({ replicas: [], slots: [], own_lag_seconds: null }),
  growth: read([]),
  disk: read({ total_bytes: 100 * GB, free_bytes: 60 * GB }),
};

const SESSION: Session = {
  pid: 1,
  user_name: 'u',
  application: 'a',
  state: 'active',
  query: 'select 1',
  transaction_seconds: 0,
  query_seconds: 0,
  state_seconds: 0,
  is_waiting: false,
  blocked_by: [],
  waits_for: null,
  wait_seconds: null,
};
const TABLE: TableState = {
  oid: 1,
  name: 't',
  is_ours: true,
  kind: 'table',
  is_populated: true,
  rows: 100_000,
  dead_rows: 0,
  changed_since_analyze: 0,
  bytes: 100e6,
  toast_bytes: 0,
  needed_bytes: 95e6,
  needed_toast_bytes: 0,
  seq_scans: 0,
  seq_rows_read: 0,
  index_scans: 10,
  vacuumed_seconds: 10,
  analyzed_seconds: 10,
  columns_without_statistics: 0,
  autovacuum_is_off: false,
  is_locked: false,
};
const INDEX: IndexState = {
  oid: 1,
  name: 'i',
  table: 't',
  is_ours: true,
  method: 'btree',
  is_unique: false,
  is_constraint: false,
  is_valid: true,
  is_partitioned: false,
  is_partition: false,
  is_being_built: false,
  bytes: 50e6,
  needed_bytes: 45e6,
  scans: 5,
  keys: ['1 10 0 0'],
  condition: null,
};

const judge = (change: Partial<HealthReadings>): Finding[] => judgeHealth({ ...FINE, ...change }, {}, NOW);
const notOk = (change: Partial<HealthReadings>): string[] =>
  judge(change)
    .filter(({ verdict }) => verdict !== 'ok')
    .map(({ check, verdict, subject }) => `${check} ${verdict} ${subject}`);

test('a fine database gets only ok, without advice or command', () => {
  assert.deepEqual(notOk({}), []);
  for (const { advice, command } of judge({})) assert.deepEqual([advice, command], [null, null]);
});

// Each has its limits: below both ok, from the first on warn, from the second on bad.
const GRADED: [
  check: string,
  warn: number,
  bad: number,
  change: (value: number) => Partial<HealthReadings>,
][] = [
  [
    'connections',
    80,
    95,
    (value) => ({ connections: read({ used: value, limit: 100, reserved: 0, idle: 0 }) }),
  ],
  [
    'long_transactions',
    300,
    3_600,
    (value) => ({ sessions: read([{ ...SESSION, transaction_seconds: value }]) }),
  ],
  ['long_queries', 60, 1_800, (value) => ({ sessions: read([{ ...SESSION, query_seconds: value }]) })],
  [
    'idle_in_transaction',
    60,
    600,
    (value) => ({ sessions: read([{ ...SESSION, state: 'idle in transaction', state_seconds: value }]) }),
  ],
  [
    'locks',
    1,
    60,
    (value) => ({
      sessions: read([
        SESSION,
        { ...SESSION, pid: 2, is_waiting: true, blocked_by: [1], wait_seconds: value },
      ]),
    }),
  ],
  ['disk', 80, 90, (value) => ({ disk: read({ total_bytes: 100, free_bytes: 100 - value }) })],
  ['sequences', 75, 90, (value) => ({ sequences: read([{ name: 's', used: value / 100 }]) })],
  [
    'wraparound',
    40,
    75,
    (value) => ({
      wraparound: read({ transactions: (value / 100) * 2 ** 31, multixacts: 0 }),
    }),
  ],
  [
    'replication',
    30,
    600,
    (value) => ({
      replication: read({
        replicas: [{ name: 'r', state: 'streaming', lag_bytes: 0, lag_seconds: value }],
        slots: [],
        own_lag_seconds: null,
      }),
    }),
  ],
];
for (const [check, warn, bad, change] of GRADED) {
  test(`${check}: ok below ${warn}, warn from there, bad from ${bad} on, each with advice and a command`, () =>
    fc.assert(
      fc.property(
        fc.oneof(fc.integer({ min: 0, max: bad * 2 }), fc.constantFrom(warn, bad, warn - 1, bad - 1)),
        (value) => {
          const line = judge(change(Math.min(value, check === 'disk' ? 100 : value))).find(
            (one) => one.check === check,
          )!;
          const expected = value >= bad ? 'bad' : value >= warn ? 'warn' : 'ok';
          assert.equal(line.verdict, expected, line.reading);
          assert.equal(line.advice === null, expected === 'ok');
          assert.equal(line.command === null, expected === 'ok');
        },
      ),
    ));
}

test('what cannot be read is unknown, says why, and is neither good nor bad', () => {
  const names = Object.keys(FINE).filter((name) => 'value' in FINE[name as keyof HealthReadings]);
  fc.assert(
    fc.property(fc.subarray(names), (unread) => {
      const lines = judge(Object.fromEntries(unread.map((name) => [name, { unreadable: 'because' }])));
      assert.equal(worst(lines), 'ok');
      for (const { verdict, reading } of lines) {
        if (verdict === 'unknown') assert.match(reading, /because|once all migrations/);
      }
      assert.equal(new Set(lines.map(({ check }) => check)).size, lines.length);
    }),
  );
});

test('a table is bloated where much is empty and it is a large part: of small ones and of fair shares nothing is said', () =>
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 2e9 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (bytes, share) => {
        const needed_bytes = Math.round(bytes * (1 - share));
        const found = notOk({ tables: read([{ ...TABLE, bytes, needed_bytes }]) });
        const wasted = bytes - needed_bytes;
        const isMuch = wasted >= HEALTH_LIMITS.table_bloat_warn_mb * (1 << 20) && wasted / bytes >= 0.5;
        assert.deepEqual(found, isMuch ? ['table_bloat warn t'] : []);
      },
    ),
  ));

test('what was counted outweighs what was estimated', () => {
  const tables = read([{ ...TABLE, needed_bytes: 1 }]);
  assert.deepEqual(notOk({ tables }), ['table_bloat warn t']);
  assert.deepEqual(notOk({ tables, exact: new Map([[1, { oid: 1, bytes: 100e6, wasted_bytes: 1e6 }]]) }), []);
});

test('an index is named when it is missing, invalid, unused or redundant, and ours never for being unused', () => {
  assert.deepEqual(notOk({ indexes: read([{ ...INDEX, is_valid: false }]) }), ['invalid_indexes bad i']);
  assert.deepEqual(notOk({ indexes: read([{ ...INDEX, is_valid: false, is_being_built: true }]) }), []);
  assert.deepEqual(notOk({ indexes: read([{ ...INDEX, needed_bytes: 20e6 }]) }), ['index_bloat warn i']);
  const idle = read([{ ...INDEX, scans: 0 }]);
  assert.deepEqual(notOk({ indexes: idle }), ['unused_indexes warn i']);
  assert.deepEqual(notOk({ indexes: idle, known_indexes: new Set(['i']) }), []);
  const longer = { ...INDEX, oid: 2, name: 'j', keys: [...INDEX.keys, '2 10 0 0'] };
  assert.deepEqual(notOk({ indexes: read([INDEX, longer]) }), ['redundant_indexes warn i']);
  assert.deepEqual(notOk({ indexes: read([{ ...INDEX, is_unique: true }, longer]) }), []);
  assert.deepEqual(notOk({ indexes: read([{ ...INDEX, condition: 'x' }, longer]) }), []);
});

test('of several indexes that do the same, one is never called redundant', () => {
  const index = fc.record({
    oid: fc.integer({ min: 1, max: 6 }),
    keys: fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 3 }),
    is_unique: fc.boolean(),
    condition: fc.constantFrom(null, 'x'),
  });
  fc.assert(
    fc.property(fc.uniqueArray(index, { selector: ({ oid }) => oid, minLength: 1 }), (made) => {
      const all = made.map((one) => ({ ...INDEX, ...one, name: `i${one.oid}` }));
      const kept = all.filter((one) => !all.some((other) => isCoveredBy(one, other)));
      // Whatever a dropped one answered is answered by one that stays.
      for (const one of all) {
        assert.ok(
          kept.some(
            (other) =>
              other.condition === one.condition && one.keys.every((key, at) => key === other.keys[at]),
          ),
        );
      }
    }),
  );
});

test('the blocker is the session that waits for no other, however long the chain', () =>
  fc.assert(
    fc.property(
      fc.array(fc.array(fc.integer({ min: 0, max: 7 }), { maxLength: 3 }), { minLength: 8, maxLength: 8 }),
      (edges) => {
        const sessions = edges.map((blocked_by, pid) => ({
          ...SESSION,
          pid,
          blocked_by: blocked_by.filter((by) => by !== pid),
        }));
        const byPid = new Map(sessions.map((session) => [session.pid, session]));
        for (const session of sessions) {
          for (const root of rootsOf(session, byPid)) {
            assert.deepEqual(byPid.get(root)!.blocked_by, []);
            assert.notEqual(root, session.pid);
          }
        }
      },
    ),
  ));

test('ranges of time are covered up to the first gap', () => {
  const month = (n: number) => Date.UTC(2026, n, 1);
  fc.assert(
    fc.property(fc.subarray([9, 10, 11, 12, 13, 14]), fc.boolean(), (months, shuffled) => {
      const ranges = months.map((n) => ({ from: month(n), until: month(n + 1) }));
      const until = coveredUntil(shuffled ? ranges.toReversed() : ranges, NOW)!.getTime();
      let expected = 10;
      while (months.includes(expected)) expected += 1;
      assert.equal(until, expected === 10 ? NOW.getTime() : month(expected));
    }),
  );
  assert.deepEqual(parseRange("FOR VALUES FROM ('2026-11-01 00:00:00+00') TO ('2026-12-01 00:00:00+00')"), {
    from: month(10),
    until: month(11),
  });
  assert.deepEqual(parseRange("FOR VALUES FROM (MINVALUE) TO ('2026-12-01')"), {
    from: -Infinity,
    until: month(11),
  });
  for (const bound of ['DEFAULT', null, "FOR VALUES FROM ('a') TO ('b')", 'FOR VALUES IN (1)']) {
    assert.equal(parseRange(bound), null);
  }
});

test('partitions: fine a month ahead, bad within a week, worse where today has none', () => {
  const state = (days: number, rest = {}) => ({
    partitions: read([
      {
        table: 'h',
        partitions: ['h_1'],
        covered_until: new Date(NOW.getTime() + days * 86_400_000),
        default_partition: null,
        default_has_rows: false,
        ...rest,
      },
    ]),
  });
  assert.deepEqual(notOk(state(31)), []);
  assert.deepEqual(notOk(state(29)), ['partitions warn h']);
  assert.deepEqual(notOk(state(6)), ['partitions bad h']);
  assert.deepEqual(notOk(state(0)), ['partitions bad h']);
  assert.deepEqual(notOk(state(40, { default_partition: 'h_rest', default_has_rows: true })), [
    'partitions warn h_rest',
  ]);
});

test('growth is told after a day, in either direction', () => {
  const at = (hours: number, bytes: number) => ({
    taken_at: new Date(NOW.getTime() + hours * 3_600_000),
    bytes,
  });
  assert.equal(growthPerDay([]), null);
  assert.equal(growthPerDay([at(0, 1), at(23, 100)]), null);
  assert.equal(growthPerDay([at(0, 100), at(12, 500), at(48, 300)]), 100);
  assert.equal(growthPerDay([at(0, 300), at(48, 100)]), -100);
});
