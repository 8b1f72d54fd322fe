/** `/v1/admin/alerts`: alerts that really fire are acknowledged, silenced and told again, and who may do that. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Problem } from '../../src/api/problem.ts';
import { Secret } from '../../src/config.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { readAudit } from '../../src/store/queue/audit-log.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, ONCOR, syncAll, testGate } from '../support/support.ts';
import { rules, watch } from '../support/watch.ts';

const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 40, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database, { attempts: 1 }),
);
const tokens = { 'on-call': 'a token that may do it', eyes: 'a token that may look' };
const { ask, unexpected } = openApi(database, undefined, {
  admin: {
    tokens: [
      { name: 'on-call', role: 'operate', token: new Secret(tokens['on-call']) },
      { name: 'eyes', role: 'read', token: new Secret(tokens.eyes) },
    ],
    engine: {} as never,
    database,
    rules,
  },
});
const { look, news, pass } = await watch(database);

async function say(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  { who = 'on-call', body }: { who?: keyof typeof tokens | null; body?: object } = {},
) {
  const headers = who === null ? {} : { authorization: `Bearer ${tokens[who]}` };
  const answer = await ask({
    method,
    url: `/v1/admin/alerts${path}`,
    headers,
    ...(body && { payload: body }),
  });
  return { status: answer.statusCode, said: JSON.parse(answer.body) };
}
const displays = async () =>
  (await say('GET', '')).said.data.map(
    ({ rule, subject, display }: Record<string, string>) => `${rule} ${subject} ${display}`,
  );

test('what fires is listed with where it is written what to do, and without a token nobody sees it', async () => {
  await syncAll(database, source, { force: true });
  sandbox.control.setFaults(['shrunk']);
  await syncAll(database, source, { tdsps: [ONCOR], force: true });
  await look();
  assert.deepEqual(news(), ['fired snapshot_held Oncor']);
  const { status, said } = await say('GET', '', { who: 'eyes' });
  const [alert] = said.data;
  assert.deepEqual(
    [status, said.meta.total, said.meta.rules, alert.display, alert.runbook],
    [200, 1, rules.rules.length, 'firing', 'docs/runbook.md#snapshot_held'],
  );
  assert.match(alert.reading, /fewer/);
  assert.deepEqual(
    said.channels.map(({ channel, delivered }: Record<string, unknown>) => [channel, delivered]),
    [['log', 1]],
  );
  assert.equal((await say('GET', '', { who: null })).status, 401);
});

test('an acknowledgement keeps reminders away until it ends, and only who may operate can give it', async () => {
  const order = { rule: 'snapshot_held', subject: 'Oncor', note: 'asked the upstream', for: '5h' };
  assert.equal((await say('POST', '/ack', { who: 'eyes', body: order })).status, 403);
  const { status, said } = await say('POST', '/ack', { body: order });
  assert.deepEqual([status, said.alerts.length], [200, 1]);
  assert.ok(Math.abs(Date.parse(said.until) - Date.now() - 5 * 3_600_000) < 60_000);
  assert.deepEqual(await displays(), ['snapshot_held Oncor acknowledged']);
  await pass(4 * 3_600);
  await look();
  assert.deepEqual(news(), []);
  await pass(2 * 3_600);
  await look();
  assert.deepEqual(news(), ['reminded snapshot_held Oncor'], 'told again at its end');
  await say('POST', '/ack', { body: { rule: 'snapshot_held' } });
  assert.deepEqual((await say('POST', '/unack', { body: { rule: 'snapshot_held' } })).said, { ended: 1 });
  assert.deepEqual(await displays(), ['snapshot_held Oncor firing']);
});

test('a silence tells nobody, not even a new alert of its subject, and what still fires is told at its end', async () => {
  const body = { subject: 'Oncor', reason: 'known until tomorrow', for: '8h' };
  const { said: made } = await say('POST', '/silences', { body });
  assert.deepEqual(await displays(), ['snapshot_held Oncor silenced']);
  const { silences } = (await say('GET', '')).said;
  assert.deepEqual(
    silences.map((one: Record<string, unknown>) => [one.id, one.rule, one.subject, one.by, one.reason]),
    [[made.id, null, 'Oncor', 'on-call', body.reason]],
  );
  await pass(25 * 3_600);
  await look();
  assert.deepEqual(news(), ['reminded snapshot_held Oncor']);
  const { said: again } = await say('POST', '/silences', { body });
  const { said: ended } = await say('DELETE', `/silences/${again.id}`);
  assert.deepEqual([ended.id, ended.ended_by], [again.id, 'on-call']);
  assert.deepEqual(await displays(), ['snapshot_held Oncor firing']);
});

test('orders that cannot be followed are refused with what would be right', async () => {
  const refused = async (path: string, body: object) => {
    const { status, said } = await say('POST', path, { body });
    return `${status} ${said.detail ?? ''} ${JSON.stringify(said.errors ?? [])}`;
  };
  assert.match(await refused('/ack', { rule: 'snapshot_hold' }), /^400 .*snapshot_held/);
  assert.match(await refused('/ack', { rule: 'disk_full' }), /^400 Nothing of "disk_full" fires/);
  assert.match(await refused('/ack', { rule: 'snapshot_held', for: 'soon' }), /^400 .*for/);
  assert.match(await refused('/silences', { reason: 'why', for: '8h' }), /^400 .*a rule, a subject, or both/);
  assert.match(await refused('/silences', { rule: 'snapshot_held', for: '8h' }), /^400 .*reason/);
  assert.equal((await say('DELETE', '/silences/4711')).status, 400);
});

test('the history tells all of it, and the audit log who ordered what', async () => {
  sandbox.control.clearFaults();
  await syncAll(database, source, { tdsps: [ONCOR], force: true });
  await look();
  assert.deepEqual(news(), ['resolved snapshot_held Oncor']);
  const { said } = await say('GET', '/history?days=1&rule=snapshot_held', { who: 'eyes' });
  assert.deepEqual(said.data.map(({ event }: Record<string, string>) => event).toReversed(), [
    'fired',
    'acknowledged',
    'ack_ended',
    'reminded',
    'acknowledged',
    'ack_ended',
    'reminded',
    'resolved',
  ]);
  const ordered = (await readAudit(database.pool, 50)).filter(({ action }) => action.startsWith('alert_'));
  assert.deepEqual(ordered.map(({ action }) => action).toReversed(), [
    'alert_acknowledged',
    'alert_acknowledged',
    'alert_unacknowledged',
    'alert_silenced',
    'alert_silenced',
    'alert_silence_ended',
  ]);
  assert.deepEqual(new Set(ordered.map(({ actor }) => actor)).size, 1);
  // The one without a token, which is told to the log.
  assert.deepEqual(
    unexpected.map((one) => (one as Problem).code),
    ['unauthorized'],
  );
});
