/** Tables: empty space, dead rows, statistics, scans, views and partitions. */

import { isMuch, wasteOfTable } from '../../store/upkeep/readings/bloat.ts';
import type { PartitionState } from '../../store/upkeep/readings/partitions.ts';
import type { TableState } from '../../store/upkeep/readings/tables.ts';
import { DAY_MS } from '../../units.ts';
import { countText, MB, percentText, plural, sizeText, spanText } from '../text.ts';
import { known, on, problem, sqlCommand } from './check.ts';

const OPTIMIZE = 'npm run db:optimize';

/** What the planner lacks; `null`: nothing that matters. */
function statisticsGap(
  {
    rows,
    columns_without_statistics: lacking,
    analyzed_seconds,
    changed_since_analyze: changed,
  }: Pick<TableState, 'rows' | 'columns_without_statistics' | 'analyzed_seconds' | 'changed_since_analyze'>,
  rowsLimit: number,
): string | null {
  if (lacking > 0) {
    // Analysed, and yet without: they were removed, or a column is new.
    if (analyzed_seconds !== null && changed < rows) return `no statistics of ${plural(lacking, 'column')}`;
    // A small table needs none, and autovacuum comes within a minute or so.
    return rows >= rowsLimit
      ? `${countText(rows)} rows and no statistics of ${plural(lacking, 'column')}`
      : null;
  }
  // Autovacuum renews them after a tenth has changed: beyond a half it is not coming.
  return rows >= rowsLimit && changed > rows / 2
    ? `${countText(changed)} of ${countText(rows)} rows changed since it was analysed`
    : null;
}

/** Fewer may be a backup, an export, an index being built. */
const SCANS_THAT_TELL = 100;

const dayOf = (time: Date | null): string | undefined => time?.toISOString().slice(0, 10);

const coverageOf = ({ table, default_partition, covered_until }: PartitionState, days: number): string =>
  days <= 0
    ? `${table} has no partition for today: ${default_partition ? `rows go to ${default_partition}` : 'new rows are refused'}`
    : `${table} has partitions only until ${dayOf(covered_until)}, for ${plural(Math.floor(days), 'more day')}`;

export const TABLE_CHECKS = {
  table_bloat: on('tables', (tables, { readings, limits }) => {
    const { table_bloat_warn_percent, table_bloat_warn_mb, table_bloat_bad_mb } = limits;
    const sizeOf = ({ bytes, toast_bytes }: TableState) => bytes + toast_bytes;
    return {
      limit: `< ${table_bloat_warn_percent} % or < ${table_bloat_warn_mb} MB empty`,
      reading: `${plural(tables.length, 'table')}, ${sizeText(tables.reduce((sum, table) => sum + sizeOf(table), 0))}`,
      problems: tables.flatMap((table) => {
        const { name, kind } = table;
        const size = sizeOf(table);
        const wasted = wasteOfTable(table, readings.exact);
        if (!wasted || !isMuch(wasted, size, table_bloat_warn_mb * MB, table_bloat_warn_percent / 100)) {
          return [];
        }
        const live = Math.max(0, size - wasted.bytes);
        return problem(wasted.bytes >= table_bloat_bad_mb * MB ? 'bad' : 'warn', name, {
          reading: `${sizeText(wasted.bytes)} of the ${sizeText(size)} of ${name} hold nothing live (${wasted.isCounted ? 'counted' : 'estimated'})`,
          advice:
            kind === 'materialized view'
              ? 'It is rewritten, which gives the space back.'
              : `New rows use the space again, but every scan and backup reads it. Rewriting the table gives it back; that locks out its readers while some ${sizeText(live)} are copied.`,
          command: `${OPTIMIZE} -- --rewrite ${name}`,
        });
      }),
    };
  }),

  dead_rows: on('tables', (tables, { limits }) => {
    const { dead_rows_warn_percent, dead_rows_warn_rows } = limits;
    const many = tables.filter(
      ({ rows, dead_rows }) =>
        dead_rows >= dead_rows_warn_rows && dead_rows >= (rows * dead_rows_warn_percent) / 100,
    );
    const dead = tables.reduce((sum, { dead_rows }) => sum + dead_rows, 0);
    return {
      limit: `< ${dead_rows_warn_percent} % or < ${countText(dead_rows_warn_rows)} dead`,
      reading: `${plural(dead, 'dead row')} in all`,
      problems: many.flatMap(({ name, rows, dead_rows, vacuumed_seconds }) => {
        const last =
          vacuumed_seconds === null ? 'never vacuumed' : `vacuumed ${spanText(vacuumed_seconds)} ago`;
        return problem('warn', name, {
          reading: `${name} has ${countText(dead_rows)} dead rows beside ${countText(rows)} live ones, ${last}`,
          advice: 'VACUUM makes their space usable again and locks nobody out.',
          command: OPTIMIZE,
        });
      }),
    };
  }),

  autovacuum_per_table: on('tables', (tables) => ({
    limit: 'on for every table',
    reading: 'on for every table',
    problems: tables
      .filter(({ autovacuum_is_off }) => autovacuum_is_off)
      .flatMap(({ name }) =>
        problem('warn', name, {
          reading: `autovacuum is switched off for ${name}`,
          advice: 'Nothing removes its dead rows or renews its statistics.',
          command: sqlCommand(`alter table ${name} reset (autovacuum_enabled)`),
        }),
      ),
  })),

  statistics: on('tables', (tables, { readings, limits }) => {
    const found = tables.flatMap((table) => {
      const gap = statisticsGap(table, limits.statistics_warn_rows);
      return problem(gap === null ? null : 'warn', table.name, {
        reading: `${table.name}: ${gap}`,
        advice: 'The planner guesses how many rows a condition leaves, and may choose a slow way.',
        command: OPTIMIZE,
      });
    });
    const extended = known(readings.missing_extended_statistics) ?? [];
    // Before the first analysis, small tables do without them.
    const isEarly = tables.every(({ analyzed_seconds, is_ours }) => !is_ours || analyzed_seconds === null);
    const isExtendedGap = extended.length > 0 && found.length === 0 && !isEarly;
    const never = tables.filter(({ analyzed_seconds, rows }) => analyzed_seconds === null && rows > 0).length;
    return {
      limit: 'of every table that was analysed or is large',
      reading:
        never > 0 ? `there; ${plural(never, 'small table')} not analysed yet` : 'there and young enough',
      problems: [
        ...found,
        ...problem(isExtendedGap ? 'warn' : null, extended[0] ?? null, {
          reading: `extended statistics were never gathered: ${extended.join(', ')}`,
          advice: 'The planner treats columns that depend on each other as independent.',
          command: OPTIMIZE,
        }),
      ],
    };
  }),

  sequential_scans: on('tables', (tables, { limits }) => {
    const { sequential_scan_warn_percent, sequential_scan_warn_mb } = limits;
    const large = tables.filter(({ bytes }) => bytes >= sequential_scan_warn_mb * MB);
    return {
      limit: `< ${sequential_scan_warn_percent} % of the scans of a table of ${sequential_scan_warn_mb} MB or more`,
      reading: `${plural(large.length, 'table')} of that size`,
      problems: large.flatMap(({ name, rows, seq_scans, seq_rows_read, index_scans, bytes }) => {
        const share = seq_scans / Math.max(1, seq_scans + index_scans);
        // A scan that stops early reads few rows.
        const isOften = seq_scans >= SCANS_THAT_TELL && seq_rows_read / seq_scans >= rows / 4;
        return problem(isOften && share >= sequential_scan_warn_percent / 100 ? 'warn' : null, name, {
          reading: `${name} (${sizeText(bytes)}) was read from end to end ${countText(seq_scans)} times, ${percentText(share)} of its scans`,
          advice: 'A statement finds no index. db:metrics shows which ones take longest.',
          command: 'npm run db:metrics',
        });
      }),
    };
  }),

  materialized_views: on('tables', (tables, { readings, now }) => {
    const all = tables.filter(({ kind }) => kind === 'materialized view');
    const empty = all.filter(({ is_populated }) => !is_populated).map(({ name }) => name);
    const failed = (known(readings.failed_refreshes) ?? []).filter(({ view }) => !empty.includes(view));
    return {
      limit: 'filled',
      reading: all.length === 0 ? 'none' : `${all.length} filled`,
      problems: [
        ...empty.flatMap((name) =>
          problem('bad', name, {
            reading: `${name} was never filled: reading it is an error`,
            advice: 'Refresh it.',
            command: OPTIMIZE,
          }),
        ),
        ...failed.flatMap(({ view, failed_at, error }) =>
          problem('warn', view, {
            reading: `${view} could not be refreshed ${spanText((now.getTime() - failed_at.getTime()) / 1_000)} ago: ${error}`,
            advice: 'It shows an older market. It is tried again after every sync, and now.',
            command: OPTIMIZE,
          }),
        ),
      ],
    };
  }),

  partitions: on('partitions', (tables, { limits, now }) => ({
    limit: tables.length === 0 ? null : `made ${limits.partitions_warn_days} days ahead`,
    reading:
      tables.length === 0
        ? 'no table is partitioned by time'
        : tables
            .map(
              ({ table, partitions, covered_until }) =>
                `${table}: ${partitions.length}, until ${dayOf(covered_until) ?? 'for ever'}`,
            )
            .join('; '),
    problems: tables.flatMap((table) => {
      const { covered_until: until, default_partition, default_has_rows } = table;
      const days = until === null ? Infinity : (until.getTime() - now.getTime()) / DAY_MS;
      const isBad = days < limits.partitions_bad_days && default_partition === null;
      const isShort = days < limits.partitions_warn_days;
      return [
        ...problem(isShort ? (isBad ? 'bad' : 'warn') : null, table.table, {
          reading: coverageOf(table, days),
          advice: 'Beyond that, rows are refused and syncs fail. Make the next ones.',
          command: 'npm run db:maintenance',
        }),
        ...problem(default_has_rows ? 'warn' : null, default_partition, {
          reading: `${default_partition} holds rows outside all ranges`,
          advice: `While they are there, no partition can be made for their time. Move them: make the partition beside the table, copy them, delete them here, attach it.`,
          command: sqlCommand(`select * from ${default_partition} limit 20`),
        }),
      ];
    }),
  })),
};
