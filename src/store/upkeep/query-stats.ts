/** What the statements of all processes cost, minute by minute, and readings of PostgreSQL's own counters. */

import { hash } from 'node:crypto';
import { Periodic } from '../../periodic.ts';
import type { Queryable } from '../postgres/database.ts';
import type { NamedText, QueryCounts, QueryRecorder } from '../postgres/query-recorder.ts';

/** Adds counts to those of the minute. */
export async function addQueryStats(
  queryable: Queryable,
  now: Date,
  counts: readonly QueryCounts[],
): Promise<void> {
  await queryable.query(
    `insert into query_stats as s (minute, name, calls, errors, rows, total_ms, max_ms, latency)
     select date_trunc('minute', $1::timestamptz), name, calls, errors, rows, total_ms, max_ms, latency
       from jsonb_to_recordset($2) as c (name text, calls bigint, errors bigint, rows bigint,
         total_ms float8, max_ms float8, latency bigint[])
      -- In one order: two processes that add at once wait for each other, never in a circle.
      order by name
     on conflict (minute, name) do update set
       calls = s.calls + excluded.calls, errors = s.errors + excluded.errors, rows = s.rows + excluded.rows,
       total_ms = s.total_ms + excluded.total_ms, max_ms = greatest(s.max_ms, excluded.max_ms),
       latency = array(select coalesce(a, 0) + coalesce(b, 0)
         from unnest(s.latency, excluded.latency) with ordinality as u (a, b, n) order by n)`,
    [now, JSON.stringify(counts)],
  );
}

/** Sums since a time, one row for each statement, the one that took most time first. */
export async function readQueryStats(queryable: Queryable, since: Date): Promise<QueryCounts[]> {
  const { rows } = await queryable.query<QueryCounts>(
    `with chosen as (select * from query_stats where minute > $1),
          steps as (
            select name, n, sum(v) as v from chosen, unnest(latency) with ordinality as l (v, n) group by name, n
          ),
          arrays as (select name, array_agg(v order by n)::float8[] as latency from steps group by name)
     select name, sum(calls)::float8 as calls, sum(errors)::float8 as errors, sum(rows)::float8 as rows,
            sum(total_ms) as total_ms, max(max_ms) as max_ms, a.latency
       from chosen join arrays a using (name) group by name, a.latency order by sum(total_ms) desc, name`,
    [since],
  );
  return rows;
}

/** Of each minute of a time, `to` excluded: one row for each statement. */
export async function readMinuteStatements(queryable: Queryable, { from, to }: { from: Date; to: Date }) {
  type Row = Omit<QueryCounts, 'name' | 'rows'> & { minute: Date };
  const { rows } = await queryable.query<Row>(
    `select minute, calls, errors, total_ms, max_ms, latency::float8[] as latency
       from query_stats where minute >= $1 and minute < $2`,
    [from, to],
  );
  return rows;
}

async function noteQueryTexts(queryable: Queryable, now: Date, texts: readonly NamedText[]): Promise<void> {
  await queryable.query(
    `insert into query_texts as t (text_hash, name, text, seen_at)
     select distinct on (text_hash) text_hash, name, text, $1
       from jsonb_to_recordset($2) as n (text_hash text, name text, text text) order by text_hash
     on conflict (text_hash) do update set name = excluded.name, seen_at = excluded.seen_at
     -- Once a day is enough to show that it is still in use.
     where t.name <> excluded.name or t.seen_at < excluded.seen_at - interval '1 day'`,
    [now, JSON.stringify(texts.map(({ name, text }) => ({ text_hash: hash('md5', text), name, text })))],
  );
}

export async function readQueryTexts(queryable: Queryable): Promise<NamedText[]> {
  return (await queryable.query<NamedText>('select name, text from query_texts')).rows;
}

async function deleteOldQueryStats(queryable: Queryable, now: Date, keepDays: number): Promise<void> {
  await queryable.query(
    `delete from query_stats where minute < $1::timestamptz - make_interval(days => $2)`,
    [now, keepDays],
  );
}

const READING = `pg_database_size(d.datid) as bytes, d.xact_commit as commits, d.xact_rollback as rollbacks,
       d.blks_hit as blocks_hit, d.blks_read as blocks_read, d.temp_bytes, d.deadlocks, w.wal_bytes
  from pg_stat_database d cross join pg_stat_wal w where d.datname = current_database()`;

/** Keeps what PostgreSQL has counted so far, unless another process has in these ten minutes. */
async function takeDatabaseReading(queryable: Queryable, now: Date): Promise<void> {
  const slot = Math.floor(now.getTime() / 600_000);
  await queryable.query(
    `insert into database_readings
       (slot, taken_at, bytes, commits, rollbacks, blocks_hit, blocks_read, temp_bytes, deadlocks, wal_bytes)
     select $1, $2, ${READING} and not exists (select from database_readings where slot = $1)
     on conflict (slot) do nothing`,
    [slot, now],
  );
}

/** What PostgreSQL has counted until now. */
export async function readDatabaseNow(queryable: Queryable): Promise<DatabaseReading> {
  const { rows } = await queryable.query<DatabaseReading>(`select now() as taken_at, ${READING}`);
  return rows[0]!;
}

export interface DatabaseReading {
  taken_at: Date;
  bytes: number;
  commits: number;
  rollbacks: number;
  blocks_hit: number;
  blocks_read: number;
  temp_bytes: number;
  deadlocks: number;
  wal_bytes: number | null;
}

/** The readings of the last `days` days, oldest first. */
export async function readDatabaseReadings(queryable: Queryable, days: number): Promise<DatabaseReading[]> {
  const { rows } = await queryable.query<DatabaseReading>(
    `select taken_at, bytes, commits, rollbacks, blocks_hit, blocks_read, temp_bytes, deadlocks, wal_bytes
       from database_readings where taken_at > now() - make_interval(days => $1) order by slot`,
    [days],
  );
  return rows;
}

const FLUSH_MS = 10_000;

interface QueryStatsOptions {
  /** Where the figures are written. */
  database: Queryable;
  recorder: QueryRecorder;
  keepDays: number;
  onError?: (error: unknown) => void;
}

/** Adds, every few seconds, what this process counted to what all processes counted. */
export class QueryStats {
  readonly #options: QueryStatsOptions;
  readonly #flusher = new Periodic('statement_figures', () => this.#flush(), FLUSH_MS);
  #minute = 0;

  constructor(options: QueryStatsOptions) {
    this.#options = options;
  }

  start(): void {
    this.#flusher.start();
  }

  /** Adds what was counted since the last time. One at a time; never throws. */
  flush(): Promise<void> {
    return this.#flusher.now();
  }

  /** Writes the last figures. Safe early and twice. */
  stop(): Promise<void> {
    return this.#flusher.stop();
  }

  async #flush(): Promise<void> {
    const { database, recorder, keepDays, onError } = this.#options;
    const taken = recorder.take();
    const now = new Date();
    try {
      if (taken.counts.length > 0) await addQueryStats(database, now, taken.counts);
      // Counted once, whatever fails from here on.
      taken.counts = [];
      if (taken.texts.length > 0) await noteQueryTexts(database, now, taken.texts);
      const minute = Math.floor(now.getTime() / 60_000);
      if (minute === this.#minute) return;
      this.#minute = minute;
      await deleteOldQueryStats(database, now, keepDays);
      await takeDatabaseReading(database, now);
    } catch (error) {
      recorder.putBack(taken);
      onError?.(error);
    }
  }
}
