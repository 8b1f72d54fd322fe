/** Experiments with refresh strategies, and what days of the past were like. Shapes of JSON are those of planning/experiment. */

import { toJsonb } from '../postgres/copy.ts';
import type { Queryable } from '../postgres/database.ts';

export interface StoredExperiment {
  id: number;
  source: string;
  plan: unknown;
  days: unknown[];
  /** `null`: no day is over. */
  standing: unknown;
  started_at: Date;
  started_by: string;
  ended_at: Date | null;
  ended_by: string | null;
  outcome: string | null;
  reason: string | null;
}

const COLUMNS = `id::int as id, source, plan, days, standing, started_at, started_by, ended_at, ended_by, outcome, reason`;

/** @returns `null`: one is running already */
export async function insertExperiment(
  queryable: Queryable,
  source: string,
  plan: unknown,
  by: string,
): Promise<number | null> {
  const { rows } = await queryable.query<{ id: number }>(
    `insert into experiments (source, plan, started_by) values ($1, $2, $3)
     on conflict (source) where ended_at is null do nothing returning id::int as id`,
    [source, toJsonb(plan), by],
  );
  return rows[0]?.id ?? null;
}

export async function readRunningExperiment(
  queryable: Queryable,
  source: string,
): Promise<StoredExperiment | null> {
  const { rows } = await queryable.query<StoredExperiment>(
    `select ${COLUMNS} from experiments where source = $1 and ended_at is null`,
    [source],
  );
  return rows[0] ?? null;
}

/** The newest first. @param from, to of those that ran at any time between */
export async function readExperiments(
  queryable: Queryable,
  { from = null, to = null, limit }: { from?: Date | null; to?: Date | null; limit: number },
): Promise<StoredExperiment[]> {
  const { rows } = await queryable.query<StoredExperiment>(
    `select ${COLUMNS} from experiments
      where ($1::timestamptz is null or ended_at is null or ended_at >= $1) and ($2::timestamptz is null or started_at < $2)
      order by started_at desc, id desc limit $3`,
    [from, to, limit],
  );
  return rows;
}

export async function writeExperimentDays(
  queryable: Queryable,
  id: number,
  days: readonly unknown[],
  standing: unknown,
): Promise<void> {
  await queryable.query(
    'update experiments set days = $2, standing = $3 where id = $1 and ended_at is null',
    [id, toJsonb(days), toJsonb(standing)],
  );
}

/** @returns whether it was running */
export async function endExperiment(
  queryable: Queryable,
  id: number,
  { outcome, reason, by }: { outcome: string; reason: string; by: string },
): Promise<boolean> {
  const { rowCount } = await queryable.query(
    `update experiments set ended_at = clock_timestamp(), ended_by = $2, outcome = $3, reason = $4
      where id = $1 and ended_at is null`,
    [id, by, outcome, reason],
  );
  return rowCount === 1;
}

interface SeenChange {
  plan_set: string;
  /** The middle of the time in which it lies. */
  changed_at: Date;
  seen_at: Date;
}

/** Changes of a time, the oldest first. */
export async function readSeenChanges(
  queryable: Queryable,
  source: string,
  { from, to }: { from: Date; to: Date },
): Promise<SeenChange[]> {
  const { rows } = await queryable.query<SeenChange>(
    `select plan_set, changed_after + (changed_by - changed_after) / 2 as changed_at, seen_at
       from refresh_changes where source = $1 and changed_by > $2 and changed_by <= $3 order by changed_by, plan_set`,
    [source, from, to],
  );
  return rows;
}

interface CallMade {
  /** DUNS; `null` where one call brings all sets. */
  tdsp_duns: string | null;
  called_at: Date;
  is_answered: boolean;
  /** A look between the schedules asked for it. */
  is_look: boolean;
}

/** Calls of a time, the oldest first. */
export async function readCallsBetween(
  queryable: Queryable,
  source: string,
  { from, to }: { from: Date; to: Date },
): Promise<CallMade[]> {
  const { rows } = await queryable.query<CallMade>(
    `select params ->> 'tdsp_duns' as tdsp_duns, called_at, error is null and status is not null as is_answered,
            exists (select from sync_runs r where r.id = c.run_id and r.requested_by = 'refresh') as is_look
       from api_calls c where source = $1 and called_at > $2 and called_at <= $3 order by called_at, id`,
    [source, from, to],
  );
  return rows;
}
