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
