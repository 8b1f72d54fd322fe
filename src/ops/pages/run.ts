/** Runs: the last ones, and one with its results, calls, errors and the records it could not read. */

import { type Html, html } from '../../html/html.ts';
import { percentText, plural, sizeText } from '../../monitor/text.ts';
import { readCallsOfRun, type SeenUpstreamCall } from '../../store/operations/calls.ts';
import { readLogLines } from '../../store/operations/past.ts';
import { readRecordsOfRun, type SeenRecord } from '../../store/operations/records.ts';
import {
  type ResultStatus,
  type RunWithResults,
  readRecentRuns,
  readRun,
} from '../../store/queue/sync-runs.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import type { Territory } from '../../territory/territory.ts';
import type { Board } from '../board.ts';
import type { Frame } from '../look/document.ts';
import { type Mark, mark, state } from '../look/marks.ts';
import { act, command, scrolled, section } from '../look/parts.ts';
import { capital, count, fullTime, list, numberWord, seconds, time, when } from '../look/words.ts';
import { logTable } from '../now/log.ts';
import { RUN_MARKS, RUN_WORDS, runRow } from '../now/work.ts';

export interface PageParts {
  board: Board;
  territory: Territory;
}

const RUNS_SHOWN = 100;
const RECORDS_SHOWN = 50;
const LINES_SHOWN = 60;

export async function runsPage(
  { board }: PageParts,
  query: Readonly<Record<string, string>>,
): Promise<Frame> {
  const now = await readDatabaseTime(board.queryable);
  const all = await readRecentRuns(board.queryable, RUNS_SHOWN);
  const kinds = [...new Set(all.map(({ kind }) => kind))].toSorted();
  const runs = all.filter(
    ({ kind, status }) => (!query.kind || kind === query.kind) && (!query.status || status === query.status),
  );
  const failed = all.filter(({ status }) => status === 'failed').length;
  const link = (words: string, address: string, isHere: boolean) =>
    html`<a href="${address}"${isHere && html` aria-current="true"`}>${words}</a>`;
  const filters = html`<nav class="rng" aria-label="Which runs">${link('all', '/ops/runs', !query.kind && !query.status)}${kinds.map((kind) => link(kind, `/ops/runs?kind=${encodeURIComponent(kind)}`, query.kind === kind))}${link('failed', '/ops/runs?status=failed', query.status === 'failed')}${link('in part', '/ops/runs?status=partial', query.status === 'partial')}</nav>`;
  return {
    page: 'Runs',
    title: 'runs',
    headline:
      all.length === 0
        ? 'Nothing was ever synced here.'
        : `The last ${plural(all.length, 'run')}: ${failed === 0 ? 'none failed.' : `${failed} failed.`}`,
    lead: html`<p>${all.length > 0 && `Since ${fullTime(all.at(-1)!.requested_at)}.`}</p>`,
    body: section(
      'runs',
      'Runs',
      filters,
      html`<table class="rows"><caption class="sr">Runs, the newest first</caption><thead><tr><th scope="col">run</th><th scope="col" class="l w">asked by</th><th scope="col">began</th><th scope="col" class="w">took</th><th scope="col" class="w w2">calls</th><th scope="col" class="l">result</th></tr></thead><tbody>${runs.map((run) => runRow(run, now, null))}</tbody></table>`,
    ),
  };
}

const RESULTS: Record<ResultStatus, Mark> = {
  published: 'good',
  unchanged: 'good',
  fresh: 'good',
  shared: 'good',
  held: 'watch',
  failed: 'bad',
  stopped: 'silenced',
};
const RESULT_WORDS: Partial<Record<ResultStatus, string>> = {
  held: 'held back',
  fresh: 'fresh, not fetched',
  shared: 'fetched by another run',
};

/** @returns `null`: there is none */
export async function runPage(
  { board, territory }: PageParts,
  id: string,
  note: Html,
): Promise<Frame | null> {
  if (!/^\d{1,15}$/.test(id)) return null;
  const queryable = board.queryable;
  const found = await readRun(queryable, Number(id));
  if (!found) return null;
  const now = await readDatabaseTime(queryable);
  const calls = await readCallsOfRun(queryable, found.run.id);
  const records = await readRecordsOfRun(queryable, found.run.id, RECORDS_SHOWN);
  const lines = await readLogLines(queryable, found.run.requested_at, LINES_SHOWN, found.run.id);
  const { run, results } = found;
  const nameOf = (duns: string) => territory.tdsp(duns)?.short_name ?? duns;
  const errors = results.filter(({ error_code }) => error_code !== null || false);
  const began = run.started_at ?? run.requested_at;
  return {
    page: 'Runs',
    title: `run ${id}`,
    mark: RUN_MARKS[run.status] === 'good' ? 'verdict' : RUN_MARKS[run.status],
    crumb: html`<a href="/ops">Now</a> · <a href="/ops/runs">Runs</a> · ${id}${note}`,
    headline: headlineOf(found, nameOf),
    lead: html`<p>${capital(run.kind)}${run.is_forced && ', forced'}, asked by ${run.requested_by}${run.reason && ` (${run.reason})`}, ${fullTime(run.requested_at)}${run.finished_at && `, done in ${tookWords(began, run.finished_at)}`}. ${capital(numberWord(calls.length))} upstream ${calls.length === 1 ? 'call' : 'calls'}${records.total > 0 && `; ${plural(records.total, 'record')} could not be read`}.</p>`,
    body: html`${resultsSection(found, began, nameOf)}${calls.length > 0 && callsSection(calls, nameOf)}${errors.length > 0 && errorsSection(errors, nameOf)}${records.total > 0 && recordsSection(records, nameOf, now)}${section('log', 'Log', html`<p>${capital(numberWord(lines.length))} lines of this run.</p>`, logTable(lines, nameOf))}${againSection(found, territory)}`,
  };
}

function headlineOf(
  { run, results, claimed, waiting }: RunWithResults,
  nameOf: (duns: string) => string,
): string {
  const { id, status } = run;
  if (status === 'queued' || status === 'running') {
    const open = [...claimed, ...waiting.map(({ tdsp_duns }) => tdsp_duns)].map(nameOf);
    return `Run ${id} ${status === 'queued' ? 'waits' : 'is running'}: ${list(open)} to go.`;
  }
  const held = results.filter((one) => one.status === 'held').map(({ tdsp_duns }) => nameOf(tdsp_duns));
  const failed = results
    .filter((one) => one.error_code !== null && one.status !== 'held')
    .map(({ tdsp_duns }) => nameOf(tdsp_duns));
  const well = results.length - held.length - failed.length;
  const parts = [
    status === 'stopped' || status === 'cancelled'
      ? `Run ${id} was ${RUN_WORDS[status]}.`
      : `Run ${id} brought ${numberWord(well)} of ${numberWord(results.length)}.`,
    held.length > 0 ? `${list(held)} ${held.length === 1 ? 'is' : 'are'} held back.` : '',
    failed.length > 0 && status !== 'stopped' && status !== 'cancelled' ? `${list(failed)} failed.` : '',
  ];
  return parts.filter(Boolean).join(' ');
}

const tookWords = (from: Date, to: Date): string =>
  `${((to.getTime() - from.getTime()) / 1_000).toFixed(1)} s`;

function resultsSection(
  { run, results }: RunWithResults,
  began: Date,
  nameOf: (duns: string) => string,
): Html {
  const end = Math.max(
    ...results.map(({ finished_at }) => finished_at.getTime()),
    run.finished_at?.getTime() ?? 0,
    began.getTime() + 1,
  );
  const x = (ms: number) =>
    Math.round(
      (1_000 * Math.min(end - began.getTime(), Math.max(0, ms - began.getTime()))) / (end - began.getTime()),
    );
  const rows = results.map(({ tdsp_duns, status, plans, duration_ms, finished_at }) => {
    const to = finished_at.getTime();
    const tone = RESULTS[status] === 'good' ? 'b-soft' : RESULTS[status] === 'watch' ? 'b-watch' : 'b-bad';
    const bar = html`<svg class="st" viewBox="0 0 1000 18" height="18" preserveAspectRatio="none" aria-hidden="true"><path class="ax" d="M0 17.5H1000"/><path class="bar ${tone}" d="M${x(to - duration_ms)} 9H${Math.max(x(to), x(to - duration_ms) + 4)}"/></svg>`;
    const held = status === 'held' ? html` <a href="/ops/held/${tdsp_duns}">see what would change</a>` : '';
    const of = (value: number | undefined) => (value === undefined ? '–' : count(value));
    return html`<tr><th scope="row">${nameOf(tdsp_duns)}</th><td class="l">${state(RESULTS[status], RESULT_WORDS[status] ?? status)}${held}</td><td>${of(plans?.seen)}</td><td class="w">${of(plans?.added)}</td><td class="w">${of(plans?.changed)}</td><td class="w">${of(plans?.deactivated)}</td><td class="w">${plans?.rejected ? html`<a href="#q">${plans.rejected}</a>` : of(plans?.rejected)}</td><td class="w w2">${(duration_ms / 1_000).toFixed(1)} <small>s</small></td><td class="t">${bar}</td></tr>`;
  });
  const sum = run.plans;
  const total =
    sum && results.length > 1
      ? html`<tr class="sum"><th scope="row">all</th><td></td><td>${count(sum.seen)}</td><td class="w">${count(sum.added)}</td><td class="w">${count(sum.changed)}</td><td class="w">${count(sum.deactivated)}</td><td class="w">${count(sum.rejected)}</td><td class="w w2">${tookWords(began, new Date(end))}</td><td class="t"></td></tr>`
      : '';
  return section(
    'results',
    'Results',
    html`<p>${results.length === 0 ? 'None yet.' : `${seconds(began)} to ${seconds(new Date(end))}, drawn on the right.`}</p>`,
    html`<table class="rows"><caption class="sr">Results by TDSP</caption><thead><tr><th scope="col">TDSP</th><th scope="col" class="l">result</th><th scope="col">plans</th><th scope="col" class="w">new</th><th scope="col" class="w">changed</th><th scope="col" class="w">gone</th><th scope="col" class="w">rejected</th><th scope="col" class="w w2">took</th><th scope="col" class="t l w">when</th></tr></thead><tbody>${rows}${total}</tbody></table>`,
  );
}

function callsSection(calls: readonly SeenUpstreamCall[], nameOf: (duns: string) => string): Html {
  const failed = calls.filter(({ error }) => error !== null).length;
  const rows = calls.map(
    ({ at, tdsp_duns, attempt, status, bytes, duration_ms, error }) =>
      html`<tr><th scope="row"><code>${time(at, `${seconds(at)}.${String(at.getMilliseconds()).padStart(3, '0')}`)}</code></th><td class="l">${tdsp_duns ? nameOf(tdsp_duns) : 'all of Texas'}</td><td class="w">${attempt}</td><td class="l">${error === null ? (status ?? '–') : html`${mark('bad')}<span class="bad">${status ?? 'no answer'}</span>`}</td><td class="w">${bytes === null ? '–' : sizeText(bytes)}</td><td>${count(duration_ms)}</td><td class="l x w">${error ?? ''}</td></tr>`,
  );
  return section(
    'calls',
    'Calls',
    html`<p>${capital(numberWord(calls.length))}, ${failed === 0 ? 'none failed' : html`<b class="bad">${numberWord(failed)} failed</b>`}.</p>`,
    scrolled(
      'Upstream calls of this run',
      html`<table class="tight"><caption class="sr">Upstream calls</caption><thead><tr><th scope="col">at</th><th scope="col" class="l">TDSP</th><th scope="col" class="w">try</th><th scope="col" class="l">status</th><th scope="col" class="w">body</th><th scope="col">took, ms</th><th scope="col" class="l w">what went wrong</th></tr></thead><tbody>${rows}</tbody></table>`,
    ),
  );
}

function errorsSection(errors: RunWithResults['results'], nameOf: (duns: string) => string): Html {
  const rows = errors.map(
    ({ tdsp_duns, status, error_code, message, gave_up }) =>
      html`<tr><th scope="row">${nameOf(tdsp_duns)}</th><td class="l">${mark(status === 'held' ? 'watch' : 'bad')}<code>${error_code}</code></td><td class="l x">${message}${gave_up && ' It was given up: trying again does not cure it.'}</td></tr>`,
  );
  return section(
    'errors',
    'Errors',
    html`<p>The published plans stay.</p>`,
    html`<table class="tight"><caption class="sr">What went wrong</caption><thead><tr><th scope="col">TDSP</th><th scope="col" class="l">code</th><th scope="col" class="l">what happened</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

function recordsSection(
  { records, total }: { records: SeenRecord[]; total: number },
  nameOf: (duns: string) => string,
  now: Date,
): Html {
  const rows = records.map(
    ({ tdsp_duns, external_id, field, value, reason, first_seen_at, times, is_open }) =>
      html`<tr><th scope="row"><code>${external_id ?? '(no id)'}</code></th><td class="l">${nameOf(tdsp_duns)}</td><td class="l"><code>${field}</code></td><td class="l x">${reason}: ${short(value)}</td><td class="w">${times === 1 ? 'first time' : `since ${when(first_seen_at, now)}`}</td><td class="l w">${is_open ? '' : 'solved since'}</td></tr>`,
  );
  const first = records[0]!;
  return section(
    'q',
    'Quarantined',
    html`<p>${plural(total, 'record')} could not be read${total > records.length && `, ${records.length} of them shown`}. What was last read of each stays on sale.</p>`,
    html`${scrolled('Records that could not be read', html`<table class="tight"><caption class="sr">Quarantined records</caption><thead><tr><th scope="col">id</th><th scope="col" class="l">TDSP</th><th scope="col" class="l">field</th><th scope="col" class="l">what it said</th><th scope="col" class="w">seen</th><th scope="col" class="l w"><span class="sr">now</span></th></tr></thead><tbody>${rows}</tbody></table>`)}<details><summary>${first.external_id ?? 'The first'} as it came</summary><pre tabindex="0">${JSON.stringify(first.record, null, 1)}</pre></details><p class="q">After a fix: ${command('npm run replay -- --rejected --publish')}</p>`,
  );
}

function short(value: unknown): string {
  const text = JSON.stringify(value) ?? 'nothing';
  return text.length > 80 ? `${text.slice(0, 79)}…` : text;
}

function againSection({ run, results }: RunWithResults, territory: Territory): Html {
  const failed = results.filter(({ error_code, status }) => error_code !== null && status !== 'held');
  if (run.finished_at === null || failed.length === 0) return html``;
  const buttons = failed.flatMap(({ tdsp_duns }) => {
    const tdsp = territory.tdsp(tdsp_duns);
    return tdsp ? [act(`/ops/do/try?tdsp=${tdsp.code}`, `Fetch ${tdsp.short_name} again…`)] : [];
  });
  const share = percentText((results.length - failed.length) / results.length, 0);
  return section(
    'again',
    'Try again',
    html`<p>Only what did not succeed: ${share} did.</p>`,
    html`<div class="do"><span class="bs">${buttons}</span><small>Each is one call, out of the budget of forced calls.</small></div>`,
  );
}
