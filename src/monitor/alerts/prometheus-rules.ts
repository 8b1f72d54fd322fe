/**
 * The same rules for a Prometheus of the operator's own, and a dashboard for Grafana: both made from data/alerts.yaml by
 * `npm run rules`, and compared by a test. A rule whose signal no metric tells is left out, and named.
 */

import { stringify } from 'yaml';
import { type Rule, type Rules, runbookOf, type SignalName } from './rules.ts';

/** What the signal measures, of the whole fleet: every process tells the same, so the largest is taken. */
const EXPRESSIONS: Partial<Record<SignalName, (rule: Rule) => string>> = {
  plan_age: () => 'max by (tdsp, tier) (wattsync_fleet_snapshot_age_ratio)',
  freshness_burn_fast: () => 'max by (tdsp) (wattsync_fleet_freshness_burn_rate)',
  circuit_open: () => 'max by (source) (wattsync_fleet_circuit_state{state=~"open|half_open"})',
  calls_last_hour: () => 'max by (source) (wattsync_fleet_calls_last_hour)',
  budget_share: () =>
    'max by (source) (wattsync_fleet_calls_last_hour) / (max by (source) (wattsync_fleet_calls_last_hour) + max by (source) (wattsync_fleet_budget_left_calls))',
  certificate_days: () =>
    '(max by (source) (wattsync_fleet_certificate_ends_timestamp_seconds) - time()) / 86400',
  held: () => 'max by (tdsp) (wattsync_fleet_snapshot_held)',
  dead_letters: () => 'max(wattsync_fleet_dead_letters)',
  queue_wait: () => 'max(wattsync_fleet_queue_oldest_seconds)',
  hit_rate: () =>
    '1 - sum(rate(wattsync_cache_hits_total{layer="api"}[15m])) / (sum(rate(wattsync_cache_hits_total{layer="memory"}[15m])) + sum(rate(wattsync_cache_misses_total{layer="memory"}[15m])))',
  cached_p99: () =>
    '1000 * histogram_quantile(0.99, sum by (le) (rate(wattsync_http_request_duration_seconds_bucket{layer=~"memory|redis|database|active"}[15m])))',
  failed_answers: () =>
    'sum(rate(wattsync_http_requests_total{status="5xx"}[15m])) / sum(rate(wattsync_http_requests_total[15m]))',
  sync_failures: () =>
    'sum(increase(wattsync_sync_results_total{status="failed"}[1h])) / sum(increase(wattsync_sync_results_total[1h]))',
  query_mean: () =>
    '1000 * sum by (query) (rate(wattsync_db_query_duration_seconds_sum[10m])) / sum by (query) (rate(wattsync_db_query_duration_seconds_count[10m]))',
  disk_used: () => 'max(wattsync_fleet_disk_used_ratio)',
  process_silent: () => '30 * max(wattsync_fleet_processes{state="silent"})',
  loop_lag: () => '1000 * max by (instance) (wattsync_event_loop_lag_seconds)',
};

/** Rules that only the program itself can evaluate. */
export const notInPrometheus = ({ rules }: Pick<Rules, 'rules'>): string[] =>
  rules.filter(({ signal }) => !EXPRESSIONS[signal]).map(({ id }) => id);

const spanText = (ms: number): string => (ms % 60_000 === 0 && ms > 0 ? `${ms / 60_000}m` : `${ms / 1_000}s`);

function prometheusRule(rule: Rule) {
  const expression = EXPRESSIONS[rule.signal]?.(rule);
  if (expression === undefined) return [];
  const isAbove = rule.fires > rule.clears;
  const ofTier =
    rule.tier === undefined ? expression : expression.replace('_ratio', `_ratio{tier="${rule.tier}"}`);
  return [
    {
      alert: rule.id,
      expr: `${ofTier} ${isAbove ? '>=' : '<='} ${rule.fires}`,
      for: spanText(rule.for),
      // Prometheus has no second threshold: what wavers around the first is held for a while instead.
      keep_firing_for: '5m',
      labels: { severity: rule.severity },
      annotations: {
        summary: rule.title,
        description: `{{ $value | humanize }} ${rule.unit}; fires at ${rule.fires}`,
        runbook: runbookOf(rule.id),
      },
    },
  ];
}

/** Nobody evaluates, or nothing is scraped: only somebody else can tell. */
const WATCH_RULES = [
  {
    alert: 'nobody_watches',
    expr: 'time() - max(wattsync_fleet_observer_evaluated_timestamp_seconds) > 120 or absent(wattsync_build_info)',
    for: '1m',
    labels: { severity: 'page' },
    annotations: {
      summary: 'Nobody evaluates the alerts of wattsync',
      description: 'No process has evaluated the alerts for two minutes, or none is scraped.',
      runbook: 'docs/runbook.md#when-nobody-watches',
    },
  },
];

const HEAD = '# Made from data/alerts.yaml by `npm run rules`; change that file, not this one.\n';

export function prometheusRules(rules: Rules): string {
  const groups = [...Map.groupBy(rules.rules, ({ group }) => group)].flatMap(([group, some]) => {
    const made = some.flatMap(prometheusRule);
    return made.length === 0 ? [] : [{ name: `wattsync_${group}`, rules: made }];
  });
  const left = `# Only the program evaluates: ${notInPrometheus(rules).join(', ')}.\n`;
  return HEAD + left + stringify({ groups: [...groups, { name: 'wattsync_watch', rules: WATCH_RULES }] });
}

/** Title, unit as Grafana names it, and what is drawn with which legend. */
type Panel = readonly [
  title: string,
  unit: string,
  ...queries: readonly (readonly [expr: string, legend: string])[],
];

const PANELS: readonly Panel[] = [
  ['Age of the plans', 's', ['max by (tdsp) (wattsync_fleet_snapshot_age_seconds)', '{{tdsp}}']],
  [
    'Upstream calls within the hour',
    'short',
    ['max(wattsync_fleet_calls_last_hour)', 'calls'],
    ['max(wattsync_fleet_calls_last_hour) + max(wattsync_fleet_budget_left_calls)', 'budget'],
  ],
  ['Answers a second', 'reqps', ['sum by (route) (rate(wattsync_http_requests_total[5m]))', '{{route}}']],
  [
    'Answers that fail',
    'percentunit',
    [
      'sum(rate(wattsync_http_requests_total{status="5xx"}[5m])) / sum(rate(wattsync_http_requests_total[5m]))',
      'share',
    ],
  ],
  [
    'Answers from a layer, p50 and p99',
    's',
    [
      'histogram_quantile(0.5, sum by (le) (rate(wattsync_http_request_duration_seconds_bucket{layer!=""}[5m])))',
      'p50',
    ],
    [
      'histogram_quantile(0.99, sum by (le) (rate(wattsync_http_request_duration_seconds_bucket{layer!=""}[5m])))',
      'p99',
    ],
  ],
  [
    'Hit rate by layer',
    'percentunit',
    [
      'sum by (layer) (rate(wattsync_cache_hits_total[5m])) / (sum by (layer) (rate(wattsync_cache_hits_total[5m])) + sum by (layer) (rate(wattsync_cache_misses_total[5m])))',
      '{{layer}}',
    ],
  ],
  [
    'Statements, p95',
    's',
    [
      'histogram_quantile(0.95, sum by (le) (rate(wattsync_db_statement_duration_seconds_bucket[5m])))',
      'p95',
    ],
  ],
  ['Queue', 'short', ['max by (state) (wattsync_fleet_queue_targets)', '{{state}}']],
  [
    'Syncs by what came of them',
    'short',
    ['sum by (status) (increase(wattsync_sync_results_total[1h]))', '{{status}}'],
  ],
  ['Event loop held up, p99', 's', ['wattsync_event_loop_lag_seconds', '{{instance}}']],
  ['Memory', 'bytes', ['wattsync_process_resident_memory_bytes', '{{instance}}']],
  [
    'Budget of fresh minutes: burn rate',
    'short',
    ['max by (tdsp) (wattsync_fleet_freshness_burn_rate)', '{{tdsp}}'],
  ],
];

export function grafanaDashboard(): string {
  const datasource = { type: 'prometheus', uid: '$datasource' };
  const panels = PANELS.map(([title, unit, ...queries], at) => ({
    id: at + 1,
    type: 'timeseries',
    title,
    datasource,
    gridPos: { x: (at % 2) * 12, y: Math.floor(at / 2) * 8, w: 12, h: 8 },
    fieldConfig: { defaults: { unit, min: 0 }, overrides: [] },
    targets: queries.map(([expr, legendFormat], n) => ({
      refId: String.fromCharCode(65 + n),
      datasource,
      expr,
      legendFormat,
    })),
  }));
  const dashboard = {
    title: 'wattsync',
    uid: 'wattsync',
    schemaVersion: 39,
    refresh: '30s',
    time: { from: 'now-24h', to: 'now' },
    templating: { list: [{ name: 'datasource', type: 'datasource', query: 'prometheus' }] },
    panels,
  };
  return `${JSON.stringify(dashboard, null, 2)}\n`;
}

/** Everything that is asked of Prometheus, for a test that looks whether there is such a metric. */
export const dashboardQueries = (): string[] =>
  PANELS.flatMap(([, , ...queries]) => queries.map(([expr]) => expr));
