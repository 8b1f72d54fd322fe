/** Rules about single fields: blank, constant or moved for the whole market, names and links that became others. */

import { difference } from '../../../plan/quality/mix.ts';
import { FEWEST_TO_COMPARE } from './count-rules.ts';
import { type MarketPlan, MOST_TELLING, shareOf } from './guarded-market.ts';
import { percent, type Rule } from './verdict.ts';

/**
 * How much of a field's mix may change. Measured from day to day and, in brackets, from January to July 2026: green 3 %
 * (27 %), terms 5 % (24 %), rate types 0 (2 %), prepaid 1 % (1 %), time of use 1 % (4 %), minimum usage fee 4 % (14 %), exit fees
 * 20 % (35 %).
 */
const FIELDS: readonly [field: keyof MarketPlan, limit: number][] = [
  ['term_months', 0.4],
  ['rate_type', 0.25],
  ['percent_green', 0.42],
  ['is_prepaid', 0.2],
  ['is_time_of_use', 0.2],
  ['has_minimum_usage_fee', 0.4],
  ['early_termination_fee_usd', 0.5],
];

const fieldRule =
  (field: keyof MarketPlan, limit: number): Rule =>
  ({ plans }, { before }) => {
    if (!before || before.plans.length < FEWEST_TO_COMPARE || plans.length < FEWEST_TO_COMPARE) return null;
    const differing = difference(
      before.plans.map((plan) => String(plan[field])),
      plans.map((plan) => String(plan[field])),
    );
    return {
      rule: `field ${field}`,
      reading: `${percent(differing)} of the values of ${field} changed`,
      limit: `at most ${percent(limit)}`,
      is_broken: differing > limit,
      field,
    };
  };

/** Flags and fees change for a plan or two at once: never for all that had them, with all others, to one value. */
const MOST_THAT_JOIN = 5;
const constantRule =
  (field: keyof MarketPlan): Rule =>
  (after, { before }) => {
    if (!before || after.plans.length < FEWEST_TO_COMPARE) return null;
    const value = after.plans[0]![field];
    const isConstant = after.plans.every((plan) => plan[field] === value);
    const joined = [...after.byKey.keys()].filter((key) => {
      const was = before.byKey.get(key);
      return was !== undefined && was[field] !== value;
    }).length;
    return {
      rule: `constant ${field}`,
      reading: isConstant
        ? `${field} is ${value ?? 'unknown'} for all plans, and was not for ${joined} of them`
        : `${field} has more than one value`,
      limit: `not the same for all where ${MOST_THAT_JOIN} or more differed`,
      is_broken: isConstant && joined >= MOST_THAT_JOIN,
      field,
    };
  };

/**
 * Every plan of nine real exports tells its three prices, all but a handful its labels. Links for enrolment came and went:
 * 59 % were blank on 1 August 2026, 1 % twelve days before.
 */
const MOST_BLANK = 0.15;
const MOST_BLANK_ENROLMENT = 0.75;
/** Of Oncor's plans 15 of 159 had a text on 20 July 2026 and none on 1 August: that passes, and what they said is remembered. */
const MOST_BLANK_TEXTS = 0.4;
const blankRule =
  (field: keyof MarketPlan, most: number): Rule =>
  ({ plans }, { before }) => {
    if (!before || before.plans.length < FEWEST_TO_COMPARE || plans.length < FEWEST_TO_COMPARE) return null;
    const was = shareOf(before.plans, (plan) => plan[field] === null);
    const is = shareOf(plans, (plan) => plan[field] === null);
    return {
      rule: `blank ${field}`,
      reading: `${percent(is)} of plans lack ${field}, it was ${percent(was)}`,
      limit: `at most ${percent(most)} more`,
      is_broken: is - was > most,
      field,
    };
  };

/** No plan is for 0 months: month to month is 1. */
const noTerm: Rule = ({ plans }) => {
  if (plans.length < FEWEST_TO_COMPARE) return null;
  const terms = plans.flatMap(({ term_months }) => term_months ?? []);
  const zero = shareOf(terms, (term) => term <= 0);
  return {
    rule: 'term_of_zero',
    reading: `${percent(zero)} of terms are 0`,
    limit: 'at most 25 %',
    is_broken: zero > 0.25,
  };
};

/** Within half a year 45 % of offers left; within twelve days 7 %. Products under other names have nothing in common. */
const LEAST_IN_COMMON = 0.4;
const sameOffers: Rule = (after, { before }) => {
  if (!before || before.byKey.size < MOST_TELLING || after.byKey.size < MOST_TELLING) return null;
  const same = [...after.byKey.keys()].filter((key) => before.byKey.has(key)).length;
  const share = same / Math.min(after.byKey.size, before.byKey.size);
  return {
    rule: 'same_offers',
    reading: `${percent(share)} of offers are the same as before`,
    limit: `at least ${percent(LEAST_IN_COMMON)}`,
    is_broken: share < LEAST_IN_COMMON,
  };
};

/** Of ids that stay, 0 to 3 % name another product the next day; 25 % after half a year. */
const MOST_RENAMED = 0.3;
const renamedIds: Rule = (after, { before }) => {
  if (!before) return null;
  const kept = [...after.byId.values()].filter(({ external_id }) => before.byId.has(external_id));
  if (kept.length < MOST_TELLING) return null;
  const share = shareOf(kept, ({ external_id, key }) => before.byId.get(external_id)!.key !== key);
  return {
    rule: 'renamed_ids',
    reading: `${percent(share)} of the ids that stay name another product`,
    limit: `at most ${percent(MOST_RENAMED)}`,
    is_broken: share > MOST_RENAMED,
  };
};

/** Hosts of the papers: 0 to 4 % differ from day to day, 23 % after half a year. Enrolment goes through more hands. */
const hostRule =
  (field: 'efl_url' | 'enroll_url', limit: number): Rule =>
  ({ plans }, { before }) => {
    if (!before) return null;
    const [was, is] = [before.plans, plans].map((all) => all.flatMap((plan) => hostOf(plan[field]) ?? []));
    if (was!.length < FEWEST_TO_COMPARE || is!.length < FEWEST_TO_COMPARE) return null;
    const differing = difference(was!, is!);
    return {
      rule: `host ${field}`,
      reading: `${percent(differing)} of ${field} lead to other hosts`,
      limit: `at most ${percent(limit)}`,
      is_broken: differing > limit,
    };
  };

function hostOf(url: string | null): string | null {
  return url && URL.canParse(url) ? new URL(url).host : null;
}

export const FIELD_RULES: readonly Rule[] = [
  ...FIELDS.map(([field, limit]) => fieldRule(field, limit)),
  ...(['rate_type', 'percent_green', 'is_prepaid', 'is_time_of_use', 'has_minimum_usage_fee'] as const).map(
    constantRule,
  ),
  ...(['rate_500kwh', 'rate_1000kwh', 'rate_2000kwh', 'percent_green', 'efl_url'] as const).map((field) =>
    blankRule(field, MOST_BLANK),
  ),
  blankRule('enroll_url', MOST_BLANK_ENROLMENT),
  blankRule('fees_text', MOST_BLANK_TEXTS),
  noTerm,
  sameOffers,
  renamedIds,
  hostRule('efl_url', 0.5),
  hostRule('enroll_url', 0.8),
];
