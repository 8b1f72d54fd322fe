/** An observer of a test's database, with a channel that remembers what was told. */

import assert from 'node:assert/strict';
import { readConfig } from '../../src/config.ts';
import type { Channel } from '../../src/monitor/alerts/channels.ts';
import type { AlertMessage } from '../../src/monitor/alerts/messages.ts';
import { Observer } from '../../src/monitor/alerts/observer.ts';
import { type Rules, readRules } from '../../src/monitor/alerts/rules.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import type { DiskSpace } from '../../src/store/upkeep/readings/disk.ts';
import { territory } from './support.ts';

export const rules = readRules();

interface WatchOptions {
  env?: Record<string, string>;
  /** What is read of the disk; `real`: that of WATTSYNC_DATA_DIR, as the program reads it. */
  disk?: DiskSpace | 'real';
  channels?: readonly Channel[];
}

interface Cause {
  /** What fires by it, and nothing else does. */
  rules: string[];
  subject?: string;
  /** How long the condition has to last. */
  seconds?: number;
  make(): Promise<unknown>;
  undo(): Promise<unknown>;
  options?: WatchOptions;
}

const ENV = { PLAN_SOURCE: 'comparepower', COMPAREPOWER_API_URL: 'http://127.0.0.1:9' };

/** @param evaluated other rules than those of data/alerts.yaml, where a test cannot wait as long as they do */
export async function watch(database: Database, evaluated: Rules = rules) {
  const told: AlertMessage[] = [];
  const memory: Channel = {
    name: 'log',
    goesTo: 'memory',
    send: async (message) => {
      told.push(message);
    },
  };
  const errors: unknown[] = [];
  const observers = new Map<string, Observer>();
  const make = ({ env = {}, disk, channels = [memory] }: WatchOptions): Observer =>
    new Observer({
      database,
      config: readConfig({ ...ENV, ...env }),
      territory,
      rules: evaluated,
      channels,
      onError: (error) => errors.push(error),
      ...(disk !== 'real' && { readDisk: async () => disk ?? { total_bytes: 100, free_bytes: 60 } }),
      slowFactsMs: 0,
    });
  // Where nobody watched before, the first one gives what it finds time to be repaired.
  await make({}).look();
  /** `fired snapshot_held Oncor`, in order of the alphabet; forgotten as they are read. */
  const news = (): string[] =>
    told
      .splice(0)
      .flatMap(({ items }) => items.map(({ kind, rule, subject }) => `${kind} ${rule} ${subject}`.trim()))
      .toSorted();
  /** Looks once. @returns whether it is this process that watches */
  const look = (options: WatchOptions = {}): Promise<boolean> => {
    const key = JSON.stringify([options.env, options.disk, options.channels?.map(({ name }) => name)]);
    const observer = observers.get(key) ?? make(options);
    observers.set(key, observer);
    return observer.look();
  };
  /** Moves what is remembered of alerts back, as if so much time had passed. */
  const pass = async (seconds: number): Promise<void> => {
    const back = ['since', 'fired_at', 'clear_since', 'told_at', 'acked_until'].map(
      (name) => `${name} = ${name} - make_interval(secs => ${seconds})`,
    );
    await database.pool.query(`update alerts set ${back.join(', ')}`);
    await database.pool.query(
      `update alert_silences set until = until - make_interval(secs => $1) where ended_at is null`,
      [seconds],
    );
    await database.pool.query(
      `update alert_deliveries set next_at = next_at - make_interval(secs => $1) where state = 'waiting'`,
      [seconds],
    );
  };
  /** Rules that a cause made fire and whose end was told. */
  const seen = new Set<string>();
  /** Fires once, however often it is looked at, is delivered, and resolves once. */
  const firesAndResolves = async ({
    rules: fired,
    subject = '',
    seconds = 0,
    make,
    undo,
    options,
  }: Cause) => {
    const named = (kind: string) => fired.map((rule) => `${kind} ${rule} ${subject}`.trim()).toSorted();
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
    await look(options);
    assert.deepEqual(news(), named('resolved'));
    await look(options);
    assert.deepEqual(news(), [], 'resolved once');
    for (const rule of fired) seen.add(rule);
  };
  return { errors, memory, news, look, pass, seen, firesAndResolves };
}

/** Which file makes the cause of which rule: together all of data/alerts.yaml, and each file answers for its own. */
export const CAUSES_OF: Record<string, readonly string[]> = {
  /** Machines beside the program. */
  'alert-causes.test.ts': ['certificate_ends', 'disk_full', 'postgres_away', 'replica_behind'],
};

/** What is left: made in alerts.test.ts. */
export const causesLeft = (): string[] => {
  const elsewhere = Object.values(CAUSES_OF).flat();
  return rules.rules.map(({ id }) => id).filter((id) => !elsewhere.includes(id));
};
