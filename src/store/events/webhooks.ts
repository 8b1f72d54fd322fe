/** Webhooks: who wants to be told, how far it was told, and how each try went. Secrets are stored sealed. */

import type { Queryable } from '../postgres/database.ts';
import type { EventFilter } from './event-log.ts';
import { MARKET_EVENTS } from './write-events.ts';

export interface Webhook {
  name: string;
  url: string;
  sealed_secret: string;
  /** Signs beside the new one for a day after a rotation. */
  old_sealed_secret: string | null;
  filter: EventFilter;
  with_plans: boolean;
  seq: number;
  state: 'active' | 'paused' | 'disabled';
  why_disabled: string | null;
  created_at: Date;
  created_by: string;
  failures: number;
  failing_since: Date | null;
  next_at: Date;
}

const COLUMNS = `name, url, sealed_secret, case when old_secret_until > now() then old_sealed_secret end as old_sealed_secret,
  filter, with_plans, seq, state, why_disabled, created_at, created_by, failures, failing_since, next_at`;

/** Told to those who deliver: there may be something for a webhook that had nothing to be told. */
const WAKE = `select pg_notify('${MARKET_EVENTS}', last_seq::text) from market_log`;

/** A name that is there already gets the new address and filter, keeps its place and its secret, and is active again. */
export async function putWebhook(
  queryable: Queryable,
  hook: Pick<Webhook, 'name' | 'url' | 'sealed_secret' | 'filter' | 'with_plans' | 'created_by'>,
): Promise<{ isNew: boolean; seq: number }> {
  const { name, url, sealed_secret, filter, with_plans, created_by } = hook;
  const { rows } = await queryable.query<{ isNew: boolean; seq: number }>(
    `insert into webhooks (name, url, sealed_secret, filter, with_plans, created_by, seq)
     select $1, $2, $3, $4, $5, $6, last_seq from market_log
     on conflict (name) do update set url = excluded.url, filter = excluded.filter, with_plans = excluded.with_plans,
       state = 'active', why_disabled = null, failures = 0, failing_since = null, next_at = now(), holder = null
     returning xmax = 0 as "isNew", seq`,
    [name, url, sealed_secret, JSON.stringify(filter), with_plans, created_by],
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
export async function rotateSecret(queryable: Queryable, name: string, sealed: string): Promise<boolean> {
  const { rowCount } = await queryable.query(
    `update webhooks set old_sealed_secret = sealed_secret, old_secret_until = now() + interval '1 day', sealed_secret = $2
      where name = $1`,
    [name, sealed],
  );
  return rowCount === 1;
}

/** Paused, it is told nothing and keeps its place; active again, it is told everything since. @returns whether there is one */
export async function setWebhookState(
  queryable: Queryable,
  name: string,
  state: 'active' | 'paused',
): Promise<boolean> {
  const { rowCount } = await queryable.query(
    `update webhooks set state = $2, why_disabled = null, failures = 0, failing_since = null, next_at = now(), holder = null
      where name = $1`,
    [name, state],
  );
  if (rowCount === 1) await queryable.query(WAKE);
  return rowCount === 1;
}

/** Tells everything after this event once more. @returns whether there is one */
export async function rewindWebhook(queryable: Queryable, name: string, seq: number): Promise<boolean> {
  const { rowCount } = await queryable.query(
    `update webhooks set seq = least($2, (select last_seq from market_log)), next_at = now(), holder = null where name = $1`,
    [name, seq],
  );
  if (rowCount === 1) await queryable.query(WAKE);
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
  const { rows } = await queryable.query<Webhook>({
    name: 'claim webhooks',
    text: `update webhooks w set holder = $1, next_at = clock_timestamp() + make_interval(secs => $3::float8 / 1000)
      where w.name in (
        select name from webhooks
         where state = 'active' and next_at <= clock_timestamp() and seq < (select last_seq from market_log)
         order by next_at limit $2 for update skip locked)
     returning ${COLUMNS}`,
    values: [holder, limit, holdMs],
  });
  return rows;
}

/** A webhook was told everything up to an event. */
export interface Told {
  name: string;
  holder: string;
  seq: number;
  /** It is let go: there is no more for it. */
  isLast: boolean;
  /** What was sent for it and how long that took; `null`: nothing had to be. */
  sent: { message_id: string; took_ms: number } | null;
}

/** Of any number of webhooks, each once. @returns as `name holder`, those that are still held by their tellers */
export async function noteTold(
  queryable: Queryable,
  told: readonly Told[],
  holdMs: number,
): Promise<Set<string>> {
  const { rows } = await queryable.query<{ held: string }>({
    name: 'note told webhooks',
    text: `with told as (
        select * from unnest($1::text[], $2::uuid[], $3::bigint[], $4::boolean[], $5::text[], $6::integer[])
          as t (name, holder, seq, is_last, message_id, took_ms)
      ), moved as (
        update webhooks w set seq = t.seq, failures = 0, failing_since = null,
               holder = case when is_last then null else w.holder end,
               next_at = clock_timestamp() + case when is_last then interval '0' else make_interval(secs => $7::float8 / 1000) end
          from told t where w.name = t.name and w.holder = t.holder
        returning w.name, t.holder
      ), noted as (
        insert into webhook_deliveries (name, message_id, took_ms)
        select name, t.message_id, t.took_ms from told t join webhooks using (name) where t.message_id is not null
      )
      select name || ' ' || holder as held from moved`,
    values: [
      told.map(({ name }) => name),
      told.map(({ holder }) => holder),
      told.map(({ seq }) => seq),
      told.map(({ isLast }) => isLast),
      told.map(({ sent }) => sent?.message_id ?? null),
      told.map(({ sent }) => (sent ? Math.round(sent.took_ms) : null)),
      holdMs,
    ],
  });
  return new Set(rows.map(({ held }) => held));
}

/** Lets go of one that could not be told. @param disabled it is not told any more, and why @returns whether it was held */
export async function noteFailed(
  queryable: Queryable,
  { name, holder }: { name: string; holder: string },
  { retryMs, disabled }: { retryMs: number; disabled: string | null },
): Promise<boolean> {
  const { rowCount } = await queryable.query(
    `update webhooks set holder = null, next_at = clock_timestamp() + make_interval(secs => $3::float8 / 1000),
            failures = failures + 1, failing_since = coalesce(failing_since, clock_timestamp()),
            state = case when $4::text is null then state else 'disabled' end, why_disabled = coalesce($4, why_disabled)
      where name = $1 and holder = $2`,
    [name, holder, retryMs, disabled],
  );
  return rowCount === 1;
}

interface WebhookDelivery {
  message_id: string;
  at: Date;
  took_ms: number;
  /** `null`: it was taken. */
  error: string | null;
}

/** A try that went wrong, or a test. */
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

interface DisabledWebhook {
  name: string;
  why_disabled: string | null;
}

/** Those whose receivers are told no more, and not because an operator said so. */
export async function readDisabledWebhooks(queryable: Queryable): Promise<DisabledWebhook[]> {
  const { rows } = await queryable.query<DisabledWebhook>(
    `select name, why_disabled from webhooks where state = 'disabled' order by name`,
  );
  return rows;
}
