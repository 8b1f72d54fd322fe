/** The beginning of the event log goes with the price history; how far it is gone is written down with it. */

import type { Queryable } from '../postgres/database.ts';

export async function countOldEvents(queryable: Queryable, before: Date): Promise<number> {
  const { rows } = await queryable.query<{ n: number }>(
    'select count(*)::int as n from market_events where at < $1',
    [before],
  );
  return rows[0]!.n;
}

/** The oldest ones first, so that what is left has no gap. @returns how many are gone */
export async function dropOldEvents(queryable: Queryable, before: Date, most: number): Promise<number> {
  const { rows } = await queryable.query<{ n: number }>(
    `with bound as (
       select seq from market_events where at >= $1 order by at limit 1
     ), gone as (
       delete from market_events where seq in (
         select seq from market_events
          where at < $1 and seq < coalesce((select min(seq) from bound), 9223372036854775807) order by seq limit $2)
       returning seq
     ), noted as (
       update market_log set dropped_seq = greatest(dropped_seq, (select max(seq) from gone))
        where exists (select from gone)
     )
     select count(*)::int as n from gone`,
    [before, most],
  );
  return rows[0]!.n;
}
