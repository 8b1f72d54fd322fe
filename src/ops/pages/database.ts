/** The database: advice first, then statements, every check, sizes. */

import { type Html, html } from '../../html/html.ts';
import { type Finding, problems, worst } from '../../monitor/finding.ts';
import { QUERY_TARGETS, type QueryFigures } from '../../monitor/query-metrics.ts';
import { countText, percentText, plural, sizeText, spanText, tookText } from '../../monitor/text.ts';
import type { DatabaseSeen } from '../database-reading.ts';
import type { Frame } from '../look/document.ts';
import { type Mark, mark, state } from '../look/marks.ts';
import { command, scrolled, section } from '../look/parts.ts';
import { capital, count, milliseconds, numberWord } from '../look/words.ts';
import type { PageParts } from './run.ts';

const STATEMENTS = 15;
const TABLES = 8;
const MARKS: Record<Finding['verdict'], Mark> = { ok: 'good', warn: 'watch', bad: 'bad', unknown: 'unknown' };

export async function databasePage({ board }: PageParts): Promise<Frame> {
  const seen = await board.database();
  const { findings, server, overall, read_in_ms, at } = seen;
  const wrong = problems(findings);
  const status = worst(findings);
  const p95 = overall && milliseconds(overall.p95_ms, overall.calls);
  return {
    page: 'Database',
    title: 'database',
    mark: status === 'bad' ? 'bad' : status === 'warn' || overall?.is_slow ? 'watch' : 'verdict',
    headline:
      wrong.length === 0
        ? overall?.is_slow
          ? 'The database is well, but its statements are slow.'
          : 'The database is well.'
        : status === 'bad'
          ? `The database needs a hand: ${wrong[0]!.reading}.`
          : `The database is well. ${capital(numberWord(wrong.length))} ${wrong.length === 1 ? 'thing' : 'things'} can wait for working hours.`,
    lead: html`<p>${server && `PostgreSQL ${server.version}, ${sizeText(server.bytes)}, up for ${spanText(server.started_seconds)}. `}${plural(findings.filter(({ verdict }) => verdict === 'ok').length, 'check')} of ${findings.length} found nothing, read in ${tookText(read_in_ms)}.${overall && ` 95 of 100 statements take at most ${p95} ms; the target is ${QUERY_TARGETS.indexed_ms} ms.`}</p>`,
    at,
    body: html`${adviceSection(wrong)}${statementsSection(seen)}${healthSection(findings)}${sizeSection(seen)}`,
  };
}

function adviceSection(wrong: readonly Finding[]): Html {
  if (wrong.length === 0) return html``;
  const items = wrong.map(
    ({ verdict, check, subject, reading, limit, advice, command: typed }) =>
      html`<li><div><h3>${mark(MARKS[verdict])}<span>${capital(check.replaceAll('_', ' '))}${subject && html`: <code>${subject}</code>`}</span></h3><p class="why">${reading}. ${advice}</p>${limit && html`<p class="why">Fine would be: ${limit}</p>`}</div><div class="do">${typed && command(typed)}</div></li>`,
  );
  return section(
    'advice',
    'Advice',
    html`<p>${capital(numberWord(wrong.length))} ${wrong.length === 1 ? 'finding' : 'findings'}.</p>`,
    html`<ol class="hand">${items}</ol>`,
  );
}

function statementsSection({ queries, overall }: DatabaseSeen): Html {
  if (!overall)
    return section(
      'statements',
      'Statements',
      html`<p>None was counted in the last hour.</p>`,
      html`<p class="q">Processes count while they run, and write every ten seconds.</p>`,
    );
  const row = (one: QueryFigures, isSum = false) =>
    html`<tr${isSum && html` class="sum"`}><th scope="row">${isSum ? 'all' : html`<code>${one.name}</code>`}</th><td class="l w">${one.is_slow && state('watch', 'slow')}</td><td>${countText(one.calls)}</td><td class="w">${milliseconds(one.p50_ms, one.calls)}</td><td>${milliseconds(one.p95_ms, one.calls)}</td><td class="w">${milliseconds(one.p99_ms, one.calls)}</td><td class="w">${countText(one.errors)}</td><td class="w">${percentText(one.share)}</td></tr>`;
  const slow = queries.filter(({ is_slow }) => is_slow).length;
  return section(
    'statements',
    'Statements',
    html`<p><b>95 of 100 within ${milliseconds(overall.p95_ms, overall.calls)} ms.</b> ${slow > 0 && `${capital(numberWord(slow))} ${slow === 1 ? 'misses' : 'miss'} the target.`}</p><p>Named by the function that sends them; those that took most time first.</p>`,
    scrolled(
      'Statements of the last hour',
      html`<table class="tight"><caption class="sr">Statements of the last hour</caption><thead><tr><th scope="col">statement</th><th scope="col" class="l w"><span class="sr">verdict</span></th><th scope="col">calls, 1 h</th><th scope="col" class="w">p50</th><th scope="col">p95</th><th scope="col" class="w">p99</th><th scope="col" class="w">failed</th><th scope="col" class="w">share of time</th></tr></thead><tbody>${queries.slice(0, STATEMENTS).map((one) => row(one))}${row(overall, true)}</tbody></table>`,
    ),
  );
}

function healthSection(findings: readonly Finding[]): Html {
  const half = Math.ceil(findings.length / 2);
  const table = (some: readonly Finding[], name: string) =>
    html`<table class="tight"><caption class="sr">${name}</caption><tbody>${some.map(
      ({ verdict, check, subject, reading }) =>
        html`<tr><th scope="row">${mark(MARKS[verdict])}${check.replaceAll('_', ' ')}<span class="sr">: ${verdict}</span></th><td class="l x">${subject && `${subject}: `}${reading}</td></tr>`,
    )}</tbody></table>`;
  return section(
    'health',
    'Health',
    html`<p>Every check, as it was read.</p><p><code>npm run db:health</code></p>`,
    html`<div class="two even"><div>${table(findings.slice(0, half), 'Checks')}</div><div>${table(findings.slice(half), 'More checks')}</div></div>`,
  );
}

function sizeSection({ tables, server }: DatabaseSeen): Html {
  const sized = tables
    .toSorted((a, b) => b.bytes + b.toast_bytes - (a.bytes + a.toast_bytes))
    .slice(0, TABLES);
  const rows = sized.map(
    ({ name, bytes, toast_bytes, rows: many, dead_rows }) =>
      html`<tr><th scope="row"><code>${name}</code></th><td>${sizeText(bytes + toast_bytes)}</td><td class="w">${count(many)}</td><td>${count(dead_rows)}</td></tr>`,
  );
  return section(
    'size',
    'Size',
    html`<p>${server && `${sizeText(server.bytes)} in all.`}</p>`,
    html`<table class="tight"><caption class="sr">The largest tables</caption><thead><tr><th scope="col">table</th><th scope="col">size</th><th scope="col" class="w">rows</th><th scope="col">dead rows</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}
