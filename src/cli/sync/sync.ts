/** `sync priority`, `sync full`, `sync city` and `sync redrive`: asks for a sync and watches it to its end. */

import type { Engine } from '../../app/engine.ts';
import { openSource, openStore, openTerritory } from '../../app/open.ts';
import { describeError } from '../../errors.ts';
import type { RequestedSync, SyncRequest } from '../../planning/request-sync.ts';
import type { Database } from '../../store/postgres/database.ts';
import type { RunWithResults } from '../../store/queue/sync-runs.ts';
import { followRun, type SyncEvent } from '../../sync/work/follow-run.ts';
import { toReport } from '../../sync/work/report.ts';
import type { Territory } from '../../territory/territory.ts';
import type { CommandContext } from '../command.ts';
import { readTargets } from '../targets.ts';
import { describePlan } from './plan.ts';
import { showProgress } from './progress.ts';
import { describeReport } from './report.ts';

export interface SyncCommandOptions {
  force?: boolean;
  explain?: boolean;
  dryRun?: boolean;
}

export function syncPriority(context: CommandContext, options: SyncCommandOptions): Promise<number> {
  return sync(context, options, () => ({ kind: 'priority', requested_by: 'cli' }));
}

export function syncFull(context: CommandContext, options: SyncCommandOptions): Promise<number> {
  return sync(context, options, () => ({ kind: 'full', requested_by: 'cli' }));
}

export function syncCity(
  context: CommandContext,
  given: string[],
  options: SyncCommandOptions,
): Promise<number> {
  return sync(context, options, (territory) => {
    const { names, cities, beside } = readTargets(territory, given, false);
    const kind = options.force ? 'emergency' : 'city';
    return { kind, cities, tdsps: beside, names, requested_by: 'cli' };
  });
}

/** A worker of the fleet takes the job within moments; if none does, or the last one goes, this process works itself. */
const HELP_AFTER_MS = 3_000;

export async function sync(
  context: CommandContext,
  options: SyncCommandOptions,
  choose: (territory: Territory) => SyncRequest,
): Promise<number> {
  const { config, isJson } = context;
  const [{ Engine }, { QueryStats }] = await Promise.all([
    import('../../app/engine.ts'),
    import('../../store/upkeep/query-stats.ts'),
  ]);
  const stopping = new AbortController();
  const onSignal = () => stopping.abort();
  // Not once: a library's handler ends the process as soon as it is the only one left.
  process.on('SIGINT', onSignal).on('SIGTERM', onSignal);
  const database = await openStore(config);
  try {
    const territory = await openTerritory(database);
    const request = { ...choose(territory), force: options.force ?? false };
    const { source, close } = await openSource(config, database, territory);
    const engine = new Engine({
      config,
      database,
      territory,
      source,
      roles: [],
      onError: (error) => {
        if (!isJson) console.error(describeError(error));
      },
    });
    try {
      if (options.dryRun) {
        const { cities, targets } = await engine.explain(request);
        console.log(
          isJson ? JSON.stringify({ kind: request.kind, cities, targets }) : describePlan(targets, territory),
        );
        return 0;
      }
      const requested = await engine.request(request);
      if (requested.hasResumed && !isJson) console.log('Syncing was stopped; this resumes it.');
      if (options.explain && !isJson) console.log(describePlan(requested.targets, territory));
      const progress = await showProgress(territory, source, isJson);
      let seen: RunWithResults;
      try {
        seen = await watch(engine, database, requested, stopping.signal, progress.onEvent);
      } finally {
        await progress.end();
      }
      const report = { ...toReport(seen), ...(options.explain ? { targets: requested.targets } : {}) };
      if (isJson) console.log(JSON.stringify(report));
      else if (seen.run.finished_at === null)
        console.log(`Run ${requested.run_id} goes on without this command.`);
      else console.log(describeReport(report, territory));
      return report.status === 'succeeded' ? 0 : 1;
    } finally {
      await engine.stop(0);
      await close();
      // Counted by this process alone, and gone with it otherwise.
      const { retention } = config;
      await new QueryStats({
        database: database.quick,
        recorder: database.queries,
        keepDays: retention.queryStatsDays,
      }).stop();
    }
  } finally {
    process.off('SIGINT', onSignal).off('SIGTERM', onSignal);
    await database.close();
  }
}

/** Until the run has ended. Interrupted, it goes on where others work on it, and is stopped where nobody does. */
async function watch(
  engine: Engine,
  database: Database,
  { run_id, targets }: RequestedSync,
  signal: AbortSignal,
  onEvent: (event: SyncEvent) => void,
): Promise<RunWithResults> {
  const failed = new AbortController();
  const waited = AbortSignal.timeout(HELP_AFTER_MS);
  const isNeeded = targets.some(({ decision }) => decision !== 'fresh');
  const isAlone = isNeeded && !(await engine.hasWorker());
  let hasBegun = false;
  let hasHelped = false;
  let isHelping = false;
  const help = async () => {
    if (!isAlone && (hasBegun ? await engine.hasWorker() : !waited.aborted)) return;
    hasHelped = true;
    await engine.workOn(run_id);
  };
  const seen = await followRun(database, run_id, {
    signal: AbortSignal.any([signal, failed.signal]),
    onEvent,
    onLook: ({ run, claimed, results }) => {
      hasBegun ||= claimed.length + results.length > 0;
      if (run.finished_at !== null || signal.aborted) return;
      if (isHelping) return;
      isHelping = true;
      help().then(
        () => {
          isHelping = false;
        },
        () => failed.abort(),
      );
    },
  });
  return signal.aborted && seen.run.finished_at === null && hasHelped ? engine.abandon(run_id) : seen;
}
