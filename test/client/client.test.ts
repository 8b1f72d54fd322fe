import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { stripTypeScriptTypes } from 'node:module';
import { after, test } from 'node:test';
import { gzipSync } from 'node:zlib';
import { ApiError, createClient, type Plan } from '../../client/index.ts';
import { Engine } from '../../src/app/engine.ts';
import { readConfig, Secret } from '../../src/config.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { refreshMarketViews } from '../../src/sync/work/refresh-views.ts';
import { openApi } from '../support/api.ts';
import { describedApi } from '../support/bare-description.ts';
import { clientTypes } from '../support/client-types.ts';
import { createTestDatabase, syncAll, territory, testGate, until } from '../support/support.ts';

const read = (file: string) => readFileSync(new URL(`../../client/${file}`, import.meta.url), 'utf8');
const TOKEN = 'a token of a test';

const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 30 });
const about = { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' };
const source = new ComparePowerSource(about, testGate(database));
const engine = new Engine({
  config: readConfig({ COMPAREPOWER_API_URL: sandbox.url }),
  database,
  territory,
  source,
  roles: [],
  onError: () => {},
});
const { app, listener } = openApi(database, undefined, {
  admin: { tokens: [{ name: 'tester', role: 'operate', token: new Secret(TOKEN) }], engine, database },
});
await listener.start();
await syncAll(database, source);
await refreshMarketViews(database);
const baseUrl = await app.listen({ port: 0, host: '127.0.0.1' });
after(async () => {
  await engine.stop(0);
  await sandbox.stop();
});

test('the types are those of the description (npm run client writes them)', async () => {
  assert.equal(read('types.ts'), clientTypes(await describedApi()));
});

test('nothing in its surface is unknown, and it is at most 4 KB', () => {
  const withoutComments = `${read('types.ts')}${read('index.ts')}`.replace(
    /\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm,
    '',
  );
  assert.doesNotMatch(withoutComments, /\bunknown\b|\bany\b/);
  const code = ['types.ts', 'index.ts']
    .map((file) => stripTypeScriptTypes(read(file)))
    .join('\n')
    .replace(/\/\*[\s\S]*?\*\/|^\s*\/\/.*$/gm, '')
    .replace(/\s+/g, ' ');
  // Without comments and blanks, its names as they are: a minifier makes less of it.
  assert.ok(gzipSync(code).length <= 4_096, `${gzipSync(code).length} bytes`);
});

test('a shopper finds a place, its plans in the order of the year, one of them, and its past', async () => {
  const client = createClient({ baseUrl });
  const place = await client.getZip({ zip: '75201' });
  assert.equal(place.data.has_retail_choice, true);
  const found = await client.listPlans({ zip: '75201', profile: 'house', sort: 'year', limit: 5 });
  const [cheapest] = found.data;
  const known = found.data.filter(({ year }) => year?.exact).map(({ year }) => year!.total_usd!);
  assert.deepEqual(
    known,
    known.toSorted((a, b) => a - b),
  );
  const one = await client.getPlan({ id: cheapest!.id, usage: 1200 });
  assert.equal(one.data.bill.usage_kwh, 1200);
  const past = await client.getPlanHistory({ id: cheapest!.id });
  assert.ok(past.data.some(({ event }) => event === 'listed'));
  await assert.rejects(client.getPlan({ id: '00000000-0000-4000-8000-000000000000' }), (error) => {
    assert.ok(error instanceof ApiError);
    assert.deepEqual([error.status, error.problem?.code], [404, 'unknown_plan']);
    return true;
  });
});

test('lists are read page by page, changes to their end', async () => {
  const client = createClient({ baseUrl });
  const plans: Plan[] = [];
  for await (const plan of client.each('listPlans', { tdsp: 'ONCOR', limit: 7 })) plans.push(plan);
  const { meta } = await client.listPlans({ tdsp: 'ONCOR' });
  assert.equal(new Set(plans.map(({ id }) => id)).size, meta.total);
  let events = 0;
  for await (const event of client.each('listEvents', { since: '0', limit: 50 })) {
    events++;
    if (event.event === 'snapshot_published') assert.ok(event.details.plans > 0);
  }
  const { meta: log } = await client.listEvents({ since: '0', limit: 1 });
  assert.equal(events, log.last_seq);
});

test('an operator asks for a sync and follows it; without the token nothing is done', async () => {
  await assert.rejects(createClient({ baseUrl }).startSync({ body: { kind: 'full' } }), { status: 401 });
  const client = createClient({ baseUrl, token: TOKEN });
  const { run_id } = await client.startSync({ body: { kind: 'city', cities: ['dallas-tx'], force: true } });
  void engine.workOn(run_id);
  await until(async () => (await client.getRun({ id: run_id })).data.status === 'succeeded', 60_000);
  await client.stopSync({ body: { reason: 'a test' } });
  const { data } = await client.listAudit({ limit: 5 });
  assert.ok(data.some(({ actor }) => actor === 'tester'));
  await client.resumeSync({});
});

test('an answer that has not changed is confirmed by its tag, and read from what is kept', async () => {
  const statuses: number[] = [];
  const client = createClient({
    baseUrl,
    fetch: async (...given) => {
      const answer = await fetch(...given);
      statuses.push(answer.status);
      return answer;
    },
  });
  const asked = { tdsp: 'ONCOR', limit: 2 };
  const [first, second] = [await client.listPlans(asked), await client.listPlans(asked)];
  assert.deepEqual(statuses, [200, 304]);
  assert.deepEqual(second, first);
});

test('what passes by itself is asked again, as late as the server says; what does not, and what changes something, is not', async () => {
  const asked: string[] = [];
  const answers = (...list: (readonly [number, string?])[]) => {
    asked.length = 0;
    return createClient({
      baseUrl,
      longestWait: 0.01,
      fetch: async (url, init) => {
        asked.push(`${init?.method} ${new URL(String(url)).pathname}`);
        const [status, after] = list[asked.length - 1] ?? [500];
        if (status === 0) throw new TypeError('fetch failed');
        const body = status === 200 ? '{"run_id":1}' : '{"code":"busy","detail":"later"}';
        return new Response(body, { status, headers: after ? { 'retry-after': after } : {} });
      },
    });
  };
  await answers([503, '0'], [0], [429, '60'], [200]).listTdsps();
  assert.equal(asked.length, 4);
  await assert.rejects(answers([503], [503], [503], [503], [503]).listTdsps(), { status: 503 });
  assert.equal(asked.length, 4);
  await assert.rejects(answers([404]).listTdsps(), { status: 404 });
  assert.equal(asked.length, 1);
  // It may have been done: only what was refused for its rate is sent again.
  await assert.rejects(answers([0], [200]).startSync({ body: { kind: 'full' } }), TypeError);
  await assert.rejects(answers([503, '0'], [200]).startSync({ body: { kind: 'full' } }), { status: 503 });
  await answers([429, '0'], [200]).startSync({ body: { kind: 'full' } });
  assert.equal(asked.length, 2);
});
