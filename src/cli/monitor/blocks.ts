/** The parts of the monitor: runs, plan sets, queue, upstream, workers, times, past runs. Each gets its width. */

import type { MonitorView, Rate, ViewTdsp, Worker } from '../../monitor/monitor-view.ts';
import type { RunProgress, RunStep, ViewWork } from '../../monitor/run-progress.ts';
import { limitText, percentText, plural, spanText, timeText } from '../../monitor/text.ts';
import type { PlanCounts } from '../../store/queue/sync-runs.ts';
import { describeChanges } from '../sync/report.ts';
import { bar, type Line, type Piece, pad, piece, type Tone, widthOf } from './ink.ts';
import type { Block } from './layout.ts';

const NAME = 17;
/** From these widths on a line has room for more. */
const ROOMY = 56;
const WIDE = 76;

/** The lines, or the one that says that there are none. */
const orElse = (lines: Line[], text: string, tone: Tone = 'dim'): Line[] =>
  lines.length > 0 ? lines : [[piece(`  ${text}`, tone)]];

const ago = (view: MonitorView, at: Date): string => spanText((view.at.getTime() - at.getTime()) / 1_000);
const ahead = (view: MonitorView, at: Date): string => spanText((at.getTime() - view.at.getTime()) / 1_000);

export function runsBlock(view: MonitorView, width: number): Block {
  const lines = view.in_progress.flatMap((run) => [
    runLine(view, run, width),
    ...run.steps.map((step) => stepLine(view, step, width)),
  ]);
  const brief = view.in_progress.map(({ id, kind, done, total }) => `run ${id} ${kind} ${done}/${total}`);
  return {
    title: 'NOW',
    rank: 5,
    lines: orElse(lines, 'Nothing is being synced'),
    brief: [piece(brief.join(' · ') || 'nothing is being synced')],
  };
}

function runLine(view: MonitorView, run: RunProgress, width: number): Line {
  const asked = ` asked by ${run.requested_by} ${ago(view, run.requested_at)} ago${run.is_forced ? ', forced' : ''}`;
  const share = run.total === 0 ? 1 : run.done / run.total;
  const size = width >= ROOMY ? 20 : 8;
  const counts = ` ${run.done}/${run.total}`;
  const room = width - size - counts.length - 1;
  return [
    piece(pad(`▸ run ${run.id} ${run.kind}${asked}`, room), 'strong'),
    piece(' '),
    ...bar(share, size, 'good'),
    piece(counts, 'strong'),
  ];
}

function stepLine(view: MonitorView, step: RunStep, width: number): Line {
  const [sign, tone, text] = describeStep(view, step);
  return [
    piece(`  ${sign} `, tone),
    piece(pad(step.name, width >= ROOMY ? NAME : 12)),
    piece(' '),
    piece(text, tone === 'good' ? 'plain' : tone),
  ];
}

function describeStep(view: MonitorView, step: RunStep): [sign: string, tone: Tone, text: string] {
  if (step.step === 'waiting') {
    const until =
      step.not_before && step.not_before > view.at ? ` until ${timeText(step.not_before, view.at)}` : '';
    return ['·', 'dim', `waits${until}`];
  }
  if (step.step === 'fetching') {
    const by = step.worker ? `, process ${step.worker.pid ?? '?'}` : '';
    const since = `fetching for ${step.since ? ago(view, step.since) : '0 s'}${by}`;
    if (!step.worker || step.worker.state === 'alive') return ['▸', 'strong', since];
    return ['✗', 'bad', `${since} ${step.worker.state === 'dead' ? 'is DEAD' : 'does NOT ANSWER'}`];
  }
  return describeResult(step.step, step.plans, step.message);
}

function describeResult(
  status: string,
  plans: PlanCounts | null,
  message: string | null,
): [sign: string, tone: Tone, text: string] {
  if (message !== null) return ['✗', 'bad', `${status}: ${message}`];
  if (!plans) return ['✓', 'good', status === 'shared' ? 'fetched by another run' : status];
  const changes = describeChanges(plans);
  return ['✓', 'good', changes === '' ? status : `${status}: ${changes}`];
}

const AGE_TONES: Record<ViewTdsp['verdict'], Tone> = {
  fresh: 'good',
  late: 'plain',
  warning: 'warn',
  error: 'bad',
};
const AGE_SIGNS: Record<ViewTdsp['verdict'], string> = { fresh: '✓', late: '·', warning: '!', error: '✗' };

export function plansBlock(view: MonitorView, width: number): Block {
  const lines = view.tdsps.map((tdsp) => tdspLine(view, tdsp, width));
  const note = width >= ROOMY ? [piece('age against the target of the tier, last result', 'dim')] : [];
  const counts = (['fresh', 'late', 'warning', 'error'] as const).flatMap((verdict) => {
    const number = view.tdsps.filter((tdsp) => tdsp.verdict === verdict).length;
    return number > 0 ? [`${number} ${verdict}`] : [];
  });
  const brief = [piece(counts.join(', ') || 'none')];
  return {
    title: 'PLAN SETS',
    note,
    brief,
    rank: 6,
    lines: orElse(lines, 'Nothing was ever synced here: npm run sync:full', 'warn'),
  };
}

function tdspLine(view: MonitorView, tdsp: ViewTdsp, width: number): Line {
  const { name, age_seconds, target_hours, plans, verdict, stale, last_result } = tdsp;
  const tone = AGE_TONES[verdict];
  const age = age_seconds === null ? 'never' : spanText(age_seconds);
  const target = `${age} of ${limitText(target_hours * 3_600)}`;
  const share = age_seconds === null ? 1 : age_seconds / 3600 / target_hours;
  const pieces: Piece[] = [
    piece(`  ${AGE_SIGNS[verdict]} `, tone),
    piece(pad(name, width >= ROOMY ? NAME : 12)),
    piece(' '),
  ];
  if (width >= ROOMY) pieces.push(...bar(share, 8, tone), piece(' '));
  pieces.push(piece(pad(target, 13), tone));
  if (width >= ROOMY) pieces.push(piece(pad(plans === null ? '–' : String(plans), 5, 'right'), 'dim'));
  if (stale) pieces.push(piece(' stale', 'warn'));
  if (last_result) {
    const [, resultTone, text] = describeResult(last_result.status, last_result.plans, last_result.message);
    const when = width >= WIDE ? `${ago(view, last_result.at)} ago ` : '';
    pieces.push(piece(`  ${when}${text}`, resultTone === 'good' ? 'dim' : resultTone));
  }
  return pieces;
}

const QUEUE_SHOWN = 12;

export function queueBlock(view: MonitorView, width: number): Block {
  const { waiting, claimed, total } = view.queue;
  const note = [piece(`${waiting.length} waiting, ${claimed.length} being worked on`, 'dim')];
  const shown = waiting.slice(0, QUEUE_SHOWN).map((work) => workLine(view, work, width));
  const more = total - claimed.length - shown.length;
  const lines = more > 0 ? [...shown, [piece(`  … and ${more} more`, 'dim')]] : shown;
  return { title: 'QUEUE', note, brief: note, rank: 4, lines: orElse(lines, 'Nothing waits') };
}

function workLine(view: MonitorView, work: ViewWork, width: number): Line {
  const isLater = work.not_before !== null && work.not_before > view.at;
  const when = isLater
    ? `not before ${timeText(work.not_before!, view.at)}`
    : `waits for ${ago(view, work.requested_at)}`;
  const origin = `run ${work.run_id} ${work.kind}, ${work.requested_by}`;
  return [
    piece(`  ${String(work.priority).padStart(4)} `, 'strong'),
    piece(pad(work.name, width >= ROOMY ? NAME : 12)),
    piece(` ${when}`, isLater ? 'dim' : 'plain'),
    piece(`  ${origin}: ${work.reason}`, 'dim'),
  ];
}

export function upstreamBlock(view: MonitorView, width: number): Block {
  const { upstream, attempts } = view;
  const { calls_last_hour, budget_per_hour } = upstream;
  const share = calls_last_hour / budget_per_hour;
  const free = budget_per_hour - upstream.reserve_per_hour;
  const tone: Tone = share >= 1 ? 'bad' : calls_last_hour >= free ? 'warn' : 'good';
  const forced = upstream.forced_last_hour;
  const size = width >= ROOMY ? 20 : 8;
  const lines: Line[] = [
    [
      piece('  calls this hour  '),
      ...bar(share, size, tone),
      piece(` ${calls_last_hour} of ${budget_per_hour}`, tone === 'good' ? 'plain' : tone),
      piece(forced > 0 ? `, ${forced} of ${upstream.forced_budget_per_hour} forced` : '', 'dim'),
    ],
    [piece('  circuit breaker  '), circuitOf(view)],
    [
      piece('  succeeded        '),
      ...rateOf('hour', attempts.hour),
      piece(' · ', 'dim'),
      ...rateOf('day', attempts.day),
    ],
    ...upstream.last_errors.map(({ at, status, error }) => [
      piece(`  ${timeText(at, view.at)} `, 'dim'),
      piece(`${status ?? 'no answer'} ${error}`, 'warn'),
    ]),
  ];
  if (upstream.wait_until) {
    lines.splice(2, 0, [
      piece('  Retry-After      '),
      piece(`asked to be left alone until ${timeText(upstream.wait_until, view.at)}`, 'warn'),
    ]);
  }
  return {
    title: 'UPSTREAM',
    note: [piece(upstream.source)],
    rank: 3,
    lines,
    brief: [
      piece(`${calls_last_hour} of ${budget_per_hour} calls this hour`, tone === 'good' ? 'plain' : tone),
      piece(' · circuit '),
      circuitOf(view),
    ],
  };
}

function circuitOf({ upstream, at }: MonitorView): Piece {
  const { circuit, failures, open_until } = upstream;
  if (circuit === 'open') {
    return piece(
      `OPEN until ${timeText(open_until!, at)}, after ${plural(failures, 'failure')} in a row`,
      'bad',
    );
  }
  if (circuit === 'half_open') return piece('half open: the next call finds out whether it is back', 'warn');
  return failures > 0
    ? piece(`closed, ${plural(failures, 'failure')} in a row`, 'warn')
    : piece('closed: it may be called', 'plain');
}

/** The share owed is 95 %. */
const SUCCESS_TARGET = 0.95;

function rateOf(span: string, { attempts, success_rate }: Rate): Piece[] {
  if (success_rate === null) return [piece(`${span} –`, 'dim')];
  return [
    piece(`${span} `),
    piece(percentText(success_rate), success_rate < SUCCESS_TARGET ? 'warn' : 'good'),
    piece(` of ${plural(attempts, 'attempt')}`, 'dim'),
  ];
}

const STATE_TONES: Record<Worker['state'], Tone> = { alive: 'good', silent: 'bad', dead: 'dim' };
const STATE_SIGNS: Record<Worker['state'], string> = { alive: '✓', silent: '!', dead: '✗' };

export function workersBlock(view: MonitorView, width: number): Block {
  const present = view.workers.filter(({ state }) => state !== 'dead');
  const gone = view.workers.length - present.length;
  const lines: Line[] = present.map((worker) => {
    const { state, pid, host, roles, origin } = worker;
    const silent = state === 'silent' ? `does not answer for ${ago(view, worker.seen_at)}  ` : '';
    return [
      piece(`  ${STATE_SIGNS[state]} `, STATE_TONES[state]),
      piece(pad(`${host} ${pid}`, Math.max(NAME, Math.min(28, widthOf(`${host} ${pid}`))))),
      piece(` ${silent}`, 'bad'),
      piece(roles.join(' ')),
      ...(width >= WIDE && origin ? [piece(`  ${origin}`, 'dim')] : []),
      piece(`  for ${ago(view, worker.started_at)}`, 'dim'),
    ];
  });
  if (lines.length === 0) lines.push([piece('  No process runs: npm start', 'warn')]);
  if (gone > 0)
    lines.push([piece(`  ✗ ${plural(gone, 'process', 'processes')} died within the last day`, 'dim')]);
  const alive = present.filter(({ state }) => state === 'alive').length;
  const brief: Line = [
    piece(`${alive} alive`, alive > 0 ? 'plain' : 'warn'),
    piece(present.length > alive ? `, ${present.length - alive} silent` : '', 'bad'),
  ];
  return { title: 'PROCESSES', rank: 2, lines, brief };
}

export function timesBlock(view: MonitorView, width: number): Block {
  const lines = (view.schedules ?? []).map(({ name, cron, time_zone, next_at }) => [
    piece(`  ${pad(name, 12)} `),
    piece(next_at ? `in ${pad(ahead(view, next_at), 7)}` : 'never      '),
    piece(next_at ? `${next_at.toISOString().slice(0, 16).replace('T', ' ')}Z` : ''),
    ...(width >= ROOMY ? [piece(`  ${cron} ${time_zone}`, 'dim')] : []),
  ]);
  const times = (view.schedules ?? []).flatMap(({ name, next_at }) =>
    next_at ? [`${name} in ${ahead(view, next_at)}`] : [],
  );
  const brief = [piece(times.join(' · ') || 'nothing is scheduled')];
  return { title: 'NEXT', rank: 1, lines: orElse(lines, 'Nothing is scheduled: npm start', 'warn'), brief };
}

export function pastBlock(view: MonitorView, width: number): Block {
  const ended = view.runs.filter(({ finished_at }) => finished_at !== null);
  const lines = ended.map((run): Line => {
    const tone: Tone = run.status === 'succeeded' ? 'good' : 'bad';
    const { plans, errors, api_calls } = run;
    const changes = plans ? describeChanges(plans) || 'nothing changed' : '';
    const outcome = errors[0]?.message ?? changes;
    return [
      piece(`  ${tone === 'good' ? '✓' : '✗'} `, tone),
      piece(pad(`run ${run.id} ${run.kind}`, 16)),
      piece(` ${pad(`${ago(view, run.finished_at!)} ago`, 10)}`),
      piece(` ${run.status}`, tone),
      piece(`  ${plural(api_calls, 'call')}`, 'dim'),
      ...(width >= ROOMY ? [piece(`  by ${run.requested_by}`, 'dim')] : []),
      piece(`  ${outcome}`, errors.length > 0 ? 'warn' : 'dim'),
    ];
  });
  const [last] = ended;
  const brief = last
    ? `run ${last.id} ${last.kind} ${last.status} ${ago(view, last.finished_at!)} ago`
    : 'none yet';
  return { title: 'LAST RUNS', rank: 0, lines: orElse(lines, 'No run has ended yet'), brief: [piece(brief)] };
}
