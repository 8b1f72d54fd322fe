/** `sync priority`, `sync full`, `sync city` and `sync redrive`: asks for a sync and watches it to its end. */

import { Engine } from '../../app/engine.ts';
import { openSource, openTerritory } from '../../app/open.ts';
import { describeError } from '../../errors.ts';
import type { RequestedSync, SyncRequest } from '../../planning/request-sync.ts';
import type { PlanSource } from '../../sources/source.ts';
import type { Database } from '../../store/postgres/database.ts';
import { confirmOrigin } from '../../store/queue/confirmed-origin.ts';
import type { RunWithResults } from '../../store/queue/sync-runs.ts';
import { QueryStats } from '../../store/upkeep/query-stats.ts';
import { followRun, type SyncEvent } from '../../sync/work/follow-run.ts';
import { toReport } from '../../sync/work/report.ts';
import type { Territory } from '../../territory/territory.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { type StepProgress, showSteps } from '../step-progress.ts';
import { readTargets } from '../targets.ts';
import { describeOutcome, describePlan, describeReport, nameOf } from './report.ts';

export interface SyncCommandOptions {
  force?: boolean;
  changeSource?: boolean;
  explain?: boolean;
  dryRun?: boolean;
}

type Choice = Omit<SyncRequest, 'requested_by' | 'force'>;

export const syncPriority = (context: CommandContext, options: SyncCommandOptions): Promise<number> =>
  sync(context, options, () => ({ kind: 'priority' }));

export const syncFull = (context: CommandContext, options: SyncCommandOptions): Promise<number> =>
  sync(context, options, () => ({ kind: 'full' }));

export const syncCity = (
  context: CommandContext,
  given: string[],
  options: SyncCommandOptions,
): Promise<number> =>
  sync(context, options, (territory) => {
    const { names, cities, beside } = readTargets(territory, given, false);
    return { kind: 'city', cities, tdsps: beside, names };
  });

const POOL_CONNECTIONS = 10;

export async function sync(
  context: CommandContext,
  { force = false, changeSource = false, explain = false, dryRun = false }: SyncCommandOptions,
  choose: (territory: Territory) => Choice,
): Promise<number> {
  const { config, isJson } = context;
  const { result } = await showSteps(context, (progress, signal) =>
    withStore(
      context,
      POOL_CONNECTIONS,
      async (database) => {
        const territory = await openTerritory(database);
        const request = { ...choose(territory), force, requested_by: 'cli' };
        const { source, close } = await openSource(config, database, territory);
        const onError = (error: unknown) => {
          if (!isJson) console.error(describeError(error));
        };
        const engine = new Engine({ config, database, territory, source, roles: [], onError });
        try {
          if (dryRun) {
            const { cities, targets } = await engine.explain(request);
            const found = { kind: request.kind, cities, targets };
            return answer(context, found, () => describePlan(targets, territory));
          }
          if (changeSource) await database.transaction((one) => confirmOrigin(one, source.origin, 'cli'));
          const requested = await engine.request(request);
          if (requested.hasResumed) progress.line('Syncing was stopped; this resumes it.');
          if (explain) progress.line(describePlan(requested.targets, territory));
          const onEvent = showEvents(progress, source, territory);
          const seen = await watch(engine, database, requested, signal, onEvent);
          progress.now('');
          const cities =
            request.kind === 'full' ? territory.cities.map(({ slug }) => slug) : requested.cities;
          const report = { ...toReport(seen), cities, ...(explain ? { targets: requested.targets } : {}) };
          const describe = () =>
            seen.run.finished_at === null
              ? `Run ${requested.run_id} goes on without this command.`
              : describeReport(report, territory);
          return answer(context, report, describe, report.status === 'succeeded');
        } finally {
          await engine.stop(0);
          await close();
          // Counted by this process alone, and gone with it otherwise.
          const keepDays = config.retention.queryStatsDays;
          const { quick, queries } = database;
          await new QueryStats({ database: quick, recorder: queries, keepDays }).stop();
        }
      },
      !dryRun,
    ),
  );
  return result;
}

/** A line for every TDSP that is done; below them, on a terminal, those that are not. */
function showEvents(
  { now, line }: StepProgress,
  source: PlanSource,
  territory: Territory,
): (event: SyncEvent) => void {
  const what = source.name === 'sandbox' ? 'sandbox data, invented plans and prices' : source.name;
  line(`Syncing from ${source.origin} (${what})`);
  const left = new Set<string>();
  return (event) => {
    if (event.type === 'run_started') for (const duns of event.tdsps) left.add(nameOf(territory, duns));
    if (event.type === 'tdsp_finished') {
      const name = nameOf(territory, event.tdsp_duns);
      left.delete(name);
      line(`  ${name.padEnd(18)} ${describeOutcome(event.outcome)}`);
    }
    now(left.size > 0 ? `  fetching ${[...left].join(', ')} …` : '');
  };
}

/** A worker of the fleet takes the job within moments; if none does, or the last one goes, this process works itself. */
const HELP_AFTER_MS = 3_000;

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
      if (run.finished_at !== null || signal.aborted || isHelping) return;
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
