/** The owner's week or month: the same report as `wattsync report`, as a page, to print, as CSV and as JSON. */

import { type Html, html } from '../../html/html.ts';
import { targetText } from '../../monitor/figures/targets.ts';
import { type Report, readReport } from '../../monitor/report/report.ts';
import { type ReportKind, reportTime } from '../../monitor/report/report-days.ts';
import {
  reportCsv,
  reportHeadline,
  reportReckoned,
  reportTables,
} from '../../monitor/report/report-tables.ts';
import { addDays, marketDay } from '../../plan/market-day.ts';
import { type PageVitals, readPageVitals } from '../../store/observation/page-vitals.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import type { Frame } from '../look/document.ts';
import { type Mark, mark } from '../look/marks.ts';
import { command, scrolled, section } from '../look/parts.ts';
import { capital, count, list, numberWord } from '../look/words.ts';
import type { Answer } from '../ops-parts.ts';
import type { PageParts } from './run.ts';

type Query = Readonly<Record<string, string>>;

/** It looks at every plan and every hour of its time: all who ask for one within this time get the same. */
const KEPT_MS = 10 * 60_000;

/** @throws {ReportTimeError} there is no such week or month */
export async function findReport({ board, territory }: PageParts, { of, at }: Query): Promise<Report> {
  const kind: ReportKind = of === 'week' ? 'week' : 'month';
  const now = await readDatabaseTime(board.queryable);
  // The one that is under way where none is asked for: an empty last month would say nothing to a new owner.
  const today = marketDay(now);
  // The one that is under way where none is asked for: an empty last month would say nothing to a new owner.
  const time = reportTime(kind, at ?? (kind === 'week' ? today : today.slice(0, 7)), now);
  return board.share(`report ${kind} ${time.name}`, KEPT_MS, () =>
    readReport(board.queryable, territory, time),
  );
}

/** The report as a file; `null`: as a page. */
export function reportFile(report: Report, as: string | undefined): Answer | null {
  if (as === 'csv') return { type: 'text/csv; charset=utf-8', html: `${reportCsv(report)}\n` };
  if (as === 'json') return { type: 'application/json; charset=utf-8', html: JSON.stringify(report) };
  return null;
}

const MARKS: Record<string, Mark> = {
  kept: 'good',
  'kept, ours missed': 'watch',
  missed: 'bad',
  'not counted': 'unknown',
};

export async function reportPage({ board }: PageParts, report: Report): Promise<Frame> {
  const { kind, name, service, first, last } = report;
  const vitals = await readPageVitals(board.queryable, report);
  const counted = service.targets.filter(({ verdict }) => verdict !== 'unknown');
  const missed = counted.filter(({ verdict }) => verdict === 'missed');
  const pages = service.incidents.length;
  const address = (of: ReportKind, at?: string) => `/ops/reports?of=${of}${at ? `&at=${at}` : ''}`;
  const before = addDays(first, -1);
  const after = addDays(last, 1);
  const at = (day: string) => (kind === 'week' ? day : day.slice(0, 7));
  const here = (of: ReportKind) => kind === of && html` aria-current="true"`;
  const self = address(kind, name);
  return {
    page: 'Reports',
    title: `${kind} ${name}`,
    mark: missed.length > 0 ? 'bad' : counted.length === 0 ? 'unknown' : 'verdict',
    crumb: html`<nav class="rng" aria-label="Which report"><a href="${address('week')}"${here('week')}>week</a><a href="${address('month')}"${here('month')}>month</a><a href="${address(kind, at(before))}">← the one before</a>${!report.is_open && html`<a href="${address(kind, at(after))}">the one after →</a>`}<a href="${self}&as=csv">CSV</a><a href="${self}&as=json">JSON</a></nav>`,
    headline: `${reportHeadline(report)}: ${
      counted.length === 0
        ? 'nothing was counted yet.'
        : missed.length > 0
          ? `${list(missed.map(({ title }) => title.toLowerCase()))} missed.`
          : `all ${numberWord(counted.length)} targets were kept.`
    }`,
    lead: html`<p>${pages === 0 ? 'Nobody was paged.' : `${capital(numberWord(pages))} ${pages === 1 ? 'alert' : 'alerts'} paged somebody.`} ${count(service.answers)} answers; ${count(service.calls)} upstream calls instead of ${count(service.one_call_per_city)} with one per city and hour.</p>`,
    body: html`${reportTables(report).map((table, n) => [tableSection(table, n), n === 0 && daysSection(report)])}${pagesSection(vitals)}${section('how', 'How it was reckoned', html`<p>So that anybody finds the same.</p>`, html`<p class="q">${reportReckoned(report)}</p>${command(report.reckoned.command)}`)}`,
  };
}

const TONES = { kept: 'fi', ours_missed: 'fw', missed: 'fb', unknown: 'ff' } as const;
const BAR_HEIGHT = 26;
/** Above the bars: those of two rows must not grow together. */
const BAR_GAP = 6;

/** A bar a day for each target: how far the value was, and by its colour whether that was enough. */
function daysSection({ service, first, last }: Report): Html {
  const days: string[] = [];
  for (let one = first; one <= last; one = addDays(one, 1)) days.push(one);
  const wide = 1_000 / days.length;
  const rows = service.targets
    .filter((target) => target.days.length > 0)
    .map(({ title, unit, better, required, days: counted }) => {
      const values = counted.map(({ value }) => value);
      // Shares lie close to one: drawn is what is above the lowest of them.
      const low = better === 'more' ? Math.max(0, Math.min(required, ...values) - 0.02) : 0;
      const high = better === 'more' ? 1 : Math.max(required, ...values);
      const y = (value: number) =>
        BAR_GAP + Math.round((BAR_HEIGHT - BAR_GAP - 1) * (1 - (value - low) / (high - low || 1)));
      const bars = counted.map(({ day: on, value, verdict }) => {
        const x = days.indexOf(on) * wide;
        const top = Math.min(BAR_HEIGHT - 3, y(value));
        return html`<rect class="${TONES[verdict]}" x="${Math.round(x + wide * 0.15)}" y="${top}" width="${Math.max(2, Math.round(wide * 0.7))}" height="${BAR_HEIGHT - top}"><title>${on}: ${targetText(unit, value)}</title></rect>`;
      });
      const missed = counted.filter(({ verdict }) => verdict === 'missed').length;
      return html`<tr><th scope="row">${title}</th><td>${missed === 0 ? 'none' : html`<span class="bad">${missed}</span>`}</td><td>${targetText(unit, required)}</td><td class="t"><svg class="st" viewBox="0 0 1000 ${BAR_HEIGHT}" height="${BAR_HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${title}, a bar a day: ${missed} of ${counted.length} days missed it"><path class="ax" d="M0 ${BAR_HEIGHT - 0.5}H1000"/>${bars}<path class="tg" d="M0 ${y(required)}H1000"/></svg></td></tr>`;
    });
  if (rows.length === 0) return html``;
  return section(
    'days',
    'Day by day',
    html`<p>A bar a day, ${first.slice(5)} to ${last.slice(5)}; the requirement dashed.</p><p>Amber: kept, but not as far as we want it.</p>`,
    html`<table class="rows"><caption class="sr">Targets day by day</caption><thead><tr><th scope="col">target</th><th scope="col">days missed</th><th scope="col">required</th><th scope="col" class="t l w">a bar a day</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

/** More rows are folded: the answer stands in the margin. */
const ROWS_SHOWN = 14;

function tableSection(
  { title, says, columns, rows }: ReturnType<typeof reportTables>[number],
  n: number,
): Html {
  const isWords = columns.map((_, at) => rows.some((row) => isWord(row[at] ?? null)));
  const shape = (at: number) => (at > 0 && isWords[at] ? 'l x' : '');
  const cell = (value: string | number | null, at: number): Html => {
    const text = String(value ?? '–');
    const shown = MARKS[text];
    return at === 0
      ? html`<th scope="row">${text}</th>`
      : html`<td class="${shape(at)}">${shown && mark(shown)}${text}</td>`;
  };
  const table = (some: typeof rows, name: string) =>
    html`<table class="tight"><caption class="sr">${name}</caption><thead><tr>${columns.map((column, at) => html`<th scope="col" class="${shape(at)}">${column}</th>`)}</tr></thead><tbody>${some.map((row) => html`<tr>${row.map(cell)}</tr>`)}</tbody></table>`;
  const more = rows.length - ROWS_SHOWN;
  const body =
    rows.length === 0
      ? html`<p class="q">Nothing to list.</p>`
      : html`${scrolled(`${title} in figures`, table(rows.slice(0, ROWS_SHOWN), title))}${more > 0 && html`<details><summary>${more} more</summary>${scrolled(`${title}, the rest`, table(rows.slice(ROWS_SHOWN), `${title}, the rest`))}</details>`}`;
  return section(`r${n}`, title, html`<p>${says}</p>`, body);
}

/** A verdict, or a sentence: set from the left, as words are. */
const isWord = (value: string | number | null): boolean =>
  typeof value === 'string' && (value in MARKS || value.length > 28);

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
