/** The owner's month: whether the targets were kept, day by day, and what it cost. */

import { type Html, html } from '../../html/html.ts';
import {
  callsOf,
  mostCalls,
  type Period,
  readTargets,
  type TargetReading,
  type TargetVerdict,
  targetText,
} from '../../monitor/figures/targets.ts';
import { plural } from '../../monitor/text.ts';
import { readAlertEvents } from '../../store/observation/alert-rows.ts';
import { readFigures } from '../../store/observation/figure-rows.ts';
import { type FiguresRow, sumFigures } from '../../store/observation/figures.ts';
import { type PageVitals, readPageVitals } from '../../store/observation/page-vitals.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import { DAY_MS } from '../../units.ts';
import type { Frame } from '../look/document.ts';
import { type Mark, state } from '../look/marks.ts';
import { section } from '../look/parts.ts';
import { capital, count, day, list, numberWord, spanWords, when } from '../look/words.ts';
import { boundText } from '../now/targets.ts';
import type { PageParts } from './run.ts';

const DAYS = { week: 7, month: 30 } as const;
type Length = keyof typeof DAYS;

export async function reportsPage(
  { board, territory }: PageParts,
  query: Readonly<Record<string, string>>,
): Promise<Frame> {
  const length: Length = query.of === 'week' ? 'week' : 'month';
  const to = await readDatabaseTime(board.queryable);
  const from = new Date(to.getTime() - DAYS[length] * DAY_MS);
  const hours = await readFigures(board.queryable, { from, to }, 'hour');
  const events = await readAlertEvents(board.queryable, { from, to, limit: 2_000 });
  const vitals = await readPageVitals(board.queryable, { from, to });
  const readings = readingsOf(hours);
  const byDay = [...Map.groupBy(hours, ({ at }) => day(at))].map(([name, some]) => ({
    name,
    readings: readingsOf(some),
  }));
  const measured = readings.filter(({ verdicts }) => verdicts.month !== 'unknown');
  const missed = measured.filter(({ verdicts }) => verdicts.month === 'missed');
  const pages = events.filter(({ event, severity }) => event === 'fired' && severity === 'page').length;
  const sum = sumFigures(hours);
  const calls = callsOf(sum);
  const answers = Object.values(sum.answers).reduce((all, one) => all + one.answers, 0);
  const knownHours = Math.round(sum.minutes / 60);
  const here = (isHere: boolean) => isHere && html` aria-current="true"`;
  return {
    page: 'Reports',
    title: `report, ${length}`,
    mark: missed.length > 0 ? 'bad' : 'verdict',
    crumb: html`<nav class="rng" aria-label="Of which time"><a href="/ops/reports?of=week"${here(length === 'week')}>the last 7 days</a><a href="/ops/reports"${here(length === 'month')}>the last 30 days</a></nav>`,
    headline:
      measured.length === 0
        ? 'Nothing was measured yet.'
        : missed.length > 0
          ? `${day(from)} to ${day(to)}: ${list(missed.map(({ title }) => title.toLowerCase()))} missed.`
          : `${day(from)} to ${day(to)}: all ${numberWord(measured.length)} targets were kept. ${pages === 0 ? 'Nobody was paged.' : `${capital(numberWord(pages))} ${pages === 1 ? 'page' : 'pages'}.`}`,
    lead: html`<p>${count(answers)} answers, ${plural(calls, 'upstream call')}${calls > 0 && ` instead of ${count(knownHours * territory.cities.length)} with one per city and hour`}. ${plural(knownHours, 'hour')} of ${DAYS[length] * 24} are known.</p>`,
    at: to,
    body: html`${serviceSection(readings, byDay)}${incidentsSection(events, to)}${pagesSection(vitals)}${section('how', 'How it was reckoned', html`<p>So that anybody finds the same.</p>`, html`<p class="q">From the roll-ups of ${day(from)} to ${day(to)}, Central time, in the table <code>figures</code>. Time of which nothing is recorded is left out.</p>`)}`,
  };
}

/** As if the time were a month: of its hours alone. */
function readingsOf(hours: readonly FiguresRow[]): TargetReading[] {
  const period = { sum: sumFigures(hours), most_calls: mostCalls(hours.map(({ figures }) => figures)) };
  return readTargets({ hour: period, day: period, month: period } satisfies Record<Period, typeof period>);
}

const VERDICTS: Record<TargetVerdict, { mark: Mark; word: string; fill: string }> = {
  kept: { mark: 'good', word: 'kept', fill: 'ff' },
  ours_missed: { mark: 'watch', word: 'kept, ours missed', fill: 'fw' },
  missed: { mark: 'bad', word: 'missed', fill: 'fb' },
  unknown: { mark: 'unknown', word: 'not measured', fill: '' },
};

function serviceSection(
  readings: readonly TargetReading[],
  byDay: readonly { name: string; readings: TargetReading[] }[],
): Html {
  const wide = 1_000 / Math.max(1, byDay.length);
  const rows = readings.map(({ name, title, unit, better, required, ours, values, verdicts }) => {
    const days = byDay.map(({ name: of, readings: all }) => ({
      of,
      one: all.find((each) => each.name === name)!,
    }));
    const known = days.filter(({ one }) => one.values.month !== null);
    const sign = better === 'more' ? -1 : 1;
    const [worst] = known.toSorted((a, b) => sign * (b.one.values.month! - a.one.values.month!));
    const bars = days.map(({ one }, n) => {
      const { fill } = VERDICTS[one.verdicts.month];
      return fill === ''
        ? ''
        : html`<path class="${fill}" d="M${Math.round(n * wide * 10) / 10 + 1} 3h${Math.round(wide * 10) / 10 - 2}v12h${2 - Math.round(wide * 10) / 10}z"/>`;
    });
    const { mark, word } = VERDICTS[verdicts.month];
    return html`<tr><th scope="row">${title}</th><td class="w">${boundText(unit, better, required)}</td><td class="w">${boundText(unit, better, ours)}</td><td>${targetText(unit, values.month)}</td><td class="w">${worst ? `${targetText(unit, worst.one.values.month)}, ${worst.of}` : '–'}</td><td class="l p2">${state(mark, word)}</td><td class="t"><svg class="st" viewBox="0 0 1000 18" height="18" preserveAspectRatio="none" aria-hidden="true">${bars}</svg></td></tr>`;
  });
  const kept = byDay.filter(({ readings: all }) =>
    all.every(({ verdicts }) => verdicts.month === 'kept' || verdicts.month === 'unknown'),
  ).length;
  return section(
    'service',
    'Service',
    html`<p>Our own, tighter ones: kept on ${kept} of ${plural(byDay.length, 'day')}.</p>`,
    html`<table class="rows tight cl fit"><caption class="sr">Targets</caption><thead><tr><th scope="col">target</th><th scope="col" class="w">required</th><th scope="col" class="w">ours</th><th scope="col">all of it</th><th scope="col" class="w">worst day</th><th scope="col" class="l">verdict</th><th scope="col" class="t l w">${byDay.length > 0 && `${byDay[0]!.name} to ${byDay.at(-1)!.name}, a bar a day`}</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

function incidentsSection(events: Awaited<ReturnType<typeof readAlertEvents>>, now: Date): Html {
  const fired = events.filter(({ event, severity }) => event === 'fired' && severity === 'page');
  const rows = fired.slice(0, 30).map(({ at, rule, subject, reading }) => {
    const end = events.findLast(
      (one) => one.event === 'resolved' && one.rule === rule && one.subject === subject && one.at > at,
    );
    const lasted = ((end?.at ?? now).getTime() - at.getTime()) / 1_000;
    return html`<tr><th scope="row">${when(at, now)}</th><td>${end ? spanWords(lasted) : 'still'}</td><td class="l x">${rule.replaceAll('_', ' ')}</td><td class="l x w">${reading}</td></tr>`;
  });
  const longest = Math.max(0, ...fired.map(({ at }) => at.getTime()));
  return section(
    'incidents',
    'Incidents',
    html`<p>${fired.length === 0 ? 'None.' : `${capital(numberWord(fired.length))} ${fired.length === 1 ? 'page' : 'pages'}, the last ${spanWords((now.getTime() - longest) / 1_000)} ago.`}</p>`,
    fired.length === 0
      ? html`<p class="q">No alert of severity “page” fired.</p>`
      : html`<table class="tight"><caption class="sr">Alerts of severity page</caption><thead><tr><th scope="col">when</th><th scope="col">for</th><th scope="col" class="l">what fired</th><th scope="col" class="l w">of</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

/** How fast the shoppers' pages were to those who opened them: what three of four visits stayed within. */
function pagesSection(pages: readonly PageVitals[]): Html {
  const told = (value: number | null, unit = '') => (value === null ? '–' : `${value}${unit}`);
  const rows = pages.map(
    ({ page, visits, p75: { lcp, inp, cls } }) =>
      html`<tr><th scope="row">${page}</th><td>${count(visits)}</td><td>${told(lcp, ' ms')}</td><td>${told(inp, ' ms')}</td><td>${told(cls)}</td></tr>`,
  );
  return section(
    'pages',
    'Pages, as people had them',
    html`<p>What three of four visits stayed within, told by their browsers.</p>`,
    rows.length === 0
      ? html`<p class="q">Nothing was told. Browsers are asked with <code>FIELD_BEACON=true</code>.</p>`
      : html`<table class="tight"><caption class="sr">Vitals of pages</caption><thead><tr><th scope="col">page</th><th scope="col">visits</th><th scope="col">largest thing there (LCP)</th><th scope="col">slowest answer (INP)</th><th scope="col">moved (CLS)</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}
