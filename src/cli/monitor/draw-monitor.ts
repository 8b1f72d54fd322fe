/** The screen of `sync monitor`, and what `sync status` prints: a view in, lines out. */

import type { Finding } from '../../monitor/finding.ts';
import type { MonitorView } from '../../monitor/monitor-view.ts';
import { plural } from '../../monitor/text.ts';
import { judge } from '../../monitor/verdict.ts';
import {
  pastBlock,
  plansBlock,
  queueBlock,
  runsBlock,
  timesBlock,
  upstreamBlock,
  workersBlock,
} from './blocks.ts';
import { fit, type Ink, inked, type Line, lineWidth, piece, wrapWords } from './ink.ts';
import { arrange, type Room } from './layout.ts';
import { columnsOf, inkOf } from './terminal.ts';

export interface DrawOptions extends Room, Ink {
  title: string;
  /** Something to say above all else: the database is away. */
  notice?: string | null;
}

/** As many problems as a screen of few rows has room for. */
const PROBLEMS_SHOWN = 4;

/** All of it, for the terminal there is. */
export function drawStatus(view: MonitorView): string {
  const options = { title: 'sync status', rows: null, columns: columnsOf(process.stdout) };
  return drawMonitor(view, { ...options, ...inkOf(process.stdout) }).join('\n');
}

/** No line is wider than the columns, and there are at most `rows` of them. */
export function drawMonitor(view: MonitorView, options: DrawOptions): string[] {
  const { columns, rows } = options;
  const head = headOf(view, options);
  const body = arrange(
    (width) => [runsBlock(view, width), plansBlock(view, width), queueBlock(view, width)],
    (width) => [
      upstreamBlock(view, width),
      workersBlock(view, width),
      timesBlock(view, width),
      pastBlock(view, width),
    ],
    { columns, rows: rows === null ? null : Math.max(0, rows - head.length - 1) },
  );
  const lines = [...head, [], ...body].slice(0, rows ?? undefined);
  return lines.map((line) => inked(fit(line, columns), options));
}

function headOf(view: MonitorView, { columns, rows, title, notice }: DrawOptions): Line[] {
  const room = { columns, rows };
  const whole = `${view.at.toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const name = fit([piece('wattsync ', 'strong'), piece(title, 'title')], columns);
  const time = lineWidth(name) + whole.length < columns ? whole : whole.slice(11);
  const gap = columns - lineWidth(name) - time.length;
  const lines: Line[] = [gap > 0 ? [...name, piece(' '.repeat(gap)), piece(time, 'dim')] : name];
  if (notice) lines.push(...wrapWords(notice, columns).map((text) => [piece(text, 'bad')]));
  const { healthy, problems } = judge(view);
  const shown = rows === null ? problems : problems.slice(0, PROBLEMS_SHOWN);
  lines.push(verdictLine(view, healthy, problems));
  lines.push(...shown.flatMap((problem) => problemLines(problem, room)));
  const hidden = problems.length - shown.length;
  if (hidden > 0) lines.push([piece(`  … and ${hidden} more: npm run doctor`, 'dim')]);
  return lines;
}

function verdictLine(view: MonitorView, healthy: boolean, problems: readonly Finding[]): Line {
  const alive = view.workers.filter(({ state }) => state === 'alive').length;
  const { state } = view.control;
  const facts = [
    state === 'running' ? 'syncing is on' : `syncing is ${state === 'stopped' ? 'STOPPED' : 'HALTED'}`,
    plural(alive, 'process', 'processes'),
    `plans from ${view.upstream.source}${view.upstream.source === 'sandbox' ? ' (INVENTED)' : ''}`,
  ];
  const verdict = !healthy
    ? piece('✗ NOT HEALTHY', 'bad')
    : problems.length > 0
      ? piece(`! ${plural(problems.length, 'thing')} to look at`, 'warn')
      : piece('✓ healthy', 'good');
  return [verdict, piece(`  ${facts.join(' · ')}`)];
}

/** In full where rows are unlimited; else a line for what is wrong, and one for what to do. */
function problemLines({ verdict, reading, advice, command }: Finding, { columns, rows }: Room): Line[] {
  const tone = verdict === 'bad' ? 'bad' : 'warn';
  const sign = verdict === 'bad' ? '✗' : '!';
  const inner = Math.max(10, columns - 4);
  const inFull = (text: string) => (rows === null ? wrapWords(text, inner) : [text]);
  const what = inFull(reading).map(
    (text, index): Line => [piece(index === 0 ? `  ${sign} ` : '    ', tone), piece(text, tone)],
  );
  const advised = rows === null || command === null ? [advice] : [];
  const next = [...advised, command && `→ ${command}`].flatMap((text) => (text ? inFull(text) : []));
  return [...what, ...next.map((text): Line => [piece(`    ${text}`)])];
}
