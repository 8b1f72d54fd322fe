/**
 * The fence against late publishers: a process that was frozen while it fetched must not put its older plans over
 * those that another one published meanwhile.
 */

import { WattsyncError } from '../../errors.ts';
import type { Snapshot } from '../../store/plans/snapshots.ts';

/** What was published when a fetch began. */
export type SnapshotBase = Pick<Snapshot, 'version' | 'observed_at'>;

/** A newer snapshot was published or confirmed since the fetch began. */
export class SnapshotSupersededError extends WattsyncError {
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
 * @throws {SnapshotSupersededError}
 */
export function assertNotSuperseded(current: SnapshotBase | null, base: SnapshotBase | null): void {
  const isSame =
    current?.version === base?.version && current?.observed_at.getTime() === base?.observed_at.getTime();
  if (!isSame) throw new SnapshotSupersededError(current?.version ?? 0);
}
