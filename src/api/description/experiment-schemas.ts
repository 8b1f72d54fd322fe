/** JSON Schemas of experiments with refresh strategies. */

import { integer, listOf, number, object, orNull, ref, text, time } from './schema-parts.ts';

const timeOrNull = orNull('string', { format: 'date-time' });
const numberOrNull = orNull('number');
const arm = object({
  days: { ...integer, description: 'Days that count' },
  minutes: { ...numberOrNull, description: 'Mean minutes from a change to the look that showed it' },
  stale_minutes: { ...numberOrNull, description: 'Minutes a day in which a set had changed unseen' },
  calls: { ...numberOrNull, description: 'Calls a day' },
});

export const EXPERIMENT_SCHEMAS = {
  Experiments: object({ data: listOf(ref('Experiment')), meta: object({ total: integer }) }),
  Experiment: object({
    id: integer,
    source: text,
    plan: {
      ...object({
        a: { ...text, description: 'What runs without the experiment' },
        b: text,
        seed: integer,
        first_day: { ...integer, description: 'In days since 1970 by the clock of Texas' },
        metric: text,
        baseline_minutes: number,
        noise_minutes: number,
        baseline_days: integer,
        least_effect_minutes: number,
        alpha: number,
        power: number,
        pairs_needed: integer,
        days_needed: integer,
        stop_rule: text,
        guardrails: listOf(text),
      }),
      description: 'Written down before it began, and not changed since',
    },
    days: listOf(
      object({
        day: integer,
        minutes: numberOrNull,
        stale_minutes: number,
        changes: integer,
        calls: integer,
        failed: integer,
        left_out: { ...orNull('string'), description: 'Why it counts for nothing' },
      }),
    ),
    standing: {
      anyOf: [
        object({
          pairs: integer,
          a: arm,
          b: arm,
          difference: { ...numberOrNull, description: 'Minutes of B less those of A' },
          low: numberOrNull,
          high: numberOrNull,
          outcome: orNull('string'),
          reason: text,
        }),
        { type: 'null' },
      ],
      description: 'What the days say; null before the first is over',
    },
    started_at: time,
    started_by: text,
    ended_at: timeOrNull,
    ended_by: orNull('string'),
    outcome: {
      type: ['string', 'null'],
      enum: ['better', 'worse', 'alike', 'undecided', 'harm', 'stopped', null],
    },
    reason: orNull('string'),
  }),
};
