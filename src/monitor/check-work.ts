/** Is what was asked for being done? Control, queue, claims and runs. Pure. */

import { bad, type Finding, ok, warn } from './finding.ts';
import type { MonitorView, Worker } from './monitor-view.ts';
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

const secondsSince = ({ at }: Pick<MonitorView, 'at'>, time: Date): number =>
  (at.getTime() - time.getTime()) / 1_000;

export function checkControl(view: Pick<MonitorView, 'at' | 'control'>): Finding {
  const { state, changed_at, changed_by, reason } = view.control;
  const check = 'control';
  if (state === 'running') return ok(check, 'Syncing is on');
  const seconds = secondsSince(view, changed_at);
  const since = `${spanText(seconds)} ago by ${changed_by}${reason ? `: ${reason}` : ''}`;
  const resume = 'npm run sync:resume';
  if (state === 'emergency') {
    const advice = 'No upstream is called and nothing is published. When the cause is fixed, resume';
    return bad(check, `EMERGENCY, declared ${since}`, advice, resume);
  }
  const find = seconds > LONG_STOP_S ? bad : warn;
  return find(
    check,
    `Syncing is STOPPED, since ${since}`,
    'Running syncs may end, none begins. Resume',
    resume,
  );
}

const nameOf = ({ host, pid }: NonNullable<ViewWork['worker']>): string =>
  pid === null ? 'a process that has ended' : `process ${pid} on ${host}`;

const isAlive = ({ state }: Pick<Worker, 'state'>): boolean => state === 'alive';
/** The same TDSP waits for each run that asked for it. */
const tdspsOf = (work: readonly ViewWork[]): string =>
  plural(new Set(work.map(({ tdsp_duns }) => tdsp_duns)).size, 'TDSP');

const names = (work: readonly ViewWork[]): string => [...new Set(work.map(({ name }) => name))].join(', ');

/** Whether workers take what waits. */
export function checkQueue(view: Pick<MonitorView, 'at' | 'control' | 'queue' | 'workers'>): Finding[] {
  const { waiting } = view.queue;
  const deferred = waiting.filter(({ not_before }) => not_before !== null && not_before > view.at);
  const due = waiting.filter((work) => !deferred.includes(work));
  if (view.control.state !== 'running' || due.length === 0) {
    const until = deferred.length > 0 ? `, ${tdspsOf(deferred)} not before its time` : '';
    return [ok('queue', `${due.length === 0 ? 'Nothing waits' : `${tdspsOf(due)} wait`}${until}`)];
  }
  return [...Map.groupBy(due, ({ queue }) => queue)].map(([queue, work]) => ({
    ...checkOneQueue(view, queue, work),
    subject: queue,
  }));
}

function checkOneQueue(
  view: Pick<MonitorView, 'at' | 'queue' | 'workers'>,
  queue: string,
  work: readonly ViewWork[],
): Finding {
  const check = 'queue';
  const seconds = Math.max(
    ...work.map(({ not_before, requested_at }) => secondsSince(view, not_before ?? requested_at)),
  );
  const tdsps = tdspsOf(work);
  const reading = `${tdsps} (${names(work)}) ${tdsps === '1 TDSP' ? 'waits' : 'wait'} for ${spanText(seconds)}`;
  const alive = view.workers.filter(isAlive);
  const workers = alive.filter((worker) => worker.queue === queue);
  if (workers.length === 0) {
    if (seconds < NO_WORKER_AFTER_S) return ok(check, `${reading}, and no worker has come yet`);
    const [other] = alive.filter((worker) => worker.queue !== null);
    const because = other ? `: the workers there are fetch from ${other.origin}` : '';
    const advice = other
      ? 'Start a worker for the upstream it was asked of, or ask again with the settings of those workers'
      : 'Start a worker, or the whole program with npm start';
    return bad(check, `${reading}, and no worker takes it${because}`, advice, START_WORKER);
  }
  const isMoving = view.queue.claimed.some((claimed) => claimed.queue === queue);
  if (seconds < LONG_WAIT_S || isMoving) return ok(check, reading);
  const advice = `${plural(workers.length, 'worker')} should take it and ${workers.length === 1 ? 'does' : 'do'} not. Start another, or restart one`;
  return bad(check, reading, advice, START_WORKER);
}

/** Whether the workers that claimed work do it. */
export function checkClaims(view: Pick<MonitorView, 'at' | 'queue' | 'workers'>): Finding[] {
  const { claimed } = view.queue;
  const found = [...Map.groupBy(claimed, ({ worker_id }) => worker_id).values()].flatMap((work) => {
    const finding = checkClaimsOf(view, work);
    return finding === null ? [] : [{ ...finding, subject: nameOf(work[0]!.worker!) }];
  });
  if (found.length > 0) return found;
  return [ok('claims', claimed.length === 0 ? 'Nothing is worked on' : `${names(claimed)} under way`)];
}

/** @param work all that one worker claimed */
function checkClaimsOf(view: Pick<MonitorView, 'at' | 'workers'>, work: readonly ViewWork[]): Finding | null {
  const check = 'claims';
  const { queue } = work[0]!;
  const worker = work[0]!.worker!;
  const seconds = Math.max(
    ...work.map(({ claimed_at }) => (claimed_at ? secondsSince(view, claimed_at) : 0)),
  );
  const what = `${names(work)}, for ${spanText(seconds)}`;
  if (worker.state === 'silent') {
    const advice = `It claimed ${what}. End it; if nothing helps: npm run sync:emergency, then npm run sync:resume`;
    return bad(check, `A worker does not answer: ${nameOf(worker)}`, advice, `kill -9 ${worker.pid}`);
  }
  if (worker.state === 'dead') {
    const hasOthers = view.workers.some((one) => isAlive(one) && one.queue === queue);
    if (hasOthers && seconds < HANDED_OVER_S) return null;
    const advice = `It claimed ${what}. Any worker of the same upstream takes it over`;
    return bad(check, `A worker died and no other takes over: ${nameOf(worker)}`, advice, START_WORKER);
  }
  if (seconds < LONG_WORK_S) return null;
  const advice = 'If it does not end, stop that process: another one takes over';
  return warn(check, `${nameOf(worker)} works on ${what}`, advice, `kill ${worker.pid}`);
}

/** Runs that do not end. */
export function checkRuns(view: Pick<MonitorView, 'at' | 'in_progress'>): Finding[] {
  const check = 'runs';
  const found = view.in_progress.flatMap((run): Finding[] => {
    const seconds = secondsSince(view, run.requested_at);
    if (seconds < LONG_RUN_S.warn) return [];
    const left = run.steps.filter(({ step }) => step === 'waiting' || step === 'fetching');
    const reading = `Run ${run.id} (${run.kind}) has not ended after ${spanText(seconds)}: ${left.map(({ name }) => name).join(', ')}`;
    const find = seconds < LONG_RUN_S.bad ? warn : bad;
    const advice = 'See what it waits for; sync:emergency cancels it';
    return [{ ...find(check, reading, advice, 'npm run sync:status'), subject: `run ${run.id}` }];
  });
  if (found.length > 0) return found;
  const open = view.in_progress.length;
  return [ok(check, open === 0 ? 'No run is open' : `${plural(open, 'run')} under way`)];
}
