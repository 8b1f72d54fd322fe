/**
 * The owner's report of a week or a month: were the targets kept, what did the market do, what did shoppers look for. Each
 * figure comes again with the same snapshot ids, and from the same rows of `figures`.
 */

import { billCurve } from '../../plan/bill/bill.ts';
import { marketDay } from '../../plan/market-day.ts';
import type { Plan } from '../../plan/plan.ts';
import { yearOf } from '../../plan/profiles/year.ts';
import { listExperiments } from '../../planning/experiment/experiments.ts';
import {
  readChargeLags,
  readCityInterest,
  readOfferLifetimes,
  readProviderMoves,
  readTermIndex,
  readWeekMoves,
} from '../../store/market/report-figures.ts';
import { readAlertEvents } from '../../store/observation/alert-rows.ts';
import { readFigures } from '../../store/observation/figure-rows.ts';
import { type FiguresRow, sumFigures } from '../../store/observation/figures.ts';
import { readVersionsAt, rebuildPlanSet } from '../../store/plans/plan-revisions.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { usageProfiles } from '../../store/profiles.ts';
import { readMissedPlaces } from '../../store/queue/city-demand.ts';
import type { Territory } from '../../territory/territory.ts';
import { HOUR_MS } from '../../units.ts';
import { callsOf, mostCalls, type PeriodFigures, readTargets } from '../figures/targets.ts';
import { chargeDays, type ReportTime } from './report-days.ts';

export type Report = Awaited<ReturnType<typeof readReport>>;

const MOST_EVENTS = 5_000;
const SHOWN_CITIES = 50;
const MOST_EXPERIMENTS = 20;
const PROFILE = 'house';

/** @throws if PostgreSQL cannot be asked */
export async function readReport(queryable: Queryable, territory: Territory, time: ReportTime) {
  const { from, to, ...named } = time;
  const service = await serviceOf(queryable, territory, time);
  const market = await marketOf(queryable, territory, time);
  return {
    ...named,
    from,
    to,
    service,
    market,
    demand: await demandOf(queryable, territory, time),
    experiments: await experimentsOf(queryable, time),
    /** What every figure above was reckoned from. */
    reckoned: {
      command: `npx wattsync report ${time.kind} ${time.name}`,
      snapshots: market.tdsps.map(({ tdsp, snapshot }) => ({ tdsp, version: snapshot })),
      hours_known: service.hours_known,
      /** Time of which nothing is recorded is left out of every share. */
      minutes_unknown: service.minutes_unknown,
    },
  };
}

const periodOf = (rows: readonly FiguresRow[]): PeriodFigures => ({
  sum: sumFigures(rows),
  most_calls: mostCalls(rows.map(({ figures }) => figures)),
});

async function serviceOf(queryable: Queryable, territory: Territory, { from, to }: ReportTime) {
  const hours = await readFigures(queryable, { from, to }, 'hour');
  const read = (rows: readonly FiguresRow[]) => {
    const period = periodOf(rows);
    return readTargets({ hour: period, day: period, month: period });
  };
  const days = [...Map.groupBy(hours, ({ at }) => marketDay(at))].map(([day, rows]) => ({
    day,
    targets: read(rows),
  }));
  const targets = read(hours).map((target, at) => {
    const daily = days.flatMap(({ day, targets }) => {
      const { month: value } = targets[at]!.values;
      return value === null ? [] : [{ day, value, verdict: targets[at]!.verdicts.month }];
    });
    const worstFirst = daily.toSorted((a, b) =>
      target.better === 'more' ? a.value - b.value : b.value - a.value,
    );
    const { name, title, unit, required, ours, better } = target;
    return {
      name,
      title,
      unit,
      better,
      required,
      ours,
      value: target.values.month,
      verdict: target.verdicts.month,
      worst_day: worstFirst[0] ?? null,
      /** Days of which something is known, oldest first. */
      days: daily,
      days_counted: daily.length,
      days_required_kept: daily.filter(({ verdict }) => verdict !== 'missed').length,
      days_ours_kept: daily.filter(({ verdict }) => verdict === 'kept').length,
    };
  });
  const { sum } = periodOf(hours);
  const calls = callsOf(sum);
  const minutes = (Math.min(to.getTime(), Date.now()) - from.getTime()) / 60_000;
  /** As the naive way would: one for each city with plans in each hour. */
  const one_call_per_city = Math.round(minutes / 60) * territory.cities.length;
  return {
    targets,
    incidents: await incidentsOf(queryable, from, to),
    answers: Object.values(sum.answers).reduce((all, { answers }) => all + answers, 0),
    answers_failed: Object.values(sum.answers).reduce((all, { failed }) => all + failed, 0),
    calls,
    one_call_per_city,
    calls_saved: Math.max(0, one_call_per_city - calls),
    hours_known: hours.length,
    minutes_unknown: Math.max(0, Math.round(minutes - sum.minutes)),
  };
}

/** Pages, each from when it fired to when it resolved. */
async function incidentsOf(queryable: Queryable, from: Date, to: Date) {
  const events = (await readAlertEvents(queryable, { from, to, limit: MOST_EVENTS })).toReversed();
  return events
    .filter(({ event, severity }) => severity === 'page' && (event === 'fired' || event === 'worsened'))
    .map(({ at, rule, subject, reading }) => {
      const end = events.find(
        (one) => one.event === 'resolved' && one.rule === rule && one.subject === subject && one.at >= at,
      );
      return {
        at,
        rule,
        subject,
        reading,
        resolved_at: end?.at ?? null,
        minutes: end ? Math.round((end.at.getTime() - at.getTime()) / 60_000) : null,
      };
    });
}

async function marketOf(queryable: Queryable, territory: Territory, time: ReportTime) {
  const nameOf = (duns: string) => territory.tdsp(duns)?.short_name ?? duns;
  // The plan sets as the time ended, or as they are.
  const at = new Date(Math.min(time.to.getTime() - 1, Date.now()));
  const versions = await readVersionsAt(
    queryable,
    territory.tdsps.map(({ duns }) => duns),
    at,
  );
  const index = await readTermIndex(queryable, time);
  const tdsps = [];
  for (const { tdsp_duns, version } of versions) {
    const set = await rebuildPlanSet(queryable, tdsp_duns, version);
    const plans = set === null || set === 'not_kept' ? null : set.plans;
    const twelve = index.find((one) => one.tdsp_duns === tdsp_duns && one.term === '12');
    tdsps.push({
      tdsp: nameOf(tdsp_duns),
      snapshot: version,
      plans: plans?.length ?? null,
      /** The median of fixed rates over 12 months at 1,000 kWh. */
      first_cents_per_kwh: twelve?.first_cents_per_kwh ?? null,
      last_cents_per_kwh: twelve?.last_cents_per_kwh ?? null,
      /** Eight of ten fixed rates over 12 months at 1,000 kWh lie between them. */
      eight_of_ten_cents_per_kwh: plans && dispersionOf(plans),
      teaser_gap: plans && teaserGapOf(plans),
    });
  }
  const { providers, days } = await readProviderMoves(queryable, time);
  return {
    tdsps,
    terms: index.map(({ tdsp_duns, ...one }) => ({ tdsp: nameOf(tdsp_duns), ...one })),
    weeks: await readWeekMoves(queryable, time),
    providers,
    /** Days on which at least two providers re-priced. */
    days_with_moves: days,
    /** After 1 March and 1 September: empty in other months. */
    charge_lags: (await chargeLagsOf(queryable, time)).map(({ tdsps: moved, ...lag }) => ({
      ...lag,
      tdsps: moved.map(nameOf).toSorted(),
    })),
    lifetimes: await readOfferLifetimes(queryable, time),
  };
}

async function chargeLagsOf(queryable: Queryable, time: ReportTime) {
  const days = chargeDays(time);
  return days.length === 0 ? [] : readChargeLags(queryable, days);
}

const isTwelveFixed = ({ term_months, rate_type }: Plan): boolean =>
  term_months === 12 && rate_type === 'fixed';

function dispersionOf(plans: readonly Plan[]): [low: number, high: number] | null {
  const rates = plans
    .filter(isTwelveFixed)
    .flatMap(({ rates_cents_per_kwh }) => rates_cents_per_kwh[1000] ?? [])
    .toSorted((a, b) => a - b);
  if (rates.length < 5) return null;
  const at = (share: number) => rates[Math.round(share * (rates.length - 1))]!;
  return [at(0.1), at(0.9)];
}

/** How much more a year of real months costs with the plan that is lowest at 1,000 kWh than with the lowest of the year. */
function teaserGapOf(plans: readonly Plan[]) {
  const profile = usageProfiles().get(PROFILE)!;
  const known = plans.flatMap((plan) => {
    const rate = plan.rates_cents_per_kwh[1000];
    const { total_usd } = yearOf(billCurve(plan), plan, profile);
    return rate === null || total_usd === null || (plan.term_months ?? 0) < 12
      ? []
      : [{ plan, rate, total_usd }];
  });
  if (known.length === 0) return null;
  const teaser = known.toSorted((a, b) => a.rate - b.rate)[0]!;
  const lowest = known.toSorted((a, b) => a.total_usd - b.total_usd)[0]!;
  return {
    profile: PROFILE,
    usd_a_year: Math.round(teaser.total_usd - lowest.total_usd),
    lowest_at_1000_kwh: teaser.plan.id,
    lowest_of_the_year: lowest.plan.id,
  };
}

/** Refresh strategies that were tried against each other at any time between. */
async function experimentsOf(queryable: Queryable, { from, to }: ReportTime) {
  const found = await listExperiments(queryable, { from, to, limit: MOST_EXPERIMENTS });
  return found.map(({ id, plan, standing, started_at, ended_at, outcome, reason }) => ({
    id,
    a: plan.a,
    b: plan.b,
    started_at,
    ended_at,
    outcome,
    standing,
    reason: reason ?? standing?.reason ?? 'no day is over yet',
  }));
}

async function demandOf(queryable: Queryable, territory: Territory, { from, to }: ReportTime) {
  const cities = await readCityInterest(queryable, { from, to });
  const missed = await readMissedPlaces(queryable, { from, to });
  const nameOf = (slug: string) => territory.cities.find((city) => city.slug === slug)?.name ?? slug;
  const searches = cities.reduce((sum, one) => sum + one.searches, 0);
  const searched = cities.filter((one) => one.searches > 0).length;
  return {
    searches,
    leads: cities.reduce((sum, one) => sum + one.leads, 0),
    conversions: cities.reduce((sum, one) => sum + one.conversions, 0),
    cities_searched: searched,
    cities_never_searched: territory.cities.length - searched,
    cities: cities.slice(0, SHOWN_CITIES).map(({ city_slug, ...one }) => ({
      city: nameOf(city_slug),
      slug: city_slug,
      ...one,
      share: searches === 0 ? null : one.searches / searches,
    })),
    /** Searches for places that have no plans here: by name where it is known, the others together. */
    missed: missed.map(({ place, searches: times }) => ({
      place: place === '' ? null : (territory.closedPlaces.find((one) => one.slug === place)?.name ?? place),
      searches: times,
    })),
    hours: Math.round((to.getTime() - from.getTime()) / HOUR_MS),
  };
}
