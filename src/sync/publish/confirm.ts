/**
 * What the upstream says it has not changed is confirmed without having been read again: the time of that knowledge
 * moves, and every process hears of it. No plan is touched, so an upstream that is wrong can make plans seem fresh, but
 * cannot take one away.
 */

import type { PlanSource } from '../../sources/source.ts';
import { fillPlanCache } from '../../store/plans/plan-cache.ts';
import { confirmSnapshot, type Snapshot, type Validators } from '../../store/plans/snapshots.ts';
import type { Database } from '../../store/postgres/database.ts';
import { readControl } from '../../store/queue/sync-control.ts';
import { SyncHaltedError } from '../../store/queue/sync-control-error.ts';
import { SnapshotOvertakenError } from './superseded.ts';

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

/**
 * @throws {SnapshotOvertakenError} somebody published since the upstream was asked; nothing was written
 * @throws {SyncHaltedError} an emergency was declared
 */
export async function confirm(
  database: Database,
  snapshot: Snapshot,
  { now, cacheTtlMs }: { now: Date; cacheTtlMs: number },
): Promise<void> {
  const { tdsp_duns, version, origin, validators } = snapshot;
  const confirmed = await confirmSnapshot(database.pool, snapshot, {
    observed_at: now,
    origin,
    validators,
    payload_hash: null,
    cache_expires_at: new Date(now.getTime() + cacheTtlMs),
  });
  if (confirmed?.is_cached) return;
  if (confirmed) return fillPlanCache(database, tdsp_duns, cacheTtlMs).catch(() => {});
  const control = await readControl(database.pool);
  if (control.state === 'emergency') throw new SyncHaltedError(control);
  throw new SnapshotOvertakenError(version);
}
