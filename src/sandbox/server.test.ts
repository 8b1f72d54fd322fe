import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { SANDBOX_DUNS } from './market/tdsps.ts';
import type { UpstreamPlan } from './market/upstream-plan.ts';
import { type SandboxOptions, startSandbox } from './server.ts';

const ONCOR = '1039940674000';
const NOW = Date.UTC(2026, 6, 20, 10);

async function sandboxFor(t: TestContext, options: SandboxOptions = {}) {
  const sandbox = await startSandbox({ now: () => new Date(NOW), ...options });
  t.after(() => sandbox.stop());
  const get = (path: string, init?: RequestInit) => fetch(sandbox.url + path, init);
  const plans = async (query = '') => {
    const answer = await get(`/api/plans/current?group=default&tdsp_duns=${ONCOR}${query}`);
    return (await answer.json()) as UpstreamPlan[];
  };
  const send = (method: string, path: string, body?: unknown) =>
    get(path, { method, ...(body === undefined ? {} : { body: JSON.stringify(body) }) });
  return { ...sandbox, get, plans, send };
}

test('two sandboxes answer the same bytes on the same virtual day, and others after it', async (t) => {
  const [one, two] = [await sandboxFor(t), await sandboxFor(t, { now: () => new Date(NOW + 3_600_000) })];
  const path = `/api/plans/current?group=default&tdsp_duns=${ONCOR}&display_usage=1000`;
  const bytes = async (sandbox: typeof one) => (await sandbox.get(path)).text();
  const first = await bytes(one);
  assert.equal(await bytes(two), first);
  one.control.advance(1);
  assert.notEqual(await bytes(one), first);
});

test('every answer says that it is the sandbox speaking', async (t) => {
  const { get } = await sandboxFor(t);
  for (const path of [
    '/health',
    '/api/tdsps',
    '/nowhere',
    '/api/plans/current',
    '/_sandbox/state',
    '/_sandbox/x',
  ]) {
    assert.equal((await get(path)).headers.get('x-wattsync-sandbox'), '1', path);
  }
});

test('a list of plans has the ETag of its bytes, and who has it gets 304 without a body', async (t) => {
  const { get, control } = await sandboxFor(t);
  const path = `/api/plans/current?tdsp_duns=${ONCOR}`;
  const etag = (await get(path)).headers.get('etag')!;
  assert.match(etag, /^"[0-9a-f]{40}"$/);
  for (const given of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
    const answer = await get(path, { headers: { 'if-none-match': given } });
    assert.deepEqual(
      [answer.status, await answer.text(), answer.headers.get('etag')],
      [304, '', etag],
      given,
    );
    assert.equal(answer.headers.get('content-type'), null);
  }
  assert.equal((await get(path, { headers: { 'if-none-match': '"other"' } })).status, 200);
  const filtered = await get(`${path}&term=12`);
  assert.notEqual(filtered.headers.get('etag'), etag);
  control.advance(1);
  assert.equal((await get(path, { headers: { 'if-none-match': etag } })).status, 200);
});

test('a missing or wrong DUNS is refused with the six that are right', async (t) => {
  const { get } = await sandboxFor(t);
  for (const query of ['', '?tdsp_duns=103994067400', '?tdsp_duns=7923311', '?tdsp_duns=ONCOR']) {
    const answer = await get(`/api/plans/current${query}`);
    assert.equal(answer.status, 400);
    const body = (await answer.json()) as { message: string; valid_tdsp_duns: string[] };
    assert.deepEqual(body.valid_tdsp_duns, SANDBOX_DUNS);
    for (const duns of SANDBOX_DUNS) assert.ok(body.message.includes(duns));
  }
});

test('filters choose from the whole set, and a senseless one is refused', async (t) => {
  const { plans, get } = await sandboxFor(t);
  const all = await plans();
  const expect = async (query: string, is: (plan: UpstreamPlan) => boolean) => {
    const found = await plans(query);
    assert.ok(found.length > 0, query);
    assert.deepEqual(found, all.filter(is), query);
  };
  await expect('&term=12', ({ product }) => product.term === 12);
  await expect('&percent_green=30', ({ product }) => product.percent_green! >= 30);
  await expect('&is_time_of_use=true', ({ product }) => product.is_time_of_use === true);
  await expect('&is_pre_pay=false', ({ product }) => product.is_pre_pay === false);
  const brand = all[0]!.product.brand._id;
  await expect(`&brand_id=${brand}&term=${all[0]!.product.term}`, ({ product }) => {
    return product.brand._id === brand && product.term === all[0]!.product.term;
  });
  for (const query of ['term=a-year', 'percent_green=101', 'is_pre_pay=maybe']) {
    assert.equal((await get(`/api/plans/current?tdsp_duns=${ONCOR}&${query}`)).status, 400, query);
  }
});

test('a plan is found by its id while it is on sale; other paths and methods are not', async (t) => {
  const { get, plans, send } = await sandboxFor(t);
  const [plan] = await plans();
  assert.deepEqual(await (await get(`/api/plans/${plan!._id}?display_usage=500`)).json(), plan);
  assert.equal((await get(`/api/plans/${'0'.repeat(24)}`)).status, 404);
  assert.equal(((await (await get('/api/tdsps?zip_code=75001')).json()) as unknown[]).length, 6);
  const lost = await get('/api/esiids');
  assert.equal(lost.status, 404);
  assert.match(lost.headers.get('content-type')!, /json/);
  assert.equal((await send('POST', '/api/tdsps')).status, 405);
});

test('with a key configured, only that key gets in', async (t) => {
  const { get } = await sandboxFor(t, { apiKey: 'right' });
  assert.equal((await get('/api/tdsps')).status, 401);
  assert.equal((await get('/api/tdsps', { headers: { 'X-API-Key': 'wrong' } })).status, 401);
  assert.equal((await get('/api/tdsps', { headers: { 'X-API-Key': 'right' } })).status, 200);
  assert.equal((await get('/health')).status, 200);
});

test('beyond the rate limit it answers 429 with Retry-After, until the second has passed', async (t) => {
  let nowMs = NOW;
  const { get, control } = await sandboxFor(t, { rateLimitPerSecond: 2, now: () => new Date(nowMs) });
  const status = async () => (await get('/api/tdsps')).status;
  assert.deepEqual([await status(), await status(), await status()], [200, 200, 429]);
  assert.equal((await get('/api/tdsps')).headers.get('retry-after'), '1');
  nowMs += 999;
  assert.equal(await status(), 429);
  nowMs += 1;
  assert.equal(await status(), 200);
  assert.deepEqual(control.state().calls.by_status, { '200': 3, '429': 3 });
});

test('calls of the API are counted, those for health and control are not', async (t) => {
  const { get, plans, send } = await sandboxFor(t);
  await plans();
  await get('/api/plans/current?tdsp_duns=1');
  await get('/health');
  const state = (await (await get('/_sandbox/state')).json()) as Record<string, unknown>;
  assert.deepEqual(state, {
    seed: 1,
    speed: 1,
    virtual_time: '2026-07-20T10:00:00.000Z',
    replay: null,
    faults: [],
    calls: {
      total: 2,
      by_status: { '200': 1, '400': 1 },
      by_tdsp: { [ONCOR]: 1 },
      highest_per_second: 2,
      first_at: '2026-07-20T10:00:00.000Z',
      last_at: '2026-07-20T10:00:00.000Z',
      concurrent_max: 1,
      concurrent_max_per_tdsp: 1,
      in_flight: 0,
    },
  });
  await send('POST', '/_sandbox/reset');
  assert.match(await (await get('/_sandbox/state')).text(), /"total":0/);
});

test('faults are set, listed and taken back at run time', async (t) => {
  const { get, plans, send, control } = await sandboxFor(t, { faults: [{ kind: '500' }] });
  assert.equal((await get('/api/tdsps')).status, 500);
  const put = await send('PUT', '/_sandbox/faults', ['tdsp=ONCOR:empty', { kind: 'denied', times: 1 }]);
  assert.equal(put.status, 200);
  assert.deepEqual(control.state().faults, [
    { kind: 'empty', tdsp: ONCOR },
    { kind: 'denied', times: 1 },
  ]);
  assert.deepEqual(await plans(), []);
  assert.equal((await get('/api/tdsps')).status, 401);
  assert.equal((await get('/api/tdsps')).status, 200);
  await send('DELETE', '/_sandbox/faults');
  assert.deepEqual(control.state().faults, []);
});

test('control refuses bad input, names the field and changes nothing', async (t) => {
  const { get, send, control } = await sandboxFor(t, { faults: [{ kind: 'html' }] });
  const refused = async (method: string, path: string, body: unknown, field: string) => {
    const answer = await send(method, path, body);
    assert.equal(answer.status, 400, JSON.stringify(body));
    assert.equal(((await answer.json()) as { field: string }).field, field);
  };
  await refused('PUT', '/_sandbox/faults', ['html', '500:7'], 'faults[1].probability');
  await refused('PUT', '/_sandbox/faults', [{ kind: 'shrunk', share: 2 }], 'faults[0].share');
  await refused('PUT', '/_sandbox/faults', [{ kind: 'earthquake' }], 'faults[0].kind');
  await refused('PUT', '/_sandbox/faults', { kind: '500' }, 'faults');
  await refused('PUT', '/_sandbox/faults', undefined, 'body');
  await refused('PUT', '/_sandbox/faults', 'x'.repeat(70_000), 'body');
  for (const days of [0, -1, '1', 1e9, null]) await refused('POST', '/_sandbox/advance', { days }, 'days');
  await refused('POST', '/_sandbox/advance', 3, 'days');
  assert.deepEqual(control.state().faults, [{ kind: 'html' }]);
  assert.equal(control.state().virtual_time, '2026-07-20T10:00:00.000Z');
  assert.equal((await get('/_sandbox/advance')).status, 405);
  assert.equal((await get('/_sandbox/constructor')).status, 404);
});

test('virtual time advances by days on request', async (t) => {
  const { send } = await sandboxFor(t);
  const answer = await send('POST', '/_sandbox/advance', { days: 2 });
  assert.deepEqual(await answer.json(), { virtual_time: '2026-07-22T10:00:00.000Z', replay: null });
});

test('wrong options and a taken port are refused with what to do', async (t) => {
  const { url } = await sandboxFor(t);
  const port = Number(new URL(url).port);
  await assert.rejects(startSandbox({ port }), {
    code: 'sandbox_not_listening',
    message: /is taken; choose another/,
  });
  await assert.rejects(startSandbox({ speed: -1 }), { code: 'sandbox_option_invalid', message: /^speed: / });
  await assert.rejects(startSandbox({ plansPerTdsp: 0 }), { message: /^plansPerTdsp: / });
  await assert.rejects(startSandbox({ replay: [] }), { message: /^replay: / });
});

test('stopping twice is safe, and the port is closed after it', async (t) => {
  const { url, stop } = await sandboxFor(t);
  await fetch(`${url}/health`);
  await Promise.all([stop(), stop()]);
  await assert.rejects(fetch(`${url}/health`));
});
