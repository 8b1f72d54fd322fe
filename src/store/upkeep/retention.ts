/**
 * What is past its time, one step for each kind, removed a few thousand rows at once: every batch is a transaction of
 * its own, so nobody waits, and a run that is killed leaves the rest to the next one.
 */

import type { Retention } from '../../config.ts';
import { DAY_MS } from '../../units.ts';
import { countOldEvents, dropOldEvents } from '../events/event-retention.ts';
import { readMarketsBehind } from '../market/days.ts';
import { refreshDailyRateIndex } from '../market/refresh-daily-rate-index.ts';
import { countOldPayloads, pruneSourcePayloads } from '../plans/source-payloads.ts';
import type { Database, Queryable } from '../postgres/database.ts';
import {
  countMissingMonths,
  dropHistoryBefore,
  ensureHistoryPartitions,
  historyLimit,
} from '../schema/history-partitions.ts';

export interface MaintenanceContext {
  database: Database;
  now: Date;
  keep: Retention;
}

export interface MaintenanceStep {
  /** What it works on: the table, or what is repaired. */
  name: string;
  /** What goes, for a person: `calls of an upstream, older than 90 days`. */
  what(context: MaintenanceContext): string;
  /** How much there is to do. */
  count(queryable: Queryable, context: MaintenanceContext): Promise<number>;
  /** Does some of it. @returns how much; 0 when nothing is left */
  next(queryable: Queryable, context: MaintenanceContext, most: number): Promise<number>;
}

const days = (count: number): string => (count === 1 ? '1 day' : `${count} days`);
const older = (count: number): string => `older than ${days(count)}`;
const before = (now: Date, days: number): Date => new Date(now.getTime() - days * DAY_MS);

/** Removes rows that were outdated at a time. Both statements answer with how many, as `n`. */
function removal(
  name: string,
  what: MaintenanceStep['what'],
  limit: (context: MaintenanceContext) => Date,
  sql: {
    /** With $1 for the time. */
    count: string;
    /** With $2 for the most rows, too. */
    remove: string;
  },
): MaintenanceStep {
  const ask = async (queryable: Queryable, statement: string, values: unknown[]) =>
    (await queryable.query<{ n: number }>(statement, values)).rows[0]!.n;
  return {
    name,
    what,
    count: (queryable, context) => ask(queryable, sql.count, [limit(context)]),
    next: (queryable, context, most) => ask(queryable, sql.remove, [limit(context), most]),
  };
}

/**
 * Rows of a table that are past their time.
 * @param condition with $1 for the time that `limit` gives
 */
const outdated = (
  table: string,
  what: MaintenanceStep['what'],
  condition: string,
  limit: (context: MaintenanceContext) => Date,
): MaintenanceStep =>
  removal(table, what, limit, {
    count: `select count(*)::int as n from ${table} where ${condition}`,
    // Locked rows are left for another time.
    remove: `with gone as (
        delete from ${table} where ctid = any(array(
          select ctid from ${table} where ${condition} limit $2 for update skip locked)) returning 1)
      select count(*)::int as n from gone`,
  });

/** As many days before now as the configuration keeps. */
const keptUntil =
  (days: Exclude<keyof Retention, 'historyMonths'>) =>
  ({ now, keep }: MaintenanceContext): Date =>
    before(now, keep[days]);

/** Readers take only what is of the published version and has not expired; one that finds none puts it back. */
const STALE_CACHE = `(expires_at < $1 or version is distinct from (
  select version from plan_snapshots s where 'plans:' || s.tdsp_duns = plan_cache.cache_key order by version desc limit 1))`;

/** With their results; the last result of every TDSP stays, however old, and so does its run. */
const OLD_RUNS = `select id from sync_runs
  where requested_at < $1 and status not in ('queued', 'running') and id not in (
    select run_id from (select distinct on (tdsp_duns) run_id from sync_results
                         where status <> 'fresh' order by tdsp_duns, finished_at desc) last)`;

const oldRuns = removal(
  'sync_runs',
  ({ keep }) => `runs and their results, ${older(keep.runsDays)}, the last result of every TDSP apart`,
  keptUntil('runsDays'),
  {
    count: `select count(*)::int as n from (${OLD_RUNS}) d`,
    remove: `with doomed as (${OLD_RUNS} limit $2 for update skip locked),
         results as (delete from sync_results where run_id in (select id from doomed)),
         runs as (delete from sync_runs where id in (select id from doomed) returning id)
    select count(*)::int as n from runs`,
  },
);

/** Sequences that would give a number that is taken, as after rows were brought in by hand: inserts would fail. */
const lateSequences: MaintenanceStep = {
  name: 'sequences',
  what: () => 'sequences that are behind the numbers in their table, to be set forward',
  count: async (queryable) => (await readLateSequences(queryable)).length,
  async next(queryable, _context, most) {
    const late = (await readLateSequences(queryable)).slice(0, most);
    for (const { sequence, highest } of late) {
      // Never back: another session may have taken numbers meanwhile.
      await queryable.query(
        'select setval($1::regclass, greatest($2::bigint, pg_sequence_last_value($1::regclass)))',
        [sequence, highest],
      );
    }
    return late.length;
  },
};

async function readLateSequences(queryable: Queryable): Promise<{ sequence: string; highest: number }[]> {
  const { rows } = await queryable.query<{ sequence: string; relation: string; name: string }>(
    `select s.oid::regclass::text as sequence, t.oid::regclass::text as relation, quote_ident(a.attname) as name
       from pg_class s
       join pg_depend d on d.objid = s.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i') and d.refobjsubid > 0
       join pg_class t on t.oid = d.refobjid
       join pg_attribute a on a.attrelid = t.oid and a.attnum = d.refobjsubid
      where s.relkind = 'S' and s.relnamespace = current_schema()::regnamespace and t.relkind in ('r', 'p') order by 1`,
  );
  const late = [];
  for (const { sequence, relation, name } of rows) {
    // The highest number is at the end of the primary key.
    const { rows: found } = await queryable.query<{ highest: number | null; last: number | null }>(
      `select (select max(${name}) from ${relation})::bigint as highest, pg_sequence_last_value($1::regclass) as last`,
      [sequence],
    );
    const { highest, last } = found[0]!;
    if (highest !== null && highest > (last ?? 0)) late.push({ sequence, highest });
  }
  return late;
}

/** While the body it came in comes again, an open record is seen again without being written. */
const CLOSED_RECORDS = `coalesce(resolved_at, last_seen_at) < $1 and (resolved_at is not null or not exists (
  select from source_payloads p where p.hash = quarantined_records.payload_hash and p.last_seen_at >= $1))`;

/** After the rejected records: one that is still open keeps the body it came in. */
const oldPayloads: MaintenanceStep = {
  name: 'source_payloads',
  what: ({ keep }) => `what upstreams sent, ${older(keep.payloadsDays)} and needed no more`,
  count: (queryable, context) => countOldPayloads(queryable, keptUntil('payloadsDays')(context)),
  next: (queryable, context, most) =>
    pruneSourcePayloads(queryable, keptUntil('payloadsDays')(context), Math.min(most, 1_000)),
};

const historyAhead: MaintenanceStep = {
  name: 'history_partitions',
  what: () => 'months of the price history, to be made ahead',
  count: (queryable, { now }) => countMissingMonths(queryable, now),
  next: async (queryable, { now }) => (await ensureHistoryPartitions(queryable, now)).length,
};

async function dropOldHistory(
  queryable: Queryable,
  { keep, now }: MaintenanceContext,
  dryRun: boolean,
): Promise<number> {
  if (keep.historyMonths === null) return 0;
  const limit = historyLimit(now, keep.historyMonths);
  return (await dropHistoryBefore(queryable, limit, { now, dryRun })).length;
}

/** Only where the operator set a limit. */
const oldHistory: MaintenanceStep = {
  name: 'plan_price_history',
  what: ({ keep }) =>
    keep.historyMonths === null
      ? 'months of the price history: all are kept'
      : `months of the price history, older than ${keep.historyMonths} whole months`,
  count: (queryable, context) => dropOldHistory(queryable, context, true),
  next: (queryable, context) => dropOldHistory(queryable, context, false),
};

/** Goes with the price history: nobody replays half of a market. Which numbers are gone stays known. */
const oldEvents: MaintenanceStep = {
  name: 'market_events',
  what: ({ keep }) =>
    keep.historyMonths === null
      ? 'events of the market: all are kept'
      : `events of the market, older than ${keep.historyMonths} whole months`,
  count: async (queryable, { keep, now }) =>
    keep.historyMonths === null ? 0 : countOldEvents(queryable, historyLimit(now, keep.historyMonths)),
  next: async (queryable, { keep, now }, most) =>
    keep.historyMonths === null ? 0 : dropOldEvents(queryable, historyLimit(now, keep.historyMonths), most),
};

/** What a process that died after a publish did not write down. */
const missingDays: MaintenanceStep = {
  name: 'daily_rate_index',
  what: () => 'TDSPs whose daily rates are behind their plans, to be made up for',
  count: async (queryable) => (await readMarketsBehind(queryable)).length,
  next: async (_queryable, { database }) => (await refreshDailyRateIndex(database)).length,
};

/** Rows of a table that are older than the configuration wants them. */
const aged = (
  table: string,
  what: string,
  column: string,
  days: Parameters<typeof keptUntil>[0],
): MaintenanceStep =>
  outdated(table, ({ keep }) => `${what}, ${older(keep[days])}`, `${column} < $1`, keptUntil(days));

const gone = (table: string, what: string): MaintenanceStep =>
  outdated(
    table,
    ({ keep }) => `${what} gone for ${days(keep.signalsDays)}`,
    'seen_at < $1',
    keptUntil('signalsDays'),
  );

/** Another kind of rows that grow old is a line more. What is current is in none of them. */
export const MAINTENANCE_STEPS: readonly MaintenanceStep[] = [
  lateSequences,
  historyAhead,
  missingDays,
  oldHistory,
  oldEvents,
  outdated(
    'plan_cache',
    () => 'plan sets that expired or are of another version than the published one',
    STALE_CACHE,
    ({ now }) => now,
  ),
  aged('api_calls', 'calls of an upstream', 'called_at', 'apiCallsDays'),
  aged('refresh_changes', 'changes of plan sets', 'changed_by', 'apiCallsDays'),
  oldRuns,
  aged('sync_attempts', 'attempts to sync', 'finished_at', 'runsDays'),
  aged('city_demand', 'what shoppers looked for', 'hour', 'demandDays'),
  aged('missed_places', 'places without plans that were asked for', 'hour', 'demandDays'),
  aged('page_vitals', 'how fast pages were to people', 'hour', 'demandDays'),
  aged('audit_log', 'audit log entries', 'at', 'auditDays'),
  outdated(
    'quarantined_records',
    ({ keep }) => `rejected records read since, or not seen again, for ${days(keep.quarantineDays)}`,
    CLOSED_RECORDS,
    keptUntil('quarantineDays'),
  ),
  oldPayloads,
  aged('cache_stats', 'cache figures', 'minute', 'cacheStatsDays'),
  aged('answer_stats', 'counts of answers', 'minute', 'cacheStatsDays'),
  aged('query_stats', 'statement figures', 'minute', 'queryStatsDays'),
  outdated(
    'figures',
    ({ keep }) => `figures of the fleet by the minute, ${older(keep.figuresDays)}`,
    `span = 'minute' and at < $1`,
    keptUntil('figuresDays'),
  ),
  {
    ...outdated(
      'figures',
      ({ keep }) => `figures of the fleet by the hour, ${older(keep.figuresHoursDays)}`,
      `span = 'hour' and at < $1`,
      keptUntil('figuresHoursDays'),
    ),
    name: 'figures_by_the_hour',
  },
  aged('alert_events', 'history of the alerts', 'at', 'figuresHoursDays'),
  aged('alert_deliveries', 'messages about alerts', 'created_at', 'figuresDays'),
  aged('alert_silences', 'silences that are over', 'until', 'figuresHoursDays'),
  outdated(
    'query_texts',
    () => 'statements that no process has sent for 30 days',
    // Noted when a process first sends them: a process that runs for long is known by its figures.
    'seen_at < $1 and not exists (select from query_stats q where q.name = query_texts.name)',
    ({ now }) => before(now, 30),
  ),
  aged('database_readings', "readings of PostgreSQL's counters", 'taken_at', 'databaseReadingsDays'),
  aged('exports', 'exports of days and months', 'until_at', 'exportsDays'),
  aged('webhook_deliveries', 'tries to deliver to webhooks', 'at', 'signalsDays'),
  outdated(
    'webhook_payloads',
    () => 'what was sent to webhooks, older than two weeks: nothing is tried again for that long',
    'at < $1',
    ({ now }) => before(now, 14),
  ),
  outdated(
    'price_watches',
    () => 'price watches that have ended, or that nobody said yes to',
    'expires_at < $1',
    ({ now }) => now,
  ),
  aged('cache_clears', 'clears of the caches', 'requested_at', 'signalsDays'),
  gone('cache_processes', 'processes'),
  gone('sync_workers', 'workers'),
  aged('upstream_permits', 'permits to call', 'granted_at', 'signalsDays'),
];
