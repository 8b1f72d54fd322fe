import assert from 'node:assert/strict';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test } from 'node:test';
import { makeDrafts, repriced } from '../../bench/drafts.ts';
import { Secret } from '../../src/config.ts';
import { verifyWebhook, webhookKey } from '../../src/delivery/signed-webhook.ts';
import { WebhookSender } from '../../src/events/webhook-sender.ts';
import { Sealer } from '../../src/seal.ts';
import { readLogEnds } from '../../src/store/events/event-log.ts';
import { readDeliveries, readWebhooks } from '../../src/store/events/webhooks.ts';
import { PublishListener } from '../../src/store/postgres/listen.ts';
import { usageProfiles } from '../../src/store/profiles.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, ONCOR, until } from '../support/support.ts';
import { insertReceivers } from '../support/tell.ts';

const TOKEN = 'a token of a test';
const { database } = await createTestDatabase();
const { pool } = database;
const engine = {} as never;
const sealer = new Sealer(Buffer.alloc(32, 7).toString('base64'));
const { ask } = openApi(database, undefined, {
  admin: {
    tokens: [{ name: 'tester', role: 'operate', token: new Secret(TOKEN) }],
    engine,
    database,
    sealer,
  },
});
const asked = async (method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) => {
  const headers = { authorization: `Bearer ${TOKEN}` };
  const { statusCode: status, body } = await ask({
    method,
    url: `/v1/admin/webhooks${url}`,
    headers,
    ...(payload && { payload }),
  });
  return { status, body: JSON.parse(body) };
};

interface Got {
  path: string;
  headers: IncomingHttpHeaders;
  body: string;
}
const got: Got[] = [];
/** What a path answers; 204 if not given. */
const answers = new Map<string, number>();
const waiting: (() => void)[] = [];
/** Fifty are answered in one moment, or as many as came within a while. */
function answerTogether(answer: () => void): void {
  const release = () => {
    for (const one of waiting.splice(0)) one();
  };
  if (waiting.push(answer) === 50) release();
  else setTimeout(release, 200);
}
const server = createServer((request, response) => {
  let body = '';
  request.on('data', (part) => {
    body += part;
  });
  request.on('end', () => {
    const path = request.url!;
    const status = answers.get(path) ?? 204;
    if (status < 300) got.push({ path, headers: request.headers, body });
    const answer = () => response.writeHead(status, { location: 'http://127.0.0.1/' }).end();
    if (path.startsWith('/crowd-')) answerTogether(answer);
    else answer();
  });
});
await new Promise<void>((resolve) => {
  server.listen(0, '127.0.0.1', resolve);
});
const { port } = server.address() as AddressInfo;
test.after(() => server.close());

const errors: unknown[] = [];
const newSender = (own = sealer) =>
  new WebhookSender({
    database: pool,
    profiles: usageProfiles(),
    sealer: own,
    addressOf: async () => ({ address: '127.0.0.1', family: 4 }),
    onError: (error) => errors.push(error),
  });
let clock = Date.now() - 86_400_000;
let round = 1;
async function put() {
  clock += 60_000;
  const now = new Date(clock);
  const plans = repriced(makeDrafts(ONCOR, 12, 5), ++round % 5 || 2);
  const told = {
    tdsp_duns: ONCOR,
    source: 'sandbox',
    origin: 'test',
    plans,
    rejected: [],
    observed_at: now,
    run_id: 1,
  };
  await publish(database, told, { now, cacheTtlMs: 3_600_000, passed_as: 'overridden' });
}
/** Registered at an open address, and led to the server of the test. */
async function register(name: string, more: object = {}): Promise<string> {
  const { status, body } = await asked('POST', '', { name, url: `https://93.184.215.14/${name}`, ...more });
  assert.equal(status, 200, JSON.stringify(body));
  await pool.query('update webhooks set url = $2 where name = $1', [
    name,
    `http://hook.test:${port}/${name}`,
  ]);
  return body.secret;
}
const seqsOf = (name: string) =>
  got
    .filter(({ path }) => path === `/${name}`)
    .map(({ headers }) => Number(String(headers['webhook-id']).slice(4)));
const last = async () => (await readLogEnds(pool)).last;
const due = () => pool.query('update webhooks set next_at = now()');

test('an address that leads inside is not taken, at registration or later', async () => {
  for (const url of [
    'http://example.com/',
    'https://127.0.0.1/',
    'https://[::ffff:10.0.0.1]/',
    'https://localhost/',
  ])
    assert.equal((await asked('POST', '', { name: 'inside', url })).status, 400, url);
  await asked('POST', '', { name: 'inside', url: 'https://93.184.215.14/' });
  await pool.query("update webhooks set url = 'https://127.0.0.1/' where name = 'inside'");
  await put();
  await new WebhookSender({
    database: pool,
    profiles: usageProfiles(),
    sealer,
    onError: (error) => errors.push(error),
  }).now();
  const [hook] = await readWebhooks(pool, 'inside');
  assert.deepEqual([hook?.state, got.length], ['disabled', 0]);
  assert.match(hook!.why_disabled!, /internal/);
  assert.equal((await asked('DELETE', '/inside')).status, 200);
});

test('every event that fits is sent once, signed, in order; filters and full payloads hold', async () => {
  const secret = await register('all');
  await register('prices', { events: ['offer_repriced'], include_plan: true });
  const begin = await last();
  await put();
  const sender = newSender();
  await sender.now();
  assert.deepEqual(
    seqsOf('all'),
    Array.from({ length: (await last()) - begin }, (_, at) => begin + 1 + at),
  );
  for (const { headers, body } of got.filter(({ path }) => path === '/all')) {
    const fields = { get: (name: string) => String(headers[name] ?? '') };
    assert.ok(verifyWebhook(webhookKey(secret), fields, body, Math.floor(Date.now() / 1_000)));
  }
  const prices = got.filter(({ path }) => path === '/prices').map(({ body }) => JSON.parse(body));
  assert.ok(prices.length > 0);
  assert.ok(
    prices.every(({ type, data }) => type === 'offer_repriced' && data.plan.offer_id === data.offer_id),
  );
  await sender.now();
  assert.equal(new Set(seqsOf('all')).size, seqsOf('all').length);
});

test('a receiver that fails is tried again from where it was, and then is told all of it in order', async () => {
  await register('weak');
  answers.set('/weak', 503);
  const begin = await last();
  await put();
  const sender = newSender();
  await sender.now();
  const [failing] = await readWebhooks(pool, 'weak');
  assert.deepEqual([failing?.failures, failing?.state, failing?.seq], [1, 'active', begin]);
  await put();
  answers.delete('/weak');
  await due();
  await sender.now();
  assert.deepEqual(
    seqsOf('weak'),
    Array.from({ length: (await last()) - begin }, (_, at) => begin + 1 + at),
  );
  const [well] = await readWebhooks(pool, 'weak');
  assert.deepEqual([well?.failures, well?.failing_since], [0, null]);
  assert.match((await readDeliveries(pool, 'weak', 500)).at(-1)!.error!, /503/);
});

test('what is tried again is sent word for word, whatever has changed since', async () => {
  await register('words', { events: ['offer_repriced'] });
  const tried: string[] = [];
  server.prependListener('request', (request) => {
    if (request.url !== '/words') return;
    const at = tried.push('') - 1;
    request.on('data', (part) => {
      tried[at] += part;
    });
  });
  answers.set('/words', 503);
  await put();
  await newSender().now();
  await pool.query("update providers set name = name || ' of another name'");
  answers.delete('/words');
  await due();
  await newSender().now();
  assert.ok(tried[0]!.length > 100);
  assert.equal(tried[1], tried[0]);
});

test('one that is paused is told nothing, and everything since when it is resumed', async () => {
  await register('sleepy');
  assert.equal((await asked('POST', '/sleepy/pause')).status, 200);
  const begin = await last();
  await put();
  await newSender().now();
  assert.deepEqual(seqsOf('sleepy'), []);
  assert.equal((await asked('POST', '/sleepy/resume')).status, 200);
  await newSender().now();
  assert.deepEqual(
    seqsOf('sleepy'),
    Array.from({ length: (await last()) - begin }, (_, at) => begin + 1 + at),
  );
});

test('secrets are stored sealed, and one under another key waits rather than being disabled', async () => {
  const secret = await register('sealed');
  const { rows } = await pool.query<{ text: string }>(
    "select w::text as text from webhooks w where name = 'sealed'",
  );
  assert.ok(!rows[0]!.text.includes(secret) && !rows[0]!.text.includes('whsec_'));
  await put();
  const other = new Sealer(Buffer.alloc(32, 8).toString('base64'));
  await newSender(other).now();
  const [hook] = await readWebhooks(pool, 'sealed');
  assert.deepEqual([hook?.state, hook?.failures], ['active', 1]);
  assert.match((await readDeliveries(pool, 'sealed', 1))[0]!.error!, /SECRETS_KEY/);
  await due();
  await newSender().now();
  assert.ok(seqsOf('sealed').length > 0);
  await pool.query('update webhooks set failures = 0, failing_since = null');
});

test('what is published is sent when it is heard of, not when somebody looks', async () => {
  await register('prompt');
  const sender = newSender();
  const listener = new PublishListener(database, () => {}, {
    onEvents: () => void sender.heard(),
    compareEveryMs: 60_000,
  });
  await listener.start();
  await put();
  const end = await last();
  await until(() => seqsOf('prompt').at(-1) === end);
  await listener.stop();
  await sender.stop();
});

test('as many as there are of them are told at once, not fifty with each look', async () => {
  const names = Array.from({ length: 160 }, (_, at) => `crowd-${at}`);
  await insertReceivers(pool, names, port);
  await put();
  await newSender(new Sealer(null)).now();
  const untold = names.filter((name) => seqsOf(name).length === 0);
  await pool.query('delete from webhooks where name = any($1)', [names]);
  assert.deepEqual(untold, []);
});

test('410 ends it, a redirect is not followed, five days of failure end it, and each says why', async () => {
  for (const name of ['gone', 'moved', 'dead']) await register(name);
  answers.set('/gone', 410).set('/moved', 302).set('/dead', 500);
  await pool.query(
    "update webhooks set failures = 9, failing_since = now() - interval '6 days' where name = 'dead'",
  );
  await put();
  await newSender().now();
  const state = async (name: string) => (await readWebhooks(pool, name))[0]!;
  assert.deepEqual([(await state('gone')).state, (await state('dead')).state], ['disabled', 'disabled']);
  assert.match((await state('gone')).why_disabled!, /410/);
  assert.match((await state('dead')).why_disabled!, /five days/);
  assert.deepEqual([(await state('moved')).state, (await state('moved')).failures], ['active', 1]);
  const { body } = await asked('GET', '');
  assert.equal(
    body.data.find(({ name }: { name: string }) => name === 'gone').deliveries[0].error.includes('410'),
    true,
  );
  assert.ok(!JSON.stringify(body).includes('whsec_'));
});

test('both secrets sign for a day after a rotation; a replay sends again under the same ids', async () => {
  const old = await register('rotated');
  const { secret } = (await asked('POST', '/rotated/rotate')).body;
  assert.notEqual(secret, old);
  await put();
  await newSender().now();
  const first = got.filter(({ path }) => path === '/rotated');
  for (const key of [old, secret].map(webhookKey)) {
    const fields = { get: (name: string) => String(first[0]!.headers[name] ?? '') };
    assert.ok(verifyWebhook(key, fields, first[0]!.body, Math.floor(Date.now() / 1_000)));
  }
  const seqs = seqsOf('rotated');
  await asked('POST', `/rotated/replay?since=${seqs[0]! - 1}`);
  await newSender().now();
  assert.deepEqual(seqsOf('rotated'), [...seqs, ...seqs]);
  for (const what of ['/nobody/rotate', '/nobody/test', '/nobody/replay?since=0'])
    assert.equal((await asked('POST', what)).status, 404);
});

test('several processes, some of which die in the middle: nothing is lost, nothing out of order', async () => {
  const names = ['a', 'b', 'c', 'd', 'e', 'f'];
  for (const name of names) await register(name);
  const begin = await last();
  for (let day = 0; day < 6; day++) {
    await put();
    const senders = [newSender(), newSender(), newSender()];
    const running = senders.map((one) => one.now());
    // One is taken from what it holds, as one that was frozen for longer than it may hold.
    await pool.query("update webhooks set holder = null, next_at = now() where name = 'a'");
    await Promise.all(running);
    await due();
  }
  const end = await last();
  const sender = newSender();
  await until(async () => {
    await due();
    await sender.now();
    return (await readWebhooks(pool)).every(({ name, seq }) => !names.includes(name) || seq === end);
  });
  for (const name of names) {
    const firsts = [...new Set(seqsOf(name))];
    assert.deepEqual(
      firsts,
      Array.from({ length: end - begin }, (_, at) => begin + 1 + at),
      name,
    );
  }
  assert.deepEqual(errors, []);
});
