/** Experiments by the day, simulated on replayed days: how often they cry wolf, how often they find a change, and how long it takes. */

import { chance } from '../src/planning/chance.ts';
import { judgeDays } from '../src/planning/experiment/judge.ts';
import type { MeasuredDay } from '../src/planning/experiment/measure.ts';
import { armOf, planExperiment } from '../src/planning/experiment/plan.ts';
import { isBusinessDay, localDay } from '../src/planning/refresh/calendar.ts';
import type { Strategy } from '../src/planning/refresh/policy.ts';
import { replay } from '../src/planning/refresh/replay.ts';
import { LONGEST_MINUTES } from '../src/planning/refresh/timetable.ts';
import { DAY_MS } from '../src/units.ts';
import type { Market } from './refresh-markets.ts';
import { digits, median, type Table, verdict } from './report.ts';

const AA_RUNS = 2_000;
const POWER_RUNS = 500;
const BEFORE_DAYS = 25;
const EFFECT = 0.2;
const Z = 1.96;

/** Mean minutes of each business day of a strategy, at the calls of the hourly schedule. */
function replayedDays({ truth, from, until }: Market, strategy: Strategy): number[] {
  const minutes: number[] = [];
  for (let at = from; at < until - DAY_MS; at += DAY_MS) {
    if (!isBusinessDay(localDay(at + DAY_MS / 2))) continue;
    const { delays } = replay({
      truth,
      from: at - DAY_MS / 4,
      scoreFrom: at,
      until: at + DAY_MS,
      strategy,
      callsAnHour: truth.length,
      mostAnHour: 50,
      floorMinutes: LONGEST_MINUTES,
      hasIds: true,
      seed: 18,
    });
    if (delays.length >= 3) minutes.push(delays.reduce((sum, one) => sum + one, 0) / delays.length);
  }
  return minutes;
}

interface Run {
  hasFound: boolean;
  hasZFound: boolean;
  days: number;
  stated: number;
}

/** One experiment, its days drawn from the replayed ones, looked at every morning. @param times B takes, of the minutes of A */
function runOnce(days: readonly number[], seed: number, times: number): Run {
  const random = chance(seed);
  const draw = () => days[Math.floor(random() * days.length)]!;
  const plan = planExperiment({
    a: 'schedule',
    b: 'even',
    seed,
    now: Date.UTC(2026, 2, 2, 18),
    leastEffect: EFFECT,
    before: Array.from({ length: BEFORE_DAYS }, draw),
  });
  const measured: MeasuredDay[] = [];
  const values = { a: [] as number[], b: [] as number[] };
  let [hasFound, hasZFound, ended] = [false, false, 0];
  for (let n = 0; n < plan.days_needed; n++) {
    const day = plan.first_day + n;
    if (!isBusinessDay(day)) continue;
    const arm = armOf(plan, day);
    const minutes = draw() * (arm === 'b' ? times : 1);
    values[arm].push(minutes);
    hasZFound ||= isPastZ(values.a, values.b);
    measured.push({ day, minutes, stale_minutes: 0, changes: 9, calls: 144, failed: 0, left_out: null });
    // Before the second week no pair is whole.
    if (ended > 0 || n % 14 < 7) continue;
    const { outcome } = judgeDays(plan, measured);
    if (outcome === 'better' || outcome === 'worse') hasFound = true;
    if (outcome !== null) ended = n + 1;
  }
  return { hasFound, hasZFound, days: ended || plan.days_needed, stated: plan.days_needed };
}

/** What a test for one look says, asked every day. */
function isPastZ(a: readonly number[], b: readonly number[]): boolean {
  if (a.length < 5 || b.length < 5) return false;
  const of = (values: readonly number[]) => {
    const mean = values.reduce((sum, one) => sum + one, 0) / values.length;
    const variance = values.reduce((sum, one) => sum + (one - mean) ** 2, 0) / (values.length - 1);
    return { mean, error: variance / values.length };
  };
  const [one, other] = [of(a), of(b)];
  return Math.abs(one.mean - other.mean) > Z * Math.sqrt(one.error + other.error);
}

export function simulateExperiments(markets: readonly Market[]): { table: Table; findings: string[] } {
  const findings: string[] = [];
  const rows: string[][] = [];
  for (const market of markets) {
    const days = replayedDays(market, 'schedule');
    const runs = (count: number, times: number) =>
      Array.from({ length: count }, (_, n) => runOnce(days, n + 1, times));
    const same = runs(AA_RUNS, 1);
    const faster = runs(POWER_RUNS, 1 - EFFECT);
    const third = runs(POWER_RUNS, 1 / 3);
    const share = (of: readonly Run[], is: (run: Run) => boolean) => of.filter(is).length / of.length;
    const percent = (value: number) => `${(value * 100).toFixed(1)} %`;
    const wrong = share(same, ({ hasFound }) => hasFound);
    const wrongByZ = share(same, ({ hasZFound }) => hasZFound);
    const power = share(faster, ({ hasFound }) => hasFound);
    const stated = median(faster.map((run) => run.stated));
    const taken = median(faster.filter(({ hasFound }) => hasFound).map((run) => run.days));
    const soon = median(third.filter(({ hasFound }) => hasFound).map((run) => run.days));
    rows.push([
      market.name,
      String(days.length),
      percent(wrong),
      percent(wrongByZ),
      percent(power),
      digits(stated),
      digits(taken),
      digits(soon),
    ]);
    findings.push(
      `${market.name}: an experiment against itself, looked at daily, finds a difference in ${percent(wrong)} of ${digits(AA_RUNS)} runs (at most 5): ${verdict(wrong <= 0.05)}; a daily z test in ${percent(wrongByZ)}`,
      `${market.name}: a change of ${EFFECT * 100} % is found in ${percent(power)} of ${POWER_RUNS} runs within the stated ${digits(stated)} days (at least 80): ${verdict(power >= 0.8)}`,
    );
  }
  const table = {
    title: 'Experiments by the day, simulated on the days of the hourly schedule',
    head: [
      'market',
      'days drawn from',
      'A/A finds',
      'a daily z test',
      'power for 20 %',
      'stated days',
      'found after, median',
      'a third of the minutes, found after',
    ],
    rows,
  };
  return { table, findings };
}
