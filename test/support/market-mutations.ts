/** What can go wrong with a file on its way: each kind changes a state of six TDSPs as a faulty feed would. */

import { seeded } from '../../bench/drafts.ts';
import type { GuardedPlan } from '../../src/store/plans/guarded-plans.ts';
import type { State } from './invented-market.ts';

type Change = (plan: GuardedPlan, at: number, all: readonly GuardedPlan[]) => GuardedPlan;

const each =
  (change: Change) =>
  (state: State): State =>
    new Map([...state].map(([duns, plans]) => [duns, plans.map(change)]));
const sets =
  (change: (plans: readonly GuardedPlan[]) => readonly GuardedPlan[]) =>
  (state: State): State =>
    new Map([...state].map(([duns, plans]) => [duns, change(plans)]));
const RATES = ['rate_500kwh', 'rate_1000kwh', 'rate_2000kwh'] as const;
const prices = (plan: GuardedPlan, of: (rate: number, point: number) => number): GuardedPlan => {
  const [a, b, c] = RATES.map((name, point) => (plan[name] === null ? null : of(plan[name], point)));
  return { ...plan, rate_500kwh: a!, rate_1000kwh: b!, rate_2000kwh: c! };
};
const round = (rate: number) => Math.round(rate * 10) / 10;
const scale = (factor: number) => each((plan) => prices(plan, (rate) => round(rate * factor)));
const rotate = (order: readonly number[]) =>
  each((plan) => prices(plan, (_, point) => plan[RATES[order[point]!]!]!));
const constant = (field: keyof GuardedPlan, value: unknown) => each((plan) => ({ ...plan, [field]: value }));
const half = (field: keyof GuardedPlan) =>
  each((plan, at) => (at % 2 === 0 ? plan : { ...plan, [field]: null }));
const exchange = (one: string, other: string) => (state: State) =>
  new Map([...state, [one, state.get(other)!], [other, state.get(one)!]] as const);
const host = (field: 'efl_url' | 'enroll_url', url: string) =>
  each((plan, at) => ({ ...plan, [field]: `${url}/${at}` }));
const drop = (share: number, seed = 1) => {
  const random = seeded(seed);
  return sets((plans) => plans.filter(() => random() >= share));
};
/** Of pairs in two languages both rows, one or none are left. */
const dropRows = (share: number) => {
  const random = seeded(7);
  return sets((plans) =>
    plans.flatMap((plan) => {
      const [english, spanish] = [random() >= share, plan.has_spanish && random() >= share];
      if (!english && !spanish) return [];
      return [{ ...plan, has_spanish: english && spanish }];
    }),
  );
};
const others = (plans: readonly GuardedPlan[], by: number) => (at: number) =>
  plans[(at + by) % plans.length]!;
const deal = (fields: readonly (keyof GuardedPlan)[]) =>
  sets((plans) => {
    const other = others(plans, 37);
    return plans.map((plan, at) => ({
      ...plan,
      ...Object.fromEntries(fields.map((field) => [field, other(at)[field]])),
    }));
  });
const providersBySize = (plans: readonly GuardedPlan[]) =>
  [...Map.groupBy(plans, ({ provider_name }) => provider_name)]
    .toSorted(([, a], [, b]) => b.length - a.length)
    .map(([name]) => name);
/** The largest provider whose offers each have a name of their own. */
const oneProvider = (factor: number) =>
  sets((plans) => {
    const [largest] = providersBySize(plans);
    return plans.map((plan) =>
      plan.provider_name === largest ? prices(plan, (rate) => round(rate * factor)) : plan,
    );
  });
const largest = (count: number) =>
  sets((plans) => {
    const gone = new Set(providersBySize(plans).slice(0, count));
    return plans.filter(({ provider_name }) => !gone.has(provider_name));
  });

const [ONCOR, CENTERPOINT, CENTRAL, NORTH, TNMP, LUBBOCK] = [
  '1039940674000',
  '957877905',
  '007924772',
  '007923311',
  '007929441',
  '0582138934100',
];

export const MUTATIONS: Readonly<Record<string, (state: State) => State>> = {
  ...Object.fromEntries(
    [0.01, 0.1, 0.25, 0.51, 0.7, 0.8, 0.9, 1.1, 1.2, 1.3, 1.5, 1.9, 2, 5, 10, 100].map((factor) => [
      `all prices × ${factor}`,
      scale(factor),
    ]),
  ),
  ...Object.fromEntries(
    [0.1, 0.5, 2, 10, 100].map((factor) => [`one provider × ${factor}`, oneProvider(factor)]),
  ),
  'two TDSPs exchanged: Oncor and CenterPoint': exchange(ONCOR!, CENTERPOINT!),
  'two TDSPs exchanged: AEP Central and AEP North': exchange(CENTRAL!, NORTH!),
  'two TDSPs exchanged: TNMP and Lubbock': exchange(TNMP!, LUBBOCK!),
  'all rows named one TDSP': (state) => new Map([[ONCOR!, [...state.values()].flat()]]),
  'two TDSPs merged': (state) =>
    new Map([...state, [ONCOR!, [...state.get(ONCOR!)!, ...state.get(CENTERPOINT!)!]] as const]),
  'each TDSP takes the next one’s plans': (state) => {
    const all = [...state];
    return new Map(all.map(([duns], at) => [duns, all[(at + 1) % all.length]![1]]));
  },
  'price columns rotated to the left': rotate([1, 2, 0]),
  'price columns rotated to the right': rotate([2, 0, 1]),
  'price columns 500 and 2000 exchanged': rotate([2, 1, 0]),
  'price columns 500 and 1000 exchanged': rotate([1, 0, 2]),
  'price columns 1000 and 2000 exchanged': rotate([0, 2, 1]),
  'one price in all columns': rotate([1, 1, 1]),
  'prices dealt out anew': deal(RATES),
  'products dealt out anew': deal(['name']),
  'products and terms dealt out anew': deal(['name', 'term_months']),
  'providers dealt out anew': deal(['provider_name']),
  'terms dealt out anew': deal(['term_months']),
  'prices reversed among plans': sets((plans) =>
    plans.map((plan, at) => prices(plan, (_, point) => plans[plans.length - 1 - at]![RATES[point]!]!)),
  ),
  'one column shifted by a row': deal(['rate_500kwh']),
  'all prices the same': constant('rate_1000kwh', 12.3),
  'every row twice under new ids': sets((plans) => [
    ...plans,
    ...plans.map((plan) => ({ ...plan, external_id: `x${plan.external_id}` })),
  ]),
  'every row three times under new ids': sets((plans) =>
    [1, 2, 3].flatMap((n) => plans.map((plan) => ({ ...plan, external_id: `${n}${plan.external_id}` }))),
  ),
  'Spanish rows only': constant('has_spanish', false),
  '45 % of rows missing': dropRows(0.45),
  '60 % of rows missing': dropRows(0.6),
  '50 % of plans missing': drop(0.5),
  '70 % of plans missing': drop(0.7),
  '95 % of plans missing': drop(0.95),
  'the first half only': sets((plans) => plans.slice(0, plans.length / 2)),
  'one TDSP halved': (state) =>
    new Map([...state, [TNMP!, state.get(TNMP!)!.filter((_, at) => at % 2 === 0)] as const]),
  'one TDSP missing': (state) => new Map([...state, [CENTRAL!, []] as const]),
  'ten largest providers missing': largest(10),
  'fifteen largest providers missing': largest(15),
  'the largest providers alone': sets((plans) => {
    const kept = new Set(providersBySize(plans).slice(0, 3));
    return plans.filter(({ provider_name }) => kept.has(provider_name));
  }),
  'all plans of one provider': constant('provider_name', 'Provider 1 Energy'),
  'terms all 0': constant('term_months', 0),
  'terms all 12': constant('term_months', 12),
  'terms blank': constant('term_months', null),
  'terms in years': each((plan) => ({ ...plan, term_months: (plan.term_months ?? 0) / 12 })),
  'all green 100': constant('percent_green', 100),
  'all green 0': constant('percent_green', 0),
  'green blank': constant('percent_green', null),
  'all time of use': constant('is_time_of_use', true),
  'all prepaid': constant('is_prepaid', true),
  'none time of use': constant('is_time_of_use', false),
  'all fixed': constant('rate_type', 'fixed'),
  'minimum usage fee blank': constant('has_minimum_usage_fee', null),
  'all variable': constant('rate_type', 'variable'),
  'rate type blank': constant('rate_type', null),
  'fixed and variable exchanged': each((plan) => ({
    ...plan,
    rate_type: plan.rate_type === 'fixed' ? 'variable' : 'fixed',
  })),
  'all with a minimum usage fee': constant('has_minimum_usage_fee', true),
  'exit fees blank': constant('early_termination_fee_usd', null),
  'exit fees all 0': constant('early_termination_fee_usd', 0),
  'half the prices at 500 blank': half('rate_500kwh'),
  'half the prices at 2000 blank': half('rate_2000kwh'),
  'prices at 500 blank': constant('rate_500kwh', null),
  'all three prices of half the plans blank': each((plan, at) =>
    at % 2 === 0 ? plan : { ...plan, rate_500kwh: null, rate_1000kwh: null, rate_2000kwh: null },
  ),
  'all labels on another host': host('efl_url', 'https://elsewhere.example'),
  'all enrolment on another host': host('enroll_url', 'https://elsewhere.example'),
  'labels blank': constant('efl_url', null),
  'enrolment blank': constant('enroll_url', null),
  'products under their ids': each((plan) => ({ ...plan, name: plan.external_id })),
  'providers and products exchanged': each((plan) => ({
    ...plan,
    name: plan.provider_name,
    provider_name: plan.name,
  })),
  'all prices and 3 cents': each((plan) => prices(plan, (rate) => round(rate + 3))),
  'all prices less the wires charges': each((plan) => prices(plan, (rate) => round(rate - 5))),
  'a base of $20 for all': each((plan) => prices(plan, (rate, point) => round(rate + [4, 2, 1][point]!))),
};
