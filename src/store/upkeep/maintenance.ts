/** `db:maintenance`, and what the weekly job runs: removes what is past its time and repairs what was left half done. */

import type pg from 'pg';
import { describeError } from '../../errors.ts';
import type { Database } from '../postgres/database.ts';
import { readDatabaseTime } from '../queue/sync-workers.ts';
import { readTables } from './readings/tables.ts';
import { MAINTENANCE_STEPS, type MaintenanceContext, type MaintenanceStep } from './retention.ts';
import { type Busy, withUpkeepLock } from './upkeep-lock.ts';

export interface StepResult {
  name: string;
  what: string;
  /** Rows removed or things repaired; with a dry run, what would be. */
  count: number;
  status: 'done' | 'planned' | 'stopped' | 'failed';
  message: string | null;
  duration_ms: number;
}

export interface VacuumResult {
  table: string;
  dead_rows: number;
  bytes_before: number;
  bytes_after: number | null;
  status: 'done' | 'planned' | 'failed';
  message: string | null;
  duration_ms: number;
}

interface MaintenanceProgress {
  /** What is being done, and of how many things how many are done. */
  now(what: string, done?: number, of?: number): void;
  finished(result: StepResult | VacuumResult): void;
}

interface MaintenanceOptions {
  keep: MaintenanceContext['keep'];
  /** Say what would go, and change nothing. */
  dryRun?: boolean;
  /** VACUUM where dead rows demand it. */
  vacuum?: boolean;
  /** Rows in one transaction. */
  batch?: number;
  steps?: readonly MaintenanceStep[];
  now?: Date;
  signal?: AbortSignal;
  progress?: MaintenanceProgress;
}

export interface MaintenanceReport {
  steps: StepResult[];
  vacuumed: VacuumResult[];
}

const BATCH = 5_000;
const LOCK_MS = 5_000;
/** What autovacuum would come for in time is taken along: a tenth of a table. */
const VACUUM_FROM = { rows: 1_000, share: 0.1 };

/** One that fails leaves the others to be done. Where another process is at the same work, nothing is done here. */
export function runMaintenance(
  database: Database,
  options: MaintenanceOptions,
): Promise<MaintenanceReport | Busy> {
  const { keep, steps = MAINTENANCE_STEPS, vacuum = true, signal } = options;
  return withUpkeepLock(database, 'maintenance', LOCK_MS, async (client) => {
    // What is old is for the database to say: a machine whose clock is years ahead must not remove everything.
    const now = options.now ?? (await readDatabaseTime(client));
    const results: StepResult[] = [];
    for (const step of steps) {
      if (signal?.aborted) break;
      results.push(await runStep(client, step, { database, now, keep }, options));
    }
    const vacuumed = vacuum && !signal?.aborted ? await vacuumTables(client, options) : [];
    return { steps: results, vacuumed };
  });
}

async function runStep(
  client: pg.Client,
  step: MaintenanceStep,
  context: MaintenanceContext,
  { dryRun = false, batch = BATCH, signal, progress }: MaintenanceOptions,
): Promise<StepResult> {
  const result: StepResult = {
    name: step.name,
    what: step.what(context),
    count: 0,
    status: dryRun ? 'planned' : 'done',
    message: null,
    duration_ms: 0,
  };
  await attempt(result, async () => {
    const total = await step.count(client, context);
    if (dryRun) result.count = total;
    for (let done = total; done > 0 && !dryRun; ) {
      done = await step.next(client, context, batch);
      result.count += done;
      progress?.now(step.name, result.count, total);
      if (done > 0 && signal?.aborted) {
        result.status = 'stopped';
        return;
      }
    }
  });
  progress?.finished(result);
  return result;
}

/** Does it and takes the time; that it failed is part of the result. */
async function attempt(result: StepResult | VacuumResult, work: () => Promise<void>): Promise<void> {
  const started = performance.now();
  try {
    await work();
  } catch (error) {
    result.status = 'failed';
    result.message = describeError(error);
  }
  result.duration_ms = Math.round(performance.now() - started);
}

async function vacuumTables(
  client: pg.Client,
  { dryRun = false, signal, progress }: MaintenanceOptions,
): Promise<VacuumResult[]> {
  // The counts of what was just deleted are shared a moment later, unless they are asked for.
  await client.query('select pg_stat_force_next_flush()').catch(() => {});
  const tables = (await readTables(client)).filter(
    ({ is_ours, kind, dead_rows, rows }) =>
      is_ours && kind === 'table' && dead_rows >= VACUUM_FROM.rows && dead_rows >= rows * VACUUM_FROM.share,
  );
  const results: VacuumResult[] = [];
  for (const { name, dead_rows, bytes, toast_bytes } of tables) {
    if (signal?.aborted) break;
    const result: VacuumResult = {
      table: name,
      dead_rows,
      bytes_before: bytes + toast_bytes,
      bytes_after: null,
      status: dryRun ? 'planned' : 'done',
      message: null,
      duration_ms: 0,
    };
    await attempt(result, async () => {
      if (dryRun) return;
      progress?.now(`vacuum ${name}`);
      await client.query(`vacuum (analyze) ${name}`);
      const { rows } = await client.query<{ bytes: number }>(
        'select pg_table_size($1::regclass)::float8 as bytes',
        [name],
      );
      result.bytes_after = rows[0]!.bytes;
    });
    results.push(result);
    progress?.finished(result);
  }
  return results;
}

/** In a line of the log. */
export function summaryOf(report: MaintenanceReport | Busy): Record<string, unknown> {
  if ('busy' in report) return { status: 'busy', pid: report.busy.pid };
  const { steps, vacuumed } = report;
  const removed = Object.fromEntries(
    steps.filter(({ count }) => count > 0).map(({ name, count }) => [name, count]),
  );
  const failed = steps.filter(({ status }) => status === 'failed').map(({ name }) => name);
  return {
    status: failed.length > 0 ? 'failed' : 'done',
    removed,
    failed,
    vacuumed: vacuumed.map(({ table }) => table),
  };
}
