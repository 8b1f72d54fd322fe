/** When the TLS certificates of upstreams end, as seen with the connections that calls make anyway. */

import { subscribe } from 'node:diagnostics_channel';
import type { TLSSocket } from 'node:tls';

/** By host and port as in an address. */
const endsByHost = new Map<string, Date>();
/** Hosts are those of upstreams and channels: there are few. */
const MOST_HOSTS = 100;
let isWatching = false;

interface Connected {
  connectParams: { host?: string };
  socket: Partial<Pick<TLSSocket, 'getPeerCertificate'>>;
}

/** Nothing is asked of anybody: what the client of Node says of its connections is remembered. */
export function watchCertificates(): void {
  if (isWatching) return;
  isWatching = true;
  subscribe('undici:client:connected', (message) => {
    const { connectParams, socket } = message as Connected;
    const { host } = connectParams;
    const ends = new Date(socket.getPeerCertificate?.().valid_to ?? Number.NaN);
    if (host === undefined || Number.isNaN(ends.getTime())) return;
    if (endsByHost.size < MOST_HOSTS) endsByHost.set(host, ends);
  });
}

/** @param origin an address, or a file that has none @returns `null`: no certificate was seen */
export function certificateEnd(origin: string): Date | null {
  if (!URL.canParse(origin)) return null;
  return endsByHost.get(new URL(origin).host) ?? null;
}
