/** A database that is fed exports of a market, a file at a time, as a sync would do it. */

import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Gate } from '../../src/sources/gate.ts';
import { PowerToChooseSource } from '../../src/sources/powertochoose/powertochoose.ts';
import { readCurrentSnapshots } from '../../src/store/plans/snapshots.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { reserveRunId } from '../../src/store/queue/sync-runs.ts';
import { readTerritory } from '../../src/store/territory.ts';
import type { Outcome } from '../../src/sync/publish/outcome.ts';
import { Publisher } from '../../src/sync/publish/publisher.ts';
import { DAY_MS, HOUR_MS } from '../../src/units.ts';
import { toExport } from './export-file.ts';
import { inventState, nextDay, type State } from './invented-market.ts';
import { MUTATIONS } from './market-mutations.ts';

const territory = readTerritory();
const duns = territory.tdsps.map((tdsp) => tdsp.duns);
const BEGIN = Date.parse('2026-04-01T12:00:00Z');

/** As it was told: nothing was held, kept from before, or left as it was because it cannot be true. */
export const isTaken = ({ status, message, plans }: Outcome): boolean =>
  (status === 'published' || status === 'unchanged') && message === null && plans?.rejected === 0;

export class FedMarket {
  readonly publisher: Publisher;
  readonly #database: Database;
  readonly #gate: Gate;
  readonly #folder: string;
  state: State = inventState(1);
  #now = BEGIN;

  constructor(database: Database, folder: string) {
    this.#database = database;
    this.#folder = folder;
    this.#gate = new Gate(
      {
        maxConcurrentRequests: 6,
        rateLimitPerSecond: 1_000,
        callBudgetPerHour: 100_000,
        backoffMs: 1,
        timeoutMs: 20_000,
        failuresThatOpen: 1_000,
      },
      database,
    );
    this.publisher = new Publisher({
      database,
      cacheTtlMs: HOUR_MS,
      tuneDatabase: false,
      now: () => new Date(this.#now),
    });
  }

  static async on<T>(database: Database, work: (market: FedMarket) => Promise<T>): Promise<T> {
    const folder = await mkdtemp(join(tmpdir(), 'wattsync-fed-'));
    try {
      return await work(new FedMarket(database, folder));
    } finally {
      await rm(folder, { recursive: true });
    }
  }

  /** Some hours later this file is fetched, and published as far as the guard lets it. */
  async send(file: State | Buffer, hours = 24): Promise<Map<string, Outcome>> {
    this.#now += hours * HOUR_MS;
    const csv = join(this.#folder, 'export.csv');
    await writeFile(csv, Buffer.isBuffer(file) ? file : toExport(file));
    const tdspByName = (name: string, year: number | null) => territory.tdspByFeedName(name, year)?.duns;
    const source = new PowerToChooseSource({ csv, tdspByName }, this.#gate);
    const base = new Map(
      (await readCurrentSnapshots(this.#database.pool)).map((one) => [one.tdsp_duns, one]),
    );
    const context = {
      run_id: await reserveRunId(this.#database.pool),
      isForced: true,
      signal: AbortSignal.timeout(60_000),
    };
    const outcomes = await this.publisher.fetchAndPublish(duns, { source, context, base });
    return new Map(outcomes.map((one) => [one.tdsp_duns, one]));
  }

  /** The market of the next honest day. */
  honestDay(): State {
    const seed = Math.round(this.#now / DAY_MS);
    this.state = new Map([...this.state].map(([tdsp, plans], at) => [tdsp, nextDay(plans, seed + at)]));
    return this.state;
  }
}

export interface Damage {
  kind: string;
  /** TDSPs whose damaged plans were published as they were told. */
  passed: number;
  /** TDSPs of which anything of the honest file that came next was not. */
  stuck: string[];
}

/** Each kind of damage after an honest day, and another honest day after it. */
export async function sendDamaged(market: FedMarket, kinds: readonly string[]): Promise<Damage[]> {
  const found: Damage[] = [];
  await market.send(market.state);
  await market.send(market.honestDay());
  for (const kind of kinds) {
    const damaged = MUTATIONS[kind]!(market.state);
    const outcomes = await market.send(damaged, 12);
    const passed = [...market.state].filter(
      ([tdsp, plans]) => damaged.get(tdsp) !== plans && isTaken(outcomes.get(tdsp)!),
    );
    const after = await market.send(market.honestDay(), 12);
    const stuck = [...after].filter(([, outcome]) => !isTaken(outcome));
    found.push({
      kind,
      passed: passed.length,
      stuck: stuck.map(([tdsp, { status, message }]) => `${tdsp} ${status}: ${message}`),
    });
  }
  return found;
}
