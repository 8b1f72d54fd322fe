/** One POST with a deadline. An address may hold a secret, so no error repeats more than its host. */

import { describeError } from '../errors.ts';
import { DeliveryError } from './delivery-error.ts';

const DEADLINE_MS = 10_000;
/** Of what a receiver says about a refusal. */
const LONGEST_REASON = 200;

/** @throws {DeliveryError} no answer, a redirect, or a status other than 2xx */
export async function post(url: string, body: string, headers: Record<string, string>): Promise<void> {
  const { host } = new URL(url);
  let response: Response;
  let said = '';
  try {
    response = await fetch(url, {
      method: 'POST',
      body,
      headers: { 'user-agent': 'wattsync', ...headers },
      redirect: 'manual',
      signal: AbortSignal.timeout(DEADLINE_MS),
    });
    said = (await response.text()).slice(0, LONGEST_REASON).trim();
  } catch (cause) {
    throw new DeliveryError(`${host} did not answer: ${describeError(cause)}`, { cause });
  }
  if (response.ok) return;
  // 410: the receiver wants no more of it (Standard Webhooks, "Deliverability").
  throw new DeliveryError(`${host} answered ${response.status}${said === '' ? '' : `: ${said}`}`, {
    retryable: response.status !== 410,
  });
}
