/** The TDSPs that one upstream call covers, from the question whether they need one to what was published. */

import type { FetchContext, PlanSource } from '../../sources/source.ts';
import { refreshDailyRateIndex } from '../../store/market/refresh-daily-rate-index.ts';
import { readCurrentSnapshots, type Snapshot } from '../../store/plans/snapshots.ts';
import type { Database } from '../../store/postgres/database.ts';
import { failedOutcome, type Outcome, untouchedOutcome } from '../publish/outcome.ts';
import type { Publisher } from '../publish/publisher.ts';

interface GroupJob {
  database: Database;
  publisher: Publisher;
  source: PlanSource;
  context: FetchContext;
  /** A plan set of this upstream confirmed since then is not fetched again. */
  freshSince: Date;
  /** TDSPs for which freshness does not count; the guard always does. */
  forced: ReadonlySet<string>;
}

/** Never throws: what went wrong is in the outcomes, one for each TDSP. */
export async function syncGroup(group: readonly string[], job: GroupJob): Promise<Outcome[]> {
  const { database, publisher, source, context, freshSince, forced } = job;
  try {
    const snapshots = await readCurrentSnapshots(database.pool);
    const base = new Map(snapshots.map((one) => [one.tdsp_duns, one]));
    const isFresh = (duns: string, snapshot: Snapshot | undefined): snapshot is Snapshot =>
      snapshot !== undefined &&
      !forced.has(duns) &&
      // Plans from elsewhere are not what was asked for, however young.
      snapshot.origin === source.origin &&
      snapshot.observed_at >= freshSince;
    const fresh: Outcome[] = [];
    const stale: string[] = [];
    for (const duns of group) {
      const snapshot = base.get(duns);
      if (isFresh(duns, snapshot)) fresh.push(untouchedOutcome(duns, 'fresh', snapshot.version));
      else stale.push(duns);
    }
    if (stale.length === 0) return fresh;
    const fetched = await publisher.fetchAndPublish(stale, { source, context, base });
    await refreshDays(database, fetched);
    return [...fresh, ...fetched];
  } catch (error) {
    const status = context.signal.aborted ? 'stopped' : 'failed';
    return group.map((tdsp_duns) => failedOutcome(tdsp_duns, status, error));
  }
}

/** The plans are published whatever becomes of it, and the next publish makes up for it. */
async function refreshDays(database: Database, outcomes: readonly Outcome[]): Promise<void> {
  const tdsps = outcomes.filter(({ status }) => status === 'published').map(({ tdsp_duns }) => tdsp_duns);
  if (tdsps.length > 0) await refreshDailyRateIndex(database, { tdsps }).catch(() => {});
}
