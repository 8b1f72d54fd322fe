/** The outbox of the alerts: messages are put into it in the transaction that decides them, and taken out one by one. */

import type { Queryable } from '../postgres/database.ts';

export interface Delivery<Message = unknown> {
  id: number;
  message_id: string;
  channel: string;
  message: Message;
  state: 'waiting' | 'delivered' | 'given_up';
  attempts: number;
  created_at: Date;
  next_at: Date;
  delivered_at: Date | null;
  took_ms: number | null;
  error: string | null;
}

const COLUMNS =
  'id, message_id, channel, message, state, attempts, created_at, next_at, delivered_at, took_ms, error';

/** A message that is there already is not put in again. */
export async function insertDeliveries(
  queryable: Queryable,
  deliveries: readonly { message_id: string; channel: string; message: unknown }[],
): Promise<void> {
  if (deliveries.length === 0) return;
  await queryable.query(
    `insert into alert_deliveries (message_id, channel, message, created_at, next_at)
     select message_id, channel, message, clock_timestamp(), clock_timestamp()
       from jsonb_to_recordset($1) as d (message_id text, channel text, message jsonb)
     on conflict (message_id, channel) do nothing`,
    [JSON.stringify(deliveries)],
  );
}

/**
 * Takes those that are due, for as long as `holdMs`: nobody else takes them meanwhile, and a process that dies with them
 * leaves them to the next one.
 */
export async function claimDeliveries<Message>(
  queryable: Queryable,
  { limit, holdMs }: { limit: number; holdMs: number },
): Promise<Delivery<Message>[]> {
  const { rows } = await queryable.query<Delivery<Message>>(
    `update alert_deliveries d set attempts = d.attempts + 1,
            next_at = clock_timestamp() + make_interval(secs => $2::float8 / 1000)
      where d.id in (select id from alert_deliveries where state = 'waiting' and next_at <= clock_timestamp()
                      order by id limit $1 for update skip locked)
     returning ${COLUMNS}`,
    [limit, holdMs],
  );
  return rows.toSorted((a, b) => a.id - b.id);
}

/** How a try went. @param retryMs when to try again; `null`: given up, or delivered where there is no error */
export async function finishDelivery(
  queryable: Queryable,
  {
    id,
    took_ms,
    error,
    retryMs,
  }: { id: number; took_ms: number; error: string | null; retryMs: number | null },
): Promise<void> {
  await queryable.query(
    `update alert_deliveries set took_ms = $2, error = $3,
            state = case when $3::text is null then 'delivered' when $4::float8 is null then 'given_up' else state end,
            delivered_at = case when $3::text is null then clock_timestamp() end,
            next_at = clock_timestamp() + make_interval(secs => coalesce($4::float8, 0) / 1000)
      where id = $1`,
    [id, Math.round(took_ms), error, retryMs],
  );
}

export interface ChannelDeliveries {
  channel: string;
  /** Within a day. */
  messages: number;
  delivered: number;
  given_up: number;
  waiting: number;
  /** Failed at least once and waits to be tried again. */
  failing: number;
  last_at: Date | null;
  last_took_ms: number | null;
  last_attempts: number | null;
  last_state: Delivery['state'] | null;
  last_error: string | null;
}

/** What became of the messages of the last day, by channel. */
export async function readChannelDeliveries(queryable: Queryable): Promise<ChannelDeliveries[]> {
  const { rows } = await queryable.query<ChannelDeliveries>(
    `select channel, count(*)::int as messages, count(*) filter (where state = 'delivered')::int as delivered,
            count(*) filter (where state = 'given_up')::int as given_up,
            count(*) filter (where state = 'waiting')::int as waiting,
            count(*) filter (where state = 'waiting' and error is not null)::int as failing,
            (array_agg(coalesce(delivered_at, created_at) order by id desc))[1] as last_at,
            (array_agg(took_ms order by id desc))[1] as last_took_ms,
            (array_agg(attempts order by id desc))[1] as last_attempts,
            (array_agg(state order by id desc))[1] as last_state,
            (array_agg(error order by id desc))[1] as last_error
       from alert_deliveries where created_at > clock_timestamp() - interval '1 day' group by channel order by channel`,
  );
  return rows;
}
