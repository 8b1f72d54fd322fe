/** Tables cut into ranges of time: how far ahead they have a place for new rows. */

import type { Queryable } from '../../postgres/database.ts';

export interface PartitionState {
  table: string;
  partitions: string[];
  /** Rows of today have a place until then; `null`: for ever. In the past or now: none have. */
  covered_until: Date | null;
  /** Partition for rows that no range takes. */
  default_partition: string | null;
  default_has_rows: boolean;
}

interface Range {
  table: string;
  partition: string | null;
  /** `FOR VALUES FROM ('2026-11-01 00:00:00+00') TO (MAXVALUE)` or `DEFAULT`. */
  bound: string | null;
}

export async function readPartitions(queryable: Queryable): Promise<PartitionState[]> {
  // Bounds are spelled in the time zone of the session, which the reader has set to UTC.
  const { rows } = await queryable.query<Range>(
    `select p.oid::regclass::text as table, c.oid::regclass::text as partition, pg_get_expr(c.relpartbound, c.oid) as bound
       from pg_partitioned_table t
       join pg_class p on p.oid = t.partrelid
       join pg_namespace n on n.oid = p.relnamespace and n.nspname = current_schema()
       join pg_attribute a on a.attrelid = p.oid and a.attnum = t.partattrs[0]
       left join pg_inherits i on i.inhparent = p.oid
       left join pg_class c on c.oid = i.inhrelid
      where t.partstrat = 'r' and t.partnatts = 1 and a.atttypid in ('timestamptz'::regtype, 'timestamp'::regtype, 'date'::regtype)
      order by 1, 2`,
  );
  const now = new Date();
  const states: PartitionState[] = [];
  for (const [table, ranges] of Map.groupBy(rows, (row) => row.table)) {
    const fallback = ranges.find(({ bound }) => bound === 'DEFAULT')?.partition ?? null;
    states.push({
      table,
      partitions: ranges.flatMap(({ partition }) => partition ?? []),
      covered_until: coveredUntil(
        ranges.flatMap(({ bound }) => parseRange(bound) ?? []),
        now,
      ),
      default_partition: fallback,
      default_has_rows: fallback !== null && (await hasRows(queryable, fallback)),
    });
  }
  return states;
}

interface TimeRange {
  from: number;
  until: number;
}

/** @returns `null` for what is not a range of time */
export function parseRange(bound: string | null): TimeRange | null {
  const [, from, until] = /^FOR VALUES FROM \((.+)\) TO \((.+)\)$/.exec(bound ?? '') ?? [];
  if (from === undefined || until === undefined) return null;
  const at = (text: string): number => {
    if (text === 'MINVALUE') return Number.NEGATIVE_INFINITY;
    if (text === 'MAXVALUE') return Number.POSITIVE_INFINITY;
    const plain = text.replaceAll("'", '').replace(' ', 'T').replace(/\+00$/, 'Z');
    return Date.parse(/[Z+]/.test(plain) || !plain.includes('T') ? plain : `${plain}Z`);
  };
  const range = { from: at(from), until: at(until) };
  return Number.isNaN(range.from) || Number.isNaN(range.until) ? null : range;
}

/** The end of the ranges that follow one another without a gap from now on; now itself where none holds it. */
export function coveredUntil(ranges: readonly TimeRange[], now: Date): Date | null {
  let end = now.getTime();
  for (const { from, until } of ranges.toSorted((a, b) => a.from - b.from)) {
    if (from <= end && until > end) end = until;
  }
  return Number.isFinite(end) ? new Date(end) : null;
}

/** @param table as SQL takes it */
async function hasRows(queryable: Queryable, table: string): Promise<boolean> {
  const { rows } = await queryable.query<{ has: boolean }>(`select exists (select from ${table}) as has`);
  return rows[0]!.has;
}
