/** Webhooks: who wants to be told, how far it was told, and how each try went. */

import type { Queryable } from '../postgres/database.ts';
import type { EventFilter } from './event-log.ts';

export interface Webhook {
  name: string;
  url: string;
  secret: string;
  /** Signs beside the new one for a day after a rotation. */
  old_secret: string | null;
  filter: EventFilter;
  with_plans: boolean;
  seq: number;
  state: 'active' | 'disabled';
  why_disabled: string | null;
  created_at: Date;
  created_by: string;
  failures: number;
  failing_since: Date | null;
}

const COLUMNS = `name, url, secret, case when old_secret_until > now() then old_secret end as old_secret, filter, with_plans,
  seq, state, why_disabled, created_at, created_by, failures, failing_since`;

/** A name that is there already gets the new address and filter, keeps its place and its secret, and is active again. */
export async function putWebhook(
  queryable: Queryable,
  hook: Pick<Webhook, 'name' | 'url' | 'secret' | 'filter' | 'with_plans' | 'created_by'>,
): Promise<{ isNew: boolean; seq: number }> {
  const { name, url, secret, filter, with_plans, created_by } = hook;
  const { rows } = await queryable.query<{ isNew: boolean; seq: number }>(
    `insert into webhooks (name, url, secret, filter, with_plans, created_by, seq)
     select $1, $2, $3, $4, $5, $6, last_seq from market_log
     on conflict (name) do update set url = excluded.url, filter = excluded.filter, with_plans = excluded.with_plans,
       state = 'active', why_disabled = null, failures = 0, failing_since = null, next_at = now(), holder = null
     returning xmax = 0 as "isNew", seq`,
    [name, url, secret, JSON.stringify(filter), with_plans, created_by],
  );
  return rows[0]!;
}

export async function readWebhooks(queryable: Queryable, name: string | null = null): Promise<Webhook[]> {
  const { rows } = await queryable.query<Webhook>(
    `select ${COLUMNS} from webhooks where $1::text is null or name = $1 order by name`,
    [name],
  );
  return rows;
}

/** @returns whether there was one */
export async function deleteWebhook(queryable: Queryable, name: string): Promise<boolean> {
  const { rowCount } = await queryable.query('delete from webhooks where name = $1', [name]);
  return rowCount === 1;
}

/** The old secret signs, too, for a day: a receiver changes over when it likes. @returns whether there is one */
export async function rotateSecret(queryable: Queryable, name: string, secret: string): Promise<boolean> {
  const { rowCount } = await queryable.query(
    `update webhooks set old_secret = secret, old_secret_until = now() + interval '1 day', secret = $2 where name = $1`,
    [name, secret],
  );
  return rowCount === 1;
}

/** Tells everything after this event once more. @returns whether there is one */
export async function rewindWebhook(queryable: Queryable, name: string, seq: number): Promise<boolean> {
  const { rowCount } = await queryable.query(
    `update webhooks set seq = least($2, (select last_seq from market_log)), next_at = now(), holder = null where name = $1`,
    [name, seq],
  );
  return rowCount === 1;
}

/**
 * Takes those that have something to be told, for as long as `holdMs`: a process that dies with them leaves them to the
 * next one, and one that was frozen is not listened to any more.
 */
export async function claimWebhooks(
  queryable: Queryable,
  { holder, limit, holdMs }: { holder: string; limit: number; holdMs: number },
): Promise<Webhook[]> {
  const { rows } = await queryable.query<Webhook>(
    `update webhooks w set holder = $1, next_at = clock_timestamp() + make_interval(secs => $3::float8 / 1000)
      where w.name in (
        select name from webhooks
         where state = 'active' and next_at <= clock_timestamp() and seq < (select last_seq from market_log)
         order by next_at limit $2 for update skip locked)
     returning ${COLUMNS}`,
    [holder, limit, holdMs],
  );
  return rows;
}

/** @returns whether the holder still holds it */
export async function noteDelivered(
  queryable: Queryable,
  { name, holder, seq, holdMs }: { name: string; holder: string; seq: number; holdMs: number },
): Promise<boolean> {
  const { rowCount } = await queryable.query({
    name: 'note delivered',
    text: `update webhooks set seq = $3, failures = 0, failing_since = null,
                  next_at = clock_timestamp() + make_interval(secs => $4::float8 / 1000)
            where name = $1 and holder = $2`,
    values: [name, holder, seq, holdMs],
  });
  return rowCount === 1;
}

/** Lets it go. @param next when to look again, and what went wrong; `disabled`: it is not told any more, and why */
export async function releaseWebhook(
  queryable: Queryable,
  { name, holder }: { name: string; holder: string },
  { retryMs, isFailure, disabled }: { retryMs: number; isFailure: boolean; disabled: string | null },
): Promise<void> {
  await queryable.query(
    `update webhooks set holder = null, next_at = clock_timestamp() + make_interval(secs => $3::float8 / 1000),
            failures = failures + $4::int,
            failing_since = case when $4::int = 1 then coalesce(failing_since, clock_timestamp()) else failing_since end,
            state = case when $5::text is null then state else 'disabled' end, why_disabled = coalesce($5, why_disabled)
      where name = $1 and holder = $2`,
    [name, holder, retryMs, isFailure ? 1 : 0, disabled],
  );
}

interface WebhookDelivery {
  message_id: string;
  at: Date;
  took_ms: number;
  /** `null`: it was taken. */
  error: string | null;
}

export async function writeDelivery(
  queryable: Queryable,
  name: string,
  { message_id, took_ms, error }: Omit<WebhookDelivery, 'at'>,
): Promise<void> {
  await queryable.query({
    name: 'write delivery',
    text: `insert into webhook_deliveries (name, message_id, took_ms, error)
           select name, $2, $3, $4 from webhooks where name = $1`,
    values: [name, message_id, Math.round(took_ms), error],
  });
}

/** The last tries, the newest first. */
export async function readDeliveries(
  queryable: Queryable,
  name: string,
  limit: number,
): Promise<WebhookDelivery[]> {
  const { rows } = await queryable.query<WebhookDelivery>(
    'select message_id, at, took_ms, error from webhook_deliveries where name = $1 order by id desc limit $2',
    [name, limit],
  );
  return rows;
}
