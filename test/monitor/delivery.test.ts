/** How alerts are delivered: signed, in order, once, whatever dies in between; and what is told of PostgreSQL itself. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { type AddressInfo, createServer as createTcpServer } from 'node:net';
import { text as readText } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { readConfig } from '../../src/config.ts';
import { sendSigned, signature, verifyWebhook, webhookKey } from '../../src/delivery/signed-webhook.ts';
import { type Channel, openChannels } from '../../src/monitor/alerts/channels.ts';
import type { AlertMessage } from '../../src/monitor/alerts/messages.ts';
import { Outage } from '../../src/monitor/alerts/outage.ts';
import { addressed } from '../../src/monitor/alerts/outbox.ts';
import { readAlertEvents } from '../../src/store/observation/alert-rows.ts';
import { readChannelDeliveries } from '../../src/store/observation/deliveries.ts';
import { readObserver } from '../../src/store/observation/observer-lease.ts';
import { createTestDatabase, ONCOR } from '../support/support.ts';
import { rules, watch } from '../support/watch.ts';

const { database } = await createTestDatabase();
const { pool } = database;
const { look, news, pass, memory } = await watch(database);
const hold = () =>
  pool.query(
    `insert into held_snapshots (tdsp_duns, source, origin, verdict, content_hash, since, files, observed_at)
     values ($1, 'comparepower', 'http://upstream.test', '{"message": "88 plans instead of 165"}', 'hash', now(), 1, now())`,
    [ONCOR],
  );
await pool.query(
  `insert into sync_runs (kind, status, source, requested, is_forced, finished_at)
   values ('priority', 'partial', 'comparepower', '{}', false, now())`,
);

const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';

const message: AlertMessage = {
  id: 'msg_1',
  at: '2026-11-24T17:00:15.000Z',
  group: 'freshness',
  severity: 'page',
  items: (['CenterPoint', 'Oncor & <sons>'] as const).map((subject) => ({
    kind: 'fired',
    rule: 'plans_too_old_tier_1',
    title: 'Plans too old, tier 1',
    subject,
    severity: 'page',
    reading: '3 h 52 min old, promised within 1 h',
    value: 3.9,
    since: '2026-11-24T17:00:00.000Z',
    resolved_at: null,
    runbook: 'docs/runbook.md#plans_too_old_tier_1',
  })),
};

async function receiver() {
  const calls: { request: IncomingMessage; body: string }[] = [];
  let answer = { status: 200, body: 'ok' };
  const server = createServer(async (request, response) => {
    calls.push({ request, body: await readText(request) });
    response.writeHead(answer.status).end(answer.body);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  const { port } = server.address() as AddressInfo;
  return {
    calls,
    url: `http://127.0.0.1:${port}/hook`,
    answers: (status: number, body = '') => {
      answer = { status, body };
    },
  };
}

const channelsOf = (env: Record<string, string>): Channel[] => openChannels(readConfig(env), () => {});
const named = (channels: readonly Channel[], name: string) => channels.find((one) => one.name === name)!;

test('a webhook is signed as Standard Webhooks has it', async () => {
  const key = webhookKey(SECRET);
  // The example of the specification's own libraries.
  const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
  const signed = { id, timestamp: 1_614_265_330, body: '{"test": 2432232314}' };
  assert.equal(signature(key, signed), 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=');
  const hook = await receiver();
  const channels = channelsOf({ ALERT_WEBHOOK_URL: hook.url, ALERT_WEBHOOK_SECRET: SECRET });
  await named(channels, 'webhook').send(message);
  const { request, body } = hook.calls[0]!;
  const headers = new Headers(request.headers as Record<string, string>);
  const now = Date.now() / 1_000;
  assert.ok(verifyWebhook(key, headers, body, now));
  assert.ok(!verifyWebhook(key, headers, `${body} `, now), 'another body');
  assert.ok(!verifyWebhook(key, headers, body, now + 400), 'too late');
  assert.ok(!verifyWebhook(webhookKey('whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'), headers, body, now));
  const { type, timestamp, data } = JSON.parse(body);
  assert.deepEqual([type, timestamp, data.items.length], ['alert.firing', message.at, 2]);
  assert.equal(headers.get('webhook-id'), 'msg_1');
});

test('a receiver that refuses is told by its host alone, and one that is gone is not asked again', async () => {
  const hook = await receiver();
  const key = webhookKey(SECRET);
  hook.answers(500, 'try later');
  const send = () => sendSigned(`${hook.url}?token=geheim`, [key], { id: 'x', body: '{}' });
  const failed = {
    code: 'delivery_failed',
    retryable: true,
    message: /^127.0.0.1:\d+ answered 500: try later$/,
  };
  await assert.rejects(send, failed);
  hook.answers(410);
  await assert.rejects(send, { code: 'delivery_failed', retryable: false });
  hook.answers(302);
  await assert.rejects(send, { code: 'delivery_failed' }, 'a redirect is not followed');
});

test('Slack gets text and blocks, escaped and within its limits', async () => {
  const hook = await receiver();
  const slack = named(channelsOf({ ALERT_SLACK_URL: hook.url }), 'slack');
  await slack.send(message);
  const { text, blocks } = JSON.parse(hook.calls[0]!.body);
  assert.equal(text, '[page] 2 alerts: Plans too old, tier 1');
  assert.match(blocks[1].text.text, /Oncor &amp; &lt;sons&gt;.*\ndocs\/runbook.md#plans_too_old_tier_1/);
  const many = Array.from({ length: 60 }, () => message.items[0]!);
  await slack.send({ ...message, items: many });
  const long = JSON.parse(hook.calls[1]!.body);
  assert.equal(long.blocks.length, 41);
  assert.equal(long.blocks.at(-1).text.text, 'and 20 more');
});

test('mail goes out over SMTP, with the same id on every try', async () => {
  const said: string[] = [];
  const server = createTcpServer((socket) => {
    let isData = false;
    socket.write('220 here\r\n');
    socket.on('data', (chunk) => {
      said.push(chunk.toString());
      if (isData) {
        if (chunk.toString().endsWith('\r\n.\r\n')) {
          isData = false;
          socket.write('250 taken\r\n');
        }
        return;
      }
      const [word = ''] = chunk.toString().split(/[\s:]/);
      isData = word === 'DATA';
      socket.write(isData ? '354 go on\r\n' : word === 'QUIT' ? '221 bye\r\n' : '250 ok\r\n');
    });
    socket.on('error', () => {});
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  after(() => server.close());
  const { port } = server.address() as AddressInfo;
  const channels = channelsOf({ SMTP_URL: `smtp://127.0.0.1:${port}`, ALERT_EMAIL_TO: 'oncall@example.com' });
  await named(channels, 'email').send(message);
  const text = said.join('');
  assert.match(text, /RCPT TO:<oncall@example.com>/);
  assert.match(text, /Message-ID: <msg_1@wattsync>/);
  assert.match(text, /Subject: \[page\] 2 alerts: Plans too old, tier 1/);
  assert.match(text, /docs\/runbook.md#plans_too_old_tier_1/);
});

test('each channel gets what is severe enough for it', () => {
  const [item] = message.items;
  const ticket = { ...message, items: [{ ...item!, severity: 'ticket' as const }] };
  const both = [{ name: 'slack' as const }, { name: 'email' as const }];
  const to = (one: AlertMessage) => addressed([one], both, rules).map(({ channel }) => channel);
  assert.deepEqual([to(message), to(ticket)], [['slack', 'email'], ['slack']]);
});

test('what cannot be delivered is tried again, in order, and the log says how it went', async () => {
  let isUp = false;
  const taken: string[] = [];
  const hook: Channel = {
    name: 'webhook',
    goesTo: 'pager',
    send: async ({ id, items }) => {
      if (!isUp) throw new Error('connection refused');
      taken.push(`${items[0]!.kind} ${id}`);
    },
  };
  const channels = [memory, hook];
  await hold();
  await look({ channels });
  await pool.query('delete from held_snapshots');
  await look({ channels });
  const told = news();
  assert.ok(told.includes('fired snapshot_held Oncor') && told.includes('resolved snapshot_held Oncor'));
  isUp = true;
  await pass(60);
  await look({ channels });
  await look({ channels });
  assert.deepEqual(
    taken.filter((one) => !one.includes('channel')).map((one) => one.split(' ')[0]),
    ['fired', 'resolved'],
  );
  assert.equal(new Set(taken).size, taken.length, 'each once');
  const log = await readChannelDeliveries(pool);
  const webhook = log.find(({ channel }) => channel === 'webhook')!;
  assert.deepEqual([webhook.delivered, webhook.waiting, webhook.last_attempts], [2, 0, 2]);
  news();
});

test('another process watches: this one neither evaluates nor tells; when its lease is over it takes up what was open', async () => {
  const other = crypto.randomUUID();
  await pool.query(`update observer set holder = $1, lease_until = now() + interval '1 hour'`, [other]);
  await hold();
  assert.equal(await look(), false);
  assert.deepEqual(news(), []);
  // That one put a message into the outbox and died before it delivered it.
  await pool.query(
    `insert into alert_deliveries (message_id, channel, message, created_at, next_at) values ('msg_2', 'log', $1, now(), now())`,
    [JSON.stringify({ ...message, id: 'msg_2' })],
  );
  await pool.query(`update observer set lease_until = now() - interval '1 second'`);
  assert.equal(await look(), true);
  assert.equal((await readObserver(pool)).is_held, true);
  assert.deepEqual(news(), [
    'fired plans_too_old_tier_1 CenterPoint',
    'fired plans_too_old_tier_1 Oncor & <sons>',
    'fired snapshot_held Oncor',
  ]);
  await look();
  assert.deepEqual(news(), []);
});

test('a process that begins while something fires says nothing about it again', async () => {
  const next = await watch(database);
  await next.look();
  assert.deepEqual(next.news(), []);
  assert.equal((await readObserver(pool)).evaluated_at !== null, true);
});

test('PostgreSQL away is told once by the process that watched last, and its end, and is in the history', async () => {
  const told: string[] = [];
  let isDown = true;
  const channel: Channel = {
    name: 'slack',
    goesTo: 'memory',
    send: async ({ items }) => {
      if (isDown) throw new Error('not yet');
      told.push(...items.map(({ kind, rule }) => `${kind} ${rule}`));
    },
  };
  let now = Date.now();
  const outage = new Outage(rules, [channel], () => now);
  const bystander = new Outage(rules, [channel], () => now);
  const error = new Error('ECONNREFUSED');
  assert.equal(await outage.over(pool), false);
  for (let n = 0; n < 10; n++) {
    await outage.goesOn(error, true);
    await bystander.goesOn(error, false);
    now += 5_000;
    // The channel is away for a moment, too: it is tried again.
    if (n === 5) isDown = false;
  }
  assert.deepEqual(told, ['fired postgres_away']);
  assert.equal(await outage.over(pool), true);
  assert.equal(await bystander.over(pool), true);
  assert.deepEqual(told, ['fired postgres_away', 'resolved postgres_away']);
  assert.equal(await outage.over(pool), false);
  const events = await readAlertEvents(pool, {
    from: new Date(0),
    to: new Date(now + 60_000),
    rule: 'postgres_away',
  });
  assert.deepEqual(
    events.map(({ event }) => event),
    ['resolved', 'fired'],
  );
  // A moment without an answer is not an outage.
  await outage.goesOn(error, true);
  now += 5_000;
  assert.equal(await outage.over(pool), false);
  assert.equal(told.length, 2);
});
