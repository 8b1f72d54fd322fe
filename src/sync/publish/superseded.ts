/**
 * The fence behind the lease: a process that was frozen while it held one, and comes back when another has fetched
 * and published, must not put its older plans over the newer ones.
 */

import { WattsyncError } from '../../errors.ts';
import type { Snapshot } from '../../store/plans/snapshots.ts';

/** What a fetch started from. */
export type SnapshotBase = Pick<Snapshot, 'version' | 'observed_at'>;

/** Somebody else published, or confirmed what is published, since the fetch began. */
export class SnapshotOvertakenError extends WattsyncError {
  readonly code = 'snapshot_overtaken';
  readonly retryable = true;
  readonly version: number;

  constructor(version: number) {
    super(`Version ${version} was published or confirmed by another process while this one was fetching`);
    this.version = version;
  }
}

/**
 * @param current as it is under the lock of the publish
 * @throws {SnapshotOvertakenError}
 */
export function refuseOvertaken(current: SnapshotBase | null, base: SnapshotBase | null): void {
  const isSame =
    current?.version === base?.version && current?.observed_at.getTime() === base?.observed_at.getTime();
  if (!isSame) throw new SnapshotOvertakenError(current?.version ?? 0);
}
