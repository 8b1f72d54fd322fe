import assert from 'node:assert/strict';
import { test } from 'node:test';
import Fastify from 'fastify';
import { readConfig } from '../../src/config.ts';
import { readRules } from '../../src/monitor/alerts/rules.ts';
import { opsRoutes } from '../../src/ops/routes.ts';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { insertAlertEvents } from '../../src/store/observation/alert-rows.ts';
import { noteDeploy } from '../../src/store/observation/vitals.ts';
import { readHeld } from '../../src/store/plans/held-snapshots.ts';
import { readCurrentSnapshot } from '../../src/store/plans/snapshots.ts';
import { readAudit } from '../../src/store/queue/audit-log.ts';
import { readControl } from '../../src/store/queue/sync-control.ts';
import { writePastDay } from '../support/past-day.ts';
import { allDuns, createTestDatabase, ONCOR, syncAll, territory, testGate } from '../support/support.ts';
import { openOps, TOKEN } from './open-ops.ts';

const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 60, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
const { get, post, logIn, cookieOf, formTokenOf, app, unexpected } = await openOps(database, source);
await writePastDay(database, new Date());
await syncAll(database, source);
const cookie = cookieOf(await logIn());

test('without a token nobody can come in, and the page says what to set', async () => {
  const bare = Fastify();
  const ops = opsRoutes(bare, { config: readConfig({}), territory, admin: null, onError: assert.fail });
  const { headers } = await bare.inject('/ops');
  assert.equal(headers.location, '/ops/login?next=%2Fops');
  const { body, statusCode } = await bare.inject('/ops/login');
  assert.equal(statusCode, 200);
  assert.match(body, /ADMIN_TOKEN/);
  assert.doesNotMatch(body, /type="password"/);
  const answer = await bare.inject({ url: '/ops', headers: { authorization: `Bearer ${TOKEN}` } });
  assert.equal(answer.statusCode, 401);
  await ops.stop();
  await bare.close();
});

test('a page leads to the login and back, and only to pages of operations', async () => {
  const { statusCode, headers } = await get('/ops/runs/1');
  assert.deepEqual([statusCode, headers.location], [303, '/ops/login?next=%2Fops%2Fruns%2F1']);
  assert.match((await get('/ops/login?next=/ops/runs/1')).body, /name="next" value="\/ops\/runs\/1"/);
  for (const next of [
    'https://elsewhere.test',
    '//elsewhere.test',
    '/ops//elsewhere.test/x',
    '/v1/plans',
    '/opsx',
    '/ops/../..//elsewhere.test',
    '/ops/%2e%2e/x"><b>',
  ]) {
    const { body } = await get(`/ops/login?next=${encodeURIComponent(next)}`);
    assert.match(body, /name="next" value="\/ops"/, next);
  }
  assert.equal((await get('/ops/stream')).statusCode, 401);
});

test('a session is a cookie that no script reads, no other site sends, and nobody can make', async () => {
  const answer = await logIn();
  assert.equal(answer.statusCode, 303);
  const set = String(answer.headers['set-cookie']);
  for (const part of ['HttpOnly', 'SameSite=Strict', 'Path=/ops', 'Max-Age=43200'])
    assert.ok(set.includes(part), part);
  assert.ok(!set.includes('Secure'));
  assert.match(
    String((await logIn(TOKEN, 'Ada', { 'x-forwarded-proto': 'https' })).headers['set-cookie']),
    /; Secure/,
  );
  assert.equal((await get('/ops', cookieOf(answer))).statusCode, 200);
  const [name, value] = cookieOf(answer).split('=') as [string, string];
  const [body, mac] = value.split('.') as [string, string];
  const longer = Buffer.from(JSON.stringify(['x', 'Eve', Date.now() + 1e9])).toString('base64url');
  for (const forged of [
    `${longer}.${mac}`,
    `${body}.${mac.startsWith('A') ? 'B' : 'A'}${mac.slice(1)}`,
    `${body}.`,
    body,
    '',
  ]) {
    assert.equal((await get('/ops', `${name}=${forged}`)).statusCode, 303, forged);
  }
});

test('the token as a Bearer is let in without a session, a wrong one is not', async () => {
  const ask = (token: string) =>
    app.inject({ url: '/ops/log', headers: { authorization: `Bearer ${token}` } });
  assert.equal((await ask(TOKEN)).statusCode, 200);
  assert.equal((await ask('wrong')).statusCode, 401);
});

test('after ten wrong tokens from one address not even the right one is taken', async () => {
  const from = (token: string, remoteAddress: string) =>
    app.inject({
      method: 'POST',
      url: '/ops/login',
      remoteAddress,
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      payload: new URLSearchParams({ who: 'Eve', token }).toString(),
    });
  for (let n = 0; n < 10; n += 1) assert.equal((await from(`guess ${n}`, '192.0.2.1')).statusCode, 401);
  const { statusCode, headers, body } = await from(TOKEN, '192.0.2.1');
  assert.equal(statusCode, 429);
  assert.ok(Number(headers['retry-after']) > 0);
  assert.match(body, /At most 10 wrong tokens a minute from one client/);
  const bearer = await app.inject({
    url: '/ops/log',
    remoteAddress: '192.0.2.1',
    headers: { authorization: `Bearer ${TOKEN}` },
  });
  assert.equal(bearer.statusCode, 429);
  const refused = await database.pool.query(
    `select details ->> 'path' as path from audit_log where action = 'token_refused' and details ->> 'client' = '192.0.2.1'`,
  );
  assert.deepEqual(refused.rows, [{ path: '/ops/login' }, { path: '/ops/login' }]);
  assert.equal((await from(TOKEN, '192.0.2.2')).statusCode, 303);
});

test('a name that would spoil the audit log is refused', async () => {
  for (const who of ['', ' ', 'a'.repeat(41), 'x<script>', 'two\nlines']) {
    assert.equal((await logIn(TOKEN, who)).statusCode, 400, who);
  }
});

test('every page holds to its policy: nothing inline, nothing from elsewhere, in no frame, kept nowhere', async () => {
  const paths = [
    '/ops',
    '/ops/webhooks',
    '/ops?range=1h',
    '/ops?range=30d&as=table',
    '/ops/runs',
    '/ops/runs/1',
    '/ops/alerts',
    '/ops/database',
    '/ops/reports',
    '/ops/reports?of=week',
    '/ops/reports?of=month&at=2026-11',
    '/ops/log',
    '/ops/log?only=orders',
    '/ops/do/try',
    '/ops/do/silence',
    '/ops/do/emergency',
    '/ops/logout',
    '/ops/runs/999999',
    '/ops/nothing',
  ];
  for (const path of paths) {
    const { body, headers, statusCode } = await get(path, cookie);
    assert.equal(statusCode, /99999|nothing/.test(path) ? 404 : 200, path);
    assert.match(String(headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
    assert.doesNotMatch(String(headers['content-security-policy']), /unsafe/);
    assert.equal(headers['cache-control'], 'no-store');
    assert.equal(headers['access-control-allow-origin'], undefined);
    assert.doesNotMatch(body, /\sstyle="|<style|\son[a-z]+="|<script>(?!\{)/, path);
    assert.doesNotMatch(body, /(?:src|href)="(?:https?:)?\/\//, path);
    assert.doesNotMatch(body, />(?:undefined|NaN|\[object Object\]|null)</, path);
    const ids = [...body.matchAll(/\sid="([^"]+)"/g)].map(([, id]) => id);
    assert.deepEqual(
      ids.filter((id, at) => ids.indexOf(id) !== at),
      [],
      `${path}: ids once each`,
    );
    for (const [, id] of body.matchAll(/popovertarget="([^"]+)"/g))
      assert.ok(ids.includes(id!), `${path} ${id}`);
  }
  assert.deepEqual(unexpected, []);
});

test('the first line says how shoppers are served, and the page in which order to look', async () => {
  const { body } = await get('/ops', cookie);
  assert.match(body, /<h1>[^<]*Shoppers (?:get plans at most|are still served)/);
  const order = [
    'id="verdict"',
    'id="hand"',
    'id="alerts"',
    'id="fresh"',
    'id="calls"',
    'id="control"',
    'id="log"',
  ];
  const places = order.map((one) => body.indexOf(one));
  assert.deepEqual(
    places,
    places.toSorted((a, b) => a - b),
  );
  assert.ok(places.every((place) => place > 0));
  for (const { short_name } of territory.tdsps)
    assert.ok(body.includes(short_name.replace('&', '&amp;')), short_name);
});

test('a change needs the token of its session and a form of this site, and stands in the audit log with its name', async () => {
  const form_token = await formTokenOf(cookie);
  const other = await formTokenOf(cookieOf(await logIn(TOKEN, 'Grace')));
  const isRunning = async () => (await readControl(database.pool)).state === 'running';
  for (const [fields, headers] of [
    [{}, {}],
    [{ form_token: 'x' }, {}],
    [{ form_token: other }, {}],
    [{ form_token }, { 'sec-fetch-site': 'cross-site' }],
    [{ form_token }, { 'sec-fetch-site': 'same-site' }],
  ] as [Record<string, string>, object][]) {
    assert.equal((await post('/ops/do/stop', cookie, fields, headers)).statusCode, 403);
    assert.ok(await isRunning());
  }
  assert.equal((await get('/ops/do/stop', cookie)).statusCode, 200, 'to look at the question does nothing');
  assert.ok(await isRunning());
  const done = await post('/ops/do/stop', cookie, { form_token, reason: 'the upstream\nmoves' });
  assert.deepEqual([done.statusCode, done.headers.location], [303, '/ops?done=stop']);
  const { state, changed_by, reason } = await readControl(database.pool);
  assert.deepEqual([state, changed_by, reason], ['stopped', 'ops:Ada', 'the upstream moves']);
  const page = (await get('/ops?done=stop', cookie)).body;
  assert.match(page, /Syncing was stopped .* by ops:Ada/);
  assert.match(page, /npm run sync:resume/);
  assert.match(page, /role="status">Syncing is stopped/);
  const refused = await post('/ops/do/try', cookie, { form_token, tdsp: 'ONCOR' });
  assert.equal(refused.statusCode, 409);
  assert.match(refused.body, /stopped/);
  assert.equal(
    (await post('/ops/do/emergency', cookie, { form_token })).statusCode,
    409,
    'it needs a reason',
  );
  await post('/ops/do/resume', cookie, { form_token });
  assert.ok(await isRunning());
  await post('/ops/do/clear', cookie, { form_token });
  const [asked] = [await post('/ops/do/try', cookie, { form_token, tdsp: 'ONCOR' })];
  assert.match(String(asked.headers.location), /^\/ops\/runs\/\d+\?done=try$/);
  const actions = (await readAudit(database.pool, 10))
    .filter(({ actor }) => actor === 'ops:Ada')
    .map(({ action }) => action);
  assert.deepEqual(actions.toReversed(), ['sync_stopped', 'sync_resumed', 'cache_cleared', 'sync_asked']);
  assert.match(
    (await get('/ops/log?only=orders', cookie)).body,
    /ops:Ada stopped syncing: the upstream moves/,
  );
});

test('what is held is looked at, and published by typing the number that vanishes', async () => {
  const before = (await readCurrentSnapshot(database.pool, ONCOR))!;
  sandbox.control.setFaults([parseFault('shrunk')]);
  const sync = () => syncAll(database, source, { tdsps: [ONCOR], force: true });
  const { run_id } = await sync();
  const { body } = await get('/ops/held/ONCOR', cookie);
  const [held] = await readHeld(database.pool, ONCOR);
  const gone = before.plans - held!.plans.length;
  assert.ok(gone > 10);
  assert.match(body, new RegExp(`Publish ${held!.plans.length}, remove ${gone}<`));
  assert.equal(body.match(/class="ce left"/g)!.length, gone);
  const observed_at = held!.observed_at.toISOString();
  const form_token = await formTokenOf(cookie);
  for (const fields of [
    { observed_at, vanish: String(gone - 1) },
    { observed_at, vanish: '' },
    { observed_at: before.observed_at.toISOString(), vanish: String(gone) },
  ]) {
    const { statusCode } = await post('/ops/held/ONCOR/publish', cookie, { form_token, ...fields });
    assert.equal(statusCode, 400, JSON.stringify(fields));
  }
  assert.equal((await readCurrentSnapshot(database.pool, ONCOR))!.version, before.version);
  const page = await get(`/ops/runs/${run_id}`, cookie);
  assert.match(page.body, /Oncor is held back/);
  assert.match(page.body, /href="\/ops\/held\/1039940674000"/);
  const done = await post('/ops/held/ONCOR/publish', cookie, {
    form_token,
    observed_at,
    vanish: ` ${gone} `,
  });
  assert.equal(done.headers.location, '/ops?done=held_published');
  assert.equal((await readCurrentSnapshot(database.pool, ONCOR))!.plans, held!.plans.length);
  sandbox.control.clearFaults();
  await sync();
  sandbox.control.setFaults([parseFault('shrunk')]);
  await sync();
  sandbox.control.clearFaults();
  const [again] = await readHeld(database.pool, ONCOR);
  const drop = { form_token, observed_at: again!.observed_at.toISOString() };
  assert.equal((await post('/ops/held/ONCOR/drop', cookie, drop)).headers.location, '/ops?done=held_dropped');
  assert.deepEqual(await readHeld(database.pool, ONCOR), []);
  const details = (await readAudit(database.pool, 5)).map(({ actor, action }) => `${actor} ${action}`);
  assert.deepEqual(details.slice(0, 2), ['ops:Ada held_dropped', 'ops:Ada held_published']);
  const missing = await get('/ops/held/ONCOR', cookie);
  assert.deepEqual([missing.statusCode, (await get('/ops/held/nowhere', cookie)).statusCode], [404, 404]);
});

test('a report comes as a page, as CSV and as JSON, of a time there is', async () => {
  const page = await get('/ops/reports?of=week', cookie);
  assert.match(page.body, /<h1>Week \d{4}-W\d\d, /);
  assert.match(page.body, /npx wattsync report week \d{4}-W\d\d/);
  const csv = await get('/ops/reports?of=week&as=csv', cookie);
  assert.match(String(csv.headers['content-type']), /^text\/csv/);
  assert.match(csv.body, /^table,target,required/);
  const { service } = (await get('/ops/reports?of=week&as=json', cookie)).json();
  assert.ok(service.answers > 1_000 && service.calls > 100);
  const none = await get('/ops/reports?of=month&at=2199-01', cookie);
  assert.equal(none.statusCode, 409);
  assert.match(none.body, /has not begun yet/);
});

test('a run tells its calls and the records that could not be read, as they came', async () => {
  sandbox.control.setFaults([parseFault('wrong_types:share=0.1')]);
  const { run_id } = await syncAll(database, source, { tdsps: [ONCOR], force: true });
  sandbox.control.clearFaults();
  const { body } = await get(`/ops/runs/${run_id}`, cookie);
  assert.match(body, /id="q"/);
  assert.match(body, /as it came<\/summary>/);
  assert.match(body, /npm run replay -- --rejected --publish/);
  assert.match(body, /<td class="l">200<\/td>/);
  assert.equal(allDuns.length, 6);
});

test('an upstream that fails is named in the first line, with what happens if nobody acts', async () => {
  await database.pool.query(
    `update upstream_gates set failures = 7, open_until = now() + interval '9 minutes', opened_at = now()`,
  );
  await database.pool.query(
    `insert into api_calls (run_id, source, endpoint, params, attempt, status, bytes, duration_ms, error, called_at)
     values (1, 'comparepower', 'x', '{}', 1, 503, 0, 10, 'answered 503: <b>maintenance</b>', now())`,
  );
  const bad = await openOps(database, source);
  const { body } = await bad.get('/ops', bad.cookieOf(await bad.logIn()));
  assert.match(body, /<h1>ComparePower has failed for \d+.s\. Shoppers are still served, with plans up to /);
  assert.match(body, /Left alone, /);
  assert.match(body, /Try one call…/);
  assert.doesNotMatch(body, /<b>maintenance/, 'what an upstream said is text');
  await database.pool.query('update upstream_gates set failures = 0, open_until = null');
});

test('while PostgreSQL is away the session holds and the page says so', async () => {
  const away = await openOps(database, source, 'postgres://nobody:nothing@127.0.0.1:9/none');
  const { body, statusCode } = await away.get('/ops', away.cookieOf(await away.logIn()));
  assert.equal(statusCode, 200);
  assert.match(body, /<h1>PostgreSQL has not answered for/);
  assert.match(body, /Nothing can be synced or published/);
  assert.deepEqual(away.unexpected, []);
});

test('a receiver of events: how it goes, and what is done about it from its page', async () => {
  const cookie = cookieOf(await logIn());
  await database.pool.query(
    `insert into webhooks (name, url, sealed_secret, filter, with_plans, created_by, seq, state, why_disabled)
     values ('mirror', 'https://mirror.test/in', 'whsec_AAAA', '{}', false, 'test', 0, 'disabled', 'mirror.test answered 410')`,
  );
  assert.match((await get('/ops/webhooks', cookie)).body, /One of 1 webhook is disabled/);
  const page = '/ops/webhooks/mirror';
  assert.match((await get(page, cookie)).body, /mirror\.test answered 410/);
  const form_token = await formTokenOf(cookie, page);
  const order = (what: string, more: Record<string, string> = {}) =>
    post(`${page}/${what}`, cookie, { form_token, ...more });
  assert.equal(
    (await post(`${page}/resume`, cookie, {})).statusCode,
    403,
    'without the token of the session',
  );
  assert.match((await order('resume')).body, /told everything since/);
  const rotated = await order('rotate');
  const secret = /<code>(whsec_[^<]+)<\/code>/.exec(rotated.body)![1]!;
  assert.ok(!(await get(page, cookie)).body.includes(secret), 'shown once');
  assert.match((await order('replay', { since: 'all of it' })).body, /expected the number of an event/);
  assert.match((await order('replay', { since: '0' })).body, /after event 0 is sent once more/);
  assert.match((await order('pause')).body, /mirror is paused/);
  assert.equal((await order('remove', { confirm: 'mirrow' })).statusCode, 400);
  assert.equal(
    (await order('remove', { confirm: 'mirror' })).headers.location,
    '/ops/webhooks?done=webhook_removed',
  );
  assert.match((await get('/ops/webhooks', cookie)).body, /Nobody is told by webhook/);
  const { rows } = await database.pool.query(
    "select action from audit_log where actor = 'ops:Ada' and action like 'webhook%' order by id",
  );
  assert.deepEqual(
    rows.map(({ action }) => action),
    ['webhook_resumed', 'webhook_rotated', 'webhook_replayed', 'webhook_paused', 'webhook_deleted'],
  );
});

test('each alert leads to what the runbook says of it, and the runbook says it of each', async () => {
  const ids = readRules().rules.map(({ id }) => id);
  const { body: runbook } = await get('/ops/runbook', cookie);
  const { body: alerts } = await get('/ops/alerts', cookie);
  for (const id of ids) {
    assert.match(runbook, new RegExp(`id="${id}"[\\s\\S]*?<code>npm run `), id);
    assert.ok(alerts.includes(`href="/ops/runbook#${id}"`), id);
  }
  const anchors = new Set([...runbook.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  const links = [...runbook.matchAll(/href="#([^"]+)"/g)].map(([, id]) => id);
  assert.deepEqual(
    links.filter((id) => !anchors.has(id)),
    [],
  );
  assert.doesNotMatch(runbook.replace(/<pre[\s\S]*?<\/pre>/g, ''), /\*\*|```|\]\(/, 'no Markdown is left');
});

test('charts show what was published, deployed and fired, and the database how it grew', async () => {
  const { pool } = database;
  await noteDeploy(pool, '9.8.7');
  await noteDeploy(pool, '9.8.7');
  const fired = {
    at: new Date(),
    rule: 'answers_slow',
    subject: '',
    severity: 'page',
    reading: 'slow',
  } as const;
  await insertAlertEvents(pool, [{ ...fired, event: 'fired' }]);
  await pool.query(
    `insert into database_readings (slot, taken_at, bytes, commits, rollbacks, blocks_hit, blocks_read, temp_bytes, deadlocks)
     select 9 - n, now() - make_interval(days => n), 5e9::bigint - n * 1e9::bigint, 1, 0, 1, 1, 0, 0 from generate_series(0, 3) n`,
  );
  // A process that has not looked yet.
  const other = await openOps(database, source);
  const session = other.cookieOf(await other.logIn());
  for (const range of ['1h', '24h', '30d']) {
    const { body } = await other.get(`/ops?range=${range}`, session);
    const marks = [...body.matchAll(/"marks":(\[.*?\])\}/g)].map(
      ([, json]) => JSON.parse(json!) as { kind: string; text: string }[],
    );
    assert.ok(marks.length >= 3, `${marks.length} charts`);
    const texts = new Set(marks.flatMap((of) => of.map(({ text }) => text)));
    assert.deepEqual(
      [texts.has('deploy 9.8.7'), texts.has('published everywhere'), texts.has('fired: answers_slow')],
      [true, true, true],
      [...texts].join(),
    );
    assert.equal(marks[0]!.filter(({ kind }) => kind === 'deploy').length, 1, 'a restart is not a deploy');
  }
  const { body } = await other.get('/ops/database?range=1h', session);
  assert.match(body, /954 MB a day of late/);
  assert.match(body, /data-chart="statements"/);
});
