import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { readDuration } from '../../src/monitor/alerts/duration.ts';
import {
  ACK_MS,
  ackAlert,
  firing,
  listAlerts,
  silenceAlert,
  unackAlert,
  unsilenceAlert,
} from '../../src/monitor/alerts/list-alerts.ts';
import { isPast, readRules, severityAt } from '../../src/monitor/alerts/rules.ts';
import { type AlertRow, readAlertEvents, writeAlerts } from '../../src/store/observation/alert-rows.ts';
import { HOUR_MS } from '../../src/units.ts';
import { createTestDatabase } from '../support/support.ts';

const { database } = await createTestDatabase();
const { pool } = database;
const rules = readRules();
const folder = mkdtempSync(join(tmpdir(), 'wattsync-rules-'));
after(() => rmSync(folder, { recursive: true }));

const alert = (rule: string, subject: string, state: AlertRow['state'] = 'firing'): AlertRow => ({
  rule,
  subject,
  state,
  severity: 'ticket',
  value: 1,
  reading: 'a snapshot is held back',
  since: new Date(),
  fired_at: state === 'pending' ? null : new Date(),
  clear_since: null,
  resolved_at: null,
  told_at: null,
  follows: null,
  acked_by: null,
  acked_at: null,
  acked_until: null,
  ack_note: null,
});
const shown = async () =>
  (await listAlerts(pool, rules)).alerts.map(({ rule, subject, display }) => `${rule} ${subject} ${display}`);

test('an operator acknowledges, takes back, silences and ends a silence, and each is in the history', async () => {
  await writeAlerts(pool, [
    alert('snapshot_held', 'Oncor'),
    alert('snapshot_held', 'TNMP'),
    alert('queue_stuck', '', 'pending'),
  ]);
  const by = 'on-call';
  await ackAlert(pool, rules, {
    rule: 'snapshot_held',
    subject: 'Oncor',
    by,
    note: 'looking',
    forMs: ACK_MS,
  });
  const silence = await silenceAlert(pool, rules, {
    rule: 'snapshot_held',
    subject: 'TNMP',
    by,
    reason: 'known, ticket 4127',
    forMs: HOUR_MS,
  });
  assert.deepEqual(await shown(), [
    'snapshot_held Oncor acknowledged',
    'snapshot_held TNMP silenced',
    'queue_stuck  pending',
  ]);
  assert.deepEqual(firing((await listAlerts(pool, rules)).alerts), []);
  assert.equal(await unackAlert(pool, { rule: 'snapshot_held', subject: null, by }), 1);
  await unsilenceAlert(pool, silence.id, by);
  assert.equal(firing((await listAlerts(pool, rules)).alerts).length, 2);
  const events = await readAlertEvents(pool, { from: new Date(0), to: new Date(Date.now() + 60_000) });
  assert.deepEqual(
    events.map(({ event, by, note }) => [event, by, note]),
    [
      ['silence_ended', by, null],
      ['ack_ended', by, null],
      ['silenced', by, 'known, ticket 4127'],
      ['acknowledged', by, 'looking'],
    ],
  );
});

test('an order that cannot be followed says what would be right', async () => {
  const order = { rule: 'snapshot_held', subject: null, by: 'x', note: null, forMs: ACK_MS };
  const code = 'alert_order_invalid';
  await assert.rejects(ackAlert(pool, rules, { ...order, rule: 'snapshot_hold' }), {
    code,
    message: /expected the name of a rule, got "snapshot_hold": .*snapshot_held/,
  });
  await assert.rejects(ackAlert(pool, rules, { ...order, rule: 'disk_full' }), { code, message: /Nothing/ });
  await assert.rejects(ackAlert(pool, rules, { ...order, forMs: 1_000 * HOUR_MS }), {
    code,
    message: /168 h/,
  });
  const silence = { rule: null, subject: null, by: 'x', reason: 'r', forMs: HOUR_MS };
  await assert.rejects(silenceAlert(pool, rules, silence), { code, message: /a rule, a subject, or both/ });
  await assert.rejects(silenceAlert(pool, rules, { ...silence, subject: 'Oncor', reason: ' ' }), { code });
  await assert.rejects(unsilenceAlert(pool, 999, 'x'), { code, message: /no silence 999/ });
});

test('mistakes in the file of the rules are told all together, each by its place', () => {
  const file = join(folder, 'alerts.yaml');
  const read = (text: string) => {
    writeFileSync(file, text);
    return () => readRules(file);
  };
  const head =
    'remind: {page: 4h, ticket: 24h}\nchannels: {log: ticket, webhook: ticket, slack: ticket, email: page}\n';
  const rule = (more: string) =>
    `{id: one_rule, title: One, group: fleet, signal: held, unit: x, for: 0s, severity: page, ${more}}`;
  assert.throws(read('a: [1'), { code: 'alert_rules_invalid', message: /cannot be read/ });
  assert.throws(read(`${head}rules:\n- ${rule('fires: 1, clears: 0, for: soon')}`), /cannot be read/);
  assert.throws(read(`${head}rules:\n- ${rule('fires: 1, clears: 1, follows: [other]')}`), (error) => {
    const text = (error as Error).message;
    assert.match(text, /rules.one_rule.clears: expected another value than fires/);
    assert.match(text, /rules.one_rule.follows: there is no rule "other"/);
    return true;
  });
  assert.throws(read(`${head}rules:\n- ${rule('fires: lots, clears: 0')}`), /rules.one_rule.fires: /);
  assert.throws(read(`${head}rules:\n- ${rule('fires: 1, clears: 0, firs: 2')}`), /firs/);
  assert.throws(
    read(`${head}rules:\n- ${rule('fires: 2, clears: 1, worsens: 1')}`),
    /rules.one_rule.worsens: expected a value beyond fires \(2\), got 1/,
  );
  assert.throws(read(`${head}rules: []`), /rules: /);
  assert.deepEqual(['90s', '15m', '4h', '2d', '1.5h', '-1s', ''].map(readDuration), [
    90_000,
    900_000,
    14_400_000,
    172_800_000,
    null,
    null,
    null,
  ]);
});

test('a threshold is passed in the direction of its rule, and a worse value is a page', () => {
  const low = rules.rules.find(({ id }) => id === 'certificate_ends')!;
  assert.deepEqual(
    [15, 14, 2].map((days) => isPast(low, days, low.fires)),
    [false, true, true],
  );
  assert.deepEqual(
    [14, 3, null].map((days) => severityAt(low, days)),
    ['ticket', 'page', 'ticket'],
  );
});
