/**
 * The months of `plan_price_history`. They are made ahead, by the first to come: a migration, a publish, maintenance.
 * Dropping one is never a side effect of anything: it takes a call of its own, and a limit it cannot go below.
 */

import { WattsyncError } from '../../errors.ts';
import type { Database, Queryable } from '../postgres/database.ts';

interface HistoryPartition {
  name: string;
  /** `null` in the oldest one, which holds whatever lies before its end. */
  from_at: Date | null;
  until_at: Date;
  /** A drop of it began and did not finish. */
  is_being_detached: boolean;
  /** As of the last ANALYZE; 0 where there was none. */
  estimated_rows: number;
  bytes: number;
}

/** History is what the program is kept for, so no configuration can drop the last thirteen months. */
export const LEAST_HISTORY_MONTHS = 13;

/** More history was to be dropped than may be. */
class HistoryRetentionError extends WattsyncError {
  readonly code = 'history_too_young';
  readonly retryable = false;
}

/** All partitions, the oldest first. */
export async function readHistoryPartitions(queryable: Queryable): Promise<HistoryPartition[]> {
  const { rows } = await queryable.query<HistoryPartition>(
    `select name, from_at, until_at, is_being_detached, estimated_rows, bytes
       from history_partitions order by until_at`,
  );
  return rows;
}

/**
 * Since when history is complete.
 * @returns `null` if nothing was ever dropped
 */
export async function readHistoryKeptSince(queryable: Queryable): Promise<Date | null> {
  const { rows } = await queryable.query<{ from_at: Date | null }>(
    `select from_at from history_partitions where not is_being_detached order by until_at limit 1`,
  );
  return rows[0]?.from_at ?? null;
}

/** Nothing that was dropped can be younger than this: for later times there is no need for `readHistoryKeptSince`. */
export const oldestHistoryLimit = (now: Date): Date => monthsBefore(now, LEAST_HISTORY_MONTHS);

const LOCK_NOT_AVAILABLE = '55P03';

/**
 * Makes the partitions of this month and the next three (months in UTC) that are missing. Locks out nobody, and may be
 * called by many at once.
 * @returns the names of those made now
 * @throws what PostgreSQL said, if the month of `now` still has none
 */
export async function ensureHistoryPartitions(queryable: Queryable, now: Date): Promise<string[]> {
  try {
    const { rows } = await queryable.query<{ name: string }>(
      'select name from ensure_history_partitions($1) name',
      [now],
    );
    return rows.map(({ name }) => name);
  } catch (error) {
    // The history is being vacuumed or backed up just now. The months ahead can wait for the next call.
    if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE) throw error;
    if (!(await hasMonth(queryable, now))) throw error;
    return [];
  }
}

/** How many of the months that `ensureHistoryPartitions` makes are missing. */
export async function countMissingMonths(queryable: Queryable, now: Date): Promise<number> {
  const { rows } = await queryable.query<{ n: number }>(
    `select count(*)::int as n
       from generate_series(0, 3) ahead
      where not history_has_month(
              date_trunc('month', $1::timestamptz at time zone 'UTC') + make_interval(months => ahead))`,
    [now],
  );
  return rows[0]!.n;
}

async function hasMonth(queryable: Queryable, now: Date): Promise<boolean> {
  const { rows } = await queryable.query<{ has: boolean }>(
    `select history_has_month(date_trunc('month', $1::timestamptz at time zone 'UTC')) as has`,
    [now],
  );
  return rows[0]!.has;
}

const readyUntil = new WeakMap<Database, number>();

const CHECK_VIOLATION = '23514';

/** After a publish that failed: where PostgreSQL had no place for its rows, the month was removed, and the next publish looks again. */
export function doubtHistoryPartition(database: Database, error: unknown): void {
  if ((error as { code?: string }).code === CHECK_VIOLATION) readyUntil.delete(database);
}

/** For every publish: sees to the partitions once a month, and costs nothing the other times. */
export async function expectHistoryPartition(database: Database, now: Date): Promise<void> {
  const month = now.getUTCFullYear() * 12 + now.getUTCMonth();
  if (readyUntil.get(database) === month) return;
  await ensureHistoryPartitions(database.pool, now);
  readyUntil.set(database, month);
}

/** The first month to be kept, where `months` whole ones are kept besides the one that runs. */
export function historyLimit(now: Date, months: number): Date {
  if (!Number.isInteger(months) || months < LEAST_HISTORY_MONTHS) {
    throw new HistoryRetentionError(
      `Keeping ${months} months of history is too little: expected a whole number from ${LEAST_HISTORY_MONTHS}. ` +
        'Unset RETENTION_HISTORY_MONTHS to keep all of it.',
    );
  }
  return monthsBefore(now, months);
}

const monthsBefore = (now: Date, months: number): Date =>
  new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() - months));

interface DropOptions {
  now: Date;
  /** Say what would be dropped, and drop nothing. */
  dryRun: boolean;
}

/**
 * Drops the partitions that end at `month` or before. Each is detached beside running queries, which see it to their
 * end, and dropped when nobody uses it any more. Killed half-way, the next call goes on. Not to be called inside a
 * transaction.
 * @param month the first one to be kept, the beginning of a month in UTC
 * @returns what was dropped, or would be
 * @throws {HistoryRetentionError} the month lies within the last thirteen, or is not the beginning of one
 */
export async function dropHistoryBefore(
  queryable: Queryable,
  month: Date,
  { now, dryRun }: DropOptions,
): Promise<HistoryPartition[]> {
  const isBeginning = month.getTime() === monthsBefore(month, 0).getTime();
  const limit = oldestHistoryLimit(now);
  if (!isBeginning || month > limit) {
    throw new HistoryRetentionError(
      `History before ${month.toISOString()} cannot be dropped: expected the beginning of a month in UTC, ` +
        `${limit.toISOString()} at the latest.`,
    );
  }
  const begun = await readBegunDrops(queryable);
  const old = (await readHistoryPartitions(queryable)).filter(({ until_at }) => until_at <= month);
  if (dryRun) return [...begun, ...old];
  // Three statements each, because the second one commits by itself. The names come from the catalogue and need no quotes.
  for (const { name, until_at, is_being_detached } of old) {
    await queryable.query(`comment on table ${name} is '${TO_BE_DROPPED}${until_at.toISOString()}'`);
    const how = is_being_detached ? 'finalize' : 'concurrently';
    await queryable.query(`alter table plan_price_history detach partition ${name} ${how}`);
    await queryable.query(`drop table ${name}`);
  }
  for (const { name } of begun) await queryable.query(`drop table ${name}`);
  return [...begun, ...old];
}

/** Tells a partition that was detached to be dropped from one that the operator detached to keep it. */
const TO_BE_DROPPED = 'to be dropped, ends at ';

/** Detached already when their drop was stopped. */
async function readBegunDrops(queryable: Queryable): Promise<HistoryPartition[]> {
  const { rows } = await queryable.query<HistoryPartition>(
    `select relname as name, null as from_at, substr(remark, length($1) + 1)::timestamptz as until_at,
            true as is_being_detached, greatest(reltuples, 0)::bigint as estimated_rows,
            pg_total_relation_size(oid) as bytes
       from pg_class cross join lateral obj_description(oid, 'pg_class') as remark
      where relname like 'plan\\_price\\_history\\_%' and relkind = 'r' and not relispartition
        and relnamespace = current_schema()::regnamespace and starts_with(remark, $1)
      order by until_at`,
    [TO_BE_DROPPED],
  );
  return rows;
}
