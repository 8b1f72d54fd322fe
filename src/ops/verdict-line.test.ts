import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bad, type Finding, warn } from '../monitor/finding.ts';
import type { MonitorView, ViewTdsp } from '../monitor/monitor-view.ts';
import { HOUR_MS } from '../units.ts';
import type { Seen } from './board.ts';
import { verdictLine } from './verdict-line.ts';

const now = new Date('2026-11-24T20:34:00Z');
const ago = (ms: number) => new Date(now.getTime() - ms);

const tdsp = (name: string, ageMs: number | null): ViewTdsp =>
  ({
    name,
    code: name.toUpperCase(),
    age_seconds: ageMs === null ? null : ageMs / 1_000,
    observed_at: ageMs === null ? null : ago(ageMs),
    target_hours: 1,
    error_after_hours: 3,
    stale: ageMs !== null && ageMs > 2 * HOUR_MS,
    verdict: ageMs === null || ageMs > 3 * HOUR_MS ? 'error' : ageMs > HOUR_MS ? 'late' : 'fresh',
    last_result: null,
  }) as unknown as ViewTdsp;

const upstream = {
  source: 'comparepower',
  circuit: 'closed',
  failures: 0,
  calls_last_hour: 7,
  budget_per_hour: 50,
};
const running = { state: 'running', changed_at: ago(HOUR_MS), changed_by: 'cli', reason: null };

function seen(
  view: { tdsps: ViewTdsp[]; upstream?: object; control?: object },
  failingSince: Date | null = null,
): Seen {
  const whole = { at: now, upstream, control: running, ...view } as unknown as MonitorView;
  return {
    fast: { view: whole, alerts: { alerts: [], silences: [], rules: [] } },
    slow: { failingSince, hour: { answers: {} } },
    past: null,
    failure: null,
  } as unknown as Seen;
}

const line = (one: Seen, hands: Finding[] = []) => {
  const { mark, headline, lead } = verdictLine(one, hands, now);
  return { mark, headline: headline.replaceAll('\u00a0', ' '), lead: String(lead).replaceAll('\u00a0', ' ') };
};
const fresh = [tdsp('Oncor', 22 * 60_000), tdsp('CenterPoint', 34 * 60_000)];

test('all is well: how old plans are at most, and that nothing needs a hand', () => {
  const { mark, headline, lead } = line(seen({ tdsps: fresh }));
  assert.deepEqual([mark, headline], ['verdict', 'All is well. Shoppers get plans at most 34 min old.']);
  assert.match(
    lead,
    /<b>Nothing needs a hand, no alert fires\.<\/b> Two of two plan sets are within their target; 7 of 50/,
  );
});

test('what fails is named with since when, and what passes its error age next if nobody acts', () => {
  const open = { ...upstream, circuit: 'open', failures: 32 };
  const old = [tdsp('Oncor', 2 * HOUR_MS + 52 * 60_000), tdsp('CenterPoint', 3 * HOUR_MS + 52 * 60_000)];
  const { mark, headline, lead } = line(seen({ tdsps: old, upstream: open }, ago(HOUR_MS + 52 * 60_000)), [
    bad('x', 'y', 'z'),
  ]);
  assert.deepEqual(
    [mark, headline],
    [
      'bad',
      'ComparePower has failed for 1 h 52 min. Shoppers are still served, with plans up to 3 h 52 min old.',
    ],
  );
  assert.match(lead, /One thing needs a hand/);
  assert.match(lead, /Every answer says that its plans are stale|CenterPoint say that they are stale/);
  assert.match(lead, /Left alone, one more plan set passes the error age at 14:42/);
});

test('the gravest cause is told first', () => {
  const open = { ...upstream, circuit: 'open', failures: 9 };
  const stopped = { ...running, state: 'stopped', changed_by: 'ops:Ada' };
  const halted = { ...stopped, state: 'emergency' };
  const headline = (view: Parameters<typeof seen>[0], hands: Finding[] = []) =>
    line(seen(view), hands).headline;
  assert.match(
    headline({ tdsps: fresh, upstream: open, control: halted }),
    /^Syncing was halted 1 h ago by ops:Ada\. Shoppers are still served/,
  );
  assert.match(
    headline({ tdsps: fresh, upstream: open, control: stopped }),
    /^ComparePower failed 9 times in a row/,
  );
  assert.match(headline({ tdsps: fresh, control: stopped }), /^Syncing was stopped 1 h ago by ops:Ada/);
  assert.match(headline({ tdsps: [...fresh, tdsp('TNMP', 4 * HOUR_MS)] }), /^The plans of TNMP are too old/);
  assert.match(
    headline({ tdsps: fresh }, [bad('disk', 'The disk is full', 'Free some')]),
    /^The disk is full\. Shoppers are still served/,
  );
  assert.equal(
    headline({ tdsps: fresh }, [warn('held', 'Oncor is held back', 'Look')]),
    'Shoppers get plans at most 34 min old. One thing needs a look.',
  );
  assert.equal(
    headline({ tdsps: [tdsp('Oncor', null)] }),
    'Nothing was ever published here. Shoppers get no plans.',
  );
});

test('while PostgreSQL is away the line says since when, and from when the rest is', () => {
  const away = {
    ...seen({ tdsps: fresh }),
    failure: { since: ago(90_000), message: 'connect ECONNREFUSED' },
  };
  const { mark, headline, lead } = line(away);
  assert.equal(mark, 'bad');
  assert.match(
    headline,
    /^PostgreSQL has not answered for 1 min\. Shoppers get what processes have in memory\.$/,
  );
  assert.match(lead, /ECONNREFUSED.*as it was at <b>14:34<\/b>/);
});
