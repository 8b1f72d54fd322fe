/**
 * Tells webhooks what happened, each in the order of the log and beside the others. How far each was told is written down
 * behind every delivery, so a process that dies in the middle tells at most one event twice, under the same id.
 */

import { randomUUID } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import { expectWebhookUrl, openAddress } from '../delivery/guarded-address.ts';
import { sendSigned, webhookKey } from '../delivery/signed-webhook.ts';
import { describeError, WattsyncError } from '../errors.ts';
import { Periodic } from '../periodic.ts';
import type { UsageProfile } from '../plan/profiles/profiles.ts';
import { readEvents } from '../store/events/event-log.ts';
import {
  claimWebhooks,
  noteDelivered,
  releaseWebhook,
  type Webhook,
  writeDelivery,
} from '../store/events/webhooks.ts';
import type { Queryable } from '../store/postgres/database.ts';
import { type EventJson, tellEvents } from './event-json.ts';

const LOOK_MS = 500;
const AT_ONCE = 50;
/** Longer than one delivery may take. */
const HOLD_MS = 30_000;
const PAGE = 50;
/** After the first, second, … failure in a row; from then on each day four times. */
const RETRY_MS = [5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000] as const;
/** By time and not by tries: a laptop that sleeps over a long weekend is told on Tuesday. */
const DISABLE_AFTER_MS = 5 * 86_400_000;

interface WebhookSenderOptions {
  database: Queryable;
  profiles: ReadonlyMap<string, UsageProfile>;
  /** Where to connect; left out, only to the open internet. */
  addressOf?: (url: string) => Promise<LookupAddress>;
  onError(error: unknown): void;
}

/** @throws {DeliveryError} it leads inside */
const openAddressOf = (url: string): Promise<LookupAddress> => openAddress(expectWebhookUrl(url));

export class WebhookSender {
  readonly #options: Required<WebhookSenderOptions>;
  readonly #loop: Periodic;
  readonly #sending = new Set<Promise<void>>();
  #isStopping = false;

  constructor(options: WebhookSenderOptions) {
    this.#options = { addressOf: openAddressOf, ...options };
    this.#loop = new Periodic('webhooks', () => this.#tick(), LOOK_MS);
  }

  start(): void {
    this.#loop.start();
  }

  /** Delivers what is due; never throws. */
  async now(): Promise<void> {
    await this.#loop.now();
    await Promise.all(this.#sending);
  }

  /** What is being sent is ended; the rest is left to another process. Safe early and twice. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#loop.stop();
    await Promise.all(this.#sending);
  }

  async #tick(): Promise<void> {
    const { database, onError } = this.#options;
    const limit = AT_ONCE - this.#sending.size;
    if (this.#isStopping || limit <= 0) return;
    try {
      const holder = randomUUID();
      const hooks = await claimWebhooks(database, { holder, limit, holdMs: HOLD_MS });
      for (const hook of hooks) {
        // Not waited for: one that answers slowly keeps nobody else waiting.
        const sending = this.#deliver(hook, holder).finally(() => this.#sending.delete(sending));
        this.#sending.add(sending);
      }
    } catch (error) {
      onError(error);
    }
  }

  async #deliver(hook: Webhook, holder: string): Promise<void> {
    const { database, profiles, onError } = this.#options;
    const held = { name: hook.name, holder };
    const goOn = (seq: number) => noteDelivered(database, { ...held, seq, holdMs: HOLD_MS });
    try {
      const { filter, with_plans: withPlans, seq: after } = hook;
      const { events, upTo, dropped } = await readEvents(database, { after, limit: PAGE, filter });
      if (after < dropped) await this.#send(hook, `resync_${dropped}`, { event: 'resync', seq: dropped });
      for (const told of await tellEvents(database, events, { profiles, withPlans })) {
        if (this.#isStopping) break;
        await this.#send(hook, `evt_${told.seq}`, told);
        if (!(await goOn(told.seq))) return;
      }
      if (!this.#isStopping && !(await goOn(upTo))) return;
      await releaseWebhook(database, held, { retryMs: 0, isFailure: false, disabled: null });
    } catch (error) {
      const failed = failureOf(hook, error);
      await releaseWebhook(database, held, failed).catch(onError);
    }
  }

  async #send(hook: Webhook, id: string, told: EventJson | { event: 'resync'; seq: number }): Promise<void> {
    const { database, addressOf } = this.#options;
    const began = performance.now();
    const note = (error: string | null) =>
      writeDelivery(database, hook.name, { message_id: id, took_ms: performance.now() - began, error });
    try {
      await sendTo(hook, id, told, addressOf);
    } catch (error) {
      await note(describeError(error));
      throw error;
    }
    await note(null);
  }
}

/** As Standard Webhooks shapes a payload: type, time, data. @throws {DeliveryError} it was not taken */
export async function sendTo(
  { url, secret, old_secret }: Pick<Webhook, 'url' | 'secret' | 'old_secret'>,
  id: string,
  data: { event: string; at?: string },
  addressOf: (url: string) => Promise<LookupAddress> = openAddressOf,
): Promise<void> {
  const keys = [secret, ...(old_secret ? [old_secret] : [])].map(webhookKey);
  const body = JSON.stringify({ type: data.event, timestamp: data.at ?? new Date().toISOString(), data });
  await sendSigned(url, keys, { id, body }, await addressOf(url));
}

function failureOf({ failures, failing_since }: Webhook, error: unknown) {
  const isFinal = error instanceof WattsyncError && !error.retryable;
  const failingMs = failing_since ? Date.now() - failing_since.getTime() : 0;
  const disabled = isFinal
    ? describeError(error)
    : failingMs > DISABLE_AFTER_MS
      ? `it failed for five days, the last time with: ${describeError(error)}`
      : null;
  return { retryMs: RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]!, isFailure: true, disabled };
}
