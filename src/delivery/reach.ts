/**
 * Whether a link of somebody else's leads to something. Only to addresses of the open internet, redirects too; what is there
 * is not loaded: a connection is closed as soon as the head of the answer is in.
 */

import type { LookupAddress } from 'node:dns';
import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { describeError } from '../errors.ts';
import { DeliveryError } from './delivery-error.ts';
import { expectWebhookUrl, openAddress, pinned } from './guarded-address.ts';

/** Of one link, redirects included. */
const DEADLINE_MS = 10_000;
const MOST_REDIRECTS = 3;

export interface Head {
  status: number;
  /** Without its parameters; `null` where none is told. */
  content_type: string | null;
}

/** @throws {DeliveryError} the address is internal or none of the web */
async function judgedAddress(url: URL): Promise<LookupAddress> {
  if (!/^https?:$/.test(url.protocol) || url.username !== '' || url.password !== '') {
    throw new DeliveryError('expected a web address without a name or a password', { retryable: false });
  }
  expectWebhookUrl(url.href, { allowHttp: true });
  return openAddress(url);
}

/**
 * @param addressOf judges where a link leads and tells the address to connect to
 * @throws {DeliveryError} an internal address, no answer within ten seconds, or too many redirects
 */
export async function reach(
  link: string,
  addressOf: (url: URL) => Promise<LookupAddress> = judgedAddress,
): Promise<Head> {
  const signal = AbortSignal.timeout(DEADLINE_MS);
  let url = new URL(link);
  for (let hop = 0; hop <= MOST_REDIRECTS; hop++) {
    const answer = await headOf(url, addressOf, signal);
    const next = answer.status >= 300 && answer.status < 400 ? answer.location : null;
    if (next === null) return { status: answer.status, content_type: answer.content_type };
    const found = URL.parse(next, url.href);
    if (!found) throw new DeliveryError(`${url.host} redirects to something that is not an address`);
    url = found;
  }
  throw new DeliveryError(`${url.host} redirects more than ${MOST_REDIRECTS} times`);
}

type Answered = Head & { location: string | null };

/** Asked with GET where HEAD brings an error: many servers know no HEAD. */
async function headOf(
  url: URL,
  addressOf: (url: URL) => Promise<LookupAddress>,
  signal: AbortSignal,
): Promise<Answered> {
  const address = await Promise.race([addressOf(url), ended(signal, url.host)]);
  try {
    const answer = await ask('HEAD', url, address, signal);
    return answer.status >= 400 ? await ask('GET', url, address, signal) : answer;
  } catch (cause) {
    throw new DeliveryError(`${url.host} does not answer: ${describeError(cause)}`, { cause });
  }
}

/** A name server may take longer than anybody waits. */
const ended = (signal: AbortSignal, host: string): Promise<never> =>
  new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new DeliveryError(`${host} was not found in time`)), {
      once: true,
    });
  });

function ask(
  method: 'HEAD' | 'GET',
  url: URL,
  address: LookupAddress,
  signal: AbortSignal,
): Promise<Answered> {
  return new Promise((resolve, reject) => {
    const send = url.protocol === 'https:' ? httpsRequest : httpRequest;
    const request = send(url, {
      method,
      headers: { 'user-agent': 'wattsync (looks whether a link works)', accept: '*/*' },
      signal,
      agent: false,
      lookup: pinned(address),
    });
    request.on('error', reject);
    request.on('response', (response: IncomingMessage) => {
      const { statusCode: status = 0, headers } = response;
      const content_type = headers['content-type']?.split(';')[0]?.trim() || null;
      resolve({ status, content_type, location: headers.location ?? null });
      // Nobody reads on.
      response.on('error', () => {});
      request.destroy();
    });
    request.end();
  });
}
