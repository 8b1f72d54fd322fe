import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { StdioClientTransport } from '@modelcontextprotocol/client/stdio';
import { Secret } from '../../src/config.ts';
import type { PlanDraft } from '../../src/plan/plan.ts';
import { parsePowerToChoose } from '../../src/sources/powertochoose/normalise.ts';
import { usageProfiles } from '../../src/store/profiles.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { readPlainly } from '../bills/plain-reading.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, ONCOR, territory } from '../support/support.ts';

const TOKEN = 'a token of a test';
const orders: string[] = [];
const engine = {
  changeControl: async (state: string) => {
    orders.push(state);
    return { state, changed: true };
  },
} as never;

/** A real file of the state: Oncor on 20 July 2026. */
const bytes = readFileSync(new URL('../fixtures/oncor-2026-07-20.csv', import.meta.url));
const tdspByName = (name: string, year: number | null) => territory.tdspByFeedName(name, year)?.duns;
const plans: PlanDraft[] = parsePowerToChoose(bytes, { duns: [ONCOR], tdspByName }).tdsps.flatMap(
  ({ plans }) => plans,
);
const { database } = await createTestDatabase();
const now = new Date();
await publish(
  database,
  {
    tdsp_duns: ONCOR,
    source: 'powertochoose',
    origin: 'test',
    plans,
    rejected: [],
    observed_at: now,
    run_id: 1,
  },
  { now, cacheTtlMs: 3_600_000, passed_as: 'overridden' },
);
const { app, listener } = openApi(database, undefined, {
  admin: { tokens: [{ name: 'tester', role: 'operate', token: new Secret(TOKEN) }], engine, database },
});
await listener.start();
const baseUrl = await app.listen({ port: 0, host: '127.0.0.1' });

async function connect(headers: Record<string, string> = {}): Promise<Client> {
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(
    new StreamableHTTPClientTransport(new URL(`${baseUrl}/mcp`), { requestInit: { headers } }),
  );
  after(() => client.close());
  return client;
}
const agent = await connect();

interface Answer {
  isError?: boolean;
  structuredContent?: unknown;
  content: unknown;
}
const textOf = ({ content }: Answer) => (content as [{ text: string }])[0].text;
/** The same facts in both forms. */
async function call(
  name: string,
  args: Record<string, unknown>,
  by: Client = agent,
): Promise<Record<string, unknown>> {
  const answer = (await by.callTool({ name, arguments: args })) as Answer;
  assert.ok(!answer.isError, textOf(answer));
  assert.deepEqual(JSON.parse(textOf(answer)), answer.structuredContent);
  return answer.structuredContent as Record<string, unknown>;
}

test('seven tools for everybody, in at most 2,500 tokens, each with the schema of its answer', async () => {
  const { tools } = await agent.listTools();
  assert.equal(tools.length, 7);
  // The tokenizer o200k_base makes one token of 4.0 characters of this list: 2,197 when it was counted.
  const characters = JSON.stringify(tools).length;
  assert.ok(characters / 3.7 <= 2_500, `${characters} characters`);
  for (const { name, outputSchema, annotations } of tools) {
    assert.ok(outputSchema, name);
    assert.deepEqual([annotations?.readOnlyHint, annotations?.openWorldHint], [true, false]);
  }
});

test('the cheapest 12-month green plan for a house in 75201, and whether that bill is certain', async () => {
  const place = await call('find_place', { place: '75201' });
  assert.deepEqual(
    (place.tdsps as { duns: string }[]).map(({ duns }) => duns),
    [ONCOR],
  );
  const asked = { place: '75201', profile: 'house', term_months: 12, min_green: 100, limit: 1 };
  const found = await call('search_plans', asked);
  const [cheapest] = found.plans as [{ id: string; name: string; provider: string; year: Year }];
  assert.deepEqual([found.source, found.stale], ['powertochoose', false]);
  assert.ok((found.age_seconds as number) < 600 && found.as_of);
  const bill = await call('bill', { plan_id: cheapest.id, profile: 'house' });
  const year = bill.year as Year;
  assert.equal(year.total_usd, cheapest.year.total_usd);

  // Another arithmetic, which shares no code with the program, reads the same file.
  const house = usageProfiles().get('house')!;
  const years = plans
    .filter(({ term_months, percent_green }) => term_months === 12 && percent_green === 100)
    // What depends on the hour this reading knows nothing of.
    .filter(({ name, is_time_of_use }) => !is_time_of_use && !/night|weekend/i.test(name))
    .flatMap((plan) => {
      const { 500: a, 1000: b, 2000: c } = plan.rates_cents_per_kwh;
      const plain = readPlainly([plan.fees_text, plan.special_terms], [a! * 5, b! * 10, c! * 20]);
      const usd = plain && house.months_kwh.reduce((sum, kwh) => sum + plain(kwh), 0);
      return usd === null ? [] : [{ name: plan.name, usd }];
    });
  const same = years.find(({ name }) => name === cheapest.name)!;
  assert.ok(Math.abs(same.usd - year.total_usd) <= 15, `${year.total_usd}, and not ${same.usd}`);
  assert.ok(year.low_usd <= same.usd + 15 && same.usd - 15 <= year.high_usd);
  const least = Math.min(...years.map(({ usd }) => usd));
  assert.ok(year.total_usd <= least + 15, `${year.total_usd}, though there is one for ${least}`);
  assert.ok(years.length > 10);
  // Certain, and by which evidence.
  assert.deepEqual([year.exact, year.evidence], [true, 'line']);
  assert.match(String((bill.month as { why: string }).why), /\w/);
});

interface Year {
  total_usd: number;
  low_usd: number;
  high_usd: number;
  exact: boolean;
  evidence: string;
}

test('plans side by side, changes, history and freshness tell what the API tells', async () => {
  const { plans: two, next_cursor } = await call('search_plans', { place: 'dallas-tx', limit: 2 });
  const ids = (two as { id: string }[]).map(({ id }) => id);
  const more = await call('search_plans', { place: 'dallas-tx', limit: 2, cursor: next_cursor });
  assert.ok(!ids.includes((more.plans as { id: string }[])[0]!.id));
  const compared = await call('compare_plans', { plan_ids: ids });
  assert.deepEqual(
    (compared.plans as { id: string }[]).map(({ id }) => id),
    ids,
  );
  const told = await call('changes', { since: '0', limit: 1 });
  assert.deepEqual([told.next_since, told.has_more], ['1', true]);
  const fresh = await call('freshness', {});
  const oncor = (fresh.tdsps as { duns: string; plans: number }[]).find(({ duns }) => duns === ONCOR)!;
  assert.equal(oncor.plans, plans.length);
  const history = await call('market_history', { tdsp: 'ONCOR', by: 'day' });
  assert.equal((history.buckets as unknown[]).length, 30);
  const misspelt = await call('find_place', { place: 'Dalas' });
  assert.ok((misspelt.suggestions as string[]).includes('Dallas'));
});

test('what is wrong is an error with the problem of the API, and no structured content', async () => {
  const unknown = (await agent.callTool({
    name: 'bill',
    arguments: { plan_id: '00000000-0000-4000-8000-000000000000' },
  })) as Answer;
  assert.deepEqual(
    [unknown.isError, JSON.parse(textOf(unknown)).code, unknown.structuredContent],
    [true, 'unknown_plan', undefined],
  );
  const wrong = await agent
    .callTool({ name: 'bill', arguments: { plan_id: 'x', colour: 'red' } })
    .catch(() => ({ isError: true }));
  assert.equal(wrong.isError, true);
});

test('tools that change something are there with the token of an operator, and not without', async () => {
  const operator = await connect({ authorization: `Bearer ${TOKEN}` });
  const { tools } = await operator.listTools();
  assert.deepEqual(tools.map(({ name }) => name).slice(7), ['sync', 'run']);
  assert.deepEqual(await call('sync', { order: 'stop', reason: 'a test' }, operator), { state: 'stopped' });
  assert.deepEqual(orders, ['stopped']);
  const answer = await agent
    .callTool({ name: 'sync', arguments: { order: 'stop' } })
    .catch(() => ({ isError: true }));
  assert.equal(answer.isError, true);
  assert.deepEqual(orders, ['stopped']);
  await assert.rejects(connect({ authorization: 'Bearer wrong wrong wrong wrong' }));
  // Guessing is limited as everywhere: even the right one has to wait then.
  const payload = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  const guess = async (token: string) => {
    const headers = { authorization: `Bearer ${token}`, host: 'localhost' };
    return (await app.inject({ method: 'POST', url: '/mcp', headers, payload, remoteAddress: '192.0.2.7' }))
      .statusCode;
  };
  for (let at = 0; at < 10; at++) assert.equal(await guess(`wrong number ${at} of some`), 401);
  assert.equal(await guess(TOKEN), 429);
});

test('a page of another site cannot ask, under whatever name it leads here', async () => {
  const payload = { jsonrpc: '2.0', id: 1, method: 'tools/list' };
  const ask = async (headers: Record<string, string>) => {
    const accept = 'application/json, text/event-stream';
    const { statusCode } = await app.inject({
      method: 'POST',
      url: '/mcp',
      headers: { accept, ...headers },
      payload,
    });
    return statusCode;
  };
  assert.equal(await ask({ host: 'localhost:3000' }), 200);
  assert.equal(await ask({ host: '127.0.0.1:3000', origin: 'http://localhost:5173' }), 200);
  assert.equal(await ask({ host: '127.0.0.1:3000', origin: 'https://evil.example' }), 403);
  assert.equal(await ask({ host: 'evil.example:3000', origin: 'http://evil.example:3000' }), 403);
  assert.equal(await ask({ host: '127.0.0.1:3000', origin: 'null' }), 403);
});

test('the example of an agent says what the tools say', async () => {
  const example = fileURLToPath(new URL('../../examples/agent.ts', import.meta.url));
  const { stdout } = await promisify(execFile)(process.execPath, [example, '75201'], {
    env: { PATH: process.env.PATH, WATTSYNC_URL: baseUrl },
  });
  assert.match(
    stdout,
    /75201 Dallas: Octopus Energy, Octo Simple 12, \$1624\.9 a year at 13594 kWh, before tax\./,
  );
  assert.match(stdout, /That bill is certain \(line\)\. Source: powertochoose, as of \d{4}-/);
});

test('over standard input and output the same is answered', async () => {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [fileURLToPath(new URL('../../bin/wattsync.js', import.meta.url)), 'mcp', '--url', baseUrl],
  });
  const client = new Client({ name: 'test', version: '1' });
  await client.connect(transport);
  try {
    const asked = { place: '75201', term_months: 12, min_green: 100 };
    const [here, there] = [await call('search_plans', asked, client), await call('search_plans', asked)];
    assert.deepEqual(here.plans, there.plans);
  } finally {
    await client.close();
  }
});
