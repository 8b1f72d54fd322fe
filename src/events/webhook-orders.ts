/** What an operator may do about webhooks, by API, command or page alike; each order is written to the audit log. */

import type { LookupAddress } from 'node:dns';
import { expectWebhookUrl, openAddress } from '../delivery/guarded-address.ts';
import { newWebhookSecret } from '../delivery/signed-webhook.ts';
import { describeError, errorCode } from '../errors.ts';
import type { Sealer } from '../seal.ts';
import type { EventFilter } from '../store/events/event-log.ts';
import {
  deleteWebhook,
  putWebhook,
  readWebhooks,
  rewindWebhook,
  rotateSecret,
  setWebhookState,
  writeDelivery,
} from '../store/events/webhooks.ts';
import type { Queryable } from '../store/postgres/database.ts';
import { writeAudit } from '../store/queue/audit-log.ts';
import { payloadOf } from './told-events.ts';
import { sendTo } from './webhook-sender.ts';

export interface WebhookOrders {
  database: Queryable;
  sealer: Sealer;
  /** Who gives the order. */
  by: string;
}

interface NewWebhook {
  name: string;
  url: string;
  filter: EventFilter;
  with_plans: boolean;
}

const audit = ({ database, by }: WebhookOrders, action: string, details: Record<string, unknown>) =>
  writeAudit(database, { actor: by, action, details });

/**
 * @returns the event after which it is told, and its secret, which is told this once; `null` where the name had one already
 * @throws {DeliveryError} the address leads inside. A name that is not known yet is taken: it is looked at before every connection
 */
export async function putHook(
  orders: WebhookOrders,
  { name, url: given, filter, with_plans }: NewWebhook,
): Promise<{ seq: number; secret: string | null }> {
  const url = expectWebhookUrl(given);
  await openAddress(url).catch((error) => {
    if (errorCode(error) === 'delivery_failed') throw error;
  });
  const secret = newWebhookSecret();
  const sealed_secret = orders.sealer.seal(`webhook ${name}`, secret);
  const hook = { name, url: url.href, sealed_secret, filter, with_plans, created_by: orders.by };
  const { isNew, seq } = await putWebhook(orders.database, hook);
  await audit(orders, 'webhook_put', { name, host: url.host, filter });
  return { seq, secret: isNew ? secret : null };
}

/** @returns the new secret, beside which the old one signs for a day; `null`: there is no such webhook */
export async function rotateHook(orders: WebhookOrders, name: string): Promise<string | null> {
  const secret = newWebhookSecret();
  const sealed = orders.sealer.seal(`webhook ${name}`, secret);
  if (!(await rotateSecret(orders.database, name, sealed))) return null;
  await audit(orders, 'webhook_rotated', { name });
  return secret;
}

/** Sends a message of no meaning. @returns `null`: there is no such webhook; `error`: why it was not taken */
export async function testHook(
  { database, sealer }: Pick<WebhookOrders, 'database' | 'sealer'>,
  name: string,
  addressOf?: (url: string) => Promise<LookupAddress>,
): Promise<{ error: string | null; took_ms: number } | null> {
  const [hook] = await readWebhooks(database, name);
  if (!hook) return null;
  const message_id = `test_${Date.now()}`;
  const began = performance.now();
  const message = { id: message_id, body: payloadOf({ event: 'test' }) };
  const error = await sendTo(hook, message, sealer, addressOf).then(() => null, describeError);
  const took_ms = Math.round(performance.now() - began);
  await writeDelivery(database, name, { message_id, took_ms, error });
  return { error, took_ms };
}

/** Tells everything after an event once more, under the same ids. @returns whether there is such a webhook */
export async function replayHook(orders: WebhookOrders, name: string, since: number): Promise<boolean> {
  const isThere = await rewindWebhook(orders.database, name, since);
  if (isThere) await audit(orders, 'webhook_replayed', { name, since });
  return isThere;
}

/** @returns whether there is such a webhook */
export async function pauseHook(orders: WebhookOrders, name: string): Promise<boolean> {
  const isThere = await setWebhookState(orders.database, name, 'paused');
  if (isThere) await audit(orders, 'webhook_paused', { name });
  return isThere;
}

/** Also one that was disabled: it is told everything since. @returns whether there is such a webhook */
export async function resumeHook(orders: WebhookOrders, name: string): Promise<boolean> {
  const isThere = await setWebhookState(orders.database, name, 'active');
  if (isThere) await audit(orders, 'webhook_resumed', { name });
  return isThere;
}

/** @returns whether there was such a webhook */
export async function removeHook(orders: WebhookOrders, name: string): Promise<boolean> {
  const wasThere = await deleteWebhook(orders.database, name);
  if (wasThere) await audit(orders, 'webhook_deleted', { name });
  return wasThere;
}
