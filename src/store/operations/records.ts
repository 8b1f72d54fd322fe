/** Records that could not be read and stored bodies, as a page of operations shows them. */

import type { Queryable } from '../postgres/database.ts';

export interface SeenRecord {
  id: number;
  tdsp_duns: string;
  external_id: string | null;
  field: string;
  value: unknown;
  reason: string;
  /** As the upstream sent it. */
  record: unknown;
  times: number;
  first_seen_at: Date;
  is_open: boolean;
}

/** Records of the bodies that a run read, the ones seen for the first time first. */
export async function readRecordsOfRun(
  queryable: Queryable,
  runId: number,
  limit: number,
): Promise<{ records: SeenRecord[]; total: number }> {
  const { rows } = await queryable.query<SeenRecord & { total: number }>(
    `select q.id, q.tdsp_duns, q.external_id, q.field, q.value, q.reason, q.record, q.times, q.first_seen_at,
            q.resolved_at is null as is_open, count(*) over ()::int as total
       from quarantined_records q
      where q.last_run_id = $1
         or exists (select from sync_results s
                     where s.run_id = $1 and s.tdsp_duns = q.tdsp_duns and s.payload_hash = q.payload_hash)
      order by q.first_seen_at desc, q.id limit $2`,
    [runId, limit],
  );
  return { records: rows.map(({ total: _total, ...record }) => record), total: rows[0]?.total ?? 0 };
}

/** Bytes of stored bodies, by hash. */
export async function readBodySizes(
  queryable: Queryable,
  hashes: readonly string[],
): Promise<Map<string, number>> {
  const { rows } = await queryable.query<{ hash: string; bytes: number }>(
    'select hash, bytes from source_payloads where hash = any($1)',
    [hashes],
  );
  return new Map(rows.map(({ hash, bytes }) => [hash, bytes]));
}
