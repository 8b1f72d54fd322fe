import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import Fastify from 'fastify';
import { forAgentsRoutes } from '../../src/api/description/for-agents.ts';
import { collectOperations, type Operation, route } from '../../src/api/route.ts';
import { describedApi } from '../support/bare-description.ts';

const page = readFileSync(new URL('../../docs/api-promises.md', import.meta.url), 'utf8');
const SIX_MONTHS_DAYS = 181;

test('an operation that goes says so in every answer, since when and until when', async () => {
  const app = Fastify();
  app.decorate('limits', { turn: (_: unknown, work: () => unknown) => work() } as never);
  const operations = collectOperations(app);
  const goes = {
    id: 'getOld',
    method: 'GET',
    path: '/v1/old',
    tag: 'Plans',
    summary: 'Something old',
    answer: 'Liveness',
    caching: { maxAgeSeconds: 5 },
    problems: [],
    deprecated: { announced: '2027-01-01', goneFrom: '2027-08-01', instead: '/v1/new' },
    example: {},
  } as const satisfies Operation;
  route(app, goes, () => ({ status: 'alive' }));
  route(
    app,
    { ...goes, id: 'getNew', path: '/v1/new', deprecated: undefined } as unknown as Operation,
    () => ({}),
  );
  const { headers } = await app.inject('/v1/old');
  assert.deepEqual(
    [headers.deprecation, headers.sunset],
    [`@${Date.UTC(2027, 0, 1) / 1_000}`, 'Sun, 01 Aug 2027 00:00:00 GMT'],
  );
  assert.equal((await app.inject('/v1/new')).headers.deprecation, undefined);
  assert.equal(operations.length, 2);
  await app.close();
});

test('docs/api-promises.md lists what goes, six months ahead at least, and nothing else', async () => {
  const { paths } = await describedApi();
  const going = Object.values(paths)
    .flatMap((methods) => Object.values(methods) as { operationId: string; deprecated?: boolean }[])
    .filter(({ deprecated }) => deprecated)
    .map(({ operationId }) => operationId);
  const rows = page.split('\n').flatMap((line) => {
    const [, operation, announced, goneFrom] = /^\| `(\w+)` +\| (\S+) +\| (\S+) +\|/.exec(line) ?? [];
    return operation
      ? [{ operation, days: (Date.parse(goneFrom!) - Date.parse(announced!)) / 86_400_000 }]
      : [];
  });
  assert.deepEqual(rows.map(({ operation }) => operation).toSorted(), going.toSorted());
  for (const { operation, days } of rows) assert.ok(days >= SIX_MONTHS_DAYS, `${operation}: ${days} days`);
});

test('/llms.txt leads to documents and questions that answer', async () => {
  const app = Fastify();
  forAgentsRoutes(app, { publicUrl: 'https://plans.example.com', exports: {} });
  const { body, headers } = await app.inject('/llms.txt');
  assert.match(String(headers['content-type']), /^text\/plain/);
  assert.match(body, /^# wattsync\n\n> /);
  const links = [...body.matchAll(/\]\((https:\/\/plans\.example\.com([^)]*))\)/g)].map(
    ([, , path]) => path!,
  );
  assert.ok(links.length >= 10);
  const described = new Set(Object.keys((await describedApi()).paths));
  for (const path of links) {
    if (path.startsWith('/docs/')) {
      const { statusCode, body: text } = await app.inject(path);
      assert.equal(statusCode, 200, path);
      assert.match(text, /^# /);
    } else assert.ok(['/mcp', '/docs', ...described].includes(path.split('?')[0]!), path);
  }
  assert.equal((await app.inject('/docs/operations.md')).statusCode, 404);
  await app.close();
});
