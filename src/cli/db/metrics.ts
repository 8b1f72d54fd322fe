/** `db metrics`: what the statements of all processes cost in the last hour and day, and what the database did. */

import {
  type DatabaseRates,
  overallFigures,
  QUERY_TARGETS,
  type QueryFigures,
  queryAlerts,
  queryFigures,
  ratesOver,
} from '../../monitor/query-metrics.ts';
import { countText, minuteText, percentText, sizeText } from '../../monitor/text.ts';
import type { Database } from '../../store/postgres/database.ts';
import {
  readDatabaseNow,
  readDatabaseReadings,
  readQueryStats,
  readQueryTexts,
} from '../../store/upkeep/query-stats.ts';
import { readStatements, type Statements } from '../../store/upkeep/readings/statements.ts';
import { HOUR_MS } from '../../units.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { table } from '../table.ts';
import { wrap } from '../wrap.ts';

interface Period {
  overall: QueryFigures | null;
  queries: QueryFigures[];
  database: DatabaseRates | null;
}

interface Metrics {
  status: 'ok' | 'alert';
  hour: Period;
  day: Period;
  statements: Statements;
  database: { bytes: number };
  targets: typeof QUERY_TARGETS;
  alerts: ReturnType<typeof queryAlerts>;
}

const STATEMENTS = 50;

export function dbMetrics(context: CommandContext, { all = false }: { all?: boolean }): Promise<number> {
  return withStore(context, 2, async (database) => {
    const metrics = await collect(database);
    return answer(context, metrics, () => describe(metrics, all), metrics.status === 'ok');
  });
}

async function collect({ pool }: Database): Promise<Metrics> {
  const now = Date.now();
  const to = await readDatabaseNow(pool);
  const readings = await readDatabaseReadings(pool, 2);
  const period = async (hours: number): Promise<Period> => {
    const counts = await readQueryStats(pool, new Date(now - hours * HOUR_MS));
    return {
      overall: overallFigures(counts),
      queries: queryFigures(counts),
      database: ratesOver(readings, to, hours),
    };
  };
  const [hour, day] = [await period(1), await period(24)];
  const statements = await readStatements(pool, await readQueryTexts(pool), STATEMENTS);
  const alerts = queryAlerts(hour.queries);
  return {
    status: alerts.length > 0 ? 'alert' : 'ok',
    hour,
    day,
    statements,
    database: { bytes: to.bytes },
    targets: QUERY_TARGETS,
    alerts,
  };
}

const SHOWN = 12;

function describe({ hour, day, statements, database, alerts }: Metrics, all: boolean): string {
  const lines = [
    ...statementTable('The last hour', hour, all),
    '',
    ...statementTable('The last day', day, all),
    '',
    ...serverTable(statements, all),
    '',
    `Database ${sizeText(database.bytes)}`,
    ...rates('last hour', hour.database),
    ...rates('last day', day.database),
    '',
    wrap(
      `Times in ms mean "at most": they are counted in steps. ! marks what is slower than the target: 95 of 100 calls within ${QUERY_TARGETS.indexed_ms} ms.`,
      '',
    ),
  ];
  for (const { message } of alerts) lines.push(`ALERT ${wrap(message, '      ')}`);
  return lines.join('\n');
}

const ms = (value: number | null): string =>
  value === null ? '>10000' : value >= 1_000 ? countText(value) : String(value);

const TITLES = ['  statement', 'calls', 'err', 'p50', 'p95', 'p99', 'share', 'rows'];

function statementTable(title: string, { overall, queries }: Period, all: boolean): string[] {
  if (!overall) {
    return [
      title,
      '  No statement was counted: processes count while they run, and write every ten seconds.',
    ];
  }
  const shown = all ? queries : queries.slice(0, SHOWN);
  const hidden = queries.length - shown.length;
  return [
    title,
    ...table(TITLES, [...shown, overall].map(cellsOf), { gap: ' ' }),
    ...(hidden > 0 ? [`  and ${hidden} others, which take less time: --all shows them`] : []),
  ];
}

const cellsOf = ({ name, calls, errors, rows, p50_ms, p95_ms, p99_ms, share, is_slow }: QueryFigures) => [
  `${is_slow ? '!' : ' '} ${short(name, 30)}`,
  countText(calls),
  countText(errors),
  ...[p50_ms, p95_ms, p99_ms].map(ms),
  percentText(share),
  compact(rows),
];

const short = (text: string, width: number): string =>
  process.stdout.isTTY && text.length > width ? `${text.slice(0, width - 1)}…` : text;

const compact = (count: number): string =>
  count < 100_000 ? countText(count) : `${(count / 1e6).toFixed(count < 1e8 ? 1 : 0)} M`;

function serverTable(statements: Statements, all: boolean): string[] {
  if (!statements.available) return [`PostgreSQL's own figures: none, ${statements.reason}`];
  const total = statements.statements.reduce((sum, { total_ms }) => sum + total_ms, 0);
  const shown = all ? statements.statements : statements.statements.slice(0, SHOWN);
  const rows = shown.map(({ name, text, calls, mean_ms, max_ms, total_ms, hit_rate, rows }) => [
    `  ${short(name ?? text.replace(/\s+/g, ' '), 29)}`,
    countText(calls),
    mean_ms.toFixed(mean_ms < 100 ? 2 : 0),
    max_ms.toFixed(max_ms < 100 ? 1 : 0),
    percentText(total_ms / Math.max(total, 1e-9)),
    percentText(hit_rate),
    compact(rows),
  ]);
  return [
    `Inside PostgreSQL since ${minuteText(statements.since)} UTC (pg_stat_statements)`,
    ...table(['  statement', 'calls', 'mean', 'max', 'share', 'cached', 'rows'], rows, { gap: ' ' }),
  ];
}

function rates(period: string, found: DatabaseRates | null): string[] {
  if (!found) return [`  ${period}: nothing to compare with yet (a reading is kept every ten minutes)`];
  const { since, rollback_share, cache_hit_rate, wal_bytes, growth_bytes } = found;
  const parts = [
    `${found.transactions_per_second.toFixed(1)} transactions/s`,
    rollback_share === null ? '' : `${percentText(rollback_share)} rolled back`,
    cache_hit_rate === null ? '' : `${percentText(cache_hit_rate)} from cache`,
    wal_bytes === null ? '' : `${sizeText(wal_bytes)} of WAL`,
    `${sizeText(found.temp_bytes)} of temporary files`,
    `${found.deadlocks} deadlocks`,
    `${growth_bytes < 0 ? '−' : '+'}${sizeText(Math.abs(growth_bytes))}`,
  ];
  const head = `  ${`${period}, since ${since.toISOString().slice(11, 16)} UTC`.padEnd(30)}`;
  return [head + wrap(parts.filter(Boolean).join(', '), ' '.repeat(head.length))];
}
