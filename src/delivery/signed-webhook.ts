/** Webhooks signed by the Standard Webhooks specification (standardwebhooks.com, 1.0.0). */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { LookupAddress } from 'node:dns';
import { post } from './post.ts';

const PREFIX = 'whsec_';

/** The key in `whsec_…`, whose rest is base64. */
export const webhookKey = (secret: string): Buffer => Buffer.from(secret.slice(PREFIX.length), 'base64');

interface Signed {
  /** The same on every try: who gets it twice can tell. */
  id: string;
  /** Seconds since 1970. */
  timestamp: number;
  body: string;
}

export const signature = (key: Buffer, { id, timestamp, body }: Signed): string =>
  `v1,${createHmac('sha256', key).update(`${id}.${timestamp}.${body}`).digest('base64')}`;

const FRESH_S = 300;

/** As a receiver has to: any of the signatures fits, and the time is not more than five minutes off. */
export function verifyWebhook(
  key: Buffer,
  headers: Pick<Headers, 'get'>,
  body: string,
  nowSeconds: number,
): boolean {
  const id = headers.get('webhook-id') ?? '';
  const timestamp = Number(headers.get('webhook-timestamp'));
  if (!Number.isInteger(timestamp) || Math.abs(nowSeconds - timestamp) > FRESH_S) return false;
  const right = Buffer.from(signature(key, { id, timestamp, body }));
  return (headers.get('webhook-signature') ?? '').split(' ').some((given) => {
    const one = Buffer.from(given);
    return one.length === right.length && timingSafeEqual(one, right);
  });
}

/**
 * @param keys all of them sign: a receiver that knows one is content
 * @param address where to connect; left out, where the name leads
 * @throws {DeliveryError} it was not taken
 */
export function sendSigned(
  url: string,
  keys: readonly Buffer[],
  { id, body }: { id: string; body: string },
  address?: LookupAddress,
): Promise<void> {
  const timestamp = Math.floor(Date.now() / 1_000);
  const headers = {
    'content-type': 'application/json',
    'webhook-id': id,
    'webhook-timestamp': String(timestamp),
    'webhook-signature': keys.map((key) => signature(key, { id, timestamp, body })).join(' '),
  };
  return post(url, body, headers, address);
}

export const newWebhookSecret = (): string => `${PREFIX}${randomBytes(32).toString('base64')}`;
