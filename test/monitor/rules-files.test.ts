/** What is made from data/alerts.yaml fits it, and what Prometheus and an operator read of it holds. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import {
  dashboardQueries,
  grafanaDashboard,
  notInPrometheus,
  prometheusRules,
} from '../../src/monitor/alerts/prometheus-rules.ts';
import { readRules, runbookOf } from '../../src/monitor/alerts/rules.ts';

const rules = readRules();
const path = (name: string) => fileURLToPath(new URL(`../../${name}`, import.meta.url));
const read = (name: string) => readFileSync(path(name), 'utf8');
const promtool = (...args: string[]) => execFileSync('promtool', args, { encoding: 'utf8', stdio: 'pipe' });

test('ops/ holds what the rules make (npm run rules writes it)', () => {
  assert.equal(read('ops/prometheus-rules.yaml'), prometheusRules(rules));
  assert.equal(read('ops/grafana-dashboard.json'), grafanaDashboard());
  assert.equal(JSON.parse(grafanaDashboard()).panels.length, 12);
});

test('promtool takes the rules', () => {
  const found = promtool('check', 'rules', path('ops/prometheus-rules.yaml'));
  const there = rules.rules.length - notInPrometheus(rules).length + 1;
  assert.match(found, new RegExp(`SUCCESS: ${there} rules found`));
  assert.ok(there >= 18);
});

test('the rules fire on what this program tells, by promtool', () => {
  const file = path('ops/prometheus-rules.yaml');
  const cases = [
    ['disk_full', 'wattsync_fleet_disk_used_ratio', '0.95x20', {}],
    ['api_calls_high', 'wattsync_fleet_calls_last_hour{source="sandbox"}', '120x20', { source: 'sandbox' }],
    ['snapshot_held', 'wattsync_fleet_snapshot_held{tdsp="ONCOR"}', '1x20', { tdsp: 'ONCOR' }],
    [
      'plans_too_old_tier_1',
      'wattsync_fleet_snapshot_age_ratio{tdsp="ONCOR",tier="1"}',
      '4x20',
      { tdsp: 'ONCOR', tier: '1' },
    ],
  ] as const;
  const tests = {
    rule_files: [file],
    tests: cases.map(([alertname, series, values, labels]) => {
      const made = (
        parse(read('ops/prometheus-rules.yaml')) as {
          groups: { rules: { alert: string; labels: object; annotations: { description: string } }[] }[];
        }
      ).groups
        .flatMap((group) => group.rules)
        .find(({ alert }) => alert === alertname)!;
      const value = Number(values.split('x')[0]);
      return {
        interval: '1m',
        input_series: [{ series, values }],
        alert_rule_test: [
          {
            eval_time: '10m',
            alertname,
            exp_alerts: [
              {
                exp_labels: { ...labels, ...made.labels },
                exp_annotations: {
                  ...made.annotations,
                  description: made.annotations.description.replace(
                    '{{ $value | humanize }}',
                    humanized(value),
                  ),
                },
              },
            ],
          },
        ],
      };
    }),
  };
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-promtool-'));
  after(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, 'rules.test.yaml'), JSON.stringify(tests));
  assert.match(promtool('test', 'rules', join(folder, 'rules.test.yaml')), /SUCCESS/);
});

/** As Prometheus writes numbers for people. */
const humanized = (value: number): string => (value < 1 ? `${value * 1_000}m` : String(value));

test('docs/runbook.md has a section for every rule, and its first step is a command there is', () => {
  const page = read('docs/runbook.md');
  const sections = new Map(
    [...page.matchAll(/^### (\w+)\n([\s\S]*?)(?=^##|$(?![\s\S]))/gm)].map(([, id, text]) => [id!, text!]),
  );
  assert.deepEqual(
    [...sections.keys()],
    rules.rules.map(({ id }) => id),
  );
  const scripts = (JSON.parse(read('package.json')) as { scripts: Record<string, string> }).scripts;
  for (const [id, text] of sections) {
    const [, command] = /```sh\n(.+)\n```/.exec(text) ?? [];
    const [, script] = /^npm run ([\w:]+)/.exec(command ?? '') ?? [];
    assert.ok(script !== undefined && script in scripts, `${id}: ${command}`);
    assert.ok(text.indexOf('```sh') < 600, `${id}: the command comes first`);
    assert.equal(runbookOf(id), `docs/runbook.md#${id}`);
  }
});

test('every metric that is asked of Prometheus is one that this program tells', () => {
  const told =
    read('src/monitor/figures/sample.ts') +
    read('src/app/process-metrics.ts') +
    read('src/process-metrics.ts') +
    read('src/api/observation/answer-counts.ts') +
    read('src/cache/cache-stats.ts');
  const exists = (metric: string) => {
    const name = metric.replace(/_(bucket|sum|count)$/, '');
    return [
      name,
      name.replace('wattsync_fleet_', ''),
      name.replace(/^wattsync_cache_(\w+)_total$/, '$1'),
    ].some((one) => told.includes(`'${one}'`));
  };
  const asked = [...dashboardQueries(), prometheusRules(rules)]
    .join(' ')
    .match(/wattsync_[a-z_]+(?=[[{)\s/]|$)/g)!;
  const groups = ['freshness', 'upstream', 'syncs', 'answers', 'database', 'fleet', 'watch'].map(
    (one) => `wattsync_${one}`,
  );
  assert.deepEqual(
    [...new Set(asked)].filter((metric) => !groups.includes(metric) && !exists(metric)),
    [],
  );
});
