/** Upstream calls one by one, each with who wanted it: those of the last hour, and those of a run. */

import type { Queryable } from '../postgres/database.ts';

export interface SeenUpstreamCall {
  at: Date;
  run_id: number | null;
  /** `null`: the whole of Texas, or a call that names no TDSP. */
  tdsp_duns: string | null;
  requested_by: string | null;
  is_forced: boolean;
  /** From 1. */
  attempt: number;
  status: number | null;
  bytes: number | null;
  duration_ms: number;
  /** `null`: it went well. */
  error: string | null;
}

const CALL = `c.called_at as at, c.run_id, t.duns as tdsp_duns, r.requested_by, coalesce(r.is_forced, false) as is_forced,
       c.attempt, c.status, c.bytes, c.duration_ms, c.error
  from api_calls c
  left join sync_runs r on r.id = c.run_id
  left join tdsps t on t.duns = any (select value from jsonb_each_text(c.params))`;

/** Of the last hour by the clock of the database, the oldest first. */
export async function readCallsOfHour(queryable: Queryable, limit: number): Promise<SeenUpstreamCall[]> {
  const { rows } = await queryable.query<SeenUpstreamCall>(
    `select * from (
       select ${CALL} where c.called_at > clock_timestamp() - interval '1 hour' order by c.called_at desc limit $1
     ) last order by at`,
    [limit],
  );
  return rows;
}

/** Of one run, in the order in which they were made. */
export async function readCallsOfRun(queryable: Queryable, runId: number): Promise<SeenUpstreamCall[]> {
  const { rows } = await queryable.query<SeenUpstreamCall>(
    `select ${CALL} where c.run_id = $1 order by c.called_at, c.id`,
    [runId],
  );
  return rows;
}

/** When the first of the calls failed that failed since one went well, within a week; `null`: the last one went well. */
export async function readFailingSince(queryable: Queryable, source: string): Promise<Date | null> {
  const { rows } = await queryable.query<{ since: Date | null }>(
    `with recent as (
       select called_at, error from api_calls where source = $1 and called_at > clock_timestamp() - interval '7 days'
     )
     select min(called_at) as since from recent
      where called_at > coalesce((select max(called_at) from recent where error is null), '-infinity')`,
    [source],
  );
  return rows[0]!.since;
}
