/** An experiment in words: for the terminal. Pure. */

import { dateOf, type Experiment } from '../../planning/experiment/experiments.ts';
import { plural } from '../text.ts';

export const OUTCOME_WORDS: Record<NonNullable<Experiment['outcome']>, string> = {
  better: 'B is better',
  worse: 'B is worse',
  alike: 'no difference worth having',
  undecided: 'nothing found in the time',
  harm: 'ended: B did harm',
  stopped: 'stopped by hand',
};

const figure = (value: number | null): string => (value === null ? '–' : value.toFixed(1));

export function describeExperiment({
  id,
  plan,
  days,
  standing,
  outcome,
  reason,
  ...one
}: Experiment): string {
  const state =
    outcome === null
      ? `runs since ${dateOf(plan.first_day)}`
      : `${OUTCOME_WORDS[outcome]} (${one.ended_at!.toISOString().slice(0, 10)}, by ${one.ended_by})`;
  const arms = (['a', 'b'] as const).map((arm) => {
    const { days: counted, minutes, stale_minutes, calls } = standing?.[arm] ?? NOTHING;
    const figures = `${figure(minutes)} min to notice, ${figure(stale_minutes)} stale min of a set, ${figure(calls)} calls a day`;
    return `  ${arm.toUpperCase()} ${plan[arm].padEnd(9)} ${figures}, ${plural(counted, 'day')}`;
  });
  return [
    `Experiment ${id}: ${plan.b} against ${plan.a}, ${state}`,
    ...arms,
    `  ${reason ?? standing?.reason ?? 'No day is over yet.'}`,
    `  Written down before (by ${one.started_by}, seed ${plan.seed}): ${plan.baseline_minutes} min in ${plan.baseline_days} days before; worth having are ${plan.least_effect_minutes} min;`,
    `  found with ${Math.round(plan.power * 100)} % within ${plan.pairs_needed} pairs, ${plan.days_needed} days. ${plan.metric}`,
    `  ${plan.stop_rule}`,
    ...plan.guardrails.map((rail) => `  Ends it: ${rail}`),
    `  ${plural(days.length, 'day')} measured, ${days.filter(({ left_out }) => left_out !== null).length} left out.`,
  ].join('\n');
}

const NOTHING = { days: 0, minutes: null, stale_minutes: null, calls: null };
