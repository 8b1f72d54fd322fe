/** Days of a sandbox with a calendar under `auto`: what was gained against the schedule is read from the tables, as /ops does. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { gainText, readRefreshGain } from '../../src/monitor/refresh/gain.ts';
import { mintedAt } from '../../src/planning/refresh/changes.ts';
import { trustOf } from '../../src/planning/refresh/proof.ts';
import { replay } from '../../src/planning/refresh/replay.ts';
import { LONGEST_MINUTES } from '../../src/planning/refresh/timetable.ts';
import { planSet } from '../../src/sandbox/market/market.ts';
import { SANDBOX_TDSPS } from '../../src/sandbox/market/tdsps.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { midnightMs } from '../../src/sandbox/virtual-clock.ts';
import { DAY_MS, HOUR_MS } from '../../src/units.ts';
import { createTestDatabase } from '../support/support.ts';

const SEED = 4;
const PLANS = 60;
/** Five weeks to learn from, and a week that counts. */
const [FIRST, SCORED, LAST] = [151, 186, 193];
const CALLS_AN_HOUR = 6;

/** The ids on sale as a day ends tell each moment of it: a brand moves once a day. */
const momentsOf = (day: number, set: number): number[] =>
  [
    ...new Set(
      planSet(SEED, SANDBOX_TDSPS[set]!, day, PLANS, DAY_MS - 1)
        .map(({ _id }) => mintedAt(_id)!)
        .filter((at) => at >= midnightMs(day)),
    ),
  ].toSorted((a, b) => a - b);

const truth = SANDBOX_TDSPS.map((_, set) =>
  Array.from({ length: LAST - FIRST }, (_, n) => momentsOf(FIRST + n, set)).flat(),
);

test('a sandbox with a calendar moves at a moment of virtual time, and not at midnight', async (t) => {
  const moment = truth[0]!.find((at) => at > midnightMs(SCORED))!;
  let now = moment - 1_000;
  const sandbox = await startSandbox({
    seed: SEED,
    plansPerTdsp: PLANS,
    calendar: true,
    now: () => new Date(now),
  });
  t.after(() => sandbox.stop());
  const idsOf = async () => {
    const { duns_number } = SANDBOX_TDSPS[0]!.wire;
    const answer = await fetch(`${sandbox.url}/api/plans/current?tdsp_duns=${duns_number}`);
    return ((await answer.json()) as { _id: string }[]).map(({ _id }) => _id);
  };
  const before = await idsOf();
  now = moment;
  const fresh = (await idsOf()).filter((id) => !before.includes(id));
  assert.ok(fresh.length > 0);
  assert.ok(fresh.every((id) => mintedAt(id) === moment));
});

test('a week of it under auto: several times sooner than the schedule, at the calls of the schedule', async () => {
  const { database } = await createTestDatabase();
  const { pool } = database;
  const calls: { set: number; at: number }[] = [];
  const options = {
    truth,
    from: midnightMs(FIRST),
    scoreFrom: midnightMs(SCORED),
    until: midnightMs(LAST),
    callsAnHour: CALLS_AN_HOUR,
    mostAnHour: 38,
    floorMinutes: LONGEST_MINUTES,
    hasIds: true,
    refitDays: 7,
    seed: 1,
  };
  const terms = { ...options, weights: truth.map(() => 1) };
  const auto = replay({
    ...options,
    strategy: 'auto',
    trust: trustOf(terms),
    onCall: (set, at) => void (at >= options.scoreFrom && calls.push({ set, at })),
  });
  const schedule = replay({ ...options, strategy: 'schedule' });
  assert.ok(auto.calls <= schedule.calls, `${auto.calls} calls, ${schedule.calls} of the schedule`);

  // As the gate and the learner write it down.
  const { rows } = await pool.query<{ id: number }>(
    `insert into sync_runs (kind, source, is_forced, requested_by, requested, status) values
       ('look', 'comparepower', false, 'refresh', '{}', 'queued') returning id::int as id`,
  );
  await pool.query(
    `insert into api_calls (run_id, source, endpoint, params, attempt, status, duration_ms, called_at)
     select $1, 'comparepower', '/', '{}', 1, 200, 1, to_timestamp(at / 1000.0) from jsonb_to_recordset($2) as c (set int, at float8)`,
    [rows[0]!.id, JSON.stringify(calls)],
  );
  const changes = truth.flatMap((times, set) =>
    times
      .filter((at) => at >= options.scoreFrom)
      .flatMap((at) => {
        const shown = calls.find((call) => call.set === set && call.at >= at);
        return shown ? { plan_set: String(set), at, seen: shown.at } : [];
      }),
  );
  await pool.query(
    `insert into refresh_changes (source, plan_set, changed_after, changed_by, seen_at)
     select 'comparepower', plan_set, to_timestamp((at - 1) / 1000.0), to_timestamp(at / 1000.0), to_timestamp(seen / 1000.0)
       from jsonb_to_recordset($1) as c (plan_set text, at float8, seen float8)`,
    [JSON.stringify(changes)],
  );
  const gain = await readRefreshGain(
    pool,
    'comparepower',
    { syncIntervalMs: HOUR_MS },
    {
      at: new Date(options.until),
      sets: truth.length,
    },
  );
  assert.ok(gain.changes > 100, `${gain.changes} changes`);
  assert.ok(gain.minutes! < gain.schedule_minutes! / 3, gainText(gain));
  assert.ok(gain.even_calls_a_day! > 3 * gain.calls_a_day!, gainText(gain));
  assert.ok(Math.abs(gain.looks_a_day! - gain.calls_a_day!) < 1e-9);
  // Weekends are quiet: hardly a look is spent on them.
  const quiet = gain.days.filter(({ changes }) => changes === 0);
  const busy = gain.days.filter(({ changes }) => changes > 0);
  assert.ok(
    quiet.length > 0 &&
      Math.max(...quiet.map(({ looks }) => looks)) < Math.max(...busy.map(({ looks }) => looks)),
  );
});
