/**
 * The materialised views over the market: which there are, whether they show what is published, and how they are
 * refreshed without a reader noticing.
 */

import type { Connection, Queryable } from '../postgres/database.ts';
import { LOCKS } from '../postgres/locks.ts';

/**
 * In the order in which they are refreshed: one may be made from those before it. Another view is a migration that
 * creates it, with a unique index, and its name here.
 */
export const MARKET_VIEWS = [
  'market_by_area',
  'provider_performance',
  'facet_counts',
  'market_products',
  'market_words',
] as const;
export type MarketView = (typeof MARKET_VIEWS)[number];

interface BehindViews {
  /** Names the version of every snapshot that is current now. */
  market: string;
  /** Those that show another market, in the order of MARKET_VIEWS. */
  views: MarketView[];
}

/** Which views do not show what is published now. One look at an index for each TDSP. */
export async function readBehindViews(queryable: Queryable): Promise<BehindViews> {
  const { rows } = await queryable.query<BehindViews>(
    `with market as (
       select md5(coalesce(string_agg(t.duns || '.' || s.version, '+' order by t.duns), '')) as version
         from tdsps t cross join lateral
              (select version from plan_snapshots where tdsp_duns = t.duns order by version desc limit 1) s
     )
     select m.version as market,
            coalesce(array_agg(v.name order by v.n) filter (where r.market is distinct from m.version), '{}') as views
       from market m
      cross join unnest($1::text[]) with ordinality as v (name, n)
       left join view_refreshes r on r.view_name = v.name
      group by m.version`,
    [MARKET_VIEWS],
  );
  return rows[0]!;
}

/** The right to refresh, until it is given back or the connection ends; false: another process has it. */
export async function tryRefreshLock(connection: Connection): Promise<boolean> {
  const { rows } = await connection.query<{ isOurs: boolean }>(
    'select pg_try_advisory_lock($1) as "isOurs"',
    [LOCKS.refreshViews],
  );
  return rows[0]!.isOurs;
}

export async function giveBackRefreshLock(connection: Connection): Promise<void> {
  await connection.query('select pg_advisory_unlock($1)', [LOCKS.refreshViews]);
}

/** Readers see the old rows until the new ones are there. Only rows that differ are written. */
export async function refreshView(connection: Connection, view: MarketView): Promise<void> {
  await connection.query(`refresh materialized view concurrently ${view}`);
  // A view that was empty a moment ago would be planned for as if it still were.
  await connection.query(`analyze ${view}`);
}

export async function noteRefreshed(
  queryable: Queryable,
  refreshed: { view: MarketView; market: string; duration_ms: number },
): Promise<void> {
  const { view, market, duration_ms } = refreshed;
  await queryable.query(
    `insert into view_refreshes (view_name, market, refreshed_at, duration_ms) values ($1, $2, now(), $3)
     on conflict (view_name) do update set market = excluded.market, refreshed_at = excluded.refreshed_at,
       duration_ms = excluded.duration_ms, failed_at = null, error = null`,
    [view, market, Math.round(duration_ms)],
  );
}

export async function noteRefreshFailed(
  connection: Connection,
  view: MarketView,
  error: string,
): Promise<void> {
  await connection.query(
    `insert into view_refreshes (view_name, failed_at, error) values ($1, now(), $2)
     on conflict (view_name) do update set failed_at = excluded.failed_at, error = excluded.error`,
    [view, error],
  );
}

interface FailedRefresh {
  view: string;
  failed_at: Date;
  error: string;
}

/** Views whose last refresh failed: they show an older market until one succeeds. */
export async function readFailedRefreshes(queryable: Queryable): Promise<FailedRefresh[]> {
  const { rows } = await queryable.query<FailedRefresh>(
    `select view_name as view, failed_at, coalesce(error, '') as error
       from view_refreshes where failed_at is not null order by view_name`,
  );
  return rows;
}
