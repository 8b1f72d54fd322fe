/** The screen of `sync monitor`, and what `sync status` prints: a view, its verdict and a room in, lines out. Pure. */

import type { Finding } from '../../monitor/finding.ts';
import type { MonitorView } from '../../monitor/monitor-view.ts';
import { judge } from '../../monitor/verdict.ts';
import { count } from '../../monitor/words.ts';
import {
  pastBlock,
  plansBlock,
  queueBlock,
  runsBlock,
  timesBlock,
  upstreamBlock,
  workersBlock,
} from './blocks.ts';
import { fit, type Ink, inked, type Line, lineWidth, piece, wrap } from './ink.ts';
import { arrange, type Room } from './layout.ts';

export interface DrawOptions extends Room, Ink {
  title: string;
  /** Something to say above all else: the database is away. */
  notice?: string | null;
}

/** As many problems as a screen of few rows has room for. */
const PROBLEMS_SHOWN = 4;

/** No line is wider than the columns, and there are no more of them than rows. */
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
  if (notice) lines.push(...wrap(notice, columns).map((text) => [piece(text, 'bad')]));
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
    count(alive, 'process', 'processes'),
    `plans from ${view.upstream.source}${view.upstream.source === 'sandbox' ? ' (INVENTED)' : ''}`,
  ];
  const verdict = !healthy
    ? piece('✗ NOT HEALTHY', 'bad')
    : problems.length > 0
      ? piece(`! ${count(problems.length, 'thing')} to look at`, 'warn')
      : piece('✓ healthy', 'good');
  return [verdict, piece(`  ${facts.join(' · ')}`)];
}

/** In full where there is room without end; else a line for what is wrong, and one for what to do. */
function problemLines({ verdict, message, advice, run }: Finding, { columns, rows }: Room): Line[] {
  const tone = verdict === 'bad' ? 'bad' : 'warn';
  const sign = verdict === 'bad' ? '✗' : '!';
  const inner = Math.max(10, columns - 4);
  const inFull = (text: string) => (rows === null ? wrap(text, inner) : [text]);
  const said = inFull(message).map(
    (text, index): Line => [piece(index === 0 ? `  ${sign} ` : '    ', tone), piece(text, tone)],
  );
  const advised = rows === null || run === null ? [advice] : [];
  const next = [...advised, run && `→ ${run}`].flatMap((text) => (text ? inFull(text) : []));
  return [...said, ...next.map((text): Line => [piece(`    ${text}`)])];
}
