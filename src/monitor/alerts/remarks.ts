/** How many remarks the data of the stored plans deserve, by rule. */

import { setImmediate as nextTurn } from 'node:timers/promises';
import { remarksInSteps } from '../../plan/quality/quality.ts';
import { readActivePlanSet } from '../../store/plans/plans.ts';
import { readRecentPast } from '../../store/plans/recent-past.ts';
import { readCurrentSnapshots } from '../../store/plans/snapshots.ts';
import type { Queryable } from '../../store/postgres/database.ts';

/** Every rule that has any. */
export async function countRemarks(queryable: Queryable): Promise<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const { tdsp_duns } of await readCurrentSnapshots(queryable)) {
    const set = await readActivePlanSet(queryable, tdsp_duns);
    if (!set) continue;
    for (const remarks of remarksInSteps(set.plans, await readRecentPast(queryable, tdsp_duns))) {
      for (const { rule } of remarks) counts[rule] = (counts[rule] ?? 0) + 1;
      // Readers are answered by the same thread.
      await nextTurn();
    }
  }
  return counts;
}
