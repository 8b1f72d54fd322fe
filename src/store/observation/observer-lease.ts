/** Who watches: one process of the fleet, until its lease runs out. */

import type { Queryable } from '../postgres/database.ts';
import { PROCESS_ID } from '../upstream/permits.ts';

/** @returns whether it is this process, for another `leaseMs` */
export async function holdLease(queryable: Queryable, leaseMs: number): Promise<boolean> {
  const { rowCount } = await queryable.query(
    `update observer set holder = $1, lease_until = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
      where holder = $1 or lease_until < clock_timestamp()`,
    [PROCESS_ID, leaseMs],
  );
  return rowCount === 1;
}

/** Ends it at once, so that another one may watch. */
export async function releaseLease(queryable: Queryable): Promise<void> {
  await queryable.query(`update observer set lease_until = '-infinity' where holder = $1`, [PROCESS_ID]);
}

/**
 * Held until the transaction ends: two that believe to hold the lease wait for each other here, and the second finds
 * that it does not.
 * @returns `null`: it is another process's; `evaluated_at` is when anybody evaluated last
 */
export async function lockObserver(
  queryable: Queryable,
): Promise<{ now: Date; evaluated_at: Date | null } | null> {
  const { rows } = await queryable.query<{ now: Date; evaluated_at: Date | null }>(
    `select clock_timestamp() as now, evaluated_at from observer
      where holder = $1 and lease_until > clock_timestamp() for update`,
    [PROCESS_ID],
  );
  return rows[0] ?? null;
}

/** @param state what was seen, for the metrics of all processes; `null`: as it was */
export async function noteEvaluation(
  queryable: Queryable,
  { at, took_ms, state }: { at: Date; took_ms: number; state: unknown | null },
): Promise<void> {
  await queryable.query(
    `update observer set evaluated_at = $1, evaluations = evaluations + 1, took_ms = $2, state = coalesce($3, state)`,
    [at, took_ms, state === null ? null : JSON.stringify(state)],
  );
}

export interface ObserverState<State = unknown> {
  at: Date;
  holder: { host: string; pid: number } | null;
  /** Whether its lease holds. */
  is_held: boolean;
  evaluated_at: Date | null;
  evaluations: number;
  took_ms: number | null;
  state: State | null;
}

export async function readObserver<State>(queryable: Queryable): Promise<ObserverState<State>> {
  const { rows } = await queryable.query<ObserverState<State>>(
    `select clock_timestamp() as at, o.lease_until > clock_timestamp() as is_held, o.evaluated_at, o.evaluations,
            o.took_ms, o.state,
            (select jsonb_build_object('host', w.host, 'pid', w.pid) from sync_workers w
              where w.process_id = o.holder order by w.started_at desc limit 1) as holder
       from observer o`,
  );
  return rows[0]!;
}
