/** JSON Schemas of a bill and of the cost of a year. */

import { flag, integer, listOf, number, object, orNull, text } from './schema-parts.ts';

const EVIDENCE = orNull('string', {
  enum: ['components', 'line', 'stated_credit', 'remembered_text', 'published', 'estimate', null],
  description:
    'What the bill rests on. `estimate` is not known, and never ranks before what is; any other that is not exact is extrapolated',
});

export const YEAR = {
  ...object({
    profile: text,
    usage_kwh: integer,
    total_usd: orNull('number', { description: 'The next twelve months before tax, with what comes once' }),
    exact: flag,
    evidence: EVIDENCE,
    low_usd: orNull('number'),
    high_usd: orNull('number'),
    months_missing_credit: { ...integer, description: 'Months on the dear side of a credit or a fee' },
    covered_months: orNull('integer', {
      description: "Months for which the price is agreed; afterwards today's is assumed",
    }),
    once_usd: number,
    at_90_percent_usd: orNull('number', { description: 'The total at 10 % less usage' }),
    at_110_percent_usd: orNull('number', { description: 'The total at 10 % more usage' }),
    leave_after_6_months_usd: orNull('number', { description: 'The exit fee then' }),
    leave_after_12_months_usd: orNull('number', { description: 'The exit fee then' }),
  }),
  description: 'With `profile`, or in the order by the year',
};

export const BILL = object({
  usage_kwh: integer,
  total_usd: orNull('number'),
  rate_cents_per_kwh: orNull('number'),
  exact: {
    ...flag,
    description: 'Published, or following from evidence within the rounding of the published prices',
  },
  evidence: EVIDENCE,
  low_usd: orNull('number', { description: 'The least that it may be' }),
  high_usd: orNull('number', { description: 'The most that it may be' }),
  cliffs: {
    ...listOf(
      object({
        at_kwh: { ...integer, description: 'The first kWh on the other side' },
        size_usd: number,
        change: { type: 'string', enum: ['falls', 'rises'] },
      }),
    ),
    description: 'Where the bill jumps as usage rises, such as by a credit',
  },
  why: { ...text, description: 'How it is known, in one sentence' },
});
