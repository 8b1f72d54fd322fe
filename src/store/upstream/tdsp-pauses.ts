/** A TDSP that fails while others do not is left alone for a while. That the upstream fails as a whole its gate finds out. */

import type { Queryable } from '../postgres/database.ts';

/** The channel on which every process hears that a fetch failed: a reader that waits for it need not go on. The payload is the DUNS. */
export const FETCH_FAILED = 'wattsync_fetch_failed';

/** After the first failure 30 s, doubling to ten minutes; not all at the same moment. */
const PAUSE = 'make_interval(secs => least(600, 30 * 2 ^ least(failures, 10)) * (0.95 + 0.05 * random()))';

/** How the fetches of some TDSPs ended; those that were not tried are in neither list. */
export interface FetchEnds {
  failed: readonly string[];
  succeeded: readonly string[];
}

/** Remembers failures for those that come next, and tells those that wait. */
export async function writePauses(queryable: Queryable, { failed, succeeded }: FetchEnds): Promise<void> {
  if (succeeded.length > 0) {
    await queryable.query(
      `delete from tdsp_pauses where tdsp_duns in
         (select tdsp_duns from tdsp_pauses where tdsp_duns = any($1) order by tdsp_duns for update)`,
      [succeeded],
    );
  }
  if (failed.length === 0) return;
  await queryable.query(
    `with next as (
       select d as tdsp_duns, coalesce(p.failures, 0) as failures
         from unnest($1::text[]) d left join tdsp_pauses p on p.tdsp_duns = d
     ), paused as (
       insert into tdsp_pauses (tdsp_duns, failures, not_before)
       select tdsp_duns, failures + 1, clock_timestamp() + ${PAUSE} from next
        -- In one order everywhere: two that write several never wait for each other in a circle.
        order by tdsp_duns
       on conflict (tdsp_duns) do update set failures = excluded.failures, not_before = excluded.not_before
       returning tdsp_duns
     )
     select pg_notify($2, tdsp_duns) from paused`,
    [failed, FETCH_FAILED],
  );
}

/** Whether fetches of this TDSP failed lately, so that only somebody who insists tries it again. */
export async function isTdspPaused(queryable: Queryable, duns: string): Promise<boolean> {
  const { rowCount } = await queryable.query(
    'select from tdsp_pauses where tdsp_duns = $1 and not_before > clock_timestamp()',
    [duns],
  );
  return rowCount === 1;
}

/** The upstream is there again: what failed while it was not is no longer a reason to wait. */
export async function forgetPauses(queryable: Queryable): Promise<void> {
  await queryable.query(
    `delete from tdsp_pauses where tdsp_duns in (select tdsp_duns from tdsp_pauses order by tdsp_duns for update)`,
  );
}
