/**
 * The TDSPs that one upstream call covers, from the question whether they need one to what was published: under the
 * lease, so that of all processes one fetches, and who waited for it takes its result.
 */

import type { FetchContext, PlanSource } from '../../sources/source.ts';
import { refreshDailyRateIndex } from '../../store/market/refresh-daily-rate-index.ts';
import { readCurrentSnapshots, type Snapshot } from '../../store/plans/snapshots.ts';
import type { Database } from '../../store/postgres/database.ts';
import { type Lease, type LeaseResult, waitForLease } from '../../store/upstream/refresh-leases.ts';
import { fetchAndPublish } from '../publish/fetch-and-publish.ts';
import { failedOutcome, type Outcome, sharedFailure, untouchedOutcome } from '../publish/outcome.ts';

interface GroupJob {
  database: Database;
  source: PlanSource;
  context: FetchContext;
  /** A plan set confirmed less than this before `startedAt`, or later, is not fetched again. */
  freshForMs: number;
  startedAt: Date;
  /** TDSPs for which freshness and guard do not count. */
  forced: ReadonlySet<string>;
  cacheTtlMs: number;
  /** False: the planner's statistics are left to `db:optimize`. */
  tuneDatabase?: boolean | undefined;
  /** Of all these TDSPs, held already; it is given back. Without one, the group waits for its own. */
  lease?: Lease | undefined;
  now(): Date;
}

/** Never throws: what went wrong is in the outcomes, one for each TDSP. */
export async function syncGroup(group: string[], job: GroupJob): Promise<Outcome[]> {
  let lease = job.lease ?? null;
  let outcomes: Outcome[] = [];
  try {
    const { fresh, stale } = splitByAge(group, job, await currentSnapshots(job), job.freshForMs);
    outcomes = fresh;
    if (stale.length === 0) return outcomes;
    let failedMeanwhile = new Map<string, { code: string; message: string }>();
    if (!lease) ({ lease, failedMeanwhile } = await waitForLease(job.database, stale, job.context));
    const base = await currentSnapshots(job);
    // Who waited for another fetch of the same TDSP takes its result, even when told to insist.
    const waited = splitByAge(stale, { ...job, forced: new Set() }, base, 0);
    const shared = waited.fresh.map((outcome) => ({ ...outcome, status: 'shared' as const }));
    const failed = waited.stale.flatMap((duns) => {
      const failure = failedMeanwhile.get(duns);
      return failure ? sharedFailure(duns, failure) : [];
    });
    const left = waited.stale.filter((duns) => !failedMeanwhile.has(duns));
    outcomes = [...fresh, ...shared, ...failed];
    if (left.length > 0) outcomes = [...outcomes, ...(await fetchAndPublish(left, { ...job, base }))];
  } catch (error) {
    const status = job.context.signal.aborted ? 'stopped' : 'failed';
    outcomes = group.map((tdsp_duns) => failedOutcome(tdsp_duns, status, error));
  } finally {
    await lease?.release(outcomes.flatMap(toLeaseResult));
  }
  await noteDays(job.database, outcomes);
  return outcomes;
}

/** Beside the publishes and not in them: the plans are published whatever becomes of it, and the next one makes up for it. */
async function noteDays(database: Database, outcomes: readonly Outcome[]): Promise<void> {
  const tdsps = outcomes.filter(({ status }) => status === 'published').map(({ tdsp_duns }) => tdsp_duns);
  if (tdsps.length > 0) await refreshDailyRateIndex(database, { tdsps }).catch(() => {});
}

/** What those who come next must know; what was not tried says nothing. */
function toLeaseResult({ tdsp_duns, status, error_code, message, retry_at }: Outcome): LeaseResult[] {
  if (status === 'published' || status === 'unchanged') return [{ tdsp_duns, error: null }];
  if (status !== 'failed' && status !== 'held') return [];
  // The gate let no call pass: that is no failure of the TDSP, and the gate knows for how long.
  if (retry_at !== null || error_code === 'sync_halted') return [];
  return [{ tdsp_duns, error: { code: error_code ?? 'internal_error', message: message ?? '' } }];
}

async function currentSnapshots({ database }: Pick<GroupJob, 'database'>): Promise<Map<string, Snapshot>> {
  return new Map((await readCurrentSnapshots(database.pool)).map((one) => [one.tdsp_duns, one]));
}

/** Which TDSPs were confirmed within `freshForMs` before the run started, or later. */
function splitByAge(
  group: string[],
  { startedAt, forced, source }: Pick<GroupJob, 'startedAt' | 'forced' | 'source'>,
  snapshots: Map<string, Snapshot>,
  freshForMs: number,
): { fresh: Outcome[]; stale: string[] } {
  const limit = startedAt.getTime() - freshForMs;
  const fresh: Outcome[] = [];
  const stale: string[] = [];
  for (const tdsp_duns of group) {
    const snapshot = snapshots.get(tdsp_duns);
    // Plans from elsewhere are not what was asked for, however young.
    const isForced = forced.has(tdsp_duns);
    if (
      !isForced &&
      snapshot &&
      snapshot.origin === source.origin &&
      snapshot.observed_at.getTime() >= limit
    ) {
      fresh.push(untouchedOutcome(tdsp_duns, 'fresh', snapshot.version));
    } else {
      stale.push(tdsp_duns);
    }
  }
  return { fresh, stale };
}
