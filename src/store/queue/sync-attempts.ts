/** Every time a worker tried to sync a TDSP: what the success rate is counted from. */

import { toJsonb } from '../postgres/copy.ts';
import type { Connection, Queryable } from '../postgres/database.ts';

/** One line for each time a worker tried, those that were tried again included. */
export async function insertAttempts(
  connection: Connection,
  attempts: readonly {
    job_id: string;
    tdsp_duns: string;
    worker_id: string;
    status: string;
    error_code: string | null;
    started_at: Date;
  }[],
): Promise<void> {
  await connection.query(
    `insert into sync_attempts (job_id, tdsp_duns, worker_id, status, error_code, started_at, finished_at)
     select job_id, tdsp_duns, worker_id, status, error_code, started_at, clock_timestamp()
       from jsonb_to_recordset($1) as a (job_id uuid, tdsp_duns text, worker_id uuid, status text, error_code text,
              started_at timestamptz)`,
    [toJsonb(attempts)],
  );
}

export interface AttemptCounts {
  attempts: number;
  /** Those that brought what they should. */
  succeeded: number;
  /** Their share; `null` without any attempt. */
  success_rate: number | null;
}

/** Every attempt counts, those that were tried again too: what a retry repaired had failed all the same. */
export async function readAttemptCounts(
  queryable: Queryable,
): Promise<{ hour: AttemptCounts; day: AttemptCounts }> {
  const within = (span: string) => {
    const attempts = `count(*) filter (where ${span})`;
    const succeeded = `count(*) filter (where ${span} and error_code is null)`;
    return `jsonb_build_object('attempts', ${attempts}, 'succeeded', ${succeeded},
      'success_rate', ${succeeded}::float8 / nullif(${attempts}, 0))`;
  };
  const { rows } = await queryable.query<{ hour: AttemptCounts; day: AttemptCounts }>(
    `select ${within("finished_at > clock_timestamp() - interval '1 hour'")} as hour, ${within('true')} as day
       from sync_attempts where finished_at > clock_timestamp() - interval '1 day'`,
  );
  return rows[0]!;
}
