/** One POST with a deadline. An address may hold a secret, so no error repeats more than its host. */

import type { LookupAddress } from 'node:dns';
import { request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { describeError } from '../errors.ts';
import { DeliveryError } from './delivery-error.ts';
import { pinned } from './guarded-address.ts';

const DEADLINE_MS = 10_000;
/** Of what a receiver says about a refusal. */
const LONGEST_REASON = 200;
const LONGEST_ANSWER = 64 << 10;

/**
 * @param address where to connect; left out, where the name leads
 * @throws {DeliveryError} no answer, a redirect, or a status other than 2xx
 */
export async function post(
  url: string,
  body: string,
  headers: Record<string, string>,
  address?: LookupAddress,
): Promise<void> {
  const { host } = new URL(url);
  const { status, said } = await answerOf(url, body, headers, address).catch((cause) => {
    throw new DeliveryError(`${host} did not answer: ${describeError(cause)}`, { cause });
  });
  if (status >= 200 && status < 300) return;
  // 410: the receiver wants no more of it (Standard Webhooks, "Deliverability").
  throw new DeliveryError(`${host} answered ${status}${said === '' ? '' : `: ${said}`}`, {
    retryable: status !== 410,
  });
}

/** Redirects are not followed: they would lead past the check of the address. */
function answerOf(
  url: string,
  body: string,
  headers: Record<string, string>,
  address: LookupAddress | undefined,
): Promise<{ status: number; said: string }> {
  return new Promise((resolve, reject) => {
    const send = url.startsWith('https:') ? httpsRequest : httpRequest;
    const request = send(url, {
      method: 'POST',
      headers: { 'user-agent': 'wattsync', 'content-length': Buffer.byteLength(body), ...headers },
      signal: AbortSignal.timeout(DEADLINE_MS),
      agent: false,
      ...(address && { lookup: pinned(address) }),
    });
    request.on('error', reject);
    request.on('response', (response) => {
      let said = '';
      let bytes = 0;
      response.setEncoding('utf8');
      response.on('data', (part: string) => {
        bytes += part.length;
        if (said.length < LONGEST_REASON) said += part;
        if (bytes > LONGEST_ANSWER) response.destroy();
      });
      response.on('error', reject);
      response.on('close', () =>
        resolve({ status: response.statusCode ?? 0, said: said.slice(0, LONGEST_REASON).trim() }),
      );
    });
    request.end(body);
  });
}
