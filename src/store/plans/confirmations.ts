import type { Queryable } from '../postgres/database.ts';

/**
 * When an upstream confirmed the plans of each TDSP: every time since `since`, and the last one before. As far as runs
 * are kept; what came before the oldest of them nobody knows.
 */
export async function readConfirmations(queryable: Queryable, since: Date): Promise<Map<string, Date[]>> {
  const { rows } = await queryable.query<{ tdsp_duns: string; confirmed_at: Date[] }>(
    `select t.duns as tdsp_duns, array(
              select finished_at from sync_results
               where tdsp_duns = t.duns and finished_at > $1 and status in ('published', 'unchanged')
              union
              (select finished_at from sync_results
                where tdsp_duns = t.duns and finished_at <= $1 and status in ('published', 'unchanged')
                order by finished_at desc limit 1)
              union
              (select observed_at from plan_snapshots where tdsp_duns = t.duns order by version desc limit 1)
              order by 1) as confirmed_at
       from tdsps t`,
    [since],
  );
  return new Map(rows.map(({ tdsp_duns, confirmed_at }) => [tdsp_duns, confirmed_at]));
}
