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
import type { Sealer } from '../seal.ts';
import { keepPayloads, payloadKey, readPayloads } from '../store/events/webhook-payloads.ts';
import { claimWebhooks, noteFailed, type Webhook, writeDelivery } from '../store/events/webhooks.ts';
import type { Queryable } from '../store/postgres/database.ts';
import { writeAudit } from '../store/queue/audit-log.ts';
import { payloadOf, ToldEvents } from './told-events.ts';
import { ToldNotes } from './told-notes.ts';

/** A publish is heard of; this is for what is tried again, and for what was not heard. */
const LOOK_MS = 2_000;
const AT_ONCE = 50;
/** As many are taken at once, so that a thousand webhooks cost forty claims. */
const LEAST_FREE = 25;
/** Longer than one delivery may take. */
const HOLD_MS = 30_000;
/** After the first, second, … failure in a row; from then on each day four times. */
const RETRY_MS = [5_000, 30_000, 120_000, 600_000, 1_800_000, 3_600_000, 10_800_000, 21_600_000] as const;
/** By time and not by tries: a laptop that sleeps over a long weekend is told on Tuesday. */
const DISABLE_AFTER_MS = 5 * 86_400_000;

interface WebhookSenderOptions {
  database: Queryable;
  profiles: ReadonlyMap<string, UsageProfile>;
  /** Opens the stored secrets. */
  sealer: Sealer;
  /** Where to connect; left out, only to the open internet. */
  addressOf?: (url: string) => Promise<LookupAddress>;
  /** For how long a process that died keeps others from what it held: longer than one delivery takes. */
  holdMs?: number;
  /** A receiver is told no more, because it said so or failed for days. */
  onDisabled?: (webhook: { name: string; why: string }) => void;
  onError(error: unknown): void;
}

/** @throws {DeliveryError} it leads inside */
const openAddressOf = (url: string): Promise<LookupAddress> => openAddress(expectWebhookUrl(url));

export class WebhookSender {
  readonly #options: Required<WebhookSenderOptions>;
  readonly #loop: Periodic;
  readonly #events: ToldEvents;
  readonly #notes: ToldNotes;
  readonly #sending = new Set<Promise<void>>();
  #claiming: Promise<void> | null = null;
  /** There may be more to claim than was. */
  #hasMore = false;
  /** How often it was heard that the log has grown. */
  #heard = 0;
  #isStopping = false;

  constructor(options: WebhookSenderOptions) {
    this.#options = { addressOf: openAddressOf, holdMs: HOLD_MS, onDisabled: () => {}, ...options };
    this.#events = new ToldEvents(options.database, options.profiles);
    this.#notes = new ToldNotes(options.database, this.#options.holdMs);
    this.#loop = new Periodic('webhooks', () => this.heard(), LOOK_MS);
  }

  start(): void {
    this.#loop.start();
  }

  /** Something was published, or may have been. Resolves when what could be taken was; never throws. */
  heard(): Promise<void> {
    this.#heard++;
    this.#events.forget();
    this.#hasMore = true;
    return this.#claim();
  }

  /** Delivers what is due; never throws. */
  async now(): Promise<void> {
    await this.heard();
    while (this.#sending.size > 0 || this.#claiming) await Promise.all([...this.#sending, this.#claiming]);
  }

  /** What is being sent is ended; the rest is left to another process. Safe early and twice. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    await this.#loop.stop();
    await Promise.all(this.#sending);
  }

  #claim(): Promise<void> {
    this.#claiming ??= this.#claimDue()
      .catch((error) => this.#options.onError(error))
      .finally(() => {
        this.#claiming = null;
        // Those that ended while this ended found it still claiming.
        this.#claimMore();
      });
    return this.#claiming;
  }

  get #canClaim(): boolean {
    return this.#hasMore && !this.#isStopping && this.#sending.size <= AT_ONCE - LEAST_FREE;
  }

  #claimMore(): void {
    if (this.#canClaim) void this.#claim();
  }

  async #claimDue(): Promise<void> {
    while (this.#canClaim) {
      const limit = AT_ONCE - this.#sending.size;
      this.#hasMore = false;
      const holder = randomUUID();
      const { database, holdMs } = this.#options;
      const hooks = await claimWebhooks(database, { holder, limit, holdMs });
      if (hooks.length === limit) this.#hasMore = true;
      // Not waited for: one that answers slowly keeps nobody else waiting.
      for (const hook of hooks) this.#begin(hook, holder);
    }
  }

  #begin(hook: Webhook, holder: string): void {
    const sending = this.#deliver(hook, holder).finally(() => {
      this.#sending.delete(sending);
      this.#claimMore();
    });
    this.#sending.add(sending);
  }

  async #deliver(hook: Webhook, holder: string): Promise<void> {
    const heard = this.#heard;
    try {
      const isWhole = await this.#tell(hook, holder);
      // What was published meanwhile found it held.
      if (!isWhole || heard !== this.#heard) this.#hasMore = true;
    } catch (error) {
      await this.#fail(hook, holder, error).catch(this.#options.onError);
    }
  }

  /** @returns whether that was all */
  async #tell(hook: Webhook, holder: string): Promise<boolean> {
    const { name, filter, with_plans: withPlans } = hook;
    const { events, upTo, last, dropped } = await this.#events.after(hook.seq, filter);
    const note = (seq: number, isLast: boolean, sent: { message_id: string; took_ms: number } | null) =>
      this.#notes.note({ name, holder, seq, isLast, sent });
    if (hook.seq < dropped) {
      const sent = await this.#send(hook, `resync_${dropped}`, await this.#resync(dropped));
      if (!(await note(dropped, false, sent))) return true;
    }
    const texts = await this.#events.texts(events, { filter, withPlans });
    for (const [at, { seq }] of events.entries()) {
      const isLast = at === events.length - 1 || this.#isStopping;
      const sent = await this.#send(hook, `evt_${seq}`, texts[at]!);
      if (!(await note(at === events.length - 1 ? upTo : seq, isLast, sent))) return true;
      if (isLast) break;
    }
    if (events.length === 0) await note(upTo, true, null);
    return upTo >= last;
  }

  /** The same words on every try, as with events. */
  async #resync(seq: number): Promise<string> {
    const { database } = this.#options;
    const one = { seq, variant: 'resync' };
    const resync = { event: 'resync', seq };
    await keepPayloads(database, [{ ...one, body: payloadOf(resync) }]);
    return (await readPayloads(database, [one])).get(payloadKey(one))!;
  }

  async #send(hook: Webhook, id: string, body: string): Promise<{ message_id: string; took_ms: number }> {
    const { database, sealer, addressOf } = this.#options;
    const began = performance.now();
    try {
      await sendTo(hook, { id, body }, sealer, addressOf);
    } catch (error) {
      const took_ms = performance.now() - began;
      await writeDelivery(database, hook.name, { message_id: id, took_ms, error: describeError(error) });
      throw error;
    }
    return { message_id: id, took_ms: performance.now() - began };
  }

  async #fail(hook: Webhook, holder: string, error: unknown): Promise<void> {
    const { database, onDisabled } = this.#options;
    const { name } = hook;
    const failed = failureOf(hook, error);
    const isHeld = await noteFailed(database, { name, holder }, failed);
    const { disabled: why } = failed;
    if (!isHeld || why === null) return;
    onDisabled({ name, why });
    await writeAudit(database, { actor: 'webhooks', action: 'webhook_disabled', details: { name, why } });
  }
}

/** @throws {DeliveryError} it was not taken @throws {SealError} its secret cannot be read */
export async function sendTo(
  hook: Pick<Webhook, 'name' | 'url' | 'sealed_secret' | 'old_sealed_secret'>,
  message: { id: string; body: string },
  sealer: Sealer,
  addressOf: (url: string) => Promise<LookupAddress> = openAddressOf,
): Promise<void> {
  const { name, url, sealed_secret, old_sealed_secret } = hook;
  const secrets = [sealed_secret, ...(old_sealed_secret ? [old_sealed_secret] : [])];
  const keys = secrets.map((sealed) => webhookKey(sealer.open(`webhook ${name}`, sealed)));
  await sendSigned(url, keys, message, await addressOf(url));
}

function failureOf({ failures, failing_since }: Webhook, error: unknown) {
  // Of the receiver alone: a key that is missing here must not cost the receiver its place.
  const isFinal = error instanceof WattsyncError && error.code === 'delivery_failed' && !error.retryable;
  const failingMs = failing_since ? Date.now() - failing_since.getTime() : 0;
  const disabled = isFinal
    ? describeError(error)
    : failingMs > DISABLE_AFTER_MS
      ? `it failed for five days, the last time with: ${describeError(error)}`
      : null;
  return { retryMs: RETRY_MS[Math.min(failures, RETRY_MS.length - 1)]!, disabled };
}
