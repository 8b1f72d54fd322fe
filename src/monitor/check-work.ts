/** Is what was asked for being done? Control, queue, claims and runs. Pure: the view in, findings out. */

import { bad, type Finding, ok, warning } from './finding.ts';
import type { MonitorView, Worker } from './monitor-view.ts';
import type { ViewWork } from './run-progress.ts';
import { count, inWords } from './words.ts';

/** Whoever stopped syncing for a moment knows it; after so long it was forgotten. */
const LONG_STOP_MS = 3_600_000;
/** A worker takes a job within moments; one that comes with the next breath is no trouble. */
const NOBODY_CAME_MS = 10_000;
/** Others may be before it in the queue, each for as long as an upstream may take. */
const LONG_WAIT_MS = 120_000;
/** One fetch, all attempts and all waiting included, has a minute; publishing takes seconds. */
const LONG_WORK_MS = 300_000;
/** A dead worker's work is given to another within a second or two, if there is one. */
const HANDED_OVER_MS = 30_000;
/** Where no call is allowed a scheduled sync waits for an hour at most. */
const LONG_RUN_MS = { warning: 4_500_000, bad: 7_200_000 };

const START_WORKER = 'npx wattsync start --role worker';

type At = Pick<MonitorView, 'at'>;
const since = ({ at }: At, time: Date): number => at.getTime() - time.getTime();

export function checkControl(view: Pick<MonitorView, 'at' | 'control'>): Finding {
  const { state, changed_at, changed_by, reason } = view.control;
  const check = 'control';
  if (state === 'running') return ok(check, 'Syncing is on');
  const ago = since(view, changed_at);
  const who = `${inWords(ago)} ago by ${changed_by}${reason ? `: ${reason}` : ''}`;
  const resume = 'npm run sync:resume';
  if (state === 'emergency') {
    const advice = 'Nobody calls an upstream or publishes. When the cause is fixed, let it go on';
    return bad(check, `EMERGENCY, declared ${who}`, advice, resume);
  }
  const advice = 'What runs may end, nothing begins. Let it go on';
  const find = ago > LONG_STOP_MS ? bad : warning;
  return find(check, `Syncing is STOPPED, since ${who}`, advice, resume);
}

/** For sentences. */
const nameWorker = ({ host, pid }: NonNullable<ViewWork['worker']>): string =>
  pid === null ? 'a process that has ended' : `process ${pid} on ${host}`;

const isAlive = ({ state }: Pick<Worker, 'state'>): boolean => state === 'alive';
/** The same TDSP waits for each run that asked for it. */
const tdspsOf = (work: readonly ViewWork[]): string =>
  count(new Set(work.map(({ tdsp_duns }) => tdsp_duns)).size, 'TDSP');

const names = (work: readonly ViewWork[]): string => [...new Set(work.map(({ name }) => name))].join(', ');

/** Whether somebody takes what waits. */
export function checkQueue(view: Pick<MonitorView, 'at' | 'control' | 'queue' | 'workers'>): Finding[] {
  const check = 'queue';
  const { waiting, claimed } = view.queue;
  const deferred = waiting.filter(({ not_before }) => not_before !== null && not_before > view.at);
  const due = waiting.filter((work) => !deferred.includes(work));
  if (view.control.state !== 'running' || due.length === 0) {
    const until = deferred.length > 0 ? `, ${tdspsOf(deferred)} not before its time` : '';
    return [ok(check, `${due.length === 0 ? 'Nothing waits' : `${tdspsOf(due)} wait`}${until}`)];
  }
  return [...new Set(due.map(({ queue }) => queue))].map((queue) => {
    const mine = due.filter((work) => work.queue === queue);
    const waited = Math.max(...mine.map((work) => since(view, work.not_before ?? work.requested_at)));
    const workers = view.workers.filter(isAlive).filter((worker) => worker.queue === queue);
    const what = `${tdspsOf(mine)} (${names(mine)}) ${tdspsOf(mine) === '1 TDSP' ? 'waits' : 'wait'} for ${inWords(waited)}`;
    if (workers.length === 0) {
      if (waited < NOBODY_CAME_MS) return ok(check, `${what}, and no worker has come yet`);
      const others = view.workers.filter(isAlive).filter((worker) => worker.queue !== null);
      const because = others.length > 0 ? `: the workers there are fetch from ${others[0]!.origin}` : '';
      return bad(check, `${what}, and no worker takes it${because}`, adviceOnWorker(others), START_WORKER);
    }
    const isMoving = claimed.some((work) => work.queue === queue);
    if (waited < LONG_WAIT_MS || isMoving) return ok(check, what);
    const advice = `${count(workers.length, 'worker')} should take it and ${workers.length === 1 ? 'does' : 'do'} not. Start another, or the same one again`;
    return bad(check, what, advice, START_WORKER);
  });
}

const adviceOnWorker = (others: readonly Worker[]): string =>
  others.length > 0
    ? 'Start a worker for the upstream it was asked of, or ask again with the settings of those workers'
    : 'Start a worker, or the whole program with npm start';

/** Whether those who hold work do it. */
export function checkClaims(view: Pick<MonitorView, 'at' | 'queue' | 'workers'>): Finding[] {
  const check = 'claims';
  const { claimed } = view.queue;
  const found = [...new Set(claimed.map(({ worker_id }) => worker_id))].flatMap((id): Finding[] => {
    const mine = claimed.filter(({ worker_id }) => worker_id === id);
    const { worker, queue } = mine[0]!;
    const held = Math.max(...mine.map(({ claimed_at }) => (claimed_at ? since(view, claimed_at) : 0)));
    const who = nameWorker(worker!);
    const what = `${names(mine)}, for ${inWords(held)}`;
    if (worker!.state === 'silent') {
      const advice = `It holds ${what}. End it; if nothing helps: npm run sync:emergency, then npm run sync:resume`;
      return [bad(check, `A worker does not answer: ${who}`, advice, `kill -9 ${worker!.pid}`)];
    }
    if (worker!.state === 'dead') {
      const isTended = view.workers.filter(isAlive).some((one) => one.queue === queue);
      if (isTended && held < HANDED_OVER_MS) return [];
      const advice = `It held ${what}. Any worker of the same upstream takes it over`;
      return [bad(check, `A worker is dead and nobody takes over: ${who}`, advice, START_WORKER)];
    }
    if (held < LONG_WORK_MS) return [];
    const advice = 'If it does not end, stop that process: another one takes over';
    return [warning(check, `${who} works on ${what}`, advice, `kill ${worker!.pid}`)];
  });
  if (found.length > 0) return found;
  return [ok(check, claimed.length === 0 ? 'Nothing is worked on' : `${names(claimed)} under way`)];
}

/** Runs that do not end. */
export function checkRuns(view: Pick<MonitorView, 'at' | 'in_progress'>): Finding[] {
  const check = 'runs';
  const found = view.in_progress.flatMap((run): Finding[] => {
    const age = since(view, run.requested_at);
    if (age < LONG_RUN_MS.warning) return [];
    const left = run.steps.filter(({ step }) => step === 'waiting' || step === 'fetching');
    const find = age < LONG_RUN_MS.bad ? warning : bad;
    const message = `Run ${run.id} (${run.kind}) has not ended after ${inWords(age)}: ${left.map(({ name }) => name).join(', ')}`;
    const advice = 'See what it waits for; sync:emergency cancels it';
    return [find(check, message, advice, 'npm run sync:status')];
  });
  const open = view.in_progress.length;
  return found.length > 0
    ? found
    : [ok(check, open === 0 ? 'No run is open' : `${count(open, 'run')} under way`)];
}
