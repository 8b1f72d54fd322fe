/** The parts of the monitor. What matters most stands left in each line: a narrow terminal cuts the rest off. */

import type { MonitorView, ViewTdsp } from '../../monitor/monitor-view.ts';
import type { RunProgress, RunStep, ViewWork } from '../../monitor/run-progress.ts';
import { limitText, minuteText, percentText, plural, spanText, timeText } from '../../monitor/text.ts';
import type { AttemptCounts } from '../../store/queue/sync-attempts.ts';
import type { PlanCounts } from '../../store/queue/sync-runs.ts';
import type { SeenWorker } from '../../store/queue/sync-workers.ts';
import { describeChanges } from '../sync/report.ts';
import { bar, dim, pad, strong, type Tone, toned, widthOf } from './ink.ts';
import type { Block } from './layout.ts';

const nameCell = (name: string): string => pad(name, 17);
const barSize = (width: number): number => (width < 56 ? 8 : 20);
/** The lines, or the one that says that there are none. */
const orElse = (lines: string[], text: string, tone: Tone = 'dim'): string[] =>
  lines.length > 0 ? lines : [toned(tone, `  ${text}`)];

const ago = ({ at }: MonitorView, time: Date): string => spanText((at.getTime() - time.getTime()) / 1_000);
const ahead = ({ at }: MonitorView, time: Date): string => spanText((time.getTime() - at.getTime()) / 1_000);

export function runsBlock(view: MonitorView, width: number): Block {
  const { in_progress } = view;
  const lines = in_progress.flatMap((run) => [
    runLine(view, run, width),
    ...run.steps.map((step) => stepLine(view, step)),
  ]);
  const brief = in_progress.map(({ id, kind, done, total }) => `run ${id} ${kind} ${done}/${total}`);
  return {
    title: 'NOW',
    lines: orElse(lines, 'Nothing is being synced'),
    brief: brief.join(' · ') || 'nothing is being synced',
  };
}

function runLine(view: MonitorView, run: RunProgress, width: number): string {
  const { id, kind, requested_by, requested_at, is_forced, done, total } = run;
  const forced = is_forced ? ', forced' : '';
  const what = `▸ run ${id} ${kind} asked by ${requested_by} ${ago(view, requested_at)} ago${forced}`;
  const counts = ` ${done}/${total}`;
  const size = barSize(width);
  const room = width - size - counts.length - 1;
  const share = total === 0 ? 1 : done / total;
  return `${strong(pad(what, room))} ${bar(share, size, 'good')}${strong(counts)}`;
}

function stepLine(view: MonitorView, step: RunStep): string {
  const [sign, tone, text] = describeStep(view, step);
  const said = tone === 'good' ? text : toned(tone, text);
  return `  ${toned(tone, sign)} ${nameCell(step.name)} ${said}`;
}

type Told = [sign: string, tone: Tone, text: string];

function describeStep(view: MonitorView, { step, since, not_before, worker, plans, message }: RunStep): Told {
  if (step === 'waiting') {
    const until = not_before && not_before > view.at ? ` until ${timeText(not_before, view.at)}` : '';
    return ['·', 'dim', `waits${until}`];
  }
  if (step !== 'fetching') return describeResult(step, plans, message);
  const by = worker ? `, process ${worker.pid ?? '?'}` : '';
  const what = `fetching for ${since ? ago(view, since) : '0 s'}${by}`;
  if (!worker || worker.state === 'alive') return ['▸', 'strong', what];
  return ['✗', 'bad', `${what} ${worker.state === 'dead' ? 'is DEAD' : 'does NOT ANSWER'}`];
}

function describeResult(status: string, plans: PlanCounts | null, message: string | null): Told {
  if (message !== null && plans) {
    return ['!', 'warn', `${status}${describeChanges(plans, ': ')}; ${message}`];
  }
  if (message !== null) return ['✗', 'bad', `${status}: ${message}`];
  if (!plans) return ['✓', 'good', status === 'shared' ? 'fetched by another run' : status];
  return ['✓', 'good', status + describeChanges(plans, ': ')];
}

const AGES: Record<ViewTdsp['verdict'], { tone: Tone; sign: string }> = {
  fresh: { tone: 'good', sign: '✓' },
  late: { tone: 'plain', sign: '·' },
  warning: { tone: 'warn', sign: '!' },
  error: { tone: 'bad', sign: '✗' },
};

export function plansBlock(view: MonitorView): Block {
  const counts = Map.groupBy(view.tdsps, ({ verdict }) => verdict);
  const brief = Object.keys(AGES).flatMap((verdict) => {
    const found = counts.get(verdict as ViewTdsp['verdict']);
    return found ? [`${found.length} ${verdict}`] : [];
  });
  const lines = view.tdsps.map((tdsp) => tdspLine(view, tdsp));
  return {
    title: 'PLAN SETS',
    note: dim('age against the target of the tier, last result'),
    lines: orElse(lines, 'Nothing was ever synced here: npm run sync:full', 'warn'),
    brief: brief.join(', ') || 'none',
  };
}

function tdspLine(view: MonitorView, tdsp: ViewTdsp): string {
  const { name, age_seconds, target_hours, plans, verdict, stale, last_result } = tdsp;
  const { tone, sign } = AGES[verdict];
  const age = age_seconds === null ? 'never' : spanText(age_seconds);
  const ageCell = toned(tone, pad(`${age} of ${limitText(target_hours * 3_600)}`, 13));
  const share = age_seconds === null ? 1 : age_seconds / 3600 / target_hours;
  const cells = [`  ${toned(tone, sign)} ${nameCell(name)} ${ageCell} ${bar(share, 8, tone)}`];
  cells.push(dim(pad(String(plans ?? '–'), 5, 'right')));
  if (stale) cells.push(toned('warn', ' stale'));
  if (last_result) {
    const [, told, text] = describeResult(last_result.status, last_result.plans, last_result.message);
    cells.push(toned(told === 'good' ? 'dim' : told, `  ${ago(view, last_result.at)} ago ${text}`));
  }
  return cells.join('');
}

const QUEUE_SHOWN = 12;

export function queueBlock(view: MonitorView): Block {
  const { waiting, claimed, total } = view.queue;
  const note = dim(`${waiting.length} waiting, ${claimed.length} being worked on`);
  const lines = waiting.slice(0, QUEUE_SHOWN).map((work) => workLine(view, work));
  const more = total - claimed.length - lines.length;
  if (more > 0) lines.push(dim(`  … and ${more} more`));
  return { title: 'QUEUE', note, brief: note, lines: orElse(lines, 'Nothing waits') };
}

function workLine(view: MonitorView, work: ViewWork): string {
  const { not_before, priority, name, run_id, kind, requested_by, requested_at, reason } = work;
  const when =
    not_before !== null && not_before > view.at
      ? dim(`not before ${timeText(not_before, view.at)}`)
      : `waits for ${ago(view, requested_at)}`;
  const origin = dim(`run ${run_id} ${kind}, ${requested_by}: ${reason}`);
  return `  ${strong(pad(String(priority), 4, 'right'))} ${nameCell(name)} ${when}  ${origin}`;
}

export function upstreamBlock({ upstream, attempts, at }: MonitorView, width: number): Block {
  const { source, calls_last_hour, budget_per_hour, reserve_per_hour, forced_last_hour } = upstream;
  const share = calls_last_hour / budget_per_hour;
  const isReserve = calls_last_hour >= budget_per_hour - reserve_per_hour;
  const tone: Tone = share >= 1 ? 'bad' : isReserve ? 'warn' : 'good';
  const calls = toned(tone === 'good' ? 'plain' : tone, `${calls_last_hour} of ${budget_per_hour}`);
  const forced =
    forced_last_hour > 0 ? `, ${forced_last_hour} of ${upstream.forced_budget_per_hour} forced` : '';
  const circuit = circuitOf(upstream, at);
  const lines = [
    `  calls this hour  ${bar(share, barSize(width), tone)} ${calls}${dim(forced)}`,
    `  circuit breaker  ${circuit}`,
  ];
  if (upstream.wait_until) {
    const until = `asked to be left alone until ${timeText(upstream.wait_until, at)}`;
    lines.push(`  Retry-After      ${toned('warn', until)}`);
  }
  lines.push(
    `  succeeded        ${rateOf('hour', attempts.hour)}${dim(' · ')}${rateOf('day', attempts.day)}`,
  );
  for (const { at: called, status, error } of upstream.last_errors) {
    lines.push(`  ${dim(timeText(called, at))} ${toned('warn', `${status ?? 'no answer'} ${error}`)}`);
  }
  return { title: 'UPSTREAM', note: source, lines, brief: `${calls} calls this hour · circuit ${circuit}` };
}

function circuitOf({ circuit, failures, open_until }: MonitorView['upstream'], at: Date): string {
  const failed = `${plural(failures, 'failure')} in a row`;
  if (circuit === 'open') return toned('bad', `OPEN until ${timeText(open_until!, at)}, after ${failed}`);
  if (circuit === 'half_open') return toned('warn', 'half open: the next call finds out whether it is back');
  return failures > 0 ? toned('warn', `closed, ${failed}`) : 'closed: it may be called';
}

/** The share owed is 95 %. */
const SUCCESS_TARGET = 0.95;

function rateOf(span: string, { attempts, success_rate }: AttemptCounts): string {
  if (success_rate === null) return dim(`${span} –`);
  const tone = success_rate < SUCCESS_TARGET ? 'warn' : 'good';
  return `${span} ${toned(tone, percentText(success_rate))}${dim(` of ${plural(attempts, 'attempt')}`)}`;
}

export function workersBlock(view: MonitorView): Block {
  const present = view.workers.filter(({ state }) => state !== 'dead');
  const silent = present.filter(({ state }) => state === 'silent').length;
  const dead = view.workers.length - present.length;
  const alive = present.length - silent;
  const lines = present.map((worker) => workerLine(view, worker));
  if (present.length === 0) lines.push(toned('warn', '  No process runs: npm start'));
  if (dead > 0) lines.push(dim(`  ✗ ${plural(dead, 'process', 'processes')} died within the last day`));
  const brief = toned(alive > 0 ? 'plain' : 'warn', `${alive} alive`);
  return {
    title: 'PROCESSES',
    lines,
    brief: silent > 0 ? brief + toned('bad', `, ${silent} silent`) : brief,
  };
}

function workerLine(view: MonitorView, worker: SeenWorker): string {
  const { state, pid, host, roles, origin, seen_at, started_at } = worker;
  const name = pad(`${host} ${pid}`, Math.max(17, Math.min(28, widthOf(`${host} ${pid}`))));
  const mark = state === 'alive' ? toned('good', '✓') : toned('bad', '!');
  const silence = state === 'alive' ? '' : toned('bad', `does not answer for ${ago(view, seen_at)}  `);
  return `  ${mark} ${name} ${silence}${roles.join(' ')}${dim(`  for ${ago(view, started_at)}  ${origin ?? ''}`)}`;
}

export function timesBlock(view: MonitorView): Block {
  const schedules = view.schedules ?? [];
  const lines = schedules.map(({ name, cron, time_zone, next_at }) => {
    const next = next_at ? `in ${pad(ahead(view, next_at), 7)} ${minuteText(next_at)}Z` : 'never';
    return `  ${pad(name, 12)} ${next}${dim(`  ${cron} ${time_zone}`)}`;
  });
  const times = schedules.flatMap(({ name, next_at }) =>
    next_at ? [`${name} in ${ahead(view, next_at)}`] : [],
  );
  return {
    title: 'NEXT',
    lines: [...orElse(lines, 'Nothing is scheduled: npm start', 'warn'), ...looksLines(view.refresh)],
    brief: times.join(' · ') || 'nothing is scheduled',
  };
}

/** What is looked at between the schedules, and why. */
function looksLines({ strategy, in_use, reason, experiment }: MonitorView['refresh']): string[] {
  if (experiment) {
    const { id, a, b, reading } = experiment;
    return [`  ${pad('looks', 12)} ${in_use}${dim(`  experiment ${id}, ${b} against ${a}: ${reading}`)}`];
  }
  if (strategy === 'schedule') return [];
  return [`  ${pad('looks', 12)} ${in_use}${strategy === 'auto' ? dim(`  auto: ${reason}`) : ''}`];
}

export function pastBlock(view: MonitorView): Block {
  const ended = view.runs.flatMap(({ finished_at, ...run }) =>
    finished_at ? [{ ...run, when: `${ago(view, finished_at)} ago` }] : [],
  );
  const lines = ended.map(({ id, kind, status, when, plans, errors, api_calls, requested_by }) => {
    const [tone, sign]: [Tone, string] = status === 'succeeded' ? ['good', '✓'] : ['bad', '✗'];
    const changes = plans ? describeChanges(plans) || 'nothing changed' : '';
    const outcome = toned(errors.length > 0 ? 'warn' : 'dim', `  ${errors[0]?.message ?? changes}`);
    const run = `${pad(`run ${id} ${kind}`, 16)} ${pad(when, 10)}`;
    return `  ${toned(tone, sign)} ${run} ${toned(tone, status)}${dim(`  ${plural(api_calls, 'call')}  by ${requested_by}`)}${outcome}`;
  });
  const [last] = ended;
  const brief = last ? `run ${last.id} ${last.kind} ${last.status} ${last.when}` : 'none yet';
  return { title: 'LAST RUNS', lines: orElse(lines, 'No run has ended yet'), brief };
}
