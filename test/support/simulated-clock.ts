/**
 * A clock that is set by hand, for this process and for a database: `new Date()`, `Date.now()`, and in SQL `now()` and
 * `clock_timestamp()`, which a schema in front of PostgreSQL's own gives. What waits by `setTimeout` waits as ever.
 */

import { mock } from 'node:test';
import pg from 'pg';

const FUNCTIONS = `
create schema simulated;
create table simulated.clock (at timestamptz not null);
insert into simulated.clock values ($START);
create function simulated.now() returns timestamptz language sql stable as 'select at from simulated.clock';
create function simulated.clock_timestamp() returns timestamptz language sql volatile as 'select at from simulated.clock';
`;

export class SimulatedClock {
  readonly #client: pg.Client;
  #nowMs: number;

  private constructor(client: pg.Client, nowMs: number) {
    this.#client = client;
    this.#nowMs = nowMs;
  }

  /** To be started before anything is connected that shall live by it. One at a time: time is global. */
  static async start(databaseUrl: string, nowMs: number): Promise<SimulatedClock> {
    const client = new pg.Client(databaseUrl);
    // The database may be dropped before this is stopped.
    client.on('error', () => {});
    await client.connect();
    await client.query(FUNCTIONS.replace('$START', client.escapeLiteral(new Date(nowMs).toISOString())));
    const { rows } = await client.query('select current_database() as name');
    const name = client.escapeIdentifier(rows[0].name);
    await client.query(`alter database ${name} set search_path = simulated, pg_catalog, public`);
    mock.timers.enable({ apis: ['Date'], now: nowMs });
    return new SimulatedClock(client, nowMs);
  }

  get nowMs(): number {
    return this.#nowMs;
  }

  async setTo(nowMs: number): Promise<void> {
    this.#nowMs = nowMs;
    await this.#client.query('update simulated.clock set at = $1', [new Date(nowMs)]);
    mock.timers.setTime(nowMs);
  }

  advance(seconds: number): Promise<void> {
    return this.setTo(this.#nowMs + seconds * 1_000);
  }

  async stop(): Promise<void> {
    mock.timers.reset();
    await this.#client.end().catch(() => {});
  }
}
