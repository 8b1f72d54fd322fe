import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { PlanFacts } from '../../client/index.ts';
import { Secret } from '../../src/config.ts';
import { WebhookSender } from '../../src/events/webhook-sender.ts';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { Sealer } from '../../src/seal.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readLogEnds } from '../../src/store/events/event-log.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { usageProfiles } from '../../src/store/profiles.ts';
import { revertTo } from '../../src/sync/publish/decide.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { Publisher } from '../../src/sync/publish/publisher.ts';
import { DAY_MS, HOUR_MS } from '../../src/units.ts';
import { openApi } from '../support/api.ts';
import { allDuns, createTestDatabase, ONCOR, syncAll, testGate, until } from '../support/support.ts';

const TOKEN = 'a token of a test';
const { database } = await createTestDatabase();
const { pool } = database;
let days = 0;
const BEGIN = Date.parse('2026-06-01T12:00:00Z');
const sandbox = await startSandbox({ plansPerTdsp: 20, now: () => new Date(BEGIN + days * DAY_MS) });
const about = { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' };
const sealer = new Sealer(Buffer.alloc(32, 7).toString('base64'));
const source = new ComparePowerSource(about, testGate(database));
const { app } = openApi(database, undefined, {
  admin: {
    tokens: [{ name: 'tester', role: 'operate', token: new Secret(TOKEN) }],
    engine: {} as never,
    database,
    sealer,
  },
});
const baseUrl = await app.listen({ port: 0, host: '127.0.0.1' });
const port = await freePort();
const folder = mkdtempSync(join(tmpdir(), 'wattsync-mirror-'));
const file = join(folder, 'mirror.json');
after(async () => {
  mirror?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
  await sandbox.stop();
});

async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => {
    server.listen(0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** At an address of the open internet, as it has to be, and led to the example from there. */
async function registerWebhook(): Promise<string> {
  const answer = await app.inject({
    method: 'POST',
    url: '/v1/admin/webhooks',
    headers: { authorization: `Bearer ${TOKEN}` },
    payload: { name: 'mirror', url: 'https://93.184.215.14/' },
  });
  await pool.query(`update webhooks set url = $1`, [`http://hook.test:${port}/`]);
  return answer.json().secret;
}
const sender = new WebhookSender({
  database: pool,
  profiles: usageProfiles(),
  sealer,
  addressOf: async () => ({ address: '127.0.0.1', family: 4 }),
  onError: () => {},
});
/** What it could not tell it tells again, without the wait. */
const tell = async () => {
  await pool.query('update webhooks set next_at = now()');
  await sender.now();
};

let mirror: ChildProcess | undefined;
function startMirror(secret: string): void {
  const example = fileURLToPath(new URL('../../examples/mirror.ts', import.meta.url));
  mirror = spawn(process.execPath, [example], {
    env: {
      PATH: process.env.PATH,
      WATTSYNC_URL: baseUrl,
      MIRROR_FILE: file,
      WEBHOOK_PORT: String(port),
      WEBHOOK_SECRET: secret,
    },
    stdio: 'ignore',
  });
}

interface Mirror {
  seq: number;
  markets: Record<string, { version: number; offers: Record<string, PlanFacts> }>;
}
const readMirror = (): Mirror | null => {
  try {
    return JSON.parse(readFileSync(file, 'utf8')) as Mirror;
  } catch {
    return null;
  }
};

/** To the byte what is published, of every TDSP. */
async function expectMirrored(): Promise<void> {
  const { last } = await readLogEnds(pool);
  await until(async () => {
    await tell();
    return (readMirror()?.seq ?? -1) >= last;
  }, 60_000);
  const { markets } = readMirror()!;
  for (const duns of allDuns) {
    const set = (await readActivePlanSet(pool, duns))!;
    assert.equal(markets[duns]!.version, set.version, duns);
    const published = Object.fromEntries(set.plans.map((plan) => [plan.offer_id, plan]));
    assert.deepEqual(markets[duns]!.offers, JSON.parse(JSON.stringify(published)));
  }
}
const sync = () => syncAll(database, source, { force: true });

test('the mirror is the market through days, kills, a held snapshot, a revert and another source', async () => {
  await sync();
  const secret = await registerWebhook();
  startMirror(secret);
  await expectMirrored();

  days = 1;
  await sync();
  await expectMirrored();

  // Killed in the middle of what comes next, and started on what it had written.
  days = 9;
  const under = sync();
  mirror!.kill('SIGKILL');
  await under;
  startMirror(secret);
  await expectMirrored();

  const { last } = await readLogEnds(pool);
  sandbox.control.setFaults([parseFault('shrunk')]);
  const held = await syncAll(database, source, { tdsps: [ONCOR], force: true });
  assert.equal(held.tdsps[0]!.status, 'held');
  sandbox.control.clearFaults();
  assert.ok((await readLogEnds(pool)).last > last, 'that it was held is an event');
  await expectMirrored();

  const publisher = new Publisher({ database, cacheTtlMs: HOUR_MS, tuneDatabase: false });
  const reverted = await revertTo({ database, publisher, tdsp_duns: ONCOR, by: 'tester' }, 1);
  assert.equal(reverted?.status, 'published');
  await expectMirrored();

  const plans = (await readActivePlanSet(pool, ONCOR))!.plans.slice(3).map((plan) => ({
    ...plan,
    external_id: `elsewhere-${plan.external_id}`,
    provider: { ...plan.provider, legal_name: null, puct_number: null, phone: null },
  }));
  const now = new Date();
  const told = {
    tdsp_duns: ONCOR,
    source: 'powertochoose',
    origin: 'test',
    plans,
    rejected: [],
    observed_at: now,
    run_id: 1,
  };
  await publish(database, told, { now, cacheTtlMs: HOUR_MS, passed_as: 'overridden' });
  const { rows } = await pool.query(`select from market_events where kind = 'source_changed'`);
  assert.equal(rows.length, 1);
  await expectMirrored();
});

test('a mirror whose place in the log is gone begins anew, and is the market again', async () => {
  const { last } = await readLogEnds(pool);
  mirror!.kill('SIGKILL');
  await pool.query('delete from market_events');
  await pool.query('update market_log set dropped_seq = last_seq');
  const secret = await registerAgain();
  const stale = readMirror()!;
  stale.seq = Math.floor(last / 2);
  stale.markets = {};
  writeFileSync(file, JSON.stringify(stale));
  startMirror(secret);
  await expectMirrored();
});

async function registerAgain(): Promise<string> {
  await pool.query('delete from webhooks');
  return registerWebhook();
}
