/** What exports tell that is read row by row. All of it stays as it is once its time is over. */

import { to as copyTo } from 'pg-copy-streams';
import { MARKET_TIME_ZONE } from '../market/days.ts';
import type { Connection, Queryable } from '../postgres/database.ts';

/** When a market day begins, by the rules of its time zone. */
export async function readDayBegin(queryable: Queryable, day: string): Promise<Date> {
  const { rows } = await queryable.query<{ at: Date }>('select $1::date::timestamp at time zone $2 as at', [
    day,
    MARKET_TIME_ZONE,
  ]);
  return rows[0]!.at;
}

/** The day of the first snapshot there is, and today; `null` where nothing was published yet. */
export async function readMarketDays(queryable: Queryable): Promise<{ first: string; today: string } | null> {
  const { rows } = await queryable.query<{ first: string | null; today: string }>(
    `select (min(published_at) at time zone $1)::date::text as first, (now() at time zone $1)::date::text as today
       from plan_snapshots`,
    [MARKET_TIME_ZONE],
  );
  const { first, today } = rows[0]!;
  return first === null ? null : { first, today };
}

export interface SnapshotAbout {
  tdsp_duns: string;
  version: number;
  source: string;
  published_at: Date;
  set_hash: string;
  plans: number;
  /** Records of it that could not be read, whose plans stayed as they were. */
  unread: number;
}

/** @param versions pairs of a DUNS and a version */
export async function readSnapshotsAbout(
  queryable: Queryable,
  versions: readonly { tdsp_duns: string; version: number }[],
): Promise<SnapshotAbout[]> {
  const { rows } = await queryable.query<SnapshotAbout>(
    `select s.tdsp_duns, s.version, s.source, s.published_at, s.set_hash, s.plans, coalesce(cardinality(s.unread), 0) as unread
       from unnest($1::text[], $2::bigint[]) w (duns, version)
       join plan_snapshots s on s.tdsp_duns = w.duns and s.version = w.version
      order by s.tdsp_duns`,
    [versions.map(({ tdsp_duns }) => tdsp_duns), versions.map(({ version }) => version)],
  );
  return rows;
}

/** The columns of `daily_rate_index` that tell a rate. */
const INDEX_COLUMNS = [500, 1000, 2000].flatMap((usage) =>
  ['priced', 'min_rate', 'median_rate', 'average_rate'].map((what) => `${what}_${usage}kwh`),
);

/** How the market of each TDSP stood when a day ended: as on the last day on which it changed. */
export async function readIndexOfDay(
  queryable: Queryable,
  tdsps: readonly string[],
  day: string,
): Promise<Record<string, unknown>[]> {
  const { rows } = await queryable.query<Record<string, unknown>>(
    `select i.day::text as changed_on, i.tdsp_duns, i.term, i.rate_type, i.version, i.plans, ${INDEX_COLUMNS.map((name) => `i.${name}`).join(', ')}
       from unnest($1::text[]) w (duns)
       cross join lateral (
         select max(day) as day from daily_rate_index where tdsp_duns = w.duns and term = 'all' and rate_type = 'all' and day <= $2
       ) last
       join daily_rate_index i on i.tdsp_duns = w.duns and i.day = last.day
      order by i.tdsp_duns, i.rate_type, length(i.term), i.term`,
    [tdsps, day],
  );
  return rows;
}

/** Columns of the price history, in the order in which `copyHistory` tells them. */
export const HISTORY_COLUMNS = [
  'id',
  'changed_at',
  'tdsp_duns',
  'offer_id',
  'plan_id',
  'external_id',
  'event',
  'field',
  'from_value',
  'to_value',
  'snapshot_version',
] as const;

/** Whatever the time zone of the session. */
const EPOCH_MS = 'floor(extract(epoch from h.changed_at) * 1000)::bigint';
const NULL = '\\N';
const ESCAPED: Record<string, string> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };
const unescaped = (cell: string): string =>
  cell.replace(/\\(.)/g, (_, sign: string) => ESCAPED[sign] ?? sign);

/**
 * The price history from one time to another, in the order of its ids, a few thousand rows at once, by COPY: rows that are
 * read as rows cost several times as much. Cells are texts as PostgreSQL writes them (times as
 * milliseconds since 1970), `null` where there is nothing.
 */
export async function* copyHistory(
  connection: Connection,
  { from, until, sources, most }: { from: Date; until: Date; sources: readonly string[]; most: number },
): AsyncGenerator<(string | null)[][]> {
  const time = (at: Date) => `'${at.toISOString()}'`;
  const texts = sources.map((source) => `'${source.replaceAll("'", "''")}'`).join(', ');
  // COPY takes no parameters: what is put in are times and names of sources from a list.
  const stream = connection.query(
    copyTo(
      `copy (select ${HISTORY_COLUMNS.map((name) => (name === 'changed_at' ? EPOCH_MS : `h.${name}`)).join(', ')} from plan_price_history h
              where h.changed_at >= ${time(from)} and h.changed_at < ${time(until)}
                and exists (select from plan_snapshots s where s.tdsp_duns = h.tdsp_duns and s.version = h.snapshot_version
                               and s.source in (${texts}))
              order by h.id) to stdout`,
    ),
  );
  stream.setEncoding('utf8');
  let rest = '';
  let rows: (string | null)[][] = [];
  for await (const piece of stream as AsyncIterable<string>) {
    const lines = (rest + piece).split('\n');
    rest = lines.pop()!;
    for (const line of lines) {
      const cells: (string | null)[] = line.split('\t');
      const isEscaped = line.includes('\\');
      if (isEscaped) {
        for (let at = 0; at < cells.length; at++) {
          const cell = cells[at]!;
          cells[at] = cell === NULL ? null : unescaped(cell);
        }
      }
      rows.push(cells);
    }
    if (rows.length >= most) {
      yield rows;
      rows = [];
    }
  }
  if (rows.length > 0) yield rows;
}
