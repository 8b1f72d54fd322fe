/** Queue and runs, schedules, processes: what is being done, what comes next, and by whom. */

import { type Html, html } from '../../html/html.ts';
import type { MonitorView } from '../../monitor/monitor-view.ts';
import { plural } from '../../monitor/text.ts';
import type { RunMark } from '../../store/operations/past.ts';
import type { RunStatus, SyncRun } from '../../store/queue/sync-runs.ts';
import type { Liveness } from '../../store/queue/sync-workers.ts';
import { DAY_MS } from '../../units.ts';
import type { Axis } from '../look/axis.ts';
import { spans, strip } from '../look/chart.ts';
import { column } from '../look/columns.ts';
import { type Mark, state } from '../look/marks.ts';
import { section } from '../look/parts.ts';
import { capital, list, numberWord, spanFigure, spanWords, time, when } from '../look/words.ts';
import type { Drawn } from './sections.ts';

export const RUN_MARKS: Record<RunStatus, Mark> = {
  queued: 'follows',
  running: 'follows',
  succeeded: 'good',
  partial: 'watch',
  failed: 'bad',
  stopped: 'silenced',
  cancelled: 'silenced',
};
export const RUN_WORDS: Record<RunStatus, string> = {
  queued: 'waits',
  running: 'running',
  succeeded: 'succeeded',
  partial: 'in part',
  failed: 'failed',
  stopped: 'stopped',
  cancelled: 'cancelled',
};

export function queueSection({ fast, past, axis }: Drawn): Html {
  const { queue, in_progress, at } = fast.view;
  const waiting = [...new Set(queue.waiting.map(({ name }) => name))];
  const oldest = queue.waiting.reduce(
    (first, { requested_at }) => Math.min(first, requested_at.getTime()),
    at.getTime(),
  );
  const answer =
    waiting.length > 0
      ? html`<b>${capital(numberWord(waiting.length))} ${waiting.length === 1 ? 'TDSP waits' : 'TDSPs wait'}</b>, for ${spanWords((at.getTime() - oldest) / 1_000)}.`
      : in_progress.length > 0
        ? html`<b>${list(in_progress.map(({ id, done, total }) => `Run ${id}: ${done} of ${total}`))}.</b>`
        : html`<b>Nothing waits.</b>`;
  const dead = fast.view.dead_letters.flatMap(({ names }) => names);
  const words = html`<p>${answer}</p><p>${dead.length === 0 ? 'No sync was given up.' : html`<b class="watch">Given up: ${list(dead)}.</b>`}</p>`;
  const rows = fast.runs.map((run, n) =>
    runRow(run, at, n === 0 ? strip(22, runTicks(past.runs, axis)) : html``),
  );
  return section(
    'queue',
    'Queue and runs',
    words,
    html`<table class="rows"><caption class="sr">The last runs</caption>${RUN_HEAD}<tbody>${rows}</tbody></table><p class="q"><a href="/ops/runs">All runs</a></p>`,
  );
}

const RUN_HEAD = html`<thead><tr><th scope="col">run</th><th scope="col" class="l w">asked by</th><th scope="col">began</th><th scope="col" class="w">${column('runs-took', 'took')}</th><th scope="col" class="w w2">${column('runs-calls', 'calls')}</th><th scope="col" class="l">result</th><th scope="col" class="t l w">runs, failed ones in red</th></tr></thead>`;

export function runRow(run: SyncRun, now: Date, ticks: Html | null): Html {
  const {
    id,
    kind,
    is_forced,
    requested_by,
    started_at,
    finished_at,
    requested_at,
    status,
    errors,
    api_calls,
    plans,
  } = run;
  const began = started_at ?? requested_at;
  const took =
    started_at && finished_at
      ? `${((finished_at.getTime() - started_at.getTime()) / 1_000).toFixed(1)}`
      : null;
  const many =
    errors.length > 0
      ? `: ${errors.length === 1 ? (errors[0]!.code === 'snapshot_held' ? 'one held back' : errors[0]!.code) : `${errors.length} TDSPs`}`
      : '';
  const moves = plans ? plans.added + plans.changed + plans.deactivated : 0;
  const moved = moves > 0 && html` <small>${plural(moves, 'plan')} moved</small>`;
  return html`<tr><th scope="row"><a href="/ops/runs/${id}">${id} ${kind}${is_forced && ', forced'}</a></th><td class="l w">${requested_by}</td><td>${time(began, when(began, now))}</td><td class="w">${took === null ? '–' : html`${took} <small>s</small>`}</td><td class="w w2">${api_calls}</td><td class="l p2">${state(RUN_MARKS[status], `${RUN_WORDS[status]}${many}`)}${moved}</td>${ticks && html`<td class="t">${ticks}</td>`}</tr>`;
}

function runTicks(runs: readonly RunMark[], axis: Axis): Html {
  const path = (some: readonly RunMark[]) => some.map(({ began_at }) => `M${axis.x(began_at)} 4v14`).join('');
  const bad = runs.filter(({ status }) => status === 'failed');
  const watch = runs.filter(({ status }) => status === 'partial');
  return html`<path class="ax" d="M0 21.5H1000"/><path class="ln" d="${path(runs.filter((run) => !bad.includes(run) && !watch.includes(run)))}"/><path class="lw" d="${path(watch)}"/><path class="lb" d="${path(bad)}"/>`;
}

export function schedulesSection({ fast }: Drawn): Html {
  const { schedules, at, clock_read_at, control } = fast.view;
  const known = schedules ?? [];
  const next = known
    .flatMap(({ next_at }) => (next_at ? [next_at] : []))
    .toSorted((a, b) => a.getTime() - b.getTime())[0];
  const late = known.filter(({ next_at }) => next_at !== null && at.getTime() - next_at.getTime() > 120_000);
  const answer =
    known.length === 0
      ? html`<b class="watch">Nothing is scheduled.</b>`
      : late.length > 0
        ? html`<b class="bad">Not kept: ${list(late.map(({ name }) => name))}.</b>`
        : control.state !== 'running'
          ? html`<b class="watch">Times are kept, and nothing is asked</b> while syncing is ${control.state}.`
          : html`<b>On time.</b>${next && html` The next in ${spanWords((next.getTime() - at.getTime()) / 1_000)}.`}`;
  const rows = known.map(({ name, cron, time_zone, next_at }) => {
    const last =
      name === 'maintenance' || name === 'export'
        ? null
        : (fast.runs.find(({ kind, requested_by }) => kind === name && requested_by === 'schedule') ?? null);
    return html`<tr><th scope="row">${name}</th><td>${next_at ? time(next_at, when(next_at, at)) : '–'}</td><td class="l">${next_at && next_at > at ? `in ${spanWords((next_at.getTime() - at.getTime()) / 1_000)}` : ''}</td><td class="l w">${last && html`<a href="/ops/runs/${last.id}">${when(last.requested_at, at)} ${RUN_WORDS[last.status]}</a>`}</td><td class="l w2 w"><code>${cron}</code> <small>${time_zone}</small></td></tr>`;
  });
  return section(
    'schedules',
    'Schedules',
    html`<p>${answer}</p><p>${clock_read_at && `The clock was read ${ago(clock_read_at, at)}.`}</p>`,
    html`<div class="two"><div><table class="tight"><caption class="sr">Schedules</caption><thead><tr><th scope="col">schedule</th><th scope="col">next</th><th scope="col" class="l"><span class="sr">in</span></th><th scope="col" class="l w">last</th><th scope="col" class="l w w2">set to</th></tr></thead><tbody>${rows}</tbody></table></div><div></div></div>`,
  );
}

const LIFE: Record<Liveness, { mark: Mark; word: string; tone: string }> = {
  alive: { mark: 'good', word: 'alive', tone: 'b-soft' },
  silent: { mark: 'bad', word: 'does not answer', tone: 'b-bad' },
  dead: { mark: 'silenced', word: 'ended', tone: 'b-faint' },
};

export function processesSection({ fast, axis }: Drawn): Html {
  const { workers, at } = fast.view;
  // Those that ended long ago are history.
  const shown = workers.filter(
    ({ state: life, seen_at }) => life !== 'dead' || at.getTime() - seen_at.getTime() < DAY_MS / 24,
  );
  const silent = shown.filter(({ state: life }) => life === 'silent');
  const alive = shown.filter(({ state: life }) => life === 'alive');
  const versions = [...new Set(alive.flatMap(({ version }) => version ?? []))];
  const skew = Math.max(0, ...alive.map(({ clock_ahead_ms }) => Math.abs(clock_ahead_ms ?? 0)));
  const answer =
    silent.length > 0
      ? html`<b class="bad">${capital(numberWord(silent.length))} of ${numberWord(shown.length)} ${silent.length === 1 ? 'does' : 'do'} not answer.</b>`
      : html`<b>${capital(numberWord(alive.length))} alive</b>${versions.length === 1 && `, all on ${versions[0]}`}, clocks within ${Math.ceil(skew)} ms.`;
  const rows = shown.map(({ host, pid, roles, started_at, seen_at, state: life, version, vitals }) => {
    const { mark, word, tone } = LIFE[life];
    const drawn = spans(axis, 18, [{ from: started_at, to: life === 'alive' ? at : seen_at, tone }]);
    return html`<tr><th scope="row">${host} <small>${pid}</small></th><td class="l p2">${roles.join(', ')}${version && versions.length > 1 && html` <small>${version}</small>`}</td><td class="l">${state(mark, word)}</td><td class="w">${spanFigure((seen_at.getTime() - started_at.getTime()) / 1_000)}</td><td class="w">${loopLag(vitals)}</td><td class="w">${memory(vitals)}</td><td class="w">${ago(seen_at, at)}</td><td class="t">${strip(18, drawn)}</td></tr>`;
  });
  const holders = fast.processes.length;
  return section(
    'processes',
    'Processes',
    html`<p>${answer}</p><p>${capital(numberWord(holders))} ${holders === 1 ? 'holds' : 'hold'} plans in memory.</p>`,
    html`<table class="rows tight"><caption class="sr">Processes</caption><thead><tr><th scope="col">process</th><th scope="col" class="l">roles</th><th scope="col" class="l">state</th><th scope="col" class="w">${column('process-up', 'up')}</th><th scope="col" class="w">${column('process-lag', 'loop lag')}</th><th scope="col" class="w">${column('process-memory', 'memory')}</th><th scope="col" class="w">${column('process-life', 'sign of life')}</th><th scope="col" class="t l w">up</th></tr></thead><tbody>${rows}</tbody></table>`,
  );
}

/** What beats every few seconds is told as now: seconds that count up and jump back would say nothing. */
const BEAT_MS = 20_000;
const ago = (then: Date, now: Date): string =>
  now.getTime() - then.getTime() < BEAT_MS
    ? 'just now'
    : `${spanWords((now.getTime() - then.getTime()) / 1_000)} ago`;

type Vitals = MonitorView['workers'][number]['vitals'];
const loopLag = (vitals: Vitals): Html | string =>
  vitals ? html`${vitals.loop_lag_ms.toFixed(1)} <small>ms</small>` : '–';
const memory = (vitals: Vitals): Html | string =>
  vitals ? html`${Math.round(vitals.memory_bytes / 1_048_576)} <small>MB</small>` : '–';
