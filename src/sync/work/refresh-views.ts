/**
 * Brings the materialised views up to what is published: after a run, once for all its TDSPs, by one process of the
 * fleet. What others publish meanwhile leads to one more round.
 */

import { performance } from 'node:perf_hooks';
import { describeError } from '../../errors.ts';
import {
  giveBackRefreshLock,
  type MarketView,
  noteRefreshed,
  noteRefreshFailed,
  readBehindViews,
  refreshView,
  tryRefreshLock,
} from '../../store/market/views.ts';
import { type Connection, cancelStatement, type Database } from '../../store/postgres/database.ts';

interface ViewsRefreshed {
  /** `elsewhere`: another process refreshes, and will see what this one published. */
  status: 'refreshed' | 'current' | 'elsewhere' | 'failed';
  views: { view: MarketView; duration_ms: number; error: string | null }[];
}

/**
 * One view that fails does not keep the others from being refreshed; why it failed is in `view_refreshes`. Aborted, it
 * ends at once: a refresh that is cancelled leaves the view as it was.
 */
export async function refreshMarketViews(
  database: Database,
  { signal = new AbortController().signal }: { signal?: AbortSignal } = {},
): Promise<ViewsRefreshed> {
  const views: ViewsRefreshed['views'] = [];
  const end = (status: ViewsRefreshed['status']) => ({ status, views });
  for (;;) {
    // Asked also after the lock was given back: a process that found it taken relies on that.
    if ((await readBehindViews(database.pool)).views.length === 0 || signal.aborted) {
      return end(views.length > 0 ? 'refreshed' : 'current');
    }
    const round = await refreshUnderLock(database, signal).catch((error: unknown) => {
      if (signal.aborted) return [];
      throw error;
    });
    if (!round) return end(views.length > 0 ? 'refreshed' : 'elsewhere');
    views.push(...round);
    // It would fail again: the next run tries.
    if (round.some(({ error }) => error !== null)) return end('failed');
  }
}

async function refreshUnderLock(
  database: Database,
  signal: AbortSignal,
): Promise<ViewsRefreshed['views'] | null> {
  const connection = await database.pool.connect();
  let isWhole = false;
  const cancel = () => void cancelStatement(database.quick, connection).catch(() => {});
  signal.addEventListener('abort', cancel);
  try {
    if (!(await tryRefreshLock(connection))) {
      isWhole = true;
      return null;
    }
    // Read before the refresh: what is published during it makes the views look behind, never current.
    const { market, views } = await readBehindViews(connection);
    const done: ViewsRefreshed['views'] = [];
    for (const view of views) {
      const one = await refreshOne(connection, view, market, signal);
      if (one) done.push(one);
    }
    await giveBackRefreshLock(connection);
    isWhole = true;
    return done;
  } finally {
    signal.removeEventListener('abort', cancel);
    // A connection that failed is closed, and its lock with it.
    connection.release(!isWhole);
  }
}

async function refreshOne(
  connection: Connection,
  view: MarketView,
  market: string,
  signal: AbortSignal,
): Promise<ViewsRefreshed['views'][number] | null> {
  if (signal.aborted) return null;
  const began = performance.now();
  try {
    await refreshView(connection, view);
    const duration_ms = performance.now() - began;
    await noteRefreshed(connection, { view, market, duration_ms });
    return { view, duration_ms, error: null };
  } catch (cause) {
    if (signal.aborted) return null;
    const error = describeError(cause);
    await noteRefreshFailed(connection, view, error);
    return { view, duration_ms: performance.now() - began, error };
  }
}
