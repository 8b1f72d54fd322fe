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
import { cleaned, cut, dim, type Ink, inked, strong, toned, widthOf, wrapWords } from './ink.ts';
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
  const { stdout } = process;
  const options = { title: 'sync status', rows: null, columns: columnsOf(stdout), isEndless: !stdout.isTTY };
  return drawMonitor(view, { ...options, ...inkOf(process.stdout) }).join('\n');
}

/** No line is wider than the columns, where there is a terminal, and there are at most `rows` of them. */
export function drawMonitor(seen: MonitorView, options: DrawOptions): string[] {
  const view = cleaned(seen);
  const { columns, rows, isEndless = false } = options;
  const head = headOf(view, options);
  const body = arrange(
    (width) => [runsBlock(view, width), plansBlock(view), queueBlock(view)],
    (width) => [upstreamBlock(view, width), workersBlock(view), timesBlock(view), pastBlock(view)],
    { columns, rows: rows === null ? null : Math.max(0, rows - head.length - 1), isEndless },
  );
  const lines = [...head, '', ...body].slice(0, rows ?? undefined);
  return lines.map((line) => inked(isEndless ? line : cut(line, columns), options));
}

function headOf(view: MonitorView, { columns, rows, title, notice }: DrawOptions): string[] {
  const whole = `${view.at.toISOString().slice(0, 19).replace('T', ' ')}Z`;
  const name = `${strong('wattsync')} ${toned('title', title)}`;
  const time = widthOf(name) + whole.length < columns ? whole : whole.slice(11);
  const gap = columns - widthOf(name) - time.length;
  const lines = [gap > 0 ? name + ' '.repeat(gap) + dim(time) : name];
  if (notice) lines.push(...wrapWords(cleaned(notice), columns).map((text) => toned('bad', text)));
  const { healthy, problems } = judge(view);
  const shown = rows === null ? problems : problems.slice(0, PROBLEMS_SHOWN);
  const hidden = problems.length - shown.length;
  lines.push(verdictLine(view, healthy, problems.length));
  lines.push(...shown.flatMap((problem) => problemLines(problem, { columns, rows })));
  if (hidden > 0) lines.push(dim(`  … and ${hidden} more: npm run doctor`));
  return lines;
}

function verdictLine(
  { workers, control, upstream }: MonitorView,
  healthy: boolean,
  problems: number,
): string {
  const { state } = control;
  const facts = [
    state === 'running' ? 'syncing is on' : `syncing is ${state === 'stopped' ? 'STOPPED' : 'HALTED'}`,
    plural(workers.filter((one) => one.state === 'alive').length, 'process', 'processes'),
    `plans from ${upstream.source}${upstream.source === 'sandbox' ? ' (INVENTED)' : ''}`,
  ].join(' · ');
  if (!healthy) return `${toned('bad', '✗ NOT HEALTHY')}  ${facts}`;
  return problems > 0
    ? `${toned('warn', `! ${plural(problems, 'thing')} to look at`)}  ${facts}`
    : `${toned('good', '✓ healthy')}  ${facts}`;
}

/** In full where rows are unlimited; else a line for what is wrong, and one for what to do. */
function problemLines({ verdict, reading, advice, command }: Finding, { columns, rows }: Room): string[] {
  const tone = verdict === 'bad' ? 'bad' : 'warn';
  const inFull = (text: string) => (rows === null ? wrapWords(text, Math.max(10, columns - 4)) : [text]);
  const what = inFull(reading).map((text, i) => `${i > 0 ? ' ' : verdict === 'bad' ? '✗' : '!'} ${text}`);
  const advised = rows === null || command === null ? [advice ?? ''] : [];
  const next = [...advised, command && `→ ${command}`].flatMap((text) => (text ? inFull(text) : []));
  return [...what.map((text) => `  ${toned(tone, text)}`), ...next.map((text) => `    ${text}`)];
}
