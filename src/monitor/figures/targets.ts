/** The targets of the requirements as data: what is measured over an hour, a day and a month, and what would be fine. Pure. */

import { LATENCY_STEPS_MS, quantile } from '../../histogram.ts';
import { type AnswerFigures, addAnswers, addCounts, type Figures } from '../../store/observation/figures.ts';
import { countText, percentText } from '../text.ts';

export const PERIODS = ['hour', 'day', 'month'] as const;
export type Period = (typeof PERIODS)[number];

/** Sums over the time before now; `most_calls`: the most upstream calls of any hour in it. */
export interface PeriodFigures {
  sum: Figures;
  most_calls: number | null;
}

type Unit = 'share' | 'ms' | 'calls';

interface Target {
  name: string;
  title: string;
  /** Of docs and reports: what is counted. */
  what: string;
  unit: Unit;
  /** Whether more is better. */
  better: 'more' | 'less';
  /**
   * As the requirements say; reaching `required` exactly is not enough where it is `exclusive`. Times are upper bounds of
   * the steps they are counted in, so one that reaches it is within it.
   */
  required: number;
  exclusive: boolean;
  /** Our own, tighter. */
  ours: number;
  measure(period: PeriodFigures): number | null;
}

const ANSWERED = ['memory', 'redis', 'database', 'active'] as const;
export const LAYERS = [...ANSWERED, 'api'] as const;

/** Share of reads that were answered without the upstream; `null` where nothing was read. */
export function overallHitRate({ layers }: Pick<Figures, 'layers'>): number | null {
  const { hits = 0, misses = 0 } = layers.memory ?? {};
  // Every read asks memory first; what came from the upstream in the end is the only one that cost a call.
  const reads = hits + misses;
  const called = Math.min(reads, (layers.api?.hits ?? 0) + (layers.api?.errors ?? 0));
  return reads === 0 ? null : 1 - called / reads;
}

const isCached = (name: string): boolean =>
  ANSWERED.includes(name.split(' ')[1] as (typeof ANSWERED)[number]);

/** All answers whose plans came from a layer, or all others. */
export function answersOf(
  { answers }: Pick<Figures, 'answers'>,
  kind: 'cached' | 'other',
): AnswerFigures | null {
  const chosen = Object.entries(answers).flatMap(([name, one]) =>
    isCached(name) === (kind === 'cached') ? [one] : [],
  );
  return chosen.length === 0 ? null : chosen.reduce(addAnswers);
}

/** In ms; beyond the last step it is told as that step. */
export function latencyAt(latency: readonly number[], share: number): number | null {
  if (latency.every((one) => one === 0)) return null;
  return quantile(latency, LATENCY_STEPS_MS, share) ?? LATENCY_STEPS_MS.at(-1)!;
}

export const callsOf = ({ calls }: Pick<Figures, 'calls'>): number =>
  Object.values(calls.outcomes).reduce((sum, one) => sum + one, 0);

/** Of the TDSP that kept its limit least; `null` where nothing is known. */
function freshShare({ tdsps }: Pick<Figures, 'tdsps'>): number | null {
  const shares = Object.values(tdsps).flatMap(({ fresh, known }) => (known === 0 ? [] : [fresh / known]));
  return shares.length === 0 ? null : Math.min(...shares);
}

/** Every try that ended counts, those that were tried again and repaired too. */
export function successRate({ attempts }: Pick<Figures, 'attempts'>): number | null {
  const all = attempts.succeeded + attempts.failed;
  return all === 0 ? null : attempts.succeeded / all;
}

export const TARGETS: readonly Target[] = [
  {
    name: 'cache_hit_rate',
    title: 'Hit rate',
    what: 'reads of plans that were answered without the upstream',
    unit: 'share',
    better: 'more',
    required: 0.85,
    exclusive: false,
    ours: 0.98,
    measure: ({ sum }) => overallHitRate(sum),
  },
  {
    name: 'api_calls_per_hour',
    title: 'Upstream calls, most in an hour',
    what: 'calls of the upstream, repeats included',
    unit: 'calls',
    better: 'less',
    required: 50,
    exclusive: true,
    ours: 12,
    measure: ({ most_calls }) => most_calls,
  },
  {
    name: 'cached_answer_ms',
    title: 'Cached answers, p99',
    what: 'answers whose plans came from a cache layer or the stored plans',
    unit: 'ms',
    better: 'less',
    required: 500,
    exclusive: false,
    ours: 25,
    measure: ({ sum }) => latencyAt(answersOf(sum, 'cached')?.latency ?? [], 0.99),
  },
  {
    name: 'api_answer_ms',
    title: 'Other answers, p99',
    what: 'all other answers of the API, those that waited for the upstream included',
    unit: 'ms',
    better: 'less',
    required: 2_000,
    exclusive: false,
    ours: 250,
    measure: ({ sum }) => latencyAt(answersOf(sum, 'other')?.latency ?? [], 0.99),
  },
  {
    name: 'db_query_ms',
    title: 'Statements, p95',
    what: 'statements of all processes',
    unit: 'ms',
    better: 'less',
    required: 100,
    exclusive: false,
    ours: 50,
    measure: ({ sum }) => latencyAt(sum.statements.latency, 0.95),
  },
  {
    name: 'sync_success_rate',
    title: 'Syncs that succeed',
    what: 'tries to sync a TDSP, those that were tried again included',
    unit: 'share',
    better: 'more',
    required: 0.95,
    exclusive: true,
    ours: 0.995,
    measure: ({ sum }) => successRate(sum),
  },
  {
    name: 'fresh_minutes',
    title: 'Minutes fresh, worst TDSP',
    what: 'minutes in which the plans of a TDSP were within the age its cities are promised',
    unit: 'share',
    better: 'more',
    required: 0.99,
    exclusive: false,
    ours: 0.999,
    measure: ({ sum }) => freshShare(sum),
  },
];

/** `ours_missed`: the requirement is kept, our own target is not; `unknown`: nothing was counted. */
export type TargetVerdict = 'kept' | 'ours_missed' | 'missed' | 'unknown';

export interface TargetReading {
  name: string;
  title: string;
  what: string;
  unit: Unit;
  better: 'more' | 'less';
  required: number;
  ours: number;
  /** `null`: nothing was counted in that time. */
  values: Record<Period, number | null>;
  verdicts: Record<Period, TargetVerdict>;
}

function judgeTarget(target: Target, value: number | null): TargetVerdict {
  if (value === null) return 'unknown';
  const { better, required, exclusive, ours } = target;
  const isKept =
    (better === 'more' ? value > required : value < required) || (!exclusive && value === required);
  if (!isKept) return 'missed';
  return (better === 'more' ? value >= ours : value <= ours) ? 'kept' : 'ours_missed';
}

export function readTargets(periods: Record<Period, PeriodFigures>): TargetReading[] {
  return TARGETS.map((target) => {
    const { name, title, what, unit, better, required, ours } = target;
    const values = { hour: null, day: null, month: null } as TargetReading['values'];
    const verdicts = {} as TargetReading['verdicts'];
    for (const period of PERIODS) {
      values[period] = target.measure(periods[period]);
      verdicts[period] = judgeTarget(target, values[period]);
    }
    return { name, title, what, unit, better, required, ours, values, verdicts };
  });
}

export function targetText(unit: Unit, value: number | null): string {
  if (value === null) return '–';
  if (unit === 'share') return percentText(value, 2);
  return unit === 'ms' ? `${value < 10 ? value : countText(value)} ms` : countText(value);
}

/** All of the time before: `hour` rows are enough to know the busiest of them. */
export const mostCalls = (hours: readonly Pick<Figures, 'calls'>[]): number | null =>
  hours.length === 0 ? null : Math.max(...hours.map(callsOf));

/** All statements, answers or calls together. */
export const latencies = (latency: readonly number[]) => ({
  p50: latencyAt(latency, 0.5),
  p95: latencyAt(latency, 0.95),
  p99: latencyAt(latency, 0.99),
});

/** Of all answers, whatever their route. */
export const allAnswers = ({ answers }: Pick<Figures, 'answers'>): number[] =>
  Object.values(answers).reduce<number[]>((sum, { latency }) => addCounts(sum, latency), []);
