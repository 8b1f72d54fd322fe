/** The database: advice first, then statements, every check, sizes. */

import { type Html, html } from '../../html/html.ts';
import { latencyAt } from '../../monitor/figures/targets.ts';
import { type Finding, problems, worst } from '../../monitor/finding.ts';
import { QUERY_TARGETS, type QueryFigures } from '../../monitor/query-metrics.ts';
import { countText, percentText, plural, sizeText, spanText, tookText } from '../../monitor/text.ts';
import { marketDay } from '../../plan/market-day.ts';
import type { DatabaseSeen } from '../database-reading.ts';
import { type RangeName, STEP_MS } from '../look/axis.ts';
import { chart } from '../look/chart.ts';
import { column } from '../look/columns.ts';
import type { Frame } from '../look/document.ts';
import { type Mark, mark, state } from '../look/marks.ts';
import { command, scrolled, section } from '../look/parts.ts';
import { capital, count, day, milliseconds, numberWord } from '../look/words.ts';
import { axisOf } from '../now/page.ts';
import type { Ready } from '../now/sections.ts';
import type { StreamKey } from '../stream.ts';
import type { PageParts } from './run.ts';

const STATEMENTS = 15;
const TABLES = 8;
const MARKS: Record<Finding['verdict'], Mark> = { ok: 'good', warn: 'watch', bad: 'bad', unknown: 'unknown' };

/** @param range of the charts */
export async function databasePage({ board }: PageParts, { range, asTable }: StreamKey): Promise<Frame> {
  const seen = await board.database();
  const { fast, past } = await board.look(range);
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
    body: html`${adviceSection(wrong)}${fast && past && historySection({ fast, past }, range, asTable, at)}${statementsSection(seen)}${fast && connectionsSection(fast.view.workers)}${healthSection(findings)}${sizeSection(seen)}`,
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

/** How long statements took, on the clock that all charts share. */
function historySection(
  { fast, past }: Pick<Ready, 'fast' | 'past'>,
  range: RangeName,
  asTable: boolean,
  now: Date,
): Html {
  const axis = axisOf(range, { fast, past }, now);
  const each = (share: number) =>
    past.steps.map(({ figures }) => latencyAt(figures.statements.latency, share));
  const p95 = each(0.95);
  const slowest = Math.max(...p95.map((value) => value ?? 0));
  const target = QUERY_TARGETS.indexed_ms;
  const middle = STEP_MS[range] / 2;
  const drawn = chart(
    axis,
    {
      id: 'statements',
      label: 'Time of statements',
      unit: 'ms',
      height: 124,
      kind: 'lines',
      times: past.steps.map((step) => step.at.getTime() + middle),
      stepMs: STEP_MS[range],
      series: [
        { label: 'p99', tone: 'grey', values: each(0.99) },
        { label: 'p95', tone: 'ink', values: p95 },
      ],
      isLog: true,
      scale: [0.5, 10, 100, 1_000],
      target: { value: target, label: `target of p95, ${target} ms` },
      write: (value) => milliseconds(value, 1),
    },
    asTable,
  );
  const answer =
    slowest > target
      ? html`<b class="watch">p95 reached ${milliseconds(slowest, 1)} ms.</b>`
      : html`<b>p95 stayed within ${milliseconds(slowest, slowest)} ms.</b>`;
  return html`${axis.defs()}${axis.row('/ops/database', asTable)}${section('times', 'Statement times', html`<p>${answer} The target is ${target} ms.</p>`, html`<div class="two"><div><p class="q">From <code>figures</code>: all statements of all processes, in the steps they are counted in. Which of them is slow stands below.</p></div><div>${drawn}</div></div>`)}`;
}

/** Which process has how many connections, and whether anybody waits for one. */
function connectionsSection(workers: Ready['fast']['view']['workers']): Html {
  const alive = workers.filter(({ state: life, vitals }) => life === 'alive' && vitals !== null);
  const pools = alive.flatMap(({ host, pid, roles, vitals }) =>
    Object.entries(vitals!.pools).map(([name, pool]) => ({ host, pid, roles, name, ...pool })),
  );
  const waiting = pools.reduce((sum, pool) => sum + pool.waiting, 0);
  const open = pools.reduce((sum, pool) => sum + pool.open, 0);
  const rows = pools.map(
    (pool) =>
      html`<tr><th scope="row">${pool.host} <small>${pool.pid}</small></th><td class="l w">${pool.roles.join(', ')}</td><td class="l">${pool.name}</td><td>${pool.busy}</td><td>${pool.open}</td><td class="w">${pool.most}</td><td>${pool.waiting > 0 ? html`<span class="bad">${pool.waiting}</span>` : '0'}</td></tr>`,
  );
  return section(
    'pools',
    'Connections',
    html`<p>${waiting > 0 ? html`<b class="bad">${capital(numberWord(waiting))} ${waiting === 1 ? 'caller waits' : 'callers wait'}.</b>` : html`<b>Nobody waits for one.</b>`} ${count(open)} are open, as the processes said within ten seconds.</p><p>“Quick” serves readers, “work” everything else.</p>`,
    rows.length === 0
      ? html`<p class="q">No process has said anything yet.</p>`
      : scrolled(
          'Connections by process',
          html`<table class="tight"><caption class="sr">Connections by process</caption><thead><tr><th scope="col">process</th><th scope="col" class="l w">roles</th><th scope="col" class="l">pool</th><th scope="col">${column('pools-busy', 'at work')}</th><th scope="col">${column('pools-open', 'open')}</th><th scope="col" class="w">${column('pools-most', 'at most')}</th><th scope="col">${column('pools-waiting', 'waiting')}</th></tr></thead><tbody>${rows}</tbody></table>`,
        ),
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
      html`<table class="tight"><caption class="sr">Statements of the last hour</caption><thead><tr><th scope="col">statement</th><th scope="col" class="l w"><span class="sr">verdict</span></th><th scope="col">${column('statements-calls', 'calls, 1 h')}</th><th scope="col" class="w">${column('statements-p50', 'p50')}</th><th scope="col">${column('statements-p95', 'p95')}</th><th scope="col" class="w">${column('statements-p99', 'p99')}</th><th scope="col" class="w">${column('statements-failed', 'failed')}</th><th scope="col" class="w">${column('statements-share', 'share of time')}</th></tr></thead><tbody>${queries.slice(0, STATEMENTS).map((one) => row(one))}${row(overall, true)}</tbody></table>`,
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

/** What came on top within each of the days, from the last reading of the day before. */
function growthTable(days: DatabaseSeen['days'], now: Date): Html {
  const grown = days.slice(1).map(({ at, bytes }, n) => ({ at, by: bytes - days[n]!.bytes }));
  if (grown.length === 0)
    return html`<p class="q">Growth is known from the second day on: PostgreSQL is read every ten minutes.</p>`;
  const most = Math.max(...grown.map(({ by }) => Math.abs(by)), 1);
  const rows = grown
    .toReversed()
    .slice(0, TABLES)
    .map(
      ({ at, by }) =>
        html`<tr><th scope="row">${day(at)}${marketDay(at) === marketDay(now) && ', so far'}</th><td>${by < 0 ? '−' : '+'}${sizeText(Math.abs(by))}</td><td class="l w"><svg class="bu" viewBox="0 0 1000 12" preserveAspectRatio="none" aria-hidden="true"><path class="gr" d="M0 6H1000"/><path class="${by < 0 ? 'ff' : 'fi'}" d="M0 3.5h${Math.round((Math.abs(by) / most) * 1_000)}v5H0z"/></svg></td></tr>`,
    );
  return html`<table class="tight"><caption class="sr">Growth, day by day</caption><thead><tr><th scope="col">day</th><th scope="col">${column('size-growth', 'growth')}</th><th scope="col" class="l w"><span class="sr">drawn</span></th></tr></thead><tbody>${rows}</tbody></table>`;
}

function sizeSection({ tables, server, days, at }: DatabaseSeen): Html {
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
    html`<p>${server && `${sizeText(server.bytes)} in all.`} ${days.length > 1 && `${sizeText(Math.max(0, (days.at(-1)!.bytes - days[0]!.bytes) / (days.length - 1)))} a day of late.`}</p>`,
    html`<div class="two even"><div><table class="tight"><caption class="sr">The largest tables</caption><thead><tr><th scope="col">table</th><th scope="col">${column('size-size', 'size')}</th><th scope="col" class="w">${column('size-rows', 'rows')}</th><th scope="col">${column('size-dead', 'dead rows')}</th></tr></thead><tbody>${rows}</tbody></table></div><div>${growthTable(days, at)}</div></div>`,
  );
}
