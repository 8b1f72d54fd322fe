/**
 * Where a webhook may go: only to addresses of the open internet. Every address that a name stands for has to be one, and
 * the connection is made to the very address that was looked at, so that a name cannot stand for another one by then.
 */

import { promises as dns, type LookupAddress } from 'node:dns';
import { isIP, type LookupFunction } from 'node:net';
import { isOpen } from '../open-address.ts';
import { DeliveryError } from './delivery-error.ts';

type Resolve = (host: string) => Promise<LookupAddress[]>;

const resolveAll: Resolve = (host) => dns.lookup(host, { all: true, verbatim: true });

const refused = (host: string, why: string) =>
  new DeliveryError(`${host} ${why}: expected a host on the open internet`, { retryable: false });

/** What an address says by itself, before a name is looked up. @throws {DeliveryError} */
export function expectWebhookUrl(text: string, { allowHttp = false } = {}): URL {
  const url = URL.canParse(text) ? new URL(text) : null;
  if (!url || !(url.protocol === 'https:' || (allowHttp && url.protocol === 'http:'))) {
    throw new DeliveryError('The address of a webhook has to begin with https://', { retryable: false });
  }
  if (url.username !== '' || url.password !== '') {
    throw new DeliveryError('The address of a webhook must not hold a name or a password', {
      retryable: false,
    });
  }
  if (url.port !== '' && !allowHttp) throw refused(url.host, 'names a port other than 443');
  const host = hostOf(url);
  if (isIP(host) !== 0 ? !isOpen(host) : !/\.[a-z][a-z0-9-]*$/i.test(host))
    throw refused(url.host, 'is internal');
  return url;
}

/** Without the brackets of an IPv6 address and the dot at the end of a name. */
const hostOf = ({ hostname }: URL): string => hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '');

/** @returns an address to connect to @throws {DeliveryError} one of its addresses is internal */
export async function openAddress(url: URL, resolve: Resolve = resolveAll): Promise<LookupAddress> {
  const host = hostOf(url);
  const family = isIP(host);
  const found = family === 0 ? await resolve(host) : [{ address: host, family }];
  const [first] = found;
  if (!first) throw new DeliveryError(`${host} has no address`);
  if (!found.every(({ address }) => isOpen(address))) throw refused(host, 'stands for an internal address');
  return first;
}

/** Connects to this address, whatever the name stands for by now. */
export const pinned =
  ({ address, family }: LookupAddress): LookupFunction =>
  (_host, options, done) => {
    if (options.all) done(null, [{ address, family }]);
    else done(null, address, family);
  };
