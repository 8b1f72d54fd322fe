import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { AlertRow, Silence } from '../../store/observation/alert-rows.ts';
import { evaluate } from './evaluate.ts';
import type { Rule, Rules } from './rules.ts';

const MINUTE = 60_000;
const rule = (id: string, more: Partial<Rule> = {}): Rule => ({
  id,
  title: id,
  group: 'fleet',
  signal: 'held',
  unit: 'x',
  fires: 10,
  clears: 5,
  for: 0,
  clear_for: 0,
  severity: 'ticket',
  follows: [],
  no_data: 'ok',
  ...more,
});
const rulesOf = (...rules: Rule[]): Rules => ({
  remind: { page: 60 * MINUTE, ticket: 240 * MINUTE },
  channels: { log: 'ticket', webhook: 'ticket', slack: 'ticket', email: 'page' },
  rules,
});

/** Time goes on, minute by minute, and what is told is remembered. */
function life(rules: Rules) {
  let alerts: AlertRow[] = [];
  let silences: Silence[] = [];
  let at = new Date('2026-11-20T00:00:00Z');
  const told: string[] = [];
  const events: string[] = [];
  return {
    told,
    events,
    alert: (id: string) => alerts.find(({ rule }) => rule === id),
    change: (id: string, more: Partial<AlertRow>) => {
      alerts = alerts.map((one) => (one.rule === id ? { ...one, ...more } : one));
    },
    at: () => at,
    silence: (more: Partial<Silence>) => {
      silences = [
        {
          id: 1,
          rule: null,
          subject: null,
          begins_at: at,
          until: at,
          by: 'x',
          reason: 'r',
          ended_at: null,
          ended_by: null,
          ...more,
        },
      ];
    },
    /** @param values by rule: of the subject without a name */
    minute(values: Record<string, number | null | 'unread'>, causes: string[] = []) {
      at = new Date(at.getTime() + MINUTE);
      const readings = new Map(
        Object.entries(values).map(([id, value]) => [
          id,
          value === 'unread' ? null : [{ subject: '', value, text: `reads ${value}` }],
        ]),
      );
      const result = evaluate({ rules, readings, alerts, silences, causes, at });
      const isGone = ({ rule }: AlertRow) =>
        [...result.changed, ...result.forgotten].some((one) => one.rule === rule);
      alerts = [...alerts.filter((one) => !isGone(one)), ...result.changed.map((one) => ({ ...one }))];
      silences = silences.map((one) => (result.ended.includes(one) ? { ...one, ended_at: at } : one));
      told.push(...result.told.map(({ kind, alert }) => `${kind} ${alert.rule}`));
      events.push(...result.events.map(({ event, rule }) => `${event} ${rule}`));
    },
  };
}

test('a condition fires only after its time, once, and clears only past its other threshold', () => {
  const { minute, told, alert } = life(rulesOf(rule('a', { for: 2 * MINUTE })));
  minute({ a: 11 });
  minute({ a: 11 });
  assert.deepEqual([told, alert('a')!.state], [[], 'pending']);
  minute({ a: 11 });
  for (const value of [7, 12, 6, 11]) minute({ a: value });
  assert.deepEqual(told, ['fired a']);
  minute({ a: 5 });
  minute({ a: 7 });
  assert.deepEqual([told, alert('a')!.state], [['fired a', 'resolved a'], 'resolved']);
  minute({ a: 12 });
  minute({ a: 3 });
  assert.equal(told.length, 2, 'what passed before its time leaves nothing');
});

test('a value that wavers around the threshold for an hour is one alert', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -2, max: 2 }), { minLength: 60, maxLength: 60 }), (noise) => {
      const { minute, told } = life(rulesOf(rule('a')));
      minute({ a: 10 });
      for (const percent of noise) minute({ a: 10 * (1 + percent / 100) });
      minute({ a: 0 });
      return told.length === 2;
    }),
    { numRuns: 30 },
  );
});

test('below is the direction of a rule that clears above', () => {
  const { minute, told } = life(rulesOf(rule('low', { fires: 0.7, clears: 0.8 })));
  for (const value of [0.9, 0.7, 0.75, 0.79, 0.8]) minute({ low: value });
  assert.deepEqual(told, ['fired low', 'resolved low']);
});

test('what follows from something is held back, and gets time once that is over', () => {
  const rules = rulesOf(rule('effect', { follows: ['cause'] }), rule('cause', { for: MINUTE }));
  const { minute, told, alert } = life(rules);
  // The cause is only pending, and comes later in the file: nothing leaks at the start.
  minute({ cause: 20, effect: 20 });
  minute({ cause: 20, effect: 20 });
  assert.deepEqual([told, alert('effect')!.follows], [['fired cause'], 'cause']);
  minute({ cause: 0, effect: 20 });
  minute({ cause: 0, effect: 20 });
  assert.deepEqual(told, ['fired cause', 'resolved cause']);
  minute({ cause: 0, effect: 0 });
  assert.equal(alert('effect'), undefined);
  assert.equal(told.length, 2, 'repaired with its cause: nobody hears of it');
  minute({ cause: 20, effect: 20 });
  minute({ cause: 0, effect: 20 });
  for (let n = 0; n < 4; n++) minute({ cause: 0, effect: 20 });
  assert.deepEqual(told.slice(2), ['fired effect']);
});

test('what counts as a cause without an alert holds back as well', () => {
  const { minute, told } = life(rulesOf(rule('effect', { follows: ['cause'] }), rule('cause')));
  minute({ cause: 0, effect: 20 }, ['cause']);
  assert.deepEqual(told, []);
});

test('an acknowledgement keeps it quiet, ends by itself, and is broken by a worse value', () => {
  const { minute, told, events, change, at, alert } = life(rulesOf(rule('a', { worsens: 50 })));
  minute({ a: 11 });
  const ack = () =>
    change('a', { acked_by: 'x', acked_at: at(), acked_until: new Date(at().getTime() + 300 * MINUTE) });
  ack();
  for (let n = 0; n < 290; n++) minute({ a: 12 });
  assert.deepEqual(told, ['fired a']);
  for (let n = 0; n < 20; n++) minute({ a: 12 });
  assert.deepEqual(told, ['fired a', 'reminded a']);
  assert.ok(events.includes('ack_ended a'));
  ack();
  minute({ a: 60 });
  assert.deepEqual([told.at(-1), alert('a')!.severity, alert('a')!.acked_by], ['worsened a', 'page', null]);
  minute({ a: 12 });
  assert.equal(told.length, 3, 'falling back is not a resolution');
});

test('a silence tells nobody, and at its end tells again what still fires', () => {
  const { minute, told, events, silence, at } = life(rulesOf(rule('a'), rule('b')));
  minute({ a: 11, b: 0 });
  silence({ rule: 'a', until: new Date(at().getTime() + 5 * MINUTE) });
  minute({ a: 0, b: 11 });
  minute({ a: 12, b: 11 });
  assert.deepEqual(told, ['fired a', 'fired b']);
  for (let n = 0; n < 4; n++) minute({ a: 12, b: 11 });
  assert.deepEqual(told.slice(2), ['fired a']);
  assert.deepEqual(events.filter((one) => one === 'silence_ended a').length, 1);
});

test('what goes on is reminded of at the pace of its severity', () => {
  const { minute, told } = life(rulesOf(rule('page', { severity: 'page' }), rule('ticket')));
  for (let n = 0; n < 241; n++) minute({ page: 11, ticket: 11 });
  assert.equal(told.filter((one) => one === 'reminded page').length, 4);
  assert.equal(told.filter((one) => one === 'reminded ticket').length, 1);
});

test('not to know is handled as the rule says, and what could not be read at all stays as it was', () => {
  const rules = rulesOf(rule('ok'), rule('fire', { no_data: 'fire' }), rule('keep', { no_data: 'keep' }));
  const { minute, told } = life(rules);
  minute({ ok: null, fire: null, keep: null });
  assert.deepEqual(told, ['fired fire']);
  minute({ ok: 11, fire: 0, keep: 11 });
  minute({ ok: 'unread', fire: 'unread', keep: 'unread' });
  assert.deepEqual(told.slice(1), ['fired ok', 'resolved fire', 'fired keep']);
  minute({ ok: null, fire: 0, keep: null });
  assert.deepEqual(told.slice(4), ['resolved ok']);
});

test('evaluating again what was just evaluated tells nothing', () => {
  const values = fc.record({ a: fc.integer({ min: 0, max: 60 }), b: fc.integer({ min: 0, max: 20 }) });
  const rules = rulesOf(rule('a', { worsens: 50 }), rule('b', { follows: ['a'] }));
  fc.assert(
    fc.property(fc.array(values, { maxLength: 20 }), (history) => {
      const one = life(rules);
      for (const step of history) one.minute(step);
      const before = one.told.length;
      const last = history.at(-1);
      if (last) one.minute(last);
      // Held back before, and not any more: that may take a minute to be told.
      return one.told.length - before <= (last && last.b > 5 ? 1 : 0);
    }),
    { numRuns: 100 },
  );
});
