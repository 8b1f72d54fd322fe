/**
 * JSON Schemas of a bill and of the cost of a year. The examples are real plans of Oncor as the state listed them on
 * 20 July 2026; test/bills/examples.test.ts works them out again.
 */

import { flag, integer, listOf, number, object, orNull, text } from './schema-parts.ts';

const EVIDENCE = orNull('string', {
  enum: ['components', 'line', 'stated_credit', 'remembered_text', 'published', 'estimate', null],
  description:
    'What the bill rests on. `components`: the charges themselves. `line`: a straight line through the three published prices, and no ' +
    'text that speaks of anything else. `stated_credit`: the same with the credits and fees that the text states. ' +
    '`remembered_text`: with those that the text stated before the upstream stopped sending one. `published`: only the price at ' +
    'just this usage is known. `estimate`: not known, and never ranked before what is. What is none of these and not exact ' +
    'is extrapolated: no price is published that far. `null`: nothing is known.',
});

export const YEAR = {
  ...object({
    profile: { ...text, description: 'Its id, or `own` for twelve numbers that were given' },
    usage_kwh: integer,
    total_usd: orNull('number', { description: 'The next twelve months before tax, with what comes once' }),
    exact: { ...flag, description: 'Every month is exact, and the price is agreed for all twelve' },
    evidence: {
      ...EVIDENCE,
      description:
        'What the months rest on, as for a bill; `estimate` where one of them is an estimate or the price is not agreed for all twelve',
    },
    low_usd: orNull('number', { description: 'The least that it may be' }),
    high_usd: orNull('number', { description: 'The most that it may be' }),
    months_missing_credit: {
      ...integer,
      description: 'Months on the dear side of a credit or of a minimum-usage fee',
    },
    covered_months: orNull('integer', {
      description: "Months for which the price is agreed; afterwards today's is assumed",
    }),
    once_usd: { ...number, description: 'What comes once, such as a device to be bought; in the total' },
    at_90_percent_usd: orNull('number', { description: 'The total at 10 % less usage' }),
    at_110_percent_usd: orNull('number', { description: 'The total at 10 % more usage' }),
    leave_after_6_months_usd: orNull('number', { description: 'The exit fee then' }),
    leave_after_12_months_usd: orNull('number', { description: 'The exit fee then' }),
  }),
  description:
    'With `profile`, or in the order by the year. The example is SimpleSaver 12 for the average Texas home: the cheapest plan at ' +
    '1,000 kWh, and $302 a year dearer than the best, because six months miss its credit.',
  examples: [
    {
      profile: 'house',
      usage_kwh: 13594,
      total_usd: 1902.99,
      exact: true,
      evidence: 'stated_credit',
      low_usd: 1902.99,
      high_usd: 1902.99,
      months_missing_credit: 6,
      covered_months: 12,
      once_usd: 0,
      at_90_percent_usd: 1893.15,
      at_110_percent_usd: 1788.2,
      leave_after_6_months_usd: 150,
      leave_after_12_months_usd: 0,
    },
  ],
};

export const BILL = {
  ...object({
    usage_kwh: integer,
    total_usd: orNull('number', {
      description: 'An average month before tax; `null` where it cannot even be estimated',
    }),
    rate_cents_per_kwh: orNull('number'),
    exact: {
      ...flag,
      description:
        'Published, or following from evidence within the rounding of the published prices. Below 500 and above 2,000 kWh only ' +
        '`components` prove that much.',
    },
    evidence: EVIDENCE,
    low_usd: orNull('number', { description: 'The least that it may be' }),
    high_usd: orNull('number', { description: 'The most that it may be' }),
    cliffs: {
      ...listOf(
        object({
          at_kwh: { ...integer, description: 'The first kWh on the other side' },
          size_usd: number,
          change: {
            type: 'string',
            enum: ['falls', 'rises'],
            description: 'The bill from there on: it falls where a credit begins or a fee ends',
          },
        }),
      ),
      description: 'Where the bill jumps as usage rises, such as by a credit',
      examples: [[{ at_kwh: 1000, size_usd: 125, change: 'falls' }]],
    },
    why: { ...text, description: 'How it is known, in one sentence' },
  }),
  description:
    'What a month costs at one usage. The examples: SimpleSaver 12 fifty kWh short of its credit; True Value 12 below all published ' +
    'prices, so extrapolated; a plan with a free hour a day, so estimated.',
  examples: [
    {
      usage_kwh: 950,
      total_usd: 186.1,
      rate_cents_per_kwh: 19.589,
      exact: true,
      evidence: 'stated_credit',
      low_usd: 186.1,
      high_usd: 186.1,
      cliffs: [{ at_kwh: 1000, size_usd: 125, change: 'falls' }],
      why: 'The stated $125 credit from 1000 kWh and a straight line explain all three published prices.',
    },
    {
      usage_kwh: 400,
      total_usd: 50.13,
      rate_cents_per_kwh: 12.533,
      exact: false,
      evidence: 'line',
      low_usd: 49.8,
      high_usd: 50.47,
      cliffs: [],
      why: 'A straight line through the three published prices; extrapolated, as no price is published below 500 kWh.',
    },
    {
      usage_kwh: 950,
      total_usd: 125.6,
      rate_cents_per_kwh: 13.221,
      exact: false,
      evidence: 'estimate',
      low_usd: 124.7,
      high_usd: 129.2,
      cliffs: [],
      why: 'An estimate: the price depends on the hour, and some of the energy is free.',
    },
  ],
};
