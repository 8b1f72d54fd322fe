/** Puts what a publish did into the event log. */

import type { NewEvent } from '../../plan/events/market-event.ts';
import { toJsonb } from '../postgres/copy.ts';
import type { Connection } from '../postgres/database.ts';

/** The channel on which every process hears of events. The payload is the number of the last one. */
export const MARKET_EVENTS = 'wattsync_market_events';

/** The last statement before the commit: from here on every other publish waits for its end. */
export async function writeEvents(
  connection: Connection,
  { tdsp_duns, version, published_at }: { tdsp_duns: string; version: number; published_at: Date },
  events: readonly NewEvent[],
): Promise<void> {
  await connection.query({
    name: 'write events',
    text: `with numbered as (
        update market_log set last_seq = last_seq + $5::bigint returning last_seq - $5::bigint as before_first, last_seq
      ), told as (
        insert into market_events
          (seq, tdsp_duns, version, at, kind, cause, offer_id, plan_id, external_id, provider_id, rate_change, data)
        select numbered.before_first + r.place, $1, $2, $3, r.kind, r.cause, r.offer_id, r.plan_id, r.external_id,
               r.provider_id, r.rate_change, nullif(r.data, 'null')
          from numbered cross join rows from (json_to_recordset($4) as (
            kind text, cause text, offer_id uuid, plan_id uuid, external_id text, provider_id text, rate_change numeric, data jsonb
          )) with ordinality as r (kind, cause, offer_id, plan_id, external_id, provider_id, rate_change, data, place)
      )
      select pg_notify('${MARKET_EVENTS}', last_seq::text) from numbered`,
    values: [tdsp_duns, version, published_at, toJsonb(events), events.length],
  });
}
