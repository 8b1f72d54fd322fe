import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeDrafts, repriced } from '../../bench/drafts.ts';
import { EventHub } from '../../src/events/event-hub.ts';
import { readLogEnds } from '../../src/store/events/event-log.ts';
import { dropOldEvents } from '../../src/store/events/event-retention.ts';
import { PublishListener } from '../../src/store/postgres/listen.ts';
import { usageProfiles } from '../../src/store/profiles.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { openApi } from '../support/api.ts';
import { allDuns, createTestDatabase, ONCOR, until } from '../support/support.ts';

const { database } = await createTestDatabase();
const errors: unknown[] = [];
const hub = new EventHub({
  database: database.quick,
  profiles: usageProfiles(),
  most: 40,
  onError: (error) => errors.push(error),
});
const { app } = openApi(database, undefined, { hub });
const listener = new PublishListener(database, () => {}, { onEvents: () => void hub.heard() });
await listener.start();
const url = await app.listen({ port: 0, host: '127.0.0.1' });
test.after(async () => {
  hub.stop();
  await listener.stop();
});
const TNMP = '007929441';
let clock = Date.now() - 86_400_000;
let round = 0;

async function put(duns: string) {
  clock += 60_000;
  const now = new Date(clock);
  const plans = repriced(makeDrafts(duns, 20, 5), ++round % 7 || 1);
  const told = {
    tdsp_duns: duns,
    source: 'sandbox',
    origin: 'test',
    plans,
    rejected: [],
    observed_at: now,
    run_id: 1,
  };
  await publish(database, told, { now, cacheTtlMs: 3_600_000, passed_as: 'overridden' });
}

interface Message {
  id: number;
  event: string;
  data: { seq: number; tdsp_duns: string };
}

let addresses = 0;

/** A client as a browser is one, and what it was told. */
class Client {
  readonly got: Message[] = [];
  readonly #ended = new AbortController();
  readonly done: Promise<void>;

  constructor(query = '', lastEventId: number | null = null, address: string | null = null) {
    const headers = {
      'x-forwarded-for': address ?? `203.0.113.${++addresses % 250}`,
      ...(lastEventId === null ? {} : { 'last-event-id': `${lastEventId}` }),
    };
    this.done = this.#read(`${url}/v1/stream${query}`, headers).catch(() => {});
  }

  get seqs(): number[] {
    return this.got.map(({ id }) => id);
  }

  close(): Promise<void> {
    this.#ended.abort();
    return this.done;
  }

  async #read(address: string, headers: Record<string, string>) {
    const response = await fetch(address, { headers, signal: this.#ended.signal });
    assert.equal(response.headers.get('content-type'), 'text/event-stream; charset=utf-8');
    let rest = '';
    for await (const chunk of response.body!.pipeThrough(new TextDecoderStream())) {
      const parts = (rest + chunk).split('\n\n');
      rest = parts.pop()!;
      for (const part of parts) {
        const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(part)?.[1];
        if (field('data')) {
          this.got.push({
            id: Number(field('id')),
            event: field('event')!,
            data: JSON.parse(field('data')!),
          });
        }
      }
    }
  }
}

const last = async () => (await readLogEnds(database.pool)).last;
const from = (after: number, upTo: number) => Array.from({ length: upTo - after }, (_, at) => after + 1 + at);

test('what is published is told at once, each event once and in order, however many listen', async () => {
  await put(ONCOR);
  const begin = await last();
  const clients = Array.from({ length: 20 }, () => new Client(`?since=${begin}`));
  await put(ONCOR);
  await Promise.all([put(TNMP), put(ONCOR)]);
  const end = await last();
  await until(() => clients.every(({ seqs }) => seqs.at(-1) === end));
  for (const client of clients) assert.deepEqual(client.seqs, from(begin, end));
  assert.ok(clients[0]!.got.every(({ id, data }) => id === data.seq));
  await Promise.all(clients.map((client) => client.close()));
});

test('a client that comes back is told what it missed, filters hold before and after', async () => {
  const begin = await last();
  await put(TNMP);
  await put(ONCOR);
  const client = new Client('?tdsp=TNMP', begin);
  const all = new Client('', begin);
  await until(() => client.seqs.length > 0);
  await put(ONCOR);
  await put(TNMP);
  const end = await last();
  await until(() => client.seqs.at(-1) === end && all.seqs.at(-1) === end);
  assert.ok(client.got.every(({ data }) => data.tdsp_duns === TNMP));
  assert.deepEqual(
    client.seqs,
    all.got.filter(({ data }) => data.tdsp_duns === TNMP).map(({ id }) => id),
  );
  assert.deepEqual(all.seqs, from(begin, end));
  await Promise.all([client.close(), all.close()]);
});

test('clients that come and go while six TDSPs publish miss nothing and see nothing twice', async () => {
  const begin = await last();
  const seen: number[] = [];
  let isPublishing = true;
  const following = (async () => {
    let at = begin;
    while (isPublishing || at < (await last())) {
      const client = new Client('', at);
      await until(() => client.seqs.length > 3 || !isPublishing);
      if (!isPublishing) {
        const end = await last();
        if (at < end) await until(() => client.seqs.at(-1) === end);
      }
      await client.close();
      seen.push(...client.seqs);
      at = seen.at(-1) ?? begin;
    }
  })();
  for (let day = 0; day < 6; day++) await Promise.all(allDuns.map(put));
  isPublishing = false;
  await following;
  assert.deepEqual(seen, from(begin, await last()));
});

test('what cannot be told any more is exactly one resync, and the stream goes on behind it', async () => {
  while ((await dropOldEvents(database.pool, new Date(clock - 1), 1_000)) > 0);
  for (const lost of [0, 1e9]) {
    const client = new Client('', lost);
    await until(() => client.got.length > 0);
    const end = await last();
    assert.deepEqual([client.got[0]!.event, client.got[0]!.id, client.got.length], ['resync', end, 1]);
    await put(ONCOR);
    const next = await last();
    await until(() => client.seqs.at(-1) === next);
    assert.deepEqual(client.seqs.slice(1), from(end, next));
    await client.close();
  }
});

test('wrong parameters and a full house are told, and nobody is left behind', async () => {
  assert.equal((await fetch(`${url}/v1/stream?tdsp=NOBODY`)).status, 404);
  assert.equal((await fetch(`${url}/v1/stream?event=sold`)).status, 400);
  await until(() => !hub.isFull);
  const clients = Array.from({ length: 40 }, () => new Client());
  await until(() => hub.isFull);
  const refused = await fetch(`${url}/v1/stream`);
  assert.deepEqual([refused.status, ((await refused.json()) as { code: string }).code], [503, 'busy']);
  await Promise.all(clients.map((client) => client.close()));
  await until(() => !hub.isFull);
  assert.deepEqual(errors, []);
});

test('one client has a tenth of the places, and asking for the head of a stream takes none', async () => {
  const address = '198.51.100.1';
  const ask = (method: string) =>
    fetch(`${url}/v1/stream`, { method, headers: { 'x-forwarded-for': address } });
  for (let at = 0; at < 10; at++) assert.equal(await (await ask('HEAD')).text(), '');
  const clients = Array.from({ length: 4 }, () => new Client('', null, address));
  await until(async () => {
    const { status } = await ask('HEAD');
    return status === 429;
  });
  const refused = await ask('GET');
  assert.deepEqual(
    [refused.status, ((await refused.json()) as { code: string }).code],
    [429, 'too_many_requests'],
  );
  const other = new Client();
  await Promise.all([...clients, other].map((client) => client.close()));
  await until(async () => (await ask('HEAD')).status === 200);
});
