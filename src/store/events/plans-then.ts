/** Single plans as they were in a version: the rows of that version, whether they are current or written over since. */

import { PLAN_COLUMNS, rowToPlan } from '../../plan/fields.ts';
import type { Plan } from '../../plan/plan.ts';
import type { Queryable } from '../postgres/database.ts';

export interface PlanThen {
  tdsp_duns: string;
  external_id: string;
  version: number;
}

/** @returns in the order of the question; `null` where there was none */
export async function readPlansThen(
  queryable: Queryable,
  wanted: readonly PlanThen[],
): Promise<(Plan | null)[]> {
  if (wanted.length === 0) return [];
  const columns = (table: string) => PLAN_COLUMNS.map(({ name }) => `${table}.${name}`).join(', ');
  const { rows } = await queryable.query<Record<string, unknown>>({
    name: 'read plans then',
    text: `select true as is_active, f.*
       from unnest($1::text[], $2::text[], $3::bigint[]) with ordinality as w (duns, external, version, place)
       left join lateral (
         select ${columns('p')} from electricity_plans p
          where p.tdsp_duns = w.duns and p.external_id = w.external
            and p.since_version <= w.version and (p.is_active or p.until_version > w.version)
         union all
         select ${columns('r')} from plan_revisions r
          where r.tdsp_duns = w.duns and r.external_id = w.external
            and r.from_version <= w.version and r.to_version > w.version
         limit 1
       ) f on true
      order by w.place`,
    values: [
      wanted.map(({ tdsp_duns }) => tdsp_duns),
      wanted.map(({ external_id }) => external_id),
      wanted.map(({ version }) => version),
    ],
  });
  return rows.map((row) => (row.id === null ? null : rowToPlan(row)));
}
