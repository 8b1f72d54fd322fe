/** Rules about which plans there are: how many, of whom, in which languages, and whose they are. */

import { difference } from '../../../plan/quality/mix.ts';
import { shareOf } from './guarded-market.ts';
import { type GuardContext, percent, type Reading, type Rule } from './verdict.ts';

/** A smaller set may change by half from one honest day to the next. */
export const FEWEST_TO_COMPARE = 20;

/** What the file calls by a name that nobody knows may be just the plans that are missing. */
const orRenamed = ({ unknownNames }: Pick<GuardContext, 'unknownNames'>): string =>
  unknownNames.length === 0
    ? ''
    : `; the file has plans of ${unknownNames.map((name) => `"${name}"`).join(', ')}, which is not the name of a TDSP`;

const empty: Rule = ({ plans }, { rejected, unknownNames }): Reading => ({
  rule: 'empty',
  reading:
    (plans.length > 0
      ? `${plans.length} plans`
      : rejected > 0
        ? `all ${rejected} records were rejected (see quarantined_records)`
        : unknownNames.length > 0
          ? 'nothing that the upstream sent stands under a name of this TDSP'
          : 'the upstream sent no plans at all') + orRenamed({ unknownNames }),
  limit: 'at least one',
  is_broken: plans.length === 0,
});

/** Real exports have 0 or 1 unreadable row in 1,800; a column that is renamed or blank spoils them all. */
const LARGEST_REJECTED = 0.3;
const unreadable: Rule = ({ plans }, { rejected, unknownNames }) => {
  const share = rejected / Math.max(1, plans.length + rejected);
  return {
    rule: 'unreadable',
    reading: `${rejected} of ${plans.length + rejected} records could not be read${orRenamed({ unknownNames })}`,
    limit: `at most ${percent(LARGEST_REJECTED)}, or 10 records`,
    is_broken: rejected > 10 && share > LARGEST_REJECTED,
  };
};

/** January 2026: 17 % fewer offers within a day, 42 % within six. A file cut in half loses 50 %. */
const LARGEST_LOSS = 0.44;
const loss: Rule = ({ distinct }, { before, rejected }) => {
  if (!before || before.distinct === 0) return null;
  const lost = 1 - distinct / before.distinct;
  const andRejected = rejected === 0 ? '' : `, ${rejected} records rejected`;
  return {
    rule: 'loss',
    reading: `${distinct} plans instead of ${before.distinct}: ${percent(Math.max(0, lost))} fewer${andRejected}`,
    limit: `at most ${percent(LARGEST_LOSS)} fewer`,
    is_broken: lost > LARGEST_LOSS,
  };
};

/** January 2026: 24 % more within a day, 44 % within two; the market doubled in three weeks. */
const LARGEST_GROWTH = 2.3;
const growth: Rule = ({ distinct }, { before }) => {
  if (!before || before.distinct < FEWEST_TO_COMPARE) return null;
  const factor = distinct / before.distinct;
  return {
    rule: 'growth',
    reading: `${distinct} plans, ${factor.toFixed(2)} times the ${before.distinct} there were`,
    limit: `at most ${LARGEST_GROWTH} times`,
    is_broken: factor > LARGEST_GROWTH,
  };
};

/** Real sets have 0 to 4 % of plans that share provider, name and term; two merged TDSPs have nearly all. */
const MOST_REPEATED = 0.15;
const repeated: Rule = ({ repeated: share, plans }, { before }) => {
  if (plans.length < FEWEST_TO_COMPARE) return null;
  const limit = MOST_REPEATED + (before?.repeated ?? 0);
  return {
    rule: 'repeated',
    reading: `${percent(share)} of plans share provider, name and term with another`,
    limit: `at most ${percent(limit)}`,
    is_broken: share > limit,
  };
};

/** Power to Choose and ComparePower give each plan of each TDSP an id of its own: none of 9,600 was in two TDSPs. */
const MOST_FOREIGN = 0.1;
const foreign: Rule = ({ plans }, { foreign: count }) => {
  if (plans.length < FEWEST_TO_COMPARE) return null;
  const share = count / plans.length;
  return {
    rule: 'foreign',
    reading: `${count} of ${plans.length} plans have an id that is known from another TDSP`,
    limit: `at most ${percent(MOST_FOREIGN)}`,
    is_broken: share > MOST_FOREIGN,
  };
};

/** From January to July 2026 plans of 4 % left with their provider, within twelve days of summer 18 %. */
const MOST_LOST_PROVIDERS = 0.3;
const lostProviders: Rule = ({ plans }, { before }) => {
  if (!before || before.plans.length < FEWEST_TO_COMPARE) return null;
  const here = new Set(plans.map(({ provider }) => provider));
  const share = shareOf(before.plans, ({ provider }) => !here.has(provider));
  return {
    rule: 'lost_providers',
    reading: `providers of ${percent(share)} of the plans are gone altogether`,
    limit: `at most ${percent(MOST_LOST_PROVIDERS)}`,
    is_broken: share > MOST_LOST_PROVIDERS,
  };
};

/** Providers' shares of the market: 0 to 4 % differ from day to day, 19 % from January to July 2026. */
const LARGEST_MIX = 0.4;
const providerMix: Rule = ({ plans }, { before }) => {
  if (!before || before.plans.length < FEWEST_TO_COMPARE || plans.length === 0) return null;
  const differing = difference(
    before.plans.map(({ provider }) => provider),
    plans.map(({ provider }) => provider),
  );
  return {
    rule: 'provider_mix',
    reading: `${percent(differing)} of the providers' shares changed`,
    limit: `at most ${percent(LARGEST_MIX)}`,
    is_broken: differing > LARGEST_MIX,
  };
};

/** 87 to 98 % of plans have a Spanish row. Rows missing at random show here first: a pair needs both of its rows. */
const LARGEST_SPANISH_LOSS = 0.25;
const languages: Rule = ({ plans }, { before }) => {
  if (!before || before.plans.length < FEWEST_TO_COMPARE || plans.length === 0) return null;
  const was = shareOf(before.plans, ({ has_spanish }) => has_spanish);
  const is = shareOf(plans, ({ has_spanish }) => has_spanish);
  return {
    rule: 'languages',
    reading: `${percent(is)} of plans come in both languages, it was ${percent(was)}`,
    limit: `at most ${percent(LARGEST_SPANISH_LOSS)} less`,
    is_broken: was - is > LARGEST_SPANISH_LOSS,
  };
};

/** A market that moves by a sixth each day does not become again what it was: the file is an old one. */
const repeats: Rule = (_, { repeats: earlier }) => ({
  rule: 'repeats',
  reading: earlier
    ? `exactly the content of version ${earlier.version}${earlier.wasReverted ? ', which an operator took back' : ''}`
    : 'not seen before',
  limit: 'not an earlier version once more',
  is_broken: earlier !== null,
});

/** Against the median of four weeks: a slow slide that no single step shows. */
const longCount: Rule = ({ plans }, { long }) => {
  if (!long || long.plans < FEWEST_TO_COMPARE) return null;
  const factor = plans.length / long.plans;
  return {
    rule: 'long_count',
    reading: `${plans.length} plans, ${long.plans} in the middle of the last 28 days`,
    limit: '0.3 to 3 times',
    is_broken: factor < 0.3 || factor > 3,
  };
};

export const COUNT_RULES: readonly Rule[] = [
  empty,
  unreadable,
  loss,
  growth,
  repeated,
  foreign,
  lostProviders,
  providerMix,
  languages,
  repeats,
  longCount,
];
