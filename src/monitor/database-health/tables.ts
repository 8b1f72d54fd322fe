/** Verdicts about tables: empty space, dead rows, statistics, scans, views and partitions. */

import { isMuch, wasteOfTable } from '../../store/upkeep/readings/bloat.ts';
import type { HealthReadings } from '../../store/upkeep/readings/health-readings.ts';
import type { TableState } from '../../store/upkeep/readings/tables.ts';
import { countText, MB, percentText, plural, sizeText, spanText } from '../amounts.ts';
import { fine, type HealthLimits, type HealthLine, judged, linesOf, sqlCommand } from './line.ts';

export function judgeTables(readings: HealthReadings, limits: HealthLimits, now: Date): HealthLine[] {
  return [
    ...bloat(readings, limits),
    ...deadRows(readings, limits),
    ...autovacuumPerTable(readings),
    ...statistics(readings, limits),
    ...sequentialScans(readings, limits),
    ...views(readings, now),
    ...partitions(readings, limits, now),
  ];
}

function bloat({ tables: reading, exact }: HealthReadings, limits: HealthLimits): HealthLine[] {
  const { table_bloat_warn_percent, table_bloat_warn_mb, table_bloat_bad_mb } = limits;
  const limit = `< ${table_bloat_warn_percent} % or < ${table_bloat_warn_mb} MB empty`;
  return judged('table_bloat', reading, (tables) => {
    const findings = tables.flatMap((table) => {
      const wasted = wasteOfTable(table, exact);
      const size = table.bytes + table.toast_bytes;
      if (!wasted || !isMuch(wasted, size, table_bloat_warn_mb * MB, table_bloat_warn_percent / 100))
        return [];
      const live = Math.max(0, size - wasted.bytes);
      return {
        verdict: wasted.bytes >= table_bloat_bad_mb * MB ? ('bad' as const) : ('warn' as const),
        subject: table.name,
        reading: `${sizeText(wasted.bytes)} of the ${sizeText(size)} of ${table.name} hold nothing live (${wasted.isCounted ? 'counted' : 'estimated'})`,
        advice:
          table.kind === 'materialized view'
            ? 'It is written anew, which gives the space back.'
            : `New rows use the space again, but every scan and backup reads it. Writing the table anew gives it back; that locks out its readers while some ${sizeText(live)} are copied.`,
        command: `npm run db:optimize -- --rewrite ${table.name}`,
      };
    });
    const size = tables.reduce((sum, { bytes, toast_bytes }) => sum + bytes + toast_bytes, 0);
    return linesOf('table_bloat', limit, `${plural(tables.length, 'table')}, ${sizeText(size)}`, findings);
  });
}

function deadRows({ tables: reading }: HealthReadings, limits: HealthLimits): HealthLine[] {
  const { dead_rows_warn_percent, dead_rows_warn_rows } = limits;
  const limit = `< ${dead_rows_warn_percent} % or < ${countText(dead_rows_warn_rows)} dead`;
  return judged('dead_rows', reading, (tables) => {
    const findings = tables.flatMap(({ name, rows, dead_rows, vacuumed_seconds }) => {
      if (dead_rows < dead_rows_warn_rows || dead_rows < (rows * dead_rows_warn_percent) / 100) return [];
      const last =
        vacuumed_seconds === null ? 'never vacuumed' : `vacuumed ${spanText(vacuumed_seconds)} ago`;
      return {
        verdict: 'warn' as const,
        subject: name,
        reading: `${name} has ${countText(dead_rows)} dead rows beside ${countText(rows)} live ones, ${last}`,
        advice: 'VACUUM makes their space usable again; nobody is locked out.',
        command: 'npm run db:optimize',
      };
    });
    const dead = tables.reduce((sum, { dead_rows }) => sum + dead_rows, 0);
    return linesOf('dead_rows', limit, `${plural(dead, 'dead row')} in all`, findings);
  });
}

function autovacuumPerTable({ tables: reading }: HealthReadings): HealthLine[] {
  return judged('autovacuum_per_table', reading, (tables) => {
    const findings = tables
      .filter(({ autovacuum_is_off }) => autovacuum_is_off)
      .map(({ name }) => ({
        verdict: 'warn' as const,
        subject: name,
        reading: `autovacuum is switched off for ${name}`,
        advice: 'Nothing removes its dead rows or renews its statistics.',
        command: sqlCommand(`alter table ${name} reset (autovacuum_enabled)`),
      }));
    return linesOf('autovacuum_per_table', 'on for every table', 'on for every table', findings);
  });
}

function statistics(
  { tables: reading, missing_extended_statistics }: HealthReadings,
  limits: HealthLimits,
): HealthLine[] {
  const rowsLimit = limits.statistics_warn_rows;
  return judged('statistics', reading, (tables) => {
    const findings = tables.flatMap((table) => {
      const reason = statisticsLack(table, rowsLimit);
      if (reason === null) return [];
      return {
        verdict: 'warn' as const,
        subject: table.name,
        reading: `${table.name}: ${reason}`,
        advice: 'The planner guesses how many rows a condition leaves, and may choose a slow way.',
        command: 'npm run db:optimize',
      };
    });
    const extended = 'value' in missing_extended_statistics ? missing_extended_statistics.value : [];
    const analyzed = new Set(findings.map(({ subject }) => subject));
    // Of a small table that was never looked at, nobody misses them.
    const isEarly = tables.every(({ analyzed_seconds, is_ours }) => !is_ours || analyzed_seconds === null);
    if (extended.length > 0 && analyzed.size === 0 && !isEarly) {
      findings.push({
        verdict: 'warn',
        subject: extended[0]!,
        reading: `extended statistics were never gathered: ${extended.join(', ')}`,
        advice: 'The planner takes columns that belong together for independent ones.',
        command: 'npm run db:optimize',
      });
    }
    const never = tables.filter(({ analyzed_seconds, rows }) => analyzed_seconds === null && rows > 0).length;
    const ok =
      never > 0 ? `there; ${plural(never, 'small table')} not analysed yet` : 'there and young enough';
    return linesOf('statistics', 'of every table that was analysed or is large', ok, findings);
  });
}

/** What the planner lacks; `null`: nothing that matters. */
function statisticsLack(
  table: Pick<
    TableState,
    'rows' | 'columns_without_statistics' | 'analyzed_seconds' | 'changed_since_analyze' | 'autovacuum_is_off'
  >,
  rowsLimit: number,
): string | null {
  const {
    rows,
    columns_without_statistics: lacking,
    analyzed_seconds,
    changed_since_analyze: changed,
  } = table;
  if (lacking > 0) {
    // Analysed, and yet without: they were removed, or a column is new.
    if (analyzed_seconds !== null && changed < rows) return `no statistics of ${plural(lacking, 'column')}`;
    // A small table needs none, and autovacuum comes within a minute or so.
    if (rows >= rowsLimit) return `${countText(rows)} rows and no statistics of ${plural(lacking, 'column')}`;
    return null;
  }
  // Autovacuum renews them after a tenth has changed: beyond a half it is not coming.
  return rows >= rowsLimit && changed > rows / 2
    ? `${countText(changed)} of ${countText(rows)} rows changed since it was analysed`
    : null;
}

function sequentialScans({ tables: reading }: HealthReadings, limits: HealthLimits): HealthLine[] {
  const { sequential_scan_warn_percent, sequential_scan_warn_mb } = limits;
  const limit = `< ${sequential_scan_warn_percent} % of the scans of a table of ${sequential_scan_warn_mb} MB or more`;
  return judged('sequential_scans', reading, (tables) => {
    const large = tables.filter(({ bytes }) => bytes >= sequential_scan_warn_mb * MB);
    const findings = large.flatMap(({ name, rows, seq_scans, seq_rows_read, index_scans, bytes }) => {
      const share = seq_scans / Math.max(1, seq_scans + index_scans);
      // A hundred may be a backup, an export, an index being made; a scan that stops early reads few rows.
      const isOften = seq_scans >= 100 && seq_rows_read / seq_scans >= rows / 4;
      if (!isOften || share < sequential_scan_warn_percent / 100) return [];
      return {
        verdict: 'warn' as const,
        subject: name,
        reading: `${name} (${sizeText(bytes)}) was read from end to end ${countText(seq_scans)} times, ${percentText(share)} of its scans`,
        advice: 'A statement finds no index. db:metrics shows which ones take longest.',
        command: 'npm run db:metrics',
      };
    });
    return linesOf('sequential_scans', limit, `${plural(large.length, 'table')} of that size`, findings);
  });
}

function views({ tables: reading, failed_refreshes }: HealthReadings, now: Date): HealthLine[] {
  return judged('materialized_views', reading, (tables) => {
    const all = tables.filter(({ kind }) => kind === 'materialized view');
    const empty = all
      .filter(({ is_populated }) => !is_populated)
      .map(({ name }) => ({
        verdict: 'bad' as const,
        subject: name,
        reading: `${name} was never filled: whoever reads it gets an error`,
        advice: 'Refresh it.',
        command: 'npm run db:optimize',
      }));
    // Neither a database from before they were written down tells any, nor one to a role with few rights.
    const failed = ('value' in failed_refreshes ? failed_refreshes.value : [])
      .filter(({ view }) => !empty.some(({ subject }) => subject === view))
      .map(({ view, failed_at, error }) => ({
        verdict: 'warn' as const,
        subject: view,
        reading: `${view} could not be refreshed ${spanText((now.getTime() - failed_at.getTime()) / 1_000)} ago: ${error}`,
        advice: 'It shows an older market. It is tried again after every sync, and now.',
        command: 'npm run db:optimize',
      }));
    const findings = [...empty, ...failed];
    return linesOf(
      'materialized_views',
      'filled',
      all.length === 0 ? 'none' : `${all.length} filled`,
      findings,
    );
  });
}

const DAY_MS = 86_400_000;

function partitions({ partitions: reading }: HealthReadings, limits: HealthLimits, now: Date): HealthLine[] {
  const { partitions_warn_days, partitions_bad_days } = limits;
  const limit = `made ${partitions_warn_days} days ahead`;
  return judged('partitions', reading, (tables) => {
    if (tables.length === 0) return [fine('partitions', 'no table is partitioned by time', null)];
    const findings = tables.flatMap((table) => {
      const days =
        table.covered_until === null ? Infinity : (table.covered_until.getTime() - now.getTime()) / DAY_MS;
      const until = table.covered_until?.toISOString().slice(0, 10);
      const found = [];
      if (days < partitions_warn_days) {
        found.push({
          verdict:
            days < partitions_bad_days && table.default_partition === null
              ? ('bad' as const)
              : ('warn' as const),
          subject: table.table,
          reading:
            days <= 0
              ? `${table.table} has no partition for today: ${table.default_partition ? `rows go to ${table.default_partition}` : 'new rows are refused'}`
              : `${table.table} has partitions until ${until} only, for ${plural(Math.floor(days), 'more day')}`,
          advice: 'Beyond that, rows are refused and syncs fail. Make the next ones.',
          command: 'npm run db:maintenance',
        });
      }
      if (table.default_has_rows) {
        found.push({
          verdict: 'warn' as const,
          subject: table.default_partition,
          reading: `${table.default_partition} holds rows that no range takes`,
          advice: `While they are there, no partition can be made for their time. Move them: make the partition beside the table, copy them, delete them here, attach it.`,
          command: sqlCommand(`select * from ${table.default_partition} limit 20`),
        });
      }
      return found;
    });
    const ok = tables
      .map(
        (one) =>
          `${one.table}: ${one.partitions.length}, until ${one.covered_until?.toISOString().slice(0, 10) ?? 'for ever'}`,
      )
      .join('; ');
    return linesOf('partitions', limit, ok, findings);
  });
}
