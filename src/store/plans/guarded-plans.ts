/** What the guard compares a new snapshot with: earlier versions of the same TDSP, as much of them as it looks at. */

import type { Queryable } from '../postgres/database.ts';

/** A plan as the guard sees it, stored or new. */
export interface GuardedPlan {
  external_id: string;
  provider_name: string;
  name: string;
  term_months: number | null;
  rate_type: string | null;
  percent_green: number | null;
  rate_500kwh: number | null;
  rate_1000kwh: number | null;
  rate_2000kwh: number | null;
  early_termination_fee_usd: number | null;
  early_termination_fee_per_month_usd: number | null;
  early_termination_fee_text: string | null;
  is_prepaid: boolean | null;
  is_time_of_use: boolean | null;
  has_minimum_usage_fee: boolean | null;
  fees_text: string | null;
  has_spanish: boolean;
  efl_url: string | null;
  enroll_url: string | null;
}

const COLUMNS = `external_id, provider_name, name, term_months, rate_type, percent_green, rate_500kwh, rate_1000kwh, rate_2000kwh,
  early_termination_fee_usd, early_termination_fee_per_month_usd, early_termination_fee_text, is_prepaid, is_time_of_use, has_minimum_usage_fee, fees_text,
  translations ? 'es' as has_spanish, efl_url, enroll_url`;

/** The plans of a version. */
export async function readGuardedPlans(
  queryable: Queryable,
  duns: string,
  version: number,
): Promise<GuardedPlan[]> {
  const { rows } = await queryable.query<GuardedPlan>({
    name: 'read guarded plans',
    text: `select ${COLUMNS} from electricity_plans
        where tdsp_duns = $1 and since_version <= $2 and (is_active or until_version > $2)
       union all
       select ${COLUMNS} from plan_revisions
        where tdsp_duns = $1 and to_version > $2 and from_version <= $2`,
    values: [duns, version],
  });
  return rows;
}

/** How a version came to be published. */
export type PassedAs =
  /** The guard let it pass. */
  | 'judged'
  /** An operator published what the guard had held back. */
  | 'overridden'
  /** An operator put an earlier version back. */
  | 'reverted'
  /** The guard held it and what agreed with it for longer than what was published had lasted. */
  | 'outlasted';

/** A version published lately. */
export interface RecentVersion {
  version: number;
  content_hash: string;
  passed_as: PassedAs;
  /** It had records that could not be read. */
  has_unread: boolean;
  plans: number;
  median_rate: number | null;
  published_at: Date;
}

interface RecentQuestion {
  tdsp_duns: string;
  source: string;
  content_hash: string;
  since: Date;
}

/**
 * Versions published by a source since a time, the newest first: the newest ten, the last one of each day, and those that had
 * just this content. The newest of all is always among them.
 */
export async function readRecentVersions(
  queryable: Queryable,
  { tdsp_duns, source, content_hash, since }: RecentQuestion,
): Promise<RecentVersion[]> {
  const { rows } = await queryable.query<RecentVersion>({
    name: 'read recent versions',
    text: `select version, content_hash, passed_as, has_unread, plans, median_rate, published_at
       from (
         select *, unread is not null as has_unread, row_number() over (order by version desc) as place,
                row_number() over (partition by published_at::date order by version desc) as place_in_day
           from plan_snapshots
          where tdsp_duns = $1 and source = $2 and (published_at >= $3 or superseded_at is null)
       ) s
      where place <= 10 or place_in_day = 1 or content_hash = $4 order by version desc`,
    values: [tdsp_duns, source, since, content_hash],
  });
  return rows;
}

/** How long the published plans of a source have been what the guard let pass: since its last change of mind. */
export async function readPublishedSpan(
  queryable: Queryable,
  { tdsp_duns, source, since }: Omit<RecentQuestion, 'content_hash'>,
): Promise<number> {
  const { rows } = await queryable.query<{ ms: number | null }>(
    `select 1000 * extract(epoch from max(observed_at) - min(published_at))::float8 as ms from plan_snapshots
      where tdsp_duns = $1 and source = $2 and (published_at >= $3 or superseded_at is null)
        and version >= coalesce(
          (select max(version) from plan_snapshots where tdsp_duns = $1 and passed_as in ('overridden', 'outlasted')), 0)`,
    [tdsp_duns, source, since],
  );
  return rows[0]?.ms ?? 0;
}

/** How many of these ids are known from another TDSP and never were from this one. */
export async function countForeignIds(
  queryable: Queryable,
  { tdsp_duns, source, ids }: { tdsp_duns: string; source: string; ids: readonly string[] },
): Promise<number> {
  const { rows } = await queryable.query<{ n: number }>({
    name: 'count foreign ids',
    text: `select count(distinct external_id)::int as n
       from unnest($2::text[]) as wanted (external_id) join electricity_plans p using (external_id)
      where p.tdsp_duns <> $1 and p.source = $3
        and not exists (select from electricity_plans own where own.external_id = wanted.external_id and own.tdsp_duns = $1)`,
    values: [tdsp_duns, ids, source],
  });
  return rows[0]!.n;
}
