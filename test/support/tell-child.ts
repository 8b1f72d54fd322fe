/** A process that sends events, one that receives them, or one that listens to the stream: for tests and benchmarks that kill it. */

import { once } from 'node:events';
import { createServer, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Secret } from '../../src/config.ts';
import { WebhookSender } from '../../src/events/webhook-sender.ts';
import { Sealer } from '../../src/seal.ts';
import { openDatabase } from '../../src/store/postgres/database.ts';
import { PublishListener } from '../../src/store/postgres/listen.ts';
import { usageProfiles } from '../../src/store/profiles.ts';

export type TellJob =
  | { kind: 'send'; databaseUrl: string; holdMs: number }
  | { kind: 'receive' }
  | { kind: 'listen'; url: string; clients: number };

/** What came, to whom, and when, in milliseconds since 1970. */
export interface Heard {
  name: string;
  seq: number;
  at: number;
  /** Of the text, to see that every try is the same. */
  length: number;
}

const job = JSON.parse(process.argv[2]!) as TellJob;
const now = () => performance.timeOrigin + performance.now();
const heard: Heard[] = [];
const say = (what: unknown) => process.send!(what as object);

process.on('message', (asked) => {
  if (asked === 'report') say({ heard });
  if (asked === 'forget') heard.length = 0;
});
// Who started it is gone: nobody is left to be told.
process.on('disconnect', () => process.exit());

if (job.kind === 'receive') await receive();
else if (job.kind === 'send') await send(job);
else await listen(job);

/** A path is a receiver; whatever comes is taken. */
async function receive(): Promise<void> {
  const server = createServer((request, response) => {
    const at = now();
    const seq = Number(String(request.headers['webhook-id']).slice(4));
    let length = 0;
    request.on('data', (part: Buffer) => {
      length += part.length;
    });
    request.on('end', () => {
      heard.push({ name: request.url!.slice(1), seq, at, length });
      response.writeHead(204).end();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  say({ port: (server.address() as AddressInfo).port });
}

async function send({ databaseUrl, holdMs }: Extract<TellJob, { kind: 'send' }>): Promise<void> {
  const database = await openDatabase({ databaseUrl: new Secret(databaseUrl), dataDir: '', connections: 8 });
  const sender = new WebhookSender({
    database: database.pool,
    profiles: usageProfiles(),
    sealer: new Sealer(null),
    holdMs,
    addressOf: async () => ({ address: '127.0.0.1', family: 4 }),
    onError: (error) => console.error(error),
  });
  const listener = new PublishListener(database, () => {}, { onEvents: () => void sender.heard() });
  await listener.start();
  sender.start();
  say({ ready: true });
}

/** Clients of the stream, a few hundred of which connect at once. */
async function listen({ url, clients }: Extract<TellJob, { kind: 'listen' }>): Promise<void> {
  const AT_ONCE = 200;
  /** Resolves with the first word; one that is turned away comes back, as browsers do. */
  const connect = (name: string): Promise<void> =>
    new Promise((resolve) => {
      const again = () => setTimeout(() => void connect(name).then(resolve), 500);
      // As through a proxy on this machine: one client may not have all places.
      const client = `10.0.${Math.floor(Number(name) / 100)}.1`;
      const request = get(url, { agent: false, headers: { 'x-forwarded-for': client } }, (response) => {
        let isThere = false;
        response.setEncoding('utf8');
        response.on('data', (text: string) => {
          const at = now();
          isThere = true;
          resolve();
          for (const [, seq] of text.matchAll(/^id: (\d+)$/gm)) {
            heard.push({ name, seq: Number(seq), at, length: 0 });
          }
        });
        response.on('error', () => {});
        response.on('close', () => isThere || again());
      });
      request.on('error', again);
    });
  for (let begun = 0; begun < clients; begun += AT_ONCE) {
    const some = Math.min(AT_ONCE, clients - begun);
    await Promise.all(Array.from({ length: some }, (_, at) => connect(`${begun + at}`)));
  }
  say({ ready: true });
}
