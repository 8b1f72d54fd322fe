/** One market in a database: plans of another source never replace what is stored because of a forgotten setting. */

import { WattsyncError } from '../../errors.ts';
import type { Snapshot } from '../../store/plans/snapshots.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { readConfirmedOrigin } from '../../store/queue/confirmed-origin.ts';

/** Plans came from another source than those that are stored. */
class SourceChangedError extends WattsyncError {
  readonly code = 'source_changed';
  readonly retryable = false;
}

const nameOf = (source: string): string => (source === 'sandbox' ? 'sandbox (invented plans)' : source);

/**
 * The same source at another address, or another file of it, passes: the guard compares the two.
 * @throws {SourceChangedError} unless the change was confirmed
 */
export async function assertSameSource(
  queryable: Queryable,
  current: Snapshot | null,
  { source, origin }: Pick<Snapshot, 'source' | 'origin'>,
): Promise<void> {
  if (!current || current.source === source) return;
  if ((await readConfirmedOrigin(queryable)) === origin) return;
  throw new SourceChangedError(
    `The stored plans are from ${nameOf(current.source)}, and these came from ${nameOf(source)} at ${origin}: they were not ` +
      'published. Correct PLAN_SOURCE, or replace the stored plans on purpose with: npm run sync:full -- --change-source',
  );
}
