/** How a process is, as it tells the others beside its sign of life in sync_workers. */

import type { Queryable } from '../postgres/database.ts';
import { PROCESS_ID } from '../upstream/permits.ts';

/** How long ago a loop last went round whole, and how often it should. */
interface LoopRound {
  late_ms: number;
  every_ms: number;
}

/** Connections to PostgreSQL that are open, at work, and may be open at most; and callers that wait for one. */
interface PoolVitals {
  open: number;
  busy: number;
  most: number;
  waiting: number;
}

export interface Vitals {
  memory_bytes: number;
  /** 99 of 100 turns of the event loop were held up for less, within the last seconds. */
  loop_lag_ms: number;
  loops: Record<string, LoopRound>;
  /** By name: `work`, `quick`. */
  pools: Record<string, PoolVitals>;
}

/** Of this process. */
export async function noteVitals(queryable: Queryable, version: string, vitals: Vitals): Promise<void> {
  await queryable.query('update sync_workers set version = $2, vitals = $3 where process_id = $1', [
    PROCESS_ID,
    version,
    JSON.stringify(vitals),
  ]);
}

export interface Deploy {
  at: Date;
  version: string;
}

/** A process begins: another version than the last one that began is a deploy. */
export async function noteDeploy(queryable: Queryable, version: string): Promise<void> {
  await queryable.query(
    `insert into deploys (at, version)
     select clock_timestamp(), $1
      where $1 is distinct from (select version from deploys order by at desc limit 1)`,
    [version],
  );
}

/** Since then, in order. */
export async function readDeploys(queryable: Queryable, since: Date): Promise<Deploy[]> {
  const { rows } = await queryable.query<Deploy>(
    'select at, version from deploys where at > $1 order by at',
    [since],
  );
  return rows;
}
