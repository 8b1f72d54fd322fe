/** The parameters of `/v1/plans`, and the query they make. */

import { cursorKey, readCursor } from '../../catalog/cursor.ts';
import { type PlanQuery, SORT_KEYS, type SortKey } from '../../catalog/plan-query.ts';
import { nameKey } from '../../plan/offer.ts';
import { RATE_TYPES } from '../../plan/plan.ts';
import { readProfile, type UsageProfile } from '../../plan/profiles/profiles.ts';
import { usageProfiles } from '../../store/profiles.ts';
import {
  choice,
  decimal,
  flag,
  integer,
  invalidParameters,
  list,
  moment,
  type Param,
  text,
  type Values,
} from '../params.ts';
import { zipCode } from '../place.ts';

const sort: Param<{ key: SortKey; isDescending: boolean }> = {
  description:
    'What comes first; `-` in front reverses. Rate and bill are compared at the asked usage, the year at the profile (`house` if none is given), and an estimate never ranks above a known bill. With a profile it is `year` if not given.',
  schema: { type: 'string', enum: SORT_KEYS.flatMap((key) => [key, `-${key}`]), default: 'rate' },
  expected: `one of ${SORT_KEYS.join(', ')}, with or without - in front`,
  read: (given) => {
    const isDescending = given.startsWith('-');
    const key = SORT_KEYS.find((one) => one === given.slice(isDescending ? 1 : 0));
    return key && { key, isDescending };
  },
};

export const profile: Param<UsageProfile> = {
  description:
    'Usage through a year, for the cost of the next twelve months: `house` (the average Texas home), `apartment`, `large`, or twelve numbers in kWh from January to December, with commas between them.',
  schema: { type: 'string', examples: ['house', '635,573,517,466,573,765,915,938,797,599,479,543'] },
  expected: 'apartment, house, large, or twelve whole numbers of kWh above 0 from January to December',
  read: (given) => readProfile(given, usageProfiles()),
};

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export const planId: Param<string> = {
  description: 'The `id` of a plan, or the `offer_id` that stays when it is re-priced.',
  schema: { type: 'string', format: 'uuid' },
  expected: 'a UUID as in the id or offer_id of a plan',
  read: (given) => (UUID.test(given) ? given.toLowerCase() : undefined),
};

/** Stands for the id of a plan in examples. */
export const EXAMPLE_PLAN_ID = '233dd62a-5d0e-4c7e-9a54-3f0b8a1f6c11';

const DEFAULT_PROFILE = 'house';

export const asOf = moment(
  'The plans as they were at this time, instead of those of now; not in the future, nor before the first sync.',
);

/** Where plans are asked for: exactly one of these. */
export const PLACE_PARAMS = ['city', 'zip', 'tdsp'] as const;

export const PLAN_PARAMS = {
  city: text('Slug or name of a Texas city: `dallas-tx`, `Fort Worth`.'),
  zip: zipCode,
  tdsp: text('DUNS or code of a TDSP: `1039940674000`, `ONCOR`.', 20),
  term: list(integer('Contract length in months; 1 is month to month.', 1, 120)),
  min_term: integer('Shortest contract in months.', 1, 120),
  max_term: integer('Longest contract in months.', 1, 120),
  min_green: decimal('Least renewable content in percent.', 0, 100),
  rate_type: list(choice('Kind of rate.', RATE_TYPES)),
  provider: list(text('Id or name of a provider: `txu-energy`.')),
  prepaid: flag('Only prepaid plans, or none of them.'),
  time_of_use: flag('Only plans whose price depends on the hour, or none of them.'),
  max_rate: decimal('Highest rate in cents per kWh at the asked usage.', 0, 1000),
  usage: integer(
    'Usage in kWh a month, at which rates and bills are compared; 1000 if not given.',
    1,
    100_000,
  ),
  profile,
  sort,
  limit: integer('Plans on a page; 20 if not given.', 1, 200),
  cursor: text('Where the page before ended: taken from its `links.next`.', 200),
  q: text('Words that all occur in the name of the plan or the provider.'),
  as_of: asOf,
};

export type PlanParams = Values<typeof PLAN_PARAMS>;

/**
 * @param plans whose plans are asked for: what a cursor is bound to
 * @throws {Problem} the bounds of a range are swapped, or the cursor is not of this query
 */
export function toPlanQuery(params: PlanParams, plans: readonly string[]): PlanQuery {
  const { min_term, max_term } = params;
  if (min_term !== null && max_term !== null && min_term > max_term) {
    throw invalidParameters([
      { field: 'min_term', message: `${min_term} is more than max_term, ${max_term}` },
    ]);
  }
  const sortKey = params.sort?.key ?? (params.profile === null ? 'rate' : 'year');
  const query: PlanQuery = {
    term: params.term,
    min_term,
    max_term,
    min_green: params.min_green,
    rate_type: params.rate_type,
    provider: params.provider?.map(nameKey) ?? null,
    prepaid: params.prepaid,
    time_of_use: params.time_of_use,
    max_rate: params.max_rate,
    q: params.q === null ? null : nameKey(params.q),
    usage_kwh: params.usage ?? 1000,
    profile: params.profile ?? (sortKey === 'year' ? usageProfiles().get(DEFAULT_PROFILE)! : null),
    sort: sortKey,
    is_descending: params.sort?.isDescending ?? false,
    limit: params.limit ?? 20,
    after: null,
  };
  if (params.cursor === null) return query;
  const reading = readCursor(cursorKey(plans, query), params.cursor);
  if ('problem' in reading) throw invalidParameters([{ field: 'cursor', message: reading.problem }]);
  return { ...query, after: reading.cursor };
}
