/** What has to be delivered: which message over which channel, and the deliveries themselves, tried until they are taken. */

import { describeError, WattsyncError } from '../../errors.ts';
import { claimDeliveries, finishDelivery } from '../../store/observation/deliveries.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import type { Channel } from './channels.ts';
import type { AlertMessage } from './messages.ts';
import type { Rules } from './rules.ts';

/** News of a broken channel never goes over that channel. */
const BROKEN = 'channel_failing';

export function addressed(
  messages: readonly AlertMessage[],
  channels: readonly Pick<Channel, 'name'>[],
  rules: Pick<Rules, 'channels'>,
): { message_id: string; channel: string; message: AlertMessage }[] {
  return messages.flatMap((message) =>
    channels.flatMap(({ name }) => {
      const items = message.items.filter(
        ({ severity, rule, subject }) =>
          (rules.channels[name] === 'ticket' || severity === 'page') &&
          !(rule === BROKEN && subject === name),
      );
      return items.length === 0
        ? []
        : [{ message_id: message.id, channel: name, message: { ...message, items } }];
    }),
  );
}

const HOLD_MS = 60_000;
const AT_ONCE = 20;
/** After the first, second, … failure; after the last of them it is given up: nobody needs news of yesterday. */
const RETRY_MS = [
  5_000, 15_000, 60_000, 300_000, 900_000, 1_800_000, 3_600_000, 3_600_000, 14_400_000,
] as const;

const retryAfter = (error: unknown, attempts: number): number | null =>
  error instanceof WattsyncError && !error.retryable ? null : (RETRY_MS[attempts - 1] ?? null);

/**
 * Delivers what is due, each channel in order and beside the others.
 * @returns how many were delivered
 */
export async function deliverDue(queryable: Queryable, channels: readonly Channel[]): Promise<number> {
  const due = await claimDeliveries<AlertMessage>(queryable, { limit: AT_ONCE, holdMs: HOLD_MS });
  let delivered = 0;
  await Promise.all(
    [...Map.groupBy(due, ({ channel }) => channel)].map(async ([name, deliveries]) => {
      const channel = channels.find((one) => one.name === name);
      for (const { id, message, attempts } of deliveries) {
        const began = performance.now();
        const error = await trySending(channel, message, name);
        await finishDelivery(queryable, {
          id,
          took_ms: performance.now() - began,
          error: error === null ? null : describeError(error),
          retryMs: error === null ? null : retryAfter(error, attempts),
        });
        if (error === null) delivered += 1;
      }
    }),
  );
  return delivered;
}

/** @returns why it was not taken */
async function trySending(
  channel: Channel | undefined,
  message: AlertMessage,
  name: string,
): Promise<unknown | null> {
  if (!channel) return new Error(`the channel ${name} is not configured here any more`);
  try {
    await channel.send(message);
    return null;
  } catch (error) {
    return error;
  }
}
