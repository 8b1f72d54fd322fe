/** Records that could not become plans, and fields nobody told us about. */

import { hash } from 'node:crypto';
import { toJsonb } from './copy.ts';
import type { Queryable } from './database.ts';

export interface QuarantinedRecord {
  external_id: string | null;
  field: string;
  value: unknown;
  reason: string;
  record: unknown;
}

/** Keeps every rejected record once, and counts how often it came. */
export async function quarantine(
  queryable: Queryable,
  from: { source: string; tdsp_duns: string; run_id: number; now: Date },
  records: QuarantinedRecord[],
): Promise<void> {
  if (records.length === 0) return;
  const rows = new Map(
    records.map((record) => {
      const record_hash = hash('md5', toJsonb([record.field, record.reason, record.record]), 'hex');
      return [
        record_hash,
        { record_hash, ...record, value: record.value ?? null, record: record.record ?? null },
      ];
    }),
  );
  await queryable.query(
    `insert into quarantined_records as q (source, tdsp_duns, record_hash, external_id, field, value, reason, record,
       times, first_seen_at, last_seen_at, last_run_id)
     select $1, $2, record_hash, external_id, field, value, reason, coalesce(record, 'null'), 1, $4, $4, $3
       from jsonb_to_recordset($5::jsonb)
         as r (record_hash text, external_id text, field text, value jsonb, reason text, record jsonb)
     on conflict (source, tdsp_duns, record_hash) do update set
       times = q.times + 1, last_seen_at = excluded.last_seen_at, last_run_id = excluded.last_run_id`,
    [from.source, from.tdsp_duns, from.run_id, from.now, toJsonb([...rows.values()])],
  );
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
