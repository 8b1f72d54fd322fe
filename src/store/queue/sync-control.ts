/**
 * Whether syncing is allowed, for all processes: one row, so that it holds over restarts and for processes that cannot
 * be reached. The gate and the publish look at it themselves, so that an emergency stops even a process that was frozen
 * when it was declared.
 */

import type { Connection, Queryable } from '../postgres/database.ts';

/** The channel on which a change is told. The payload is the new state. */
export const SYNC_CONTROL_CHANGED = 'wattsync_sync_control';

/**
 * `stopped`: what runs may end, nothing begins. `emergency`: no upstream call and no publish at all, and what was
 * waiting or running is cancelled.
 */
export type ControlState = 'running' | 'stopped' | 'emergency';

export interface Control {
  state: ControlState;
  changed_at: Date;
  /** `cli`, `admin`, and who that was where it is known. */
  changed_by: string;
  reason: string | null;
}

export async function readControl(queryable: Queryable): Promise<Control> {
  const { rows } = await queryable.query<Control>(
    'select state, changed_at, changed_by, reason from sync_control',
  );
  return rows[0]!;
}

/** The state, held as it is until the transaction ends: a change waits, and what comes after it sees it. */
export async function lockControl(connection: Connection): Promise<Control> {
  const { rows } = await connection.query<Control>(
    'select state, changed_at, changed_by, reason from sync_control for share',
  );
  return rows[0]!;
}

/** A stop leaves an emergency as it is: that is more than a stop. @returns whether anything changed */
export async function writeControl(
  connection: Connection,
  { state, changed_by, reason }: Omit<Control, 'changed_at'>,
): Promise<boolean> {
  const { rowCount } = await connection.query(
    `with changed as (
       update sync_control set state = $1, changed_at = clock_timestamp(), changed_by = $2, reason = $3
        where state <> $1 and not ($1 = 'stopped' and state = 'emergency') returning state
     )
     select pg_notify($4, state) from changed`,
    [state, changed_by, reason, SYNC_CONTROL_CHANGED],
  );
  return rowCount === 1;
}
