import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stripVTControlCharacters } from 'node:util';
import fc from 'fast-check';
import {
  before,
  sampleTdsp,
  sampleView,
  sampleWork,
  sampleWorker,
} from '../../../test/support/sample-view.ts';
import type { MonitorView } from '../../monitor/monitor-view.ts';
import type { RunStep } from '../../monitor/run-progress.ts';
import { type DrawOptions, drawMonitor } from './draw-monitor.ts';

const PLAIN: DrawOptions = { title: 'sync monitor', columns: 80, rows: null, colour: false, unicode: true };
const WIDTHS = [40, 80, 120, 200];

/** As a terminal counts it; told of nothing but what the texts of these tests are made of. */
const columnsOf = (line: string) =>
  [...stripVTControlCharacters(line)].reduce(
    (sum, one) => sum + (/[\u4e00-\u9fff\u{1f300}-\u{1faff}]/u.test(one) ? 2 : 1),
    0,
  );

const text = fc
  .array(
    fc.constantFrom('a', 'Wm', ' ', '電', '力', '🔥', '…', '\n', '\t', '\u001b[2J', '\u001b[31m', '\u0007'),
    {
      maxLength: 60,
    },
  )
  .map((parts) => parts.join(''));

function step(name: string, change: Partial<RunStep>): RunStep {
  const nothing = { since: null, not_before: null, worker: null, plans: null, message: null };
  return { duns: name, name, step: 'waiting', ...nothing, ...change };
}

const running = (steps: RunStep[]): MonitorView['in_progress'][number] => ({
  id: 8,
  kind: 'full',
  status: 'running',
  source: 'comparepower',
  requested_by: 'cli',
  reason: null,
  is_forced: true,
  requested_at: before(4),
  started_at: before(3),
  done: steps.filter(({ step }) => step !== 'waiting' && step !== 'fetching').length,
  total: steps.length,
  steps,
});

/** Everything goes on at once, and everybody says `said`. */
function busyView(said: string): MonitorView {
  const worker = { host: said, pid: 12, state: 'silent' as const };
  return sampleView({
    control: { state: 'emergency', changed_at: before(30), changed_by: said, reason: said },
    in_progress: [
      running([
        step(said, { step: 'fetching', since: before(3), worker }),
        step('TNMP', { step: 'failed', message: said }),
        step('LP&L', { not_before: before(-60) }),
      ]),
    ],
    queue: {
      total: 300,
      waiting: Array.from({ length: 30 }, () => sampleWork(said, { reason: said, requested_by: said })),
      claimed: [sampleWork('Oncor', { worker })],
    },
    tdsps: [sampleTdsp(said, 600), sampleTdsp('Oncor', null), sampleTdsp('CenterPoint', 20_000)],
    upstream: {
      ...sampleView().upstream,
      circuit: 'open',
      failures: 5,
      open_until: before(-30),
      wait_until: before(-90),
      last_errors: [{ at: before(3), source: said, endpoint: said, status: null, error: said }],
    },
    workers: [
      sampleWorker({ host: said, state: 'silent', origin: said }),
      sampleWorker({ id: 'w2', state: 'dead' }),
    ],
    dead_letters: [{ queue: 'q', tdsps: ['1'], names: [said], died_at: before(60) }],
  });
}

test('no line is wider than the terminal, whatever anybody said', () =>
  fc.assert(
    fc.property(
      text,
      fc.integer({ min: 20, max: 240 }),
      fc.boolean(),
      fc.boolean(),
      (said, columns, colour, unicode) => {
        for (const line of drawMonitor(busyView(said), { ...PLAIN, columns, colour, unicode })) {
          assert.ok(columnsOf(line) <= columns, JSON.stringify(line));
        }
      },
    ),
    { numRuns: 60 },
  ));

test('there are no more lines than the terminal has', () =>
  fc.assert(
    fc.property(fc.integer({ min: 1, max: 70 }), fc.constantFrom(...WIDTHS), (rows, columns) => {
      for (const view of [sampleView(), busyView('a long story')]) {
        assert.ok(drawMonitor(view, { ...PLAIN, rows, columns }).length <= rows);
      }
    }),
  ));

test('nothing that steers a terminal gets through from a message', () =>
  fc.assert(
    fc.property(text, fc.constantFrom(...WIDTHS), (said, columns) => {
      for (const line of drawMonitor(busyView(said), { ...PLAIN, columns }))
        assert.doesNotMatch(line, /\p{Cc}/u);
    }),
    { numRuns: 40 },
  ));

for (const columns of WIDTHS) {
  test(`without colour all is said in words, in ${columns} columns`, () => {
    const view = busyView('out of memory');
    const plain = drawMonitor(view, { ...PLAIN, columns });
    assert.deepEqual(
      drawMonitor(view, { ...PLAIN, columns, colour: true }).map((line) =>
        stripVTControlCharacters(line).trimEnd(),
      ),
      plain,
    );
    const all = plain.join('\n');
    for (const word of [
      /NOT HEALTHY/,
      /EMERGENCY/,
      /never/,
      /OPEN/,
      /NOW/,
      /PLAN SETS/,
      /QUEUE/,
      /PROCESSES/,
    ]) {
      assert.match(all, word);
    }
  });

  test(`without Unicode there is nothing beyond ASCII, and nothing moves, in ${columns} columns`, () => {
    const view = busyView('電力 and fire');
    const [ascii, unicode] = [false, true].map((is) => drawMonitor(view, { ...PLAIN, columns, unicode: is }));
    for (const line of ascii!) assert.match(line, /^[\x20-\x7e]*$/);
    assert.deepEqual(ascii!.map(columnsOf), unicode!.map(columnsOf));
  });
}

test('a newcomer finds what runs, how far it is, and who does it', () => {
  const steps = [
    step('Oncor', { step: 'published', plans: { ...sampleTdsp('x', 1).last_result!.plans! } }),
    step('TNMP', {
      step: 'fetching',
      since: before(3),
      worker: { host: 'web-1', pid: 4711, state: 'alive' },
    }),
    step('CenterPoint', {}),
    step('LP&L', { not_before: before(-60) }),
  ];
  const view = sampleView({ in_progress: [running(steps)] });
  const said = drawMonitor(view, PLAIN).join('\n');
  assert.match(said, /run 8 full asked by cli 4 s ago, forced +█████░{15} 1\/4/);
  assert.match(said, /✓ Oncor +published: 3 changed/);
  assert.match(said, /▸ TNMP +fetching for 3 s, process 4711/);
  assert.match(said, /· CenterPoint +waits\n/);
  assert.match(said, /· LP&L +waits until 12:01:00Z/);
});

test('a frozen worker is told where its work is', () => {
  const worker = { host: 'web-1', pid: 4711, state: 'silent' as const };
  const view = sampleView({
    in_progress: [running([step('TNMP', { step: 'fetching', since: before(30), worker })])],
  });
  assert.match(
    drawMonitor(view, PLAIN).join('\n'),
    /✗ TNMP +fetching for 30 s, process 4711 does NOT ANSWER/,
  );
});

test('calls are shown against their budget, and the success rate with its attempts', () => {
  const said = drawMonitor(sampleView(), PLAIN).join('\n');
  assert.match(said, /calls this hour +██░{18} 6 of 50/);
  assert.match(said, /succeeded +hour 100 % of 6 attempts · day 98\.0 % of 150 attempts/);
  assert.match(said, /priority +in 60 min +2026-06-01 13:00Z/);
});

test('the circuit says until when', () => {
  const upstream = {
    ...sampleView().upstream,
    circuit: 'open' as const,
    failures: 5,
    open_until: before(-30),
  };
  assert.match(
    drawMonitor(sampleView({ upstream }), PLAIN).join('\n'),
    /OPEN until 12:00:30Z, after 5 failures/,
  );
});

test('on a low terminal the plan sets stay and the rest becomes one line each', () => {
  const lines = drawMonitor(sampleView(), { ...PLAIN, rows: 16 });
  const all = lines.join('\n');
  assert.match(all, /✓ Oncor/);
  assert.match(all, /LAST RUNS {2}run 7 priority succeeded 10 min ago/);
  assert.match(all, /NEXT {2}priority in 60 min/);
});

test('in 200 columns there are two columns, and none is lost', () => {
  const wide = drawMonitor(sampleView(), { ...PLAIN, columns: 200 });
  assert.ok(wide.some((line) => /NOW .*│ UPSTREAM/.test(line)));
  const all = wide.join('\n');
  for (const title of ['PLAN SETS', 'QUEUE', 'PROCESSES', 'NEXT', 'LAST RUNS'])
    assert.ok(all.includes(title));
});
