/** By which name the upstream may be asked for nothing but what changed. */

import type { PlanSource } from '../../sources/source.ts';
import type { Snapshot, Validators } from '../../store/plans/snapshots.ts';
import { DAY_MS } from '../../units.ts';

/** An upstream may call its answer by the old name though it has changed: after this it is asked for all of it again. */
const TRUST_MS = DAY_MS;

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
