/** Who takes an answer slowly, or not at all, keeps nobody else from one. */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { test } from 'node:test';
import Fastify from 'fastify';
import { type Operation, route } from '../../src/api/route.ts';
import { ClientLimits } from '../../src/api/strangers/client-limits.ts';

const OPERATION = {
  id: 'search',
  method: 'GET',
  path: '/v1/search',
  tag: 'Search',
  summary: 'Takes long',
  isCostly: true,
  query: 'any',
  answer: 'SearchAnswer',
  caching: { maxAgeSeconds: 60 },
  problems: [],
  example: {},
} as const satisfies Operation;

test('an answer that nobody reads to its end gives its turn to the next', { timeout: 60_000 }, async (t) => {
  const app = Fastify({ trustProxy: ['loopback'] });
  const limits = { perMinute: 100, costlyPerMinute: 100, eventsPerMinute: 100 };
  app.decorate('limits', new ClientLimits(app, limits));
  const errors: unknown[] = [];
  app.setErrorHandler((error) => {
    errors.push(error);
  });
  const endless: Readable[] = [];
  app.register(async (routes) =>
    route(routes, OPERATION, async ({ request, reply }) => {
      if (request.ip === '192.0.2.9') return { data: 'read' };
      const stream = new Readable({ read() {} });
      endless.push(stream);
      stream.push('{');
      return reply.send(stream);
    }),
  );
  t.after(() => app.close());
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const ask = async (client: string) => {
    const [answer] = await once(
      get(`${url}/v1/search`, { headers: { 'x-forwarded-for': client } }),
      'response',
    );
    return answer as IncomingMessage;
  };
  // One more than may be answered at once, each from an address of its own.
  const begun = await Promise.all(['192.0.2.1', '192.0.2.2', '192.0.2.3'].map(ask));
  assert.equal(endless.length, 3);
  assert.equal(await text(await ask('192.0.2.9')), '{"data":"read"}');
  // A reader that goes away in the middle is not an error to write down.
  const ended = Promise.all(endless.map((stream) => once(stream, 'close')));
  for (const answer of begun) answer.destroy();
  await ended;
  assert.deepEqual(errors, []);
});
