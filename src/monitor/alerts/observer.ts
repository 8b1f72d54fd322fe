/**
 * Watches the fleet: one process at a time derives the figures, evaluates the rules and delivers what is to be told. All
 * of an evaluation, its messages included, is one transaction, so a process that dies in the middle leaves nothing half
 * told, and the next one nothing twice.
 */

import type { Config } from '../../config.ts';
import { describeError } from '../../errors.ts';
import { Periodic } from '../../periodic.ts';
import {
  type AlertRow,
  endSilence,
  forgetAlerts,
  insertAlertEvents,
  readAlerts,
  readSilences,
  writeAlerts,
} from '../../store/observation/alert-rows.ts';
import { insertDeliveries } from '../../store/observation/deliveries.ts';
import { minuteOf, rollUp } from '../../store/observation/figure-rows.ts';
import {
  holdLease,
  lockObserver,
  noteEvaluation,
  releaseLease,
} from '../../store/observation/observer-lease.ts';
import type { Connection, Database } from '../../store/postgres/database.ts';
import { isOutOfReach } from '../../store/postgres/out-of-reach.ts';
import { type DiskSpace, readDiskSpace } from '../../store/upkeep/readings/disk.ts';
import type { Territory } from '../../territory/territory.ts';
import { fleetFamilies, sampleOf } from '../figures/sample.ts';
import type { Channel } from './channels.ts';
import { type Evaluation, evaluate } from './evaluate.ts';
import { type Facts, promisesOf, readFacts, SlowFacts } from './facts.ts';
import { toMessages } from './messages.ts';
import { Outage } from './outage.ts';
import { addressed, deliverDue } from './outbox.ts';
import { countRemarks } from './remarks.ts';
import type { Rules } from './rules.ts';
import { SIGNALS_OF, type SignalReading } from './signals.ts';

interface ObserverOptions {
  database: Database;
  config: Config;
  territory: Territory;
  rules: Rules;
  channels: readonly Channel[];
  /** Of the disk of the embedded database; left out, it is asked. */
  readDisk?: (folder: string) => Promise<DiskSpace>;
  /** How long what is dear to read is kept; left out, a minute. */
  slowFactsMs?: number;
  /** Tells an outside watchman that the alerts were evaluated. */
  heartbeat?: () => Promise<void>;
  onError(error: unknown): void;
}

const TICK_MS = 5_000;
const LEASE_MS = 20_000;
/** For /metrics of all processes. */
const STATE_MS = 15_000;
const HEARTBEAT_MS = 60_000;
const REMARKS_MS = 3_600_000;
/** After nobody watched, or PostgreSQL was away: what followed from that gets this long to be repaired. */
const GRACE_MS = 120_000;
const NOBODY_WATCHED_MS = 120_000;

export class Observer {
  readonly #options: ObserverOptions;
  readonly #slow: SlowFacts;
  readonly #promises: Facts['promises'];
  readonly #outage: Outage;
  readonly #loop: Periodic;
  #remarks: Record<string, number> = {};
  #isHolder = false;
  #graceUntil = 0;
  #rolledUp = 0;
  readonly #done = new Map<'state' | 'heartbeat' | 'remarks', number>();

  constructor(options: ObserverOptions) {
    this.#options = options;
    this.#slow = new SlowFacts(options.slowFactsMs);
    this.#promises = promisesOf(options.territory, options.config);
    this.#outage = new Outage(options.rules, options.channels);
    this.#loop = new Periodic('observer', () => this.#tick(), TICK_MS);
  }

  start(): void {
    this.#loop.start();
  }

  /** Looks, evaluates and delivers once. One at a time; never throws. @returns whether this process is the one that watches */
  async look(): Promise<boolean> {
    await this.#loop.now();
    return this.#isHolder;
  }

  /** Hands the watch on. Safe early and twice. */
  async stop(): Promise<void> {
    await this.#loop.stop();
    if (this.#isHolder) await releaseLease(this.#options.database.quick).catch(() => {});
    this.#isHolder = false;
  }

  async #tick(): Promise<void> {
    const { database, channels, onError } = this.#options;
    try {
      this.#isHolder = await holdLease(database.quick, LEASE_MS);
      const ended = await this.#outage.over(database.pool);
      if (ended) this.#graceUntil = performance.now() + GRACE_MS;
      if (!this.#isHolder) return;
      if (await this.#evaluate()) await this.#beat();
      await deliverDue(database.pool, channels);
    } catch (error) {
      if (isOutOfReach(error)) await this.#outage.goesOn(error, this.#isHolder);
      onError(error);
    }
  }

  /** @returns whether it was this process's to do */
  async #evaluate(): Promise<boolean> {
    const { database, config, rules, channels } = this.#options;
    const began = performance.now();
    const facts = await readFacts(database.pool, config, {
      promises: this.#promises,
      slow: this.#slow,
      readDisk: this.#options.readDisk ?? readDiskSpace,
    });
    await this.#countRemarks();
    return database.transaction(async (connection) => {
      const held = await lockObserver(connection);
      if (!held) return false;
      const { now, evaluated_at } = held;
      if (evaluated_at === null || now.getTime() - evaluated_at.getTime() > NOBODY_WATCHED_MS) {
        this.#graceUntil = Math.max(this.#graceUntil, performance.now() + GRACE_MS);
      }
      await this.#rollUp(connection, facts);
      const result = evaluate({
        rules,
        readings: readingsOf(rules, facts),
        alerts: await readAlerts(connection),
        silences: await readSilences(connection),
        causes: performance.now() < this.#graceUntil ? ['postgres_away'] : [],
        at: now,
      });
      await writeDown(connection, result);
      const messages = toMessages(result.told, rules, now);
      await insertDeliveries(connection, addressed(messages, channels, rules));
      const state = this.#isTime('state', STATE_MS) ? fleetFamilies(facts, this.#remarks) : null;
      await noteEvaluation(connection, { at: now, took_ms: performance.now() - began, state });
      return true;
    });
  }

  /** Once a minute, shortly after it has ended. */
  async #rollUp(connection: Connection, facts: Facts): Promise<void> {
    const minute = minuteOf(facts.view.at).getTime();
    if (minute === this.#rolledUp) return;
    await rollUp(connection, facts.view.at, sampleOf(facts));
    this.#rolledUp = minute;
  }

  async #countRemarks(): Promise<void> {
    if (!this.#isTime('remarks', REMARKS_MS)) return;
    this.#remarks = await countRemarks(this.#options.database.pool).catch(() => this.#remarks);
  }

  async #beat(): Promise<void> {
    const { heartbeat, onError } = this.#options;
    if (!heartbeat || !this.#isTime('heartbeat', HEARTBEAT_MS)) return;
    await heartbeat().catch((error) =>
      onError(new Error(`HEARTBEAT_URL was not called: ${describeError(error)}`, { cause: error })),
    );
  }

  #isTime(what: 'state' | 'heartbeat' | 'remarks', everyMs: number): boolean {
    const now = performance.now();
    if (now - (this.#done.get(what) ?? Number.NEGATIVE_INFINITY) < everyMs) return false;
    this.#done.set(what, now);
    return true;
  }
}

/** A signal that fails says nothing about its rule; the others are evaluated all the same. */
export function readingsOf({ rules }: Rules, facts: Facts): Map<string, readonly SignalReading[] | null> {
  return new Map(
    rules.map((rule) => {
      // Only the process that misses PostgreSQL knows that it is away.
      if (rule.signal === 'postgres_away') return [rule.id, null];
      try {
        return [rule.id, SIGNALS_OF[rule.signal](facts, rule)];
      } catch {
        return [rule.id, null];
      }
    }),
  );
}

async function writeDown(connection: Connection, result: Evaluation): Promise<void> {
  const isNot = (others: readonly AlertRow[]) => (one: AlertRow) =>
    !others.some(({ rule, subject }) => rule === one.rule && subject === one.subject);
  await writeAlerts(connection, result.changed.filter(isNot(result.forgotten)));
  await forgetAlerts(connection, result.forgotten);
  await insertAlertEvents(connection, result.events);
  for (const { id } of result.ended) await endSilence(connection, id, 'time');
}
