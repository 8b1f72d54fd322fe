/** An observer of a test's database, with a channel that remembers what was told. */

import { readConfig } from '../../src/config.ts';
import type { Channel } from '../../src/monitor/alerts/channels.ts';
import type { AlertMessage } from '../../src/monitor/alerts/messages.ts';
import { Observer } from '../../src/monitor/alerts/observer.ts';
import { readRules } from '../../src/monitor/alerts/rules.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import type { DiskSpace } from '../../src/store/upkeep/readings/disk.ts';
import { territory } from './support.ts';

export const rules = readRules();

interface WatchOptions {
  env?: Record<string, string>;
  disk?: DiskSpace;
  channels?: readonly Channel[];
}

const ENV = { PLAN_SOURCE: 'comparepower', COMPAREPOWER_API_URL: 'http://127.0.0.1:9' };

export async function watch(database: Database) {
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
      rules,
      channels,
      onError: (error) => errors.push(error),
      readDisk: async () => disk ?? { total_bytes: 100, free_bytes: 60 },
      slowFactsMs: 0,
    });
  // Where nobody watched before, the first one gives what it finds time to be repaired.
  await make({}).look();
  return {
    errors,
    memory,
    /** `fired snapshot_held Oncor`, in order of the alphabet; forgotten as they are read. */
    news: (): string[] =>
      told
        .splice(0)
        .flatMap(({ items }) => items.map(({ kind, rule, subject }) => `${kind} ${rule} ${subject}`.trim()))
        .toSorted(),
    /** Looks once. @returns whether it is this process that watches */
    look(options: WatchOptions = {}): Promise<boolean> {
      const key = JSON.stringify([options.env, options.disk, options.channels?.map(({ name }) => name)]);
      const observer = observers.get(key) ?? make(options);
      observers.set(key, observer);
      return observer.look();
    },
    /** Moves what is remembered of alerts back, as if so much time had passed. */
    async pass(seconds: number): Promise<void> {
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
    },
  };
}
