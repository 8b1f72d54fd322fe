/** A report as text, as CSV, and as a page to print. Pure. */

import { stringify } from 'csv-stringify/sync';
import { type Html, html, trusted } from '../../html/html.ts';
import { targetText } from '../../monitor/figures/targets.ts';
import type { Report } from '../../monitor/report/report.ts';
import { countText, percentText, plural, spanText } from '../../monitor/text.ts';

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
function tablesOf({ service, market, demand }: Report): ReportTable[] {
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
  ];
}

const headline = ({ kind, name, first, last, is_open }: Report): string =>
  `${kind === 'week' ? 'Week' : 'Month'} ${name}, ${first} to ${last}${is_open ? ' (not over yet)' : ''}`;

const reckoned = ({ reckoned: { command, snapshots, hours_known, minutes_unknown } }: Report): string =>
  `From snapshots ${snapshots.map(({ tdsp, version }) => `${tdsp} ${version}`).join(', ') || 'none'} and ${plural(hours_known, 'hour')} of figures; ${plural(minutes_unknown, 'minute')} of which nothing is recorded are left out. The same again: ${command}`;

export function reportText(report: Report): string {
  const blocks = tablesOf(report).flatMap(({ title, says, columns, rows }) => {
    const lines = [columns, ...rows.map((row) => row.map((cell) => String(cell ?? '–')))];
    const widths = columns.map((_, at) => Math.max(...lines.map((cells) => cells[at]!.length)));
    const shown = lines.map((cells) =>
      `  ${cells.map((cell, at) => (at === 0 ? cell.padEnd(widths[at]!) : cell.padStart(widths[at]!))).join('  ')}`.trimEnd(),
    );
    return ['', title, `  ${says}`, ...(rows.length === 0 ? [] : shown)];
  });
  return [headline(report), ...blocks, '', reckoned(report)].join('\n');
}

/** One table below the other, the name of the table in the first column. */
export const reportCsv = (report: Report): string =>
  tablesOf(report)
    .map(({ title, columns, rows }) =>
      stringify([['table', ...columns], ...rows.map((row) => [title, ...row])], { escape_formulas: true }),
    )
    .join('\n')
    .trimEnd();

const STYLE = `body{font:15px/1.45 system-ui,sans-serif;color:#17191c;max-width:1000px;margin:24px auto;padding:0 16px;font-variant-numeric:tabular-nums}
h1{font-size:28px;line-height:1.2}h2{font-size:17px;margin:24px 0 2px}p{margin:2px 0 8px;color:#50555b;max-width:68ch}
table{border-collapse:collapse;width:100%}th,td{padding:3px 0 3px 16px;text-align:right;border-top:1px solid #e8e5de}
th{font-size:13px;font-weight:400;color:#50555b}th:first-child,td:first-child{text-align:left;padding-left:0}
@media print{body{font-size:10.5px;margin:0}section{break-inside:avoid}@page{margin:14mm}}`;

export const reportHtml = (report: Report): Html => html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${headline(report)}</title>
<meta name="viewport" content="width=device-width"><style>${trusted(STYLE)}</style></head><body>
<h1>${headline(report)}</h1>
${tablesOf(report).map(
  ({ title, says, columns, rows }) => html`<section><h2>${title}</h2><p>${says}</p>
${
  rows.length > 0 &&
  html`<table><thead><tr>${columns.map((one) => html`<th scope="col">${one}</th>`)}</tr></thead>
<tbody>${rows.map((row) => html`<tr>${row.map((cell) => html`<td>${cell ?? '–'}</td>`)}</tr>`)}</tbody></table>`
}</section>`,
)}
<p>${reckoned(report)}</p></body></html>
`;
