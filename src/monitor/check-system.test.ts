import assert from 'node:assert/strict';
import { test } from 'node:test';
import { before, sampleTdsp, sampleView, sampleWorker } from '../../test/support/sample-view.ts';
import type { LayerCounts } from '../store/cache/cache-stats.ts';
import { checkSchedules, type WantedTime } from './check-schedules.ts';
import {
  checkClocks,
  checkDisk,
  checkFields,
  checkLayers,
  checkMigrations,
  checkPlanKey,
  checkQueueSchema,
  checkRecords,
  checkRedis,
} from './check-system.ts';
import type { Finding } from './finding.ts';

const migrations = (change: Partial<Parameters<typeof checkMigrations>[0]> = {}) =>
  checkMigrations({ applied: 26, last: '0026_x', behind: [], ahead: [], edited: [], renamed: [], ...change });
const layer = (errors: number): LayerCounts => ({
  layer: 'redis',
  hits: 90,
  misses: 10,
  stale_serves: 0,
  errors,
  loads: 0,
  loaded_bytes: 0,
  refused_loads: 0,
  latency: [],
  age: [],
  max_age_seconds: null,
});
const growth = (last_day: number, per_day_before: number) => ({
  last_day,
  per_day_before,
  most_frequent: { field: 'rate', reason: 'no price', records: last_day },
});
const rejecting = (rejected: number) => {
  const tdsp = sampleTdsp('Oncor', 60);
  const plans = { ...tdsp.last_result!.plans!, rejected };
  return { tdsps: [{ ...tdsp, last_result: { ...tdsp.last_result!, plans } }] };
};
const disk = (used: number) => checkDisk({ value: { total_bytes: 1e11, free_bytes: 1e11 * (1 - used) } });
const priority = { name: 'priority', cron: '0 * * * *', timeZone: 'America/Chicago' };
const schedules = (change: Parameters<typeof sampleView>[0], wanted: WantedTime[] = [priority]) =>
  checkSchedules(sampleView(change), wanted);

const CASES: [what: string, found: Finding | Finding[], verdict: Finding['verdict'], said: RegExp][] = [
  ['migrations that are all there', migrations(), 'ok', /26 applied, last 0026_x/],
  ['a migration that is missing', migrations({ behind: ['0031_x'] }), 'bad', /0031_x.*npm run db:migrate/],
  ['a migration of a newer version', migrations({ ahead: ['0099_x'] }), 'bad', /0099_x[\s\S]*newer version/],
  [
    'one of a development version',
    migrations({ renamed: ['0003_x'] }),
    'bad',
    /development version: 0003_x.*empty one/,
  ],
  ['an edited migration', migrations({ edited: ['0001_x'] }), 'bad', /0001_x.*Put the files back/],
  ['the plan key', checkPlanKey(true), 'ok', /unique over \(external_id, tdsp_duns\)/],
  ['a plan key that was dropped', checkPlanKey(false), 'bad', /every publish fails.*add constraint.*unique/],
  ['no queue yet', checkQueueSchema(null), 'warn', /npm start/],
  ['a queue as it was made', checkQueueSchema({ version: 46, drift: [] }), 'ok', /schema 46/],
  [
    'a queue somebody changed',
    checkQueueSchema({ version: 46, drift: ['missing index job_i1'] }),
    'bad',
    /job_i1/,
  ],
  ['clocks that agree', checkClocks(12, [sampleWorker({ clock_ahead_ms: -800 })]), 'ok', /within 800 ms/],
  ['this clock ahead', checkClocks(5_000, []), 'warn', /this machine is 5 s ahead of the database/],
  [
    'a worker far behind',
    checkClocks(0, [sampleWorker({ clock_ahead_ms: -90_000 })]),
    'bad',
    /process 4711 on web-1 is 90 s behind the database.*time service/,
  ],
  [
    'the clock of a dead one',
    checkClocks(0, [sampleWorker({ clock_ahead_ms: 9e9, state: 'dead' })]),
    'ok',
    /within/,
  ],
  ['a disk with room', disk(0.5), 'ok', /50\.0 % full, 46\.6 GB free/],
  ['a disk that fills', disk(0.85), 'warn', /npm run db:maintenance/],
  ['a full disk', disk(0.9), 'bad', /90\.0 % full/],
  [
    'a disk elsewhere',
    checkDisk({ unreadable: 'watch it there' }),
    'ok',
    /free space unknown: watch it there/,
  ],
  ['no Redis', checkRedis(null), 'ok', /Not configured/],
  ['a Redis that answers', checkRedis({ ms: 1.2 }), 'ok', /2 ms/],
  [
    'a Redis that does not',
    checkRedis({ step: 'connect', error: 'ECONNREFUSED' }),
    'bad',
    /ECONNREFUSED.*REDIS_URL/,
  ],
  ['layers without errors', checkLayers([layer(0)]), 'ok', /No layer failed/],
  [
    'a layer that failed now and then',
    checkLayers([layer(5)]),
    'warn',
    /redis 5 times.*cache:clear.*cache:stats/,
  ],
  ['readers before the first sync', checkLayers([{ ...layer(20), layer: 'api' }]), 'ok', /No layer failed/],
  [
    'a layer that takes nothing',
    checkLayers([{ ...layer(0), refused_loads: 6 }]),
    'warn',
    /took no plan sets.*redis 6 times/,
  ],
  ['a layer that fails', checkLayers([layer(200)]), 'bad', /66\.6 % of its reads/],
  ['few rejected records', checkRecords(rejecting(3), growth(3, 3)), 'ok', /3 records rejected/],
  [
    'many rejected records',
    checkRecords(rejecting(40), growth(0, 0)),
    'warn',
    /Oncor 40.*quarantined_records/,
  ],
  ['more rejected than before', checkRecords(rejecting(1), growth(30, 2)), 'warn', /30 new.*rate: no price/],
  ['fields as they were', checkFields([]), 'ok', /did not change/],
  [
    'a field that came',
    checkFields([{ source: 'comparepower', field: '+bonus' }]),
    'warn',
    /comparepower \+bonus/,
  ],
  ['schedules that are kept', schedules({}), 'ok', /priority "0 \* \* \* \*".*1 process keeps the schedule/s],
  ['schedules that are off', schedules({}, []), 'warn', /switched off/],
  ['nothing scheduled yet', schedules({ schedules: null }), 'bad', /npm start/],
  [
    'a schedule that is missing',
    schedules({ schedules: [] }),
    'bad',
    /Not scheduled, though configured: priority/,
  ],
  [
    'a schedule of other settings',
    schedules({}, [{ ...priority, cron: '*/5 * * * *' }]),
    'warn',
    /priority is 0 \* \* \* \* America\/Chicago, configured \*\/5/,
  ],
  [
    'a schedule nobody configured',
    schedules({}, [{ ...priority, name: 'full' }]),
    'bad',
    /Not scheduled, though configured: full/,
  ],
  [
    'times nobody keeps',
    schedules({
      workers: [sampleWorker({ roles: ['web', 'worker'] })],
      schedules: [{ ...priority, time_zone: priority.timeZone, next_at: before(7_200) }],
    }),
    'bad',
    /No process keeps the schedule: priority was due 2 h ago.*npm start/,
  ],
  [
    'a scheduler that sleeps',
    schedules({ clock_read_at: before(900) }),
    'bad',
    /last looked at the clock 15 min ago/,
  ],
  [
    'a scheduler that just started',
    schedules({ clock_read_at: before(900), workers: [sampleWorker({ started_at: before(20) })] }),
    'ok',
    /keeps the schedule/,
  ],
];

for (const [what, found, verdict, said] of CASES) {
  test(`what the doctor says of ${what}`, () => {
    const findings = [found].flat();
    const all = findings.map(({ reading, advice, command }) =>
      [reading, advice, command].filter(Boolean).join('. '),
    );
    assert.match(all.join('\n'), said);
    const worst = ['bad', 'warn', 'ok'].find((one) => findings.some((finding) => finding.verdict === one));
    assert.equal(worst, verdict);
    for (const finding of findings) assert.equal(finding.advice === null, finding.verdict === 'ok');
  });
}
