/** A report as tables with a sentence each: what its text, its CSV, its printed page and `/ops/reports` are made from. Pure. */

import { stringify } from 'csv-stringify/sync';
import { targetText } from '../figures/targets.ts';
import { OUTCOME_WORDS } from '../refresh/experiment-text.ts';
import { countText, percentText, plural, spanText } from '../text.ts';
import type { Report } from './report.ts';

interface ReportTable {
  title: string;
  /** The answer in words. */
  says: string;
  columns: readonly string[];
  rows: readonly (readonly (string | number | null)[])[];
}

const cents = (value: number | null): string => (value === null ? '–' : `${value.toFixed(1)} ¢`);
const signed = (value: number | null): string =>
  value === null ? '–' : `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(1)} ¢`;
const change = (first: number | null, last: number | null): number | null =>
  first === null || last === null ? null : last - first;
const VERDICTS = { kept: 'kept', ours_missed: 'kept, ours missed', missed: 'missed', unknown: 'not counted' };

/** In the order an owner asks. */
export function reportTables({ service, market, demand, experiments }: Report): ReportTable[] {
  const counted = service.targets.filter(({ verdict }) => verdict !== 'unknown');
  const kept = counted.filter(({ verdict }) => verdict !== 'missed').length;
  const pages = service.incidents.length;
  const { ended, median_days } = market.lifetimes;
  return [
    {
      title: 'Service',
      says:
        counted.length === 0
          ? 'Nothing was counted in this time.'
          : `${kept} of ${plural(counted.length, 'target')} kept. ${countText(service.answers)} answers, ${countText(service.answers_failed)} of them failed. ${plural(service.calls, 'upstream call')} instead of ${countText(service.one_call_per_city)} with one for each city and hour.`,
      columns: ['target', 'required', 'ours', 'value', 'worst day', 'days kept', 'days ours kept', 'verdict'],
      rows: service.targets.map((one) => [
        one.title,
        `${one.better === 'more' ? '≥' : '<'} ${targetText(one.unit, one.required)}`,
        targetText(one.unit, one.ours),
        targetText(one.unit, one.value),
        one.worst_day ? `${targetText(one.unit, one.worst_day.value)}, ${one.worst_day.day}` : '–',
        `${one.days_required_kept} of ${one.days_counted}`,
        `${one.days_ours_kept} of ${one.days_counted}`,
        VERDICTS[one.verdict],
      ]),
    },
    {
      title: 'Incidents',
      says: pages === 0 ? 'None: no alert paged anybody.' : `${plural(pages, 'page')}.`,
      columns: ['when (UTC)', 'for', 'alert', 'what'],
      rows: service.incidents.map(({ at, minutes, rule, subject, reading }) => [
        new Date(at).toISOString().slice(0, 16).replace('T', ' '),
        minutes === null ? 'goes on' : spanText(minutes * 60),
        subject === '' ? rule : `${rule}: ${subject}`,
        reading,
      ]),
    },
    {
      title: 'Market index',
      says: 'Fixed rates over 12 months at 1,000 kWh. Teaser gap: how much more the plan that is lowest at 1,000 kWh costs in a year of a house than the lowest of the year.',
      columns: ['TDSP', 'first', 'last', 'change', '8 of 10 between', 'teaser gap', 'plans', 'snapshot'],
      rows: market.tdsps.map((one) => [
        one.tdsp,
        cents(one.first_cents_per_kwh),
        cents(one.last_cents_per_kwh),
        signed(change(one.first_cents_per_kwh, one.last_cents_per_kwh)),
        one.eight_of_ten_cents_per_kwh
          ? one.eight_of_ten_cents_per_kwh.map((value) => cents(value)).join(' to ')
          : '–',
        one.teaser_gap ? `$${countText(one.teaser_gap.usd_a_year)}` : '–',
        one.plans,
        one.snapshot,
      ]),
    },
    {
      title: 'By term',
      says: 'Medians of fixed rates at 1,000 kWh.',
      columns: ['TDSP', 'months', 'plans', 'first', 'last', 'change', 'snapshot'],
      rows: market.terms.map((one) => [
        one.tdsp,
        one.term,
        one.plans,
        cents(one.first_cents_per_kwh),
        cents(one.last_cents_per_kwh),
        signed(change(one.first_cents_per_kwh, one.last_cents_per_kwh)),
        one.version,
      ]),
    },
    {
      title: 'New, withdrawn, re-priced',
      says:
        ended === 0 || median_days === null
          ? 'No offer ended.'
          : `${plural(ended, 'offer')} ended after ${median_days.toFixed(0)} days, in the median.`,
      columns: ['week', 'new', 'withdrawn', 're-priced'],
      rows: market.weeks.map((one) => [one.week, one.listed, one.withdrawn, one.repriced]),
    },
    {
      title: 'Who moved',
      says: `On ${plural(market.days_with_moves, 'day')} at least two providers re-priced; first is the one that did so before the others.`,
      columns: ['provider', 'new', 'withdrawn', 're-priced', 'first on'],
      rows: market.providers.map((one) => [
        one.provider,
        one.listed,
        one.withdrawn,
        one.repriced,
        one.first_on_days,
      ]),
    },
    ...(market.charge_lags.length === 0 ? [] : [chargeLagTable(market.charge_lags)]),
    {
      title: 'Demand',
      says: `${plural(demand.searches, 'search', 'searches')} in ${plural(demand.cities_searched, 'city', 'cities')}; ${plural(demand.cities_never_searched, 'city was', 'cities were')} never searched.`,
      columns: ['city', 'searches', 'share', 'leads', 'conversions'],
      rows: demand.cities.map((one) => [
        one.city,
        one.searches,
        percentText(one.share),
        one.leads,
        one.conversions,
      ]),
    },
    {
      title: 'Searches without plans',
      says: missedWords(demand.missed),
      columns: ['place', 'searches'],
      rows: demand.missed.map((one) => [one.place ?? 'not a place we know', one.searches]),
    },
    ...(experiments.length === 0 ? [] : [experimentTable(experiments)]),
  ];
}

/** Only where there was one. */
function experimentTable(experiments: Report['experiments']): ReportTable {
  const minutes = (value: number | null | undefined) => (value == null ? '–' : `${value.toFixed(1)} min`);
  return {
    title: 'Experiments',
    says: 'Refresh strategies tried against each other by the day: minutes from a change to the look that showed it, and calls a day.',
    columns: ['B against A', 'pairs', 'A', 'B', 'B less A', 'calls, A', 'calls, B', 'outcome', 'why'],
    rows: experiments.map(({ a, b, standing, outcome, reason }) => [
      `${b} against ${a}`,
      standing?.pairs ?? 0,
      minutes(standing?.a.minutes),
      minutes(standing?.b.minutes),
      standing?.low == null || standing.high === null
        ? minutes(standing?.difference)
        : `${minutes(standing.difference)} (${minutes(standing.low)} to ${minutes(standing.high)})`,
      standing?.a.calls == null ? '–' : Math.round(standing.a.calls),
      standing?.b.calls == null ? '–' : Math.round(standing.b.calls),
      outcome === null ? 'runs' : OUTCOME_WORDS[outcome],
      reason,
    ]),
  };
}

function missedWords(missed: Report['demand']['missed']): string {
  const all = missed.reduce((sum, { searches }) => sum + searches, 0);
  if (all === 0) return 'Nobody asked for a place without plans.';
  const unknown = missed.find(({ place }) => place === null)?.searches ?? 0;
  return `${plural(all, 'search', 'searches')} for places without plans, ${countText(unknown)} of them for texts that are not a place of our lists. What was typed is not kept.`;
}

/** Who followed the delivery charges, and how soon. */
function chargeLagTable(lags: Report['market']['charge_lags']): ReportTable {
  const known = lags.flatMap(({ lag_days }) => lag_days ?? []).toSorted((a, b) => a - b);
  const middle = known[Math.floor((known.length - 1) / 2)];
  const waiting = lags.length - known.length;
  return {
    title: 'After the delivery charges changed',
    says: `${known.length} of ${plural(lags.length, 'provider')} re-priced within 30 days${middle === undefined ? '' : `, half of them by day ${middle}`}; ${waiting === 0 ? 'none is left' : `${waiting} ${waiting === 1 ? 'has' : 'have'} not`}.`,
    columns: ['provider', 'charges changed', 'days until it re-priced', 'where'],
    rows: lags.map(({ provider, charge_day, lag_days, tdsps }) => [
      provider,
      charge_day,
      lag_days,
      lag_days === null ? 'nowhere yet' : tdsps.join(', '),
    ]),
  };
}

export const reportHeadline = ({ kind, name, first, last, is_open }: Report): string =>
  `${kind === 'week' ? 'Week' : 'Month'} ${name}, ${first} to ${last}${is_open ? ' (not over yet)' : ''}`;

export const reportReckoned = ({
  reckoned: { command, snapshots, hours_known, minutes_unknown },
}: Report): string =>
  `From snapshots ${snapshots.map(({ tdsp, version }) => `${tdsp} ${version}`).join(', ') || 'none'} and ${plural(hours_known, 'hour')} of figures; ${plural(minutes_unknown, 'minute')} of which nothing is recorded are left out. The same again: ${command}`;

/** One table below the other, the name of the table in the first column. */
export const reportCsv = (report: Report): string =>
  reportTables(report)
    .map(({ title, columns, rows }) =>
      stringify([['table', ...columns], ...rows.map((row) => [title, ...row])], { escape_formulas: true }),
    )
    .join('\n')
    .trimEnd();
