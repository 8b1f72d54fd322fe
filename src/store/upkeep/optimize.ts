/**
 * `db:optimize`: repairs indexes, renews statistics and views, removes dead rows. Nothing holds a lock that keeps readers
 * or writers out for longer than a moment, except what was asked for by name.
 */

import type pg from 'pg';
import { describeError } from '../../errors.ts';
import { MARKET_VIEWS, noteRefreshed, readBehindViews } from '../market/views.ts';
import { cancelStatement, type Database } from '../postgres/database.ts';
import { type OptimizeWishes, type PlannedAction, planOptimization } from './optimize-plan.ts';
import { type Estimate, readEstimates } from './readings/estimates.ts';
import { readHealth } from './readings/health-readings.ts';
import { type Busy, withUpkeepLock } from './upkeep-lock.ts';

export interface DoneAction extends Omit<PlannedAction, 'statements' | 'otherwise'> {
  status: 'done' | 'planned' | 'skipped' | 'failed';
  /** Why it failed, or what was done instead. */
  message: string | null;
  bytes_before: number | null;
  bytes_after: number | null;
  duration_ms: number;
}

interface OptimizeProgress {
  started(action: PlannedAction): void;
  finished(action: DoneAction): void;
}

interface OptimizeOptions extends Partial<OptimizeWishes> {
  dryRun?: boolean;
  /** How long an index being built waits for old transactions. Nobody waits for it meanwhile. */
  patienceMs?: number;
  signal?: AbortSignal;
  progress?: OptimizeProgress;
}

export interface OptimizeResult {
  actions: DoneAction[];
  estimates: { before: Estimate[]; after: Estimate[] };
}

const PATIENCE_MS = 30_000;
const CLEANUP_LOCK_MS = 1_000;
/** Before and while readers are locked out. */
const REWRITE = { lockMs: 2_000, tries: 5, longestMs: 120_000 };

export async function optimizeDatabase(
  database: Database,
  {
    rewrite = [],
    freeze = false,
    dryRun = false,
    patienceMs = PATIENCE_MS,
    signal,
    progress,
  }: OptimizeOptions = {},
): Promise<OptimizeResult | Busy> {
  return withUpkeepLock(database, 'optimize', patienceMs, async (client) => {
    const { market, views } = await readBehindViews(client).catch(() => ({
      market: null,
      views: [],
    }));
    const plan = planOptimization(await readHealth(database, null), { rewrite, freeze }, views);
    const before = await readEstimates(client).catch(() => []);
    const actions: DoneAction[] = [];
    for (const action of plan) {
      if (signal?.aborted) break;
      if (!dryRun) progress?.started(action);
      const done = await perform(database, client, action, { dryRun, signal });
      await noteIfRefreshed(client, done, market);
      actions.push(done);
      progress?.finished(done);
    }
    const after = dryRun || signal?.aborted ? [] : await readEstimates(client).catch(() => []);
    return { actions, estimates: { before, after } };
  });
}

/** So that the next sync does not do it again. */
async function noteIfRefreshed(
  client: pg.Client,
  { kind, status, subject, duration_ms }: DoneAction,
  market: string | null,
): Promise<void> {
  const view = MARKET_VIEWS.find((name) => name === subject);
  if (kind !== 'refresh_view' || status !== 'done' || !view || market === null) return;
  await noteRefreshed(client, { view, market, duration_ms });
}

async function perform(
  database: Database,
  client: pg.Client,
  action: PlannedAction,
  { dryRun, signal }: Pick<OptimizeOptions, 'dryRun' | 'signal'>,
): Promise<DoneAction> {
  const { kind, subject, why, statements } = action;
  // Statistics change nothing in size.
  const measured = kind === 'analyze' ? null : subject;
  const done: DoneAction = {
    kind,
    subject,
    why,
    status: statements.length === 0 ? 'skipped' : 'planned',
    message: null,
    bytes_before: await sizeOf(client, measured),
    bytes_after: null,
    duration_ms: 0,
  };
  if (dryRun || statements.length === 0) return done;
  const started = performance.now();
  const cancel = () => void cancelStatement(database.quick, client).catch(() => {});
  signal?.addEventListener('abort', cancel);
  try {
    done.message = await send(client, action);
    done.status = 'done';
  } catch (error) {
    done.status = 'failed';
    done.message = await explain(client, error);
    await removeLeftovers(client, action);
  } finally {
    signal?.removeEventListener('abort', cancel);
  }
  done.bytes_after = await sizeOf(client, measured).catch(() => null);
  done.duration_ms = Math.round(performance.now() - started);
  return done;
}

/** @returns what was done instead, if rows were in the way */
async function send(
  client: pg.Client,
  { kind, statements, otherwise }: PlannedAction,
): Promise<string | null> {
  if (kind === 'rewrite') return sendPatiently(client, statements);
  try {
    for (const statement of statements) await client.query(statement);
    return null;
  } catch (error) {
    if (!otherwise || (error as { code?: string }).code !== UNIQUE_VIOLATION) throw error;
    await removeLeftovers(client, { statements });
    for (const statement of otherwise.statements) await client.query(statement);
    return otherwise.why;
  }
}

const UNIQUE_VIOLATION = '23505';
const LOCK_NOT_AVAILABLE = '55P03';

/** Everybody who comes later waits behind a wish for an exclusive lock, so each try is short. */
function sendPatiently(client: pg.Client, statements: readonly string[]): Promise<null> {
  return withTimeouts(client, { lockMs: REWRITE.lockMs, statementMs: REWRITE.longestMs }, async () => {
    for (let attempt = 1; ; attempt++) {
      try {
        for (const statement of statements) await client.query(statement);
        return null;
      } catch (error) {
        if ((error as { code?: string }).code !== LOCK_NOT_AVAILABLE || attempt === REWRITE.tries)
          throw error;
      }
    }
  });
}

/** A concurrent build that failed leaves an index that costs and is of no use. */
async function removeLeftovers(
  client: pg.Client,
  { statements }: Pick<PlannedAction, 'statements'>,
): Promise<void> {
  for (const statement of statements) {
    const rebuilt = /^reindex index concurrently (\S+)$/.exec(statement)?.[1];
    const created = /^create (?:unique )?index concurrently if not exists (\S+) /.exec(statement)?.[1];
    for (const name of [rebuilt && withSuffix(rebuilt, '_ccnew'), created]) {
      if (!name) continue;
      const { rows } = await client.query<{ is_left: boolean }>(
        'select exists (select from pg_index where indexrelid = to_regclass($1) and not indisvalid) as is_left',
        [name],
      );
      // What cannot be removed now, because a session is at work on the table, is removed by the next run.
      if (!rows[0]!.is_left) continue;
      const drop = () => client.query(`drop index concurrently if exists ${name}`);
      await withTimeouts(client, { lockMs: CLEANUP_LOCK_MS, statementMs: 0 }, drop).catch(() => {});
    }
  }
}

/** Other timeouts than the usual ones of this connection, for a while. */
async function withTimeouts<T>(
  client: pg.Client,
  { lockMs, statementMs }: { lockMs: number; statementMs: number },
  work: () => Promise<T>,
): Promise<T> {
  const { rows } = await client.query<{ usual: string }>(
    `select current_setting('lock_timeout') as usual, set_config('lock_timeout', $1, false),
            set_config('statement_timeout', $2, false)`,
    [String(lockMs), String(statementMs)],
  );
  try {
    return await work();
  } finally {
    await client.query(
      `select set_config('lock_timeout', $1, false), set_config('statement_timeout', '0', false)`,
      [rows[0]!.usual],
    );
  }
}

const withSuffix = (name: string, suffix: string): string =>
  name.endsWith('"') ? `${name.slice(0, -1)}${suffix}"` : `${name}${suffix}`;

async function sizeOf(client: pg.Client, relation: string | null): Promise<number | null> {
  if (relation === null) return null;
  const { rows } = await client.query<{ bytes: number | null }>(
    'select pg_total_relation_size(to_regclass($1))::float8 as bytes',
    [relation],
  );
  return rows[0]!.bytes;
}

/** What PostgreSQL said, and for a lock that could not be had, who has it. */
async function explain(client: pg.Client, error: unknown): Promise<string> {
  const { code, detail } = error as { code?: string; detail?: string };
  if (code === '57014') return 'cancelled';
  if (code !== LOCK_NOT_AVAILABLE) return [describeError(error), detail].filter(Boolean).join('. ');
  const { rows } = await client.query<{ pid: number; seconds: number }>(
    `select pid, extract(epoch from clock_timestamp() - xact_start)::float8 as seconds from pg_stat_activity
      where datname = current_database() and xact_start is not null and pid <> pg_backend_pid() order by xact_start limit 1`,
  );
  const oldest = rows[0];
  return oldest
    ? `it would have had to wait for session ${oldest.pid}, whose transaction is open for ${Math.round(oldest.seconds)} s; see db:health`
    : 'a lock could not be had in time; run it again';
}
