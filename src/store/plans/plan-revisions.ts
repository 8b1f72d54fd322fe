/**
 * Plan sets of the past. A row of `electricity_plans` says since which version of its TDSP it is so; what it was
 * before lies in `plan_revisions` with the versions it was on sale in. So a first insert costs nothing more, a
 * publish that changes three plans writes three rows more, and the set of any version is the rows that were valid in
 * it. `plan_snapshots.set_hash` was made when the set was published: a set that does not fit it is not handed out.
 *
 *   version        4         5         6         7
 *   plan a    [ since 4, until null ................   electricity_plans, on sale
 *   plan b    [ 4 ─────────────── 6 )[ since 6 .....   plan_revisions, then electricity_plans
 *   plan c    [ since 4, until 6 )                     electricity_plans, not on sale any more
 */

import { planHash, planSetHash } from '../../plan/content.ts';
import { PLAN_COLUMNS, rowToPlan } from '../../plan/fields.ts';
import type { PlanSet } from '../../plan/plan-set.ts';
import type { Queryable } from '../postgres/database.ts';

/** A published version, and since when it was the current one. */
export interface PastVersion {
  tdsp_duns: string;
  version: number;
  published_at: Date;
  /** When the upstream last confirmed it. */
  observed_at: Date;
  /** A newer one was published since. */
  is_superseded: boolean;
  set_hash: string;
}

/**
 * Which version each of these TDSPs had at a time. One that had none yet is left out. One that a clock ahead of the others
 * put into the future was replaced before it began: it was current at no time that anybody can ask about.
 */
export async function readVersionsAt(
  queryable: Queryable,
  tdsps: readonly string[],
  at: Date,
): Promise<PastVersion[]> {
  const { rows } = await queryable.query<PastVersion>({
    name: 'read versions at',
    text: `select s.tdsp_duns, s.version, s.published_at, s.observed_at, s.set_hash,
              exists (select from plan_snapshots n where n.tdsp_duns = s.tdsp_duns and n.version > s.version) as is_superseded
       from unnest($1::text[]) with ordinality as wanted (duns, place) cross join lateral (
         select * from plan_snapshots where tdsp_duns = wanted.duns and published_at <= $2
            and (superseded_at is null or superseded_at > $2)
          order by published_at desc, version desc limit 1
       ) s
      order by wanted.place`,
    values: [tdsps, at],
  });
  return rows;
}

/** When the first snapshot of the last of these TDSPs was published; `null` where one has none. */
export async function readFirstPublished(
  queryable: Queryable,
  tdsps: readonly string[],
): Promise<Date | null> {
  const { rows } = await queryable.query<{ first: Date | null }>(
    `select max(first.published_at) as first
       from unnest($1::text[]) as wanted (duns) left join lateral (
         select published_at from plan_snapshots where tdsp_duns = wanted.duns order by version limit 1
       ) first on true
     having count(*) = count(first.published_at)`,
    [tdsps],
  );
  return rows[0]?.first ?? null;
}

/**
 * The plan set of a TDSP as it was published with this version.
 * @returns `null` where there is no such version, `'not_kept'` where it cannot be rebuilt to the byte
 */
export async function rebuildPlanSet(
  queryable: Queryable,
  duns: string,
  version: number,
): Promise<PlanSet | 'not_kept' | null> {
  const columns = (table: string) => PLAN_COLUMNS.map(({ name }) => `${table}.${name}`).join(', ');
  type Row = {
    id: string | null;
    set_source: string;
    kept_fields: string[] | null;
    observed_at: Date;
    set_hash: string;
  };
  // One statement, so that no publish comes in between: it would move a row from one table to the other.
  const { rows } = await queryable.query<Row>({
    name: 'rebuild plan set',
    text: `select s.source as set_source, s.kept_fields, s.observed_at, s.set_hash, true as is_active, p.*
       from plan_snapshots s left join lateral (
         select ${columns('p')} from electricity_plans p
          where p.tdsp_duns = $1 and p.since_version <= $2 and (p.is_active or p.until_version > $2)
         union all
         select ${columns('r')} from plan_revisions r
          where r.tdsp_duns = $1 and r.to_version > $2 and r.from_version <= $2
       ) p on true
      where s.tdsp_duns = $1 and s.version = $2
      order by p.rate_1000kwh, p.id`,
    values: [duns, version],
  });
  const [first] = rows;
  if (!first) return null;
  const plans = first.id === null ? [] : rows.map(rowToPlan);
  // Rows that somebody changed by hand, or removed, would be told from here on as if they had been published.
  if (first.set_hash !== planSetHash(plans.map(planHash))) return 'not_kept';
  const { set_source: source, observed_at, kept_fields } = first;
  return {
    tdsp_duns: duns,
    version,
    source,
    observed_at: observed_at.toISOString(),
    ...(kept_fields && { kept_fields }),
    plans,
  };
}

/** The TDSPs in which a plan with this id, or an offer, is or was sold: one, or none. */
export async function readTdspsOfPlan(queryable: Queryable, id: string): Promise<string[]> {
  const { rows } = await queryable.query<{ tdsp_duns: string }>(
    `select tdsp_duns from electricity_plans where id = $1
     union select tdsp_duns from offers where id = $1
     union select tdsp_duns from plan_revisions where id = $1`,
    [id],
  );
  return rows.map(({ tdsp_duns }) => tdsp_duns);
}
