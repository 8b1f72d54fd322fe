/** What the figures of a column are, for those that do not explain themselves one by one: the name of the column is pressed. */

import type { Html } from '../../html/html.ts';
import { figure } from './figure.ts';

type Column = readonly [title: string, what: string, from: string, since: string, command: string];

const HOUR = 'the last 60 minutes';
const STATS = 'npm run -s cache:stats';
const METRICS = 'npm run -s monitor:metrics';
const STATUS = 'npm run -s sync:status';
const STEPS = 'In milliseconds: counted in steps, so it is the end of a step.';
const FRESHNESS = 'npm run -s freshness';
const HEALTH = 'npm run -s db:health';
const STATEMENTS = 'npm run -s db:metrics';

const COLUMNS = {
  'answers-asked': [
    'Asked',
    'Plan sets this layer was asked for by all processes.',
    'figures, from cache_stats',
    HOUR,
    STATS,
  ],
  'answers-hits': ['Hits', 'Of those, how many it had.', 'figures, from cache_stats', HOUR, STATS],
  'answers-stale': [
    'Stale',
    'Hits whose plans were older than CACHE_TTL_HOURS: served, and said to be stale.',
    'figures, from cache_stats',
    HOUR,
    STATS,
  ],
  'answers-failed': [
    'Failed',
    'Questions the layer did not answer in time or at all; the next one was asked.',
    'figures, from cache_stats',
    HOUR,
    STATS,
  ],
  'answers-wait': [
    'Wait, p95',
    `95 of 100 questions were answered within it. ${STEPS}`,
    'figures, from cache_stats',
    HOUR,
    STATS,
  ],
  'latency-count': ['Count', 'How many were timed, in all processes.', 'figures', HOUR, METRICS],
  'latency-p50': ['p50', `Half of them took at most this long. ${STEPS}`, 'figures', HOUR, METRICS],
  'latency-p95': ['p95', `95 of 100 took at most this long. ${STEPS}`, 'figures', HOUR, METRICS],
  'latency-target': ['Target', 'What the requirements allow.', 'the targets', 'for all time', METRICS],
  'fresh-kept': [
    'Kept, 24 h',
    'Share of the last 24 hours in which the plans were within the target of their most important cities.',
    'sync_results, plan_snapshots',
    'the last 24 hours, as far as they are known',
    FRESHNESS,
  ],
  'fresh-plans': ['Plans', 'Plans that are published.', 'plan_snapshots', 'read within two seconds', STATUS],
  'tier-oldest': [
    'Oldest',
    'Age of the oldest plan set that serves a city of the tier.',
    'plan_snapshots.observed_at',
    'read within twelve seconds',
    FRESHNESS,
  ],
  'tier-within': [
    'Within, cities',
    'Share of the cities of the tier whose plans are within its target now.',
    'plan_snapshots, cities',
    'read within twelve seconds',
    FRESHNESS,
  ],
  'tier-demand': [
    'By demand',
    'The same, each city weighed by how often it was looked for lately.',
    'city_demand, plan_snapshots',
    'read within twelve seconds',
    FRESHNESS,
  ],
  'tier-kept': [
    'Kept, 24 h',
    'Share of the last 24 hours in which the cities of the tier had plans within their target.',
    'sync_results, plan_snapshots',
    'the last 24 hours, as far as they are known',
    FRESHNESS,
  ],
  'runs-took': [
    'Took',
    'From its first claim to its last result, waits included.',
    'sync_runs',
    'read within two seconds',
    STATUS,
  ],
  'runs-calls': ['Calls', 'Upstream calls it made, repeats included.', 'api_calls', 'since it began', STATUS],
  'process-up': [
    'Up',
    'From its start to its last sign of life, by its own clock.',
    'sync_workers',
    'read within two seconds',
    STATUS,
  ],
  'process-lag': [
    'Loop lag',
    '99 of 100 turns of its event loop were held up for less.',
    'sync_workers.vitals',
    'its last ten seconds',
    'curl -s localhost:3000/metrics',
  ],
  'process-memory': [
    'Memory',
    'Resident memory, as the process told it.',
    'sync_workers.vitals',
    'its last ten seconds',
    'curl -s localhost:3000/metrics',
  ],
  'process-life': [
    'Sign of life',
    'When it last wrote that it lives. After ten seconds it counts as silent.',
    'sync_workers.seen_at',
    'read within two seconds',
    STATUS,
  ],
  'targets-required': [
    'Required',
    'As the requirements say (63 to 68).',
    'the targets',
    'for all time',
    METRICS,
  ],
  'targets-ours': ['Ours', 'Our own, tighter target.', 'the targets', 'for all time', METRICS],
  'market-plans': [
    'Plans',
    'Fixed plans of twelve months that are published.',
    'market_by_tdsp',
    'the last publish',
    'npx wattsync report month',
  ],
  'market-lowest': [
    'Lowest',
    'The lowest of their rates at 1,000 kWh, all recurring charges included, before tax.',
    'market_by_tdsp',
    'the last publish',
    'npx wattsync report month',
  ],
  'market-median': [
    'Median',
    'Half of their rates at 1,000 kWh are below it.',
    'market_by_tdsp',
    'the last publish',
    'npx wattsync report month',
  ],
  'statements-calls': ['Calls', 'How often it was sent, by all processes.', 'query_stats', HOUR, STATEMENTS],
  'statements-p50': ['p50', `Half of them took at most this long. ${STEPS}`, 'query_stats', HOUR, STATEMENTS],
  'statements-p95': ['p95', `95 of 100 took at most this long. ${STEPS}`, 'query_stats', HOUR, STATEMENTS],
  'statements-p99': ['p99', `99 of 100 took at most this long. ${STEPS}`, 'query_stats', HOUR, STATEMENTS],
  'statements-failed': ['Failed', 'Those that ended with an error.', 'query_stats', HOUR, STATEMENTS],
  'statements-share': [
    'Share of time',
    'Of the time that all statements took together.',
    'query_stats',
    HOUR,
    STATEMENTS,
  ],
  'pools-busy': [
    'At work',
    'Connections that carried a statement or a transaction as the process looked.',
    'sync_workers.vitals',
    'its last ten seconds',
    'curl -s localhost:3000/metrics',
  ],
  'pools-open': [
    'Open',
    'Connections of this pool that are open; idle ones close after a while.',
    'sync_workers.vitals',
    'its last ten seconds',
    HEALTH,
  ],
  'pools-most': [
    'At most',
    'As many as it may open: DATABASE_POOL_SIZE says it.',
    'sync_workers.vitals',
    'the start of the process',
    HEALTH,
  ],
  'pools-waiting': [
    'Waiting',
    'Callers that wait for a connection to be free.',
    'sync_workers.vitals',
    'its last ten seconds',
    HEALTH,
  ],
  'size-size': [
    'Size',
    'With its indexes and its long values.',
    'pg_total_relation_size',
    'read within a minute',
    HEALTH,
  ],
  'size-rows': [
    'Rows',
    'As PostgreSQL estimates them.',
    'pg_stat_user_tables',
    'read within a minute',
    HEALTH,
  ],
  'size-dead': [
    'Dead rows',
    'Replaced or deleted, and not yet cleaned up by vacuum.',
    'pg_stat_user_tables',
    'read within a minute',
    HEALTH,
  ],
  'size-growth': [
    'Growth',
    'From the last reading of the day before to the last of the day.',
    'database_readings',
    'thirty days',
    STATEMENTS,
  ],
} as const satisfies Record<string, Column>;

/** @param id each once on a page */
export function column(id: keyof typeof COLUMNS, name: string): Html {
  const [title, what, from, since, command] = COLUMNS[id];
  return figure(name, { id: `c-${id}`, title, what, from, since, command });
}
