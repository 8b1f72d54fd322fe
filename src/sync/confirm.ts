/**
 * What the upstream says it has not changed is confirmed without having been read again: the time of that knowledge
 * moves, and every process hears of it. No plan is touched, so an upstream that is wrong can make plans seem fresh, but
 * cannot take one away.
 */

import type { PlanSource } from '../sources/source.ts';
import type { Database } from '../store/database.ts';
import { extendPlanCache } from '../store/plan-cache.ts';
import { lockPublish } from '../store/publish-plans.ts';
import { confirmSnapshot, notifyPublished, type Snapshot, type Validators } from '../store/snapshots.ts';
import { refuseOvertaken } from './overtaken.ts';

/**
 * An upstream may call its answer by the old name though it has changed. After so long it is asked for all of it again,
 * whatever it says.
 */
const TRUST_MS = 24 * 3_600_000;

/** What the published plans of all these TDSPs are called by the upstream they came from, if they have one name. */
export function sharedValidators(
  duns: readonly string[],
  base: ReadonlyMap<string, Snapshot>,
  source: Pick<PlanSource, 'origin'>,
  now: Date,
): Validators | null {
  const snapshots = duns.map((one) => base.get(one));
  const known = snapshots[0]?.validators ?? null;
  if (!known || now.getTime() - Date.parse(known.body_at) >= TRUST_MS) return null;
  const isOfAll = snapshots.every(
    (one) =>
      one?.origin === source.origin &&
      one.validators?.request === known.request &&
      one.validators.etag === known.etag &&
      one.validators.last_modified === known.last_modified,
  );
  return isOfAll ? known : null;
}

/** @throws {SnapshotOvertakenError} somebody published since the upstream was asked; nothing was written */
export function confirm(
  database: Database,
  snapshot: Snapshot,
  { now, cacheTtlMs }: { now: Date; cacheTtlMs: number },
): Promise<void> {
  return database.transaction(async (connection) => {
    const { tdsp_duns: duns, version, origin, validators } = snapshot;
    await lockPublish(connection, duns);
    await refuseOvertaken(connection, duns, snapshot);
    await confirmSnapshot(connection, snapshot, { observed_at: now, origin, validators });
    await extendPlanCache(connection, { duns, now, ttlMs: cacheTtlMs });
    await notifyPublished(connection, { tdsp_duns: duns, version, observed_at: now });
  });
}
