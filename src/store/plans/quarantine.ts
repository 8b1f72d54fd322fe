/**
 * Records that could not become plans, and fields nobody told us about.
 *
 * A record is kept once for each thing that is wrong with it, and is open until it is read as a plan or not sent any
 * more. While the body it came in comes again unchanged nothing is written: the time of the body says when the record
 * was last seen. Of each TDSP the youngest thousand are kept; all of them lie in `source_payloads` besides.
 */

import { hash } from 'node:crypto';
import { toJsonb } from '../postgres/copy.ts';
import type { Queryable } from '../postgres/database.ts';

interface QuarantinedRecord {
  external_id: string | null;
  field: string;
  value: unknown;
  reason: string;
  record: unknown;
}

/** Where the records of one TDSP came from. */
interface QuarantineOrigin {
  source: string;
  tdsp_duns: string;
  run_id: number;
  /** `null`: the body is not kept. */
  payload_hash: string | null;
  now: Date;
}

const MOST_PER_TDSP = 1_000;

const recordHash = ({ field, reason, record }: QuarantinedRecord): string =>
  hash('md5', toJsonb([field, reason, record]), 'hex');

/** Keeps every rejected record once, and counts in how many bodies it came. */
export async function quarantine(
  queryable: Queryable,
  { source, tdsp_duns, run_id, payload_hash, now }: QuarantineOrigin,
  records: readonly QuarantinedRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const rows = new Map(
    records.map((record) => {
      const { external_id, field, value, reason } = record;
      const facts = { external_id, field, value: value ?? null, reason, record: record.record ?? null };
      const record_hash = recordHash(record);
      return [record_hash, { record_hash, ...facts }];
    }),
  );
  const { rows: written } = await queryable.query<{ is_new: boolean }>(
    `insert into quarantined_records as q (source, tdsp_duns, record_hash, external_id, field, value, reason, record,
       times, first_seen_at, last_seen_at, last_run_id, payload_hash)
     select $1, $2, record_hash, external_id, field, value, reason, coalesce(record, 'null'), 1, $4, $4, $3, $6
       from jsonb_to_recordset($5::jsonb)
         as r (record_hash text, external_id text, field text, value jsonb, reason text, record jsonb)
      where not exists (
        select from quarantined_records k
         where k.source = $1 and k.tdsp_duns = $2 and k.record_hash = r.record_hash and k.payload_hash = $6
           and k.resolved_at is null)
     on conflict (source, tdsp_duns, record_hash) do update set
       times = q.times + 1, last_seen_at = excluded.last_seen_at, last_run_id = excluded.last_run_id,
       payload_hash = excluded.payload_hash, resolved_at = null, resolved_by = null, resolved_run_id = null,
       resolution = null
     returning q.times = 1 as is_new`,
    [source, tdsp_duns, run_id, now, toJsonb([...rows.values()]), payload_hash],
  );
  if (written.some(({ is_new }) => is_new)) await dropOldest(queryable, source, tdsp_duns);
}

async function dropOldest(queryable: Queryable, source: string, duns: string): Promise<void> {
  await queryable.query(
    `delete from quarantined_records where id in (
       select id from quarantined_records where source = $1 and tdsp_duns = $2
        order by resolved_at is null desc, last_seen_at desc, id desc offset $3)`,
    [source, duns, MOST_PER_TDSP],
  );
}

/**
 * Closes what is not rejected any more: read as a plan now, rejected for another reason, or not sent again.
 * @param by who found out: `sync`, or `replay` after a fix
 * @returns how many were closed
 */
export async function resolveQuarantine(
  queryable: Queryable,
  { source, tdsp_duns, run_id, now }: Omit<QuarantineOrigin, 'payload_hash'>,
  found: { rejected: readonly QuarantinedRecord[]; plans: readonly string[] },
  by: 'sync' | 'replay',
): Promise<number> {
  const { rowCount } = await queryable.query(
    `update quarantined_records set resolved_at = $3, resolved_by = $4, resolved_run_id = $5,
            resolution = case when external_id = any($6) then 'readable' when external_id = any($7) then 'restated'
                              else 'gone' end
      where source = $1 and tdsp_duns = $2 and resolved_at is null and not record_hash = any($8)`,
    [
      source,
      tdsp_duns,
      now,
      by,
      run_id,
      found.plans,
      found.rejected.map(({ external_id }) => external_id),
      found.rejected.map(recordHash),
    ],
  );
  return rowCount ?? 0;
}

/** A record that is rejected, or was. */
export interface KeptRecord {
  tdsp_duns: string;
  external_id: string | null;
  field: string;
  reason: string;
  times: number;
  first_seen_at: Date;
  last_seen_at: Date;
}

/** Those that are still rejected, the one that came last first. */
export async function readOpenRecords(queryable: Queryable, tdsps: readonly string[]): Promise<KeptRecord[]> {
  const { rows } = await queryable.query<KeptRecord>(
    `select q.tdsp_duns, q.external_id, q.field, q.reason, q.times, q.first_seen_at,
            greatest(q.last_seen_at, p.last_seen_at) as last_seen_at
       from quarantined_records q left join source_payloads p on p.hash = q.payload_hash
      where q.tdsp_duns = any($1) and q.resolved_at is null
      order by q.tdsp_duns, last_seen_at desc, q.external_id`,
    [tdsps],
  );
  return rows;
}

/** A record of the current source whose plan is not on sale. */
export interface UnreadRecord {
  /** As the upstream numbers it; `null` where not even that can be read. */
  external_id: string | null;
  field: string;
  value: unknown;
  /** Follows the name of the field: `is empty`. In English. */
  reason: string;
}

/** More than any file had. */
const MOST_TOLD = 20;

/** Those whose plan is not on sale as it was read before. */
export async function readUnreadRecords(queryable: Queryable, duns: string): Promise<UnreadRecord[]> {
  const { rows } = await queryable.query<UnreadRecord>(
    `select q.external_id, q.field, q.value, q.reason
       from quarantined_records q
      where q.tdsp_duns = $1 and q.resolved_at is null
        and q.source = (select source from plan_snapshots where tdsp_duns = $1 order by version desc limit 1)
        and not exists (
          select from electricity_plans p
           where p.tdsp_duns = $1 and p.is_active and q.external_id in (p.external_id, p.spanish_external_id))
      order by q.external_id, q.field, q.id limit $2`,
    [duns, MOST_TOLD],
  );
  return rows;
}

/**
 * Notes fields that an upstream added or dropped.
 * @returns those noted for the first time
 */
export async function noteSchemaDrift(
  queryable: Queryable,
  source: string,
  fields: string[],
  now: Date,
): Promise<string[]> {
  if (fields.length === 0) return [];
  const { rows } = await queryable.query<{ field: string; is_new: boolean }>(
    `insert into schema_drift as d (source, field, first_seen_at, last_seen_at)
     select $1, field, $3, $3 from (select distinct unnest($2::text[]) as field) f order by field
     on conflict (source, field) do update set last_seen_at = excluded.last_seen_at
     returning field, first_seen_at = last_seen_at as is_new`,
    [source, fields, now],
  );
  return rows.filter((row) => row.is_new).map((row) => row.field);
}

export interface QuarantineGrowth {
  /** Records seen for the first time within a day, and on an average day of the week before. */
  last_day: number;
  per_day_before: number;
  /** The most frequent reason of the last day; `null` without any. */
  most_frequent: { field: string; reason: string; records: number } | null;
}

export async function readQuarantineGrowth(queryable: Queryable): Promise<QuarantineGrowth> {
  const { rows } = await queryable.query<QuarantineGrowth>(
    `with recent as (
       select field, reason, first_seen_at > now() - interval '1 day' as is_new from quarantined_records
        where first_seen_at > now() - interval '8 days'
     )
     select count(*) filter (where is_new)::int as last_day,
            count(*) filter (where not is_new)::float8 / 7 as per_day_before,
            (select jsonb_build_object('field', field, 'reason', reason, 'records', count(*))
               from recent where is_new group by field, reason order by count(*) desc, field, reason limit 1) as most_frequent
       from recent`,
  );
  return rows[0]!;
}

/**
 * Of each TDSP, how many of its plans are there more than once at different rates: same provider, name and term. In the
 * exports of 2026 none is; of plans that were sold by ZIP code most would be.
 */
export async function readRepeatedPlans(
  queryable: Queryable,
): Promise<{ tdsp_duns: string; plans: number; repeated: number }[]> {
  const { rows } = await queryable.query<{ tdsp_duns: string; plans: number; repeated: number }>(
    `with products as (
       select tdsp_duns, count(*) as plans, count(distinct rate_1000kwh) as rates
         from electricity_plans where is_active group by tdsp_duns, provider_id, name, term_months
     )
     select tdsp_duns, sum(plans)::int as plans, coalesce(sum(plans) filter (where rates > 1), 0)::int as repeated
       from products group by tdsp_duns order by tdsp_duns`,
  );
  return rows;
}

/** Fields an upstream added (+) or dropped (-) within these days, as they were first seen. */
export async function readSchemaDrift(
  queryable: Queryable,
  days: number,
): Promise<{ source: string; field: string; first_seen_at: Date }[]> {
  const { rows } = await queryable.query<{ source: string; field: string; first_seen_at: Date }>(
    `select source, field, first_seen_at from schema_drift
      where first_seen_at > now() - make_interval(days => $1) order by first_seen_at desc, source, field`,
    [days],
  );
  return rows;
}
