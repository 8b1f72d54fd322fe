import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  before,
  NOW,
  QUEUE,
  sampleTdsp,
  sampleView,
  sampleWork,
  sampleWorker,
} from '../../test/support/sample-view.ts';
import type { MonitorView } from './monitor-view.ts';
import { judge } from './verdict.ts';

const control = (state: MonitorView['control']['state'], seconds: number) => ({
  control: { state, changed_at: before(seconds), changed_by: 'cli', reason: 'a look at the prices' },
});
const waiting = (...work: MonitorView['queue']['waiting']) => ({
  queue: { total: work.length, waiting: work, claimed: [] },
});
const held = (state: 'alive' | 'silent' | 'dead', seconds: number) => ({
  queue: {
    total: 1,
    waiting: [],
    claimed: [
      sampleWork('Oncor', { worker: { host: 'web-1', pid: 4711, state }, claimed_at: before(seconds) }),
    ],
  },
});
const upstream = (change: Partial<MonitorView['upstream']>) => ({
  upstream: { ...sampleView().upstream, ...change },
});
const call = (status: number) => ({
  last_call: {
    at: before(9),
    source: 'comparepower',
    endpoint: '/plans',
    status,
    error: `answered ${status}`,
  },
});
const step = { duns: 'Oncor', name: 'Oncor', since: null, not_before: null, worker: null, plans: null };
const run = (seconds: number) => ({
  in_progress: [
    {
      id: 8,
      kind: 'full',
      status: 'running' as const,
      source: 'comparepower',
      requested_by: 'cli',
      reason: null,
      is_forced: false,
      requested_at: before(seconds),
      started_at: null,
      done: 0,
      total: 1,
      steps: [{ ...step, step: 'waiting' as const, message: null }],
    },
  ],
});

/** What is wrong with a system of which all else is well; whether it is healthy; what is said and what to run. */
const CASES: [what: string, view: Partial<MonitorView>, found: string[], healthy: boolean, said: RegExp][] = [
  ['nothing', {}, [], true, /^$/],
  ['a stop for a moment', control('stopped', 60), ['warn control'], false, /STOPPED.*a look.*sync:resume/],
  ['a stop that was forgotten', control('stopped', 7_200), ['bad control'], false, /2 h ago by cli/],
  ['an emergency', control('emergency', 1), ['bad control'], false, /EMERGENCY.*sync:resume/],
  ['work that just came', { ...waiting(sampleWork('Oncor')), workers: [] }, [], true, /^$/],
  [
    'work and no worker',
    { ...waiting(sampleWork('Oncor', { requested_at: before(60) })), workers: [] },
    ['bad queue'],
    false,
    /Oncor.* waits for 60 s, and no worker takes it.*start --role worker/,
  ],
  [
    'work for one TDSP that two runs asked for, and no worker',
    {
      ...waiting(
        sampleWork('Oncor', { requested_at: before(60) }),
        sampleWork('Oncor', { requested_at: before(50) }),
      ),
      workers: [],
    },
    ['bad queue'],
    false,
    /1 TDSP \(Oncor\) waits for 60 s/,
  ],
  [
    'a worker of another upstream only',
    {
      ...waiting(sampleWork('Oncor', { requested_at: before(60) })),
      workers: [sampleWorker({ queue: 'sync.sandbox.1', origin: 'built-in sandbox' })],
    },
    ['bad queue'],
    false,
    /fetch from built-in sandbox/,
  ],
  [
    'a worker that died before it took the work',
    {
      ...waiting(sampleWork('Oncor', { requested_at: before(60) })),
      workers: [sampleWorker({ state: 'dead' })],
    },
    ['bad queue'],
    false,
    /no worker takes it/,
  ],
  [
    'a worker that takes nothing',
    waiting(sampleWork('Oncor', { requested_at: before(300) })),
    ['bad queue'],
    false,
    /1 worker should take it and does not/,
  ],
  [
    'work that may not begin yet',
    { ...waiting(sampleWork('Oncor', { requested_at: before(300), not_before: before(-60) })), workers: [] },
    [],
    true,
    /^$/,
  ],
  [
    'work that waits because syncing is stopped',
    { ...waiting(sampleWork('Oncor', { requested_at: before(300) })), ...control('stopped', 60) },
    ['warn control'],
    false,
    /STOPPED/,
  ],
  ['work under way', held('alive', 20), [], true, /^$/],
  ['work that takes long', held('alive', 400), ['warn claims'], true, /process 4711 on web-1 works on Oncor/],
  [
    'a frozen worker',
    held('silent', 20),
    ['bad claims'],
    false,
    /does not answer.*sync:emergency.*kill -9 4711/,
  ],
  ['a dead worker, another takes over', held('dead', 1), [], true, /^$/],
  [
    'a dead worker, another does not',
    held('dead', 60),
    ['bad claims'],
    false,
    /died and no other takes over/,
  ],
  [
    'a dead worker, and no other',
    { ...held('dead', 1), workers: [sampleWorker({ state: 'dead' })] },
    ['bad claims'],
    false,
    /start --role worker/,
  ],
  ['a run that waits for its turn', run(3_000), [], true, /^$/],
  [
    'a run that does not end',
    run(8_000),
    ['bad runs'],
    false,
    /Run 8 \(full\) has not ended after 2 h: Oncor/,
  ],
  ['plans nobody ever published', { tdsps: [sampleTdsp('Oncor', null)] }, ['bad plans'], false, /sync:full/],
  ['no TDSP at all', { tdsps: [] }, ['bad plans'], false, /Nothing was ever published/],
  [
    'one TDSP nobody ever published',
    { tdsps: [sampleTdsp('Oncor', 5), sampleTdsp('TNMP', null)] },
    ['bad plans'],
    false,
    /Never published: TNMP/,
  ],
  [
    'old plans while syncing is stopped',
    { ...control('stopped', 60), tdsps: [sampleTdsp('Oncor', 20_000)] },
    ['bad plans', 'warn control'],
    false,
    /^Plans are older.*\. Syncing is not on: .* npm run sync:full npm run sync:resume$/m,
  ],
  ['plans past the target', { tdsps: [sampleTdsp('Oncor', 3_900)] }, [], true, /^$/],
  ['plans past the warning age', { tdsps: [sampleTdsp('Oncor', 5_000)] }, ['warn plans'], true, /1\.25 h/],
  ['plans readers are told of', { tdsps: [sampleTdsp('Oncor', 7_300)] }, ['warn plans'], false, /Oncor 2 h/],
  ['plans past the error age', { tdsps: [sampleTdsp('Oncor', 11_000)] }, ['bad plans'], false, /3 h/],
  [
    'a job that failed for good',
    { dead_letters: [{ queue: QUEUE, tdsps: ['1'], names: ['Oncor'], died_at: before(60) }] },
    ['warn dead_letters'],
    true,
    /Oncor.*sync:redrive/,
  ],
  [
    'a snapshot held back',
    {
      tdsps: [
        sampleTdsp('Oncor', 60, {
          held_because: 'half is gone',
          // A later sync of it failed: that does not decide about the snapshot.
          last_result: {
            run_id: 7,
            status: 'failed',
            error_code: 'upstream_unreachable',
            message: 'nobody answered',
            plans: null,
            unknown_names: null,
            at: before(60),
          },
        }),
      ],
    },
    ['warn held'],
    true,
    /half is gone.*held -- show ONCOR/,
  ],
  [
    'an open circuit',
    upstream({ circuit: 'open', failures: 5, open_until: before(-30), ...call(500) }),
    ['bad upstream'],
    true,
    /failed 5 times.*12:00:30Z.*answered 500/,
  ],
  [
    'a certificate that ends in ten days',
    upstream({ certificate_ends_at: before(-10.5 * 86_400) }),
    ['warn certificate'],
    true,
    /certificate of comparepower ends on .*in 10 days every call fails/,
  ],
  [
    'a certificate that ends tomorrow',
    upstream({ certificate_ends_at: before(-1.5 * 86_400) }),
    ['bad certificate'],
    true,
    /in 1 day every call fails/,
  ],
  ['a certificate that holds', upstream({ certificate_ends_at: before(-90 * 86_400) }), [], true, /^$/],
  [
    'a key that is refused',
    upstream(call(401)),
    ['bad upstream'],
    true,
    /refuses the key.*COMPAREPOWER_API_KEY/,
  ],
  [
    'Retry-After',
    upstream({ wait_until: before(-60) }),
    ['warn upstream'],
    true,
    /left alone until 12:01:00Z/,
  ],
  ['a budget that is used up', upstream({ calls_last_hour: 50 }), ['bad upstream'], true, /CACHE_TTL_HOURS/],
  [
    'a budget but for its reserve',
    upstream({ calls_last_hour: 38 }),
    ['warn upstream'],
    true,
    /38 of 50.*other 12/,
  ],
  ['a budget with one call left', upstream({ calls_last_hour: 37 }), [], true, /^$/],
  ['no more forced calls', upstream({ forced_last_hour: 12 }), ['warn upstream'], true, /12 of 12 forced/],
  [
    'other settings than those of the workers',
    upstream({ configured: 'sandbox' }),
    ['warn settings'],
    true,
    /name sandbox/,
  ],
  [
    'plans of another source than the one that is asked',
    { tdsps: sampleView({}).tdsps.map((tdsp) => ({ ...tdsp, source: 'powertochoose' })) },
    ['warn settings'],
    true,
    /stored plans are from powertochoose.*--change-source/,
  ],
  [
    'a field that is kept as it was',
    { tdsps: sampleView({}).tdsps.map((tdsp) => ({ ...tdsp, kept_fields: ['percent_green'] })) },
    ['warn held'],
    true,
    /percent_green.*held -- show/,
  ],
  [
    'a name that no TDSP has',
    {
      tdsps: sampleView({}).tdsps.map((tdsp) => ({
        ...tdsp,
        last_result: tdsp.last_result && { ...tdsp.last_result, unknown_names: { 'ONCOR NORTH': 8 } },
      })),
    },
    ['warn tdsp_names'],
    true,
    /"ONCOR NORTH" \(plans on sale: 8 of .*ptc_names/,
  ],
  ['a failure or two', upstream({ failures: 2 }), ['warn upstream'], true, /2 times/],
];

for (const [what, change, found, healthy, said] of CASES) {
  test(`the verdict on ${what}`, () => {
    const verdict = judge(sampleView(change));
    assert.deepEqual(
      verdict.problems.map(({ verdict, check }) => `${verdict} ${check}`),
      found,
    );
    assert.equal(verdict.healthy, healthy);
    assert.match(
      verdict.problems.map(({ reading, advice, command }) => `${reading}. ${advice} ${command}`).join('\n'),
      said,
    );
    for (const { advice } of verdict.problems) assert.ok(advice, 'a problem comes with what to do');
  });
}

test('what is bad comes before what is a warning', () => {
  const view = sampleView({ ...upstream({ failures: 1 }), ...control('emergency', 1), ...run(5_000) });
  assert.deepEqual(
    judge(view).problems.map(({ verdict }) => verdict),
    ['bad', 'warn', 'warn'],
  );
  assert.equal(view.at, NOW);
});
