import assert from 'node:assert/strict';
import { get as httpGet } from 'node:http';
import { type TestContext, test } from 'node:test';
import { parseFault } from './faults/faults.ts';
import type { UpstreamPlan } from './market/upstream-plan.ts';
import { startSandbox } from './server.ts';

const ONCOR = '1039940674000';
const NOW = new Date('2026-07-20T10:00:00Z');
/** fetch itself gives up after five minutes only: a call that hangs for no good reason has to fail sooner. */
const DEADLINE = { timeout: 30_000 };

/** A sandbox with these faults, and the plans it would answer without them. */
async function faulty(t: TestContext, ...faults: string[]) {
  const options = { now: () => NOW, plansPerTdsp: 40 };
  const sandbox = await startSandbox({ ...options, faults: faults.map((text) => parseFault(text)) });
  t.after(() => sandbox.stop());
  const healthy = await startSandbox(options);
  t.after(() => healthy.stop());
  const path = `/api/plans/current?tdsp_duns=${ONCOR}`;
  const proper = await (await fetch(healthy.url + path)).text();
  const ask = (init?: RequestInit) => fetch(sandbox.url + path, init);
  return { ...sandbox, ask, path, proper, plans: JSON.parse(proper) as UpstreamPlan[] };
}

test('500, denied, rate_limit: the status, and when to come back', async (t) => {
  const { ask } = await faulty(t, '500:times=1', 'denied:times=1', 'rate_limit:retry_after_seconds=7');
  assert.equal((await ask()).status, 500);
  assert.equal((await ask()).status, 401);
  const limited = await ask();
  assert.deepEqual([limited.status, limited.headers.get('retry-after')], [429, '7']);
});

test('not_modified, stuck_etag: 304 for every caller, and a tag that says nothing about the plans', async (t) => {
  const { ask, control, proper } = await faulty(t, 'not_modified:times=1', 'stuck_etag');
  assert.equal((await ask()).status, 304);
  const first = await ask();
  const etag = first.headers.get('etag')!;
  assert.equal(await first.text(), proper);
  control.advance(1);
  assert.equal((await ask({ headers: { 'if-none-match': etag } })).status, 304);
  const second = await ask();
  assert.equal(second.headers.get('etag'), etag);
  assert.notEqual(await second.text(), proper);
});

test('malformed: status 200 and the type of JSON, but none', async (t) => {
  const { ask } = await faulty(t, 'malformed');
  const answer = await ask();
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type')!, /^application\/json/);
  await assert.rejects(answer.json(), SyntaxError);
});

test('html: a page with status 200', async (t) => {
  const answer = await (await faulty(t, 'html')).ask();
  assert.equal(answer.status, 200);
  assert.match(answer.headers.get('content-type')!, /^text\/html/);
  assert.match(await answer.text(), /^<!doctype html>/);
});

test('truncated: a complete answer whose JSON ends in the middle', async (t) => {
  const { ask, proper } = await faulty(t, 'truncated:share=0.5');
  const answer = await ask();
  const text = await answer.text();
  assert.equal(text, proper.slice(0, Math.floor(proper.length / 2)));
  assert.equal(Number(answer.headers.get('content-length')), text.length);
  assert.throws(() => JSON.parse(text), SyntaxError);
});

test('truncated:aborted: the length promises more than comes', async (t) => {
  const { path, url, proper, control } = await faulty(t, 'truncated:aborted:share=0.5');
  const seen = await new Promise<{ promised: number; received: number; error: string }>((resolve, reject) => {
    httpGet(url + path, (response) => {
      let received = 0;
      response.on('data', (chunk: Buffer) => (received += chunk.length));
      response.on('end', () => reject(new Error('the answer ended properly')));
      response.on('error', (error: NodeJS.ErrnoException) =>
        resolve({ promised: Number(response.headers['content-length']), received, error: error.code ?? '' }),
      );
    }).on('error', reject);
  });
  assert.deepEqual(seen, {
    promised: proper.length,
    received: Math.floor(proper.length / 2),
    error: 'ECONNRESET',
  });
  assert.deepEqual(control.state().calls.by_status, { no_answer: 1 });
});

test('slow_body: the whole body in pieces', async (t) => {
  const { path, url, proper } = await faulty(t, 'slow_body:ms=1');
  const pieces = await new Promise<Buffer[]>((resolve, reject) => {
    httpGet(url + path, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => resolve(chunks));
    }).on('error', reject);
  });
  assert.equal(Buffer.concat(pieces).toString(), proper);
  assert.ok(pieces.length > 2, `${pieces.length} pieces`);
});

test('latency: the proper answer, later', async (t) => {
  const { ask, proper } = await faulty(t, 'latency:ms=5');
  assert.equal(await (await ask()).text(), proper);
});

test('timeout: no answer until the client leaves', DEADLINE, async (t) => {
  const { ask, control } = await faulty(t, 'timeout:times=1');
  const left = new AbortController();
  const asked = assert.rejects(ask({ signal: left.signal }), { name: 'AbortError' });
  await until(() => control.state().calls.total === 1);
  assert.deepEqual(control.state().calls.by_status, {});
  left.abort();
  await asked;
  await until(() => control.state().calls.by_status.no_answer === 1);
  assert.equal((await ask()).status, 200);
});

test('timeout: stopping the sandbox ends the calls that hang', DEADLINE, async (t) => {
  const { ask, control, stop } = await faulty(t, 'timeout', 'latency:ms=1');
  const asked = assert.rejects(ask());
  await until(() => control.state().calls.total === 1);
  await stop();
  await asked;
});

test('reset: the connection goes without an answer', async (t) => {
  const { ask, control } = await faulty(t, 'reset');
  await assert.rejects(ask(), (error: Error) => (error.cause as NodeJS.ErrnoException).code === 'ECONNRESET');
  await until(() => control.state().calls.by_status.no_answer === 1);
});

test('empty: a list without a plan, in one TDSP only where one is named', async (t) => {
  const { ask, url } = await faulty(t, `tdsp=${ONCOR}:empty`);
  assert.equal(await (await ask()).text(), '[]');
  const other = await fetch(`${url}/api/plans/current?tdsp_duns=957877905`);
  assert.ok(((await other.json()) as unknown[]).length > 20);
});

test('shrunk: the given share of the plans, the same ones each time', async (t) => {
  const { ask, plans } = await faulty(t, 'shrunk:share=0.25');
  const text = await (await ask()).text();
  const kept = JSON.parse(text) as UpstreamPlan[];
  assert.equal(kept.length, Math.ceil(plans.length / 4));
  const ids = new Set(plans.map(({ _id }) => _id));
  assert.ok(kept.every(({ _id }) => ids.has(_id)));
  assert.equal(await (await ask()).text(), text);
});

test('cents: every price a hundred times too high', async (t) => {
  const { ask, plans } = await faulty(t, 'cents');
  for (const [index, plan] of ((await (await ask()).json()) as UpstreamPlan[]).entries()) {
    const proper = plans[index]!;
    assert.equal(plan._id, proper._id);
    const { avg, avg_cents, total } = plan.display_pricing_1000!;
    assert.ok(Math.abs(avg / proper.display_pricing_1000!.avg - 100) < 1e-9);
    assert.ok(Math.abs(avg_cents / proper.display_pricing_1000!.avg_cents - 100) < 1e-9);
    assert.ok(Math.abs(total / proper.display_pricing_1000!.total - 100) < 1e-9);
    assert.ok(Math.abs(plan.expected_prices[0]!.price / proper.expected_prices[0]!.price - 100) < 1e-9);
  }
});

test('wrong_types: the given share of the records is broken in several ways, the rest untouched', async (t) => {
  const { ask, plans } = await faulty(t, 'wrong_types:share=0.5');
  const records = (await (await ask()).json()) as unknown[];
  const texts = new Set(plans.map((plan) => JSON.stringify(plan)));
  const broken = records.filter((record) => !texts.has(JSON.stringify(record))) as (Record<
    string,
    unknown
  > | null)[];
  assert.equal(records.length, plans.length);
  assert.equal(broken.length, Math.ceil(plans.length / 2));
  const pricing = (record: Record<string, unknown> | null, usage: number) =>
    typeof (record?.[`display_pricing_${usage}`] as { avg: unknown } | undefined)?.avg;
  assert.ok(broken.some((record) => pricing(record, 1000) === 'string'));
  assert.ok(broken.some((record) => pricing(record, 500) === 'object'));
  assert.ok(broken.some((record) => record && !('product' in record)));
  assert.ok(broken.includes(null));
});

/** Polls with a deadline: what is waited for happens on the other side of a socket. */
async function until(holds: () => boolean): Promise<void> {
  const deadline = Date.now() + 5_000;
  while (!holds()) {
    assert.ok(Date.now() < deadline, 'the deadline passed');
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('redirect: back to the same address, for ever', async (t) => {
  const { ask, path } = await faulty(t, 'redirect');
  const answer = await ask({ redirect: 'manual' });
  assert.deepEqual([answer.status, answer.headers.get('location')], [302, path]);
  await assert.rejects(ask(), /fetch failed/);
});

test('gzip_bomb and oversized: a few kilobytes on the line or many, and white space without a plan', async (t) => {
  const { ask } = await faulty(t, 'gzip_bomb:mib=3:times=1', 'oversized:mib=2');
  const bomb = await ask();
  assert.ok(Number(bomb.headers.get('content-length')) < 20_000);
  assert.equal((await bomb.text()).trim().length, 0);
  const large = await (await ask()).text();
  assert.ok(large.length > 2 << 20);
  assert.deepEqual(JSON.parse(large), []);
});

test('rate_limit: `Retry-After` as it is told, or none', async (t) => {
  const { ask, control } = await faulty(t);
  for (const [retry_after, header] of [
    ['none', null],
    ['Fri, 31 Dec 9999 23:59:59 GMT', 'Fri, 31 Dec 9999 23:59:59 GMT'],
  ] as const) {
    control.setFaults([{ kind: 'rate_limit', retry_after }]);
    const answer = await ask();
    assert.deepEqual([answer.status, answer.headers.get('retry-after')], [429, header]);
  }
});
