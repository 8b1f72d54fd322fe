/** What PostgreSQL itself knows about statements: pg_stat_statements, where it is loaded and may be read. */

import type { Queryable } from '../../postgres/database.ts';
import type { NamedText } from '../../postgres/query-recorder.ts';

interface Statement {
  /** Who sends it, where that is known: `plans.readActivePlanSet`. */
  name: string | null;
  text: string;
  calls: number;
  rows: number;
  total_ms: number;
  mean_ms: number;
  max_ms: number;
  /** Share of the pages that came from shared_buffers; `null` where none was read. */
  hit_rate: number | null;
  wal_bytes: number;
}

export type Statements =
  | { available: true; since: Date; statements: Statement[] }
  | { available: false; reason: string };

const REASONS: Record<string, string> = {
  '42P01': 'the extension is not there: as an administrator, create extension pg_stat_statements',
  '55000': 'it is not loaded: add it to shared_preload_libraries and restart PostgreSQL',
  '42501': 'this role may not read it (grant it pg_read_all_stats)',
};

/** Those that took most time in this database, at most `limit`. */
export async function readStatements(
  queryable: Queryable,
  texts: readonly NamedText[],
  limit: number,
): Promise<Statements> {
  try {
    const { rows: info } = await queryable.query<{ since: Date }>(
      'select stats_reset as since from pg_stat_statements_info',
    );
    const { rows } = await queryable.query<Statement>(
      `select null as name, s.query as text, sum(s.calls)::float8 as calls, sum(s.rows)::float8 as rows,
              sum(s.total_exec_time) as total_ms, sum(s.total_exec_time) / sum(s.calls) as mean_ms,
              max(s.max_exec_time) as max_ms,
              sum(s.shared_blks_hit)::float8 / nullif(sum(s.shared_blks_hit + s.shared_blks_read), 0) as hit_rate,
              sum(s.wal_bytes)::float8 as wal_bytes
         from pg_stat_statements s
        where s.dbid = (select oid from pg_database where datname = current_database()) and s.calls > 0
        group by s.query order by sum(s.total_exec_time) desc limit $1`,
      [limit],
    );
    const names = new Map(texts.map(({ name, text }) => [skeleton(text), name]));
    const statements = rows.map((row) => ({ ...row, name: names.get(skeleton(row.text)) ?? null }));
    return { available: true, since: info[0]!.since, statements };
  } catch (error) {
    const { code = '', message } = error as { code?: string; message: string };
    return { available: false, reason: REASONS[code] ?? message };
  }
}

/**
 * A statement without its values: PostgreSQL puts `$7` where a constant stood, wattsync sent both constants and `$1`.
 * Comments, white space and the number of values in a list do not count either.
 */
export function skeleton(text: string): string {
  return text
    .replace(/--[^\n]*/g, ' ')
    .replace(/\/\*.*?\*\//gs, ' ')
    .replace(/'(?:[^']|'')*'/g, '?')
    .replace(/\$\d+/g, '?')
    .replace(/\b(?:null|true|false)\b/gi, '?')
    .replace(/(?<![\w.])\d+(?:\.\d+)?(?:e[+-]?\d+)?/gi, '?')
    .replace(/\s+/g, ' ')
    .trim()
    .toLowerCase();
}
