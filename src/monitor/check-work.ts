/** Is what was asked for being done? Control, queue, claims and runs. Pure. */

import { bad, type Finding, ok, warn } from './finding.ts';
import type { MonitorView } from './monitor-view.ts';
import type { ViewWork } from './run-progress.ts';
import { plural, spanText } from './text.ts';

/** A stop that lasts longer was probably forgotten. */
const LONG_STOP_S = 3_600;
/** A worker takes a job within moments. */
const NO_WORKER_AFTER_S = 10;
/** Others may be before it in the queue, each for as long as an upstream may take. */
const LONG_WAIT_S = 120;
/** One fetch, all attempts and all waiting included, has a minute; publishing takes seconds. */
const LONG_WORK_S = 300;
/** A dead worker's work is given to another within a second or two, if there is one. */
const HANDED_OVER_S = 30;
/** Where no call is allowed a scheduled sync waits for an hour at most. */
const LONG_RUN_S = { warn: 4_500, bad: 7_200 };

const START_WORKER = 'npx wattsync start --role worker';

const secondsSince = ({ at }: MonitorView, time: Date): number => (at.getTime() - time.getTime()) / 1_000;
/** The same TDSP waits for each run that asked for it. */
const namesOf = (work: readonly { name: string }[]): string[] => [...new Set(work.map(({ name }) => name))];
const aliveAt = ({ workers }: MonitorView, queue: string) =>
  workers.filter((one) => one.state === 'alive' && one.queue === queue);

export function checkControl(view: MonitorView): Finding {
  const { state, changed_at, changed_by, reason } = view.control;
  const check = 'control';
  const resume = 'npm run sync:resume';
  const seconds = secondsSince(view, changed_at);
  const since = `${spanText(seconds)} ago by ${changed_by}${reason ? `: ${reason}` : ''}`;
  if (state === 'running') return ok(check, 'Syncing is on');
  if (state === 'emergency') {
    const advice = 'No upstream is called and nothing is published. When the cause is fixed, resume';
    return bad(check, `EMERGENCY, declared ${since}`, advice, resume);
  }
  const find = seconds > LONG_STOP_S ? bad : warn;
  const advice = 'Running syncs may end, none begins. Resume';
  return find(check, `Syncing is STOPPED, since ${since}`, advice, resume);
}

/** Whether workers take what waits. */
export function checkQueue(view: MonitorView): Finding[] {
  const { waiting } = view.queue;
  const isDeferred = ({ not_before }: ViewWork) => not_before !== null && not_before > view.at;
  const deferred = waiting.filter(isDeferred);
  const due = waiting.filter((work) => !isDeferred(work));
  if (view.control.state === 'running' && due.length > 0) {
    return [...Map.groupBy(due, ({ queue }) => queue)].map(([queue, work]) => ({
      ...checkOneQueue(view, queue, work),
      subject: queue,
    }));
  }
  const count = (work: readonly ViewWork[]) => plural(namesOf(work).length, 'TDSP');
  const waits = due.length === 0 ? 'Nothing waits' : `${count(due)} wait`;
  return [ok('queue', deferred.length > 0 ? `${waits}, ${count(deferred)} not before its time` : waits)];
}

function checkOneQueue(view: MonitorView, queue: string, work: readonly ViewWork[]): Finding {
  const check = 'queue';
  const seconds = Math.max(
    ...work.map(({ not_before, requested_at }) => secondsSince(view, not_before ?? requested_at)),
  );
  const names = namesOf(work);
  const wait = names.length === 1 ? 'waits' : 'wait';
  const reading = `${plural(names.length, 'TDSP')} (${names.join(', ')}) ${wait} for ${spanText(seconds)}`;
  const workers = aliveAt(view, queue).length;
  if (workers > 0) {
    const isMoving = view.queue.claimed.some((claimed) => claimed.queue === queue);
    if (seconds < LONG_WAIT_S || isMoving) return ok(check, reading);
    const who = plural(workers, 'worker');
    const advice = `${who} should take it and ${workers === 1 ? 'does' : 'do'} not. Start another, or restart one`;
    return bad(check, reading, advice, START_WORKER);
  }
  if (seconds < NO_WORKER_AFTER_S) return ok(check, `${reading}, and no worker has come yet`);
  const untaken = `${reading}, and no worker takes it`;
  const other = view.workers.find((one) => one.state === 'alive' && one.queue !== null);
  if (!other) return bad(check, untaken, 'Start a worker, or the whole program with npm start', START_WORKER);
  const advice =
    'Start a worker for the upstream it was asked of, or ask again with the settings of those workers';
  return bad(check, `${untaken}: the workers there are fetch from ${other.origin}`, advice, START_WORKER);
}

/** Whether the workers that claimed work do it. */
export function checkClaims(view: MonitorView): Finding[] {
  const { claimed } = view.queue;
  const found = [...Map.groupBy(claimed, ({ worker_id }) => worker_id).values()].flatMap((work) =>
    checkClaimsOf(view, work),
  );
  if (found.length > 0) return found;
  const names = namesOf(claimed).join(', ');
  return [ok('claims', claimed.length === 0 ? 'Nothing is worked on' : `${names} under way`)];
}

/** @param work all that one worker claimed */
function checkClaimsOf(view: MonitorView, work: readonly ViewWork[]): Finding[] {
  const check = 'claims';
  const { queue } = work[0]!;
  const { state, pid, host } = work[0]!.worker!;
  const subject = pid === null ? 'a process that has ended' : `process ${pid} on ${host}`;
  const seconds = Math.max(
    ...work.map(({ claimed_at }) => (claimed_at ? secondsSince(view, claimed_at) : 0)),
  );
  const what = `${namesOf(work).join(', ')}, for ${spanText(seconds)}`;
  if (state === 'silent') {
    const advice = `It claimed ${what}. End it; if nothing helps: npm run sync:emergency, then npm run sync:resume`;
    return [{ ...bad(check, `A worker does not answer: ${subject}`, advice, `kill -9 ${pid}`), subject }];
  }
  if (state === 'dead') {
    if (seconds < HANDED_OVER_S && aliveAt(view, queue).length > 0) return [];
    const reading = `A worker died and no other takes over: ${subject}`;
    const advice = `It claimed ${what}. Any worker of the same upstream takes it over`;
    return [{ ...bad(check, reading, advice, START_WORKER), subject }];
  }
  if (seconds < LONG_WORK_S) return [];
  const advice = 'If it does not end, stop that process: another one takes over';
  return [{ ...warn(check, `${subject} works on ${what}`, advice, `kill ${pid}`), subject }];
}

/** Runs that do not end. */
export function checkRuns(view: MonitorView): Finding[] {
  const check = 'runs';
  const found = view.in_progress.flatMap(({ id, kind, requested_at, steps }): Finding[] => {
    const seconds = secondsSince(view, requested_at);
    if (seconds < LONG_RUN_S.warn) return [];
    const left = steps.filter(({ step }) => step === 'waiting' || step === 'fetching');
    const reading = `Run ${id} (${kind}) has not ended after ${spanText(seconds)}: ${namesOf(left).join(', ')}`;
    const find = seconds < LONG_RUN_S.bad ? warn : bad;
    const advice = 'See what it waits for; sync:emergency cancels it';
    return [{ ...find(check, reading, advice, 'npm run sync:status'), subject: `run ${id}` }];
  });
  if (found.length > 0) return found;
  const open = view.in_progress.length;
  return [ok(check, open === 0 ? 'No run is open' : `${plural(open, 'run')} under way`)];
}
