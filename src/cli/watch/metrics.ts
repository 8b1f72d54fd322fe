/** `monitor metrics`: how the program is used over the last hour and day, against the targets. */

import { setTimeout as pause } from 'node:timers/promises';
import { readRules } from '../../monitor/alerts/rules.ts';
import { callAdvice, type MetricsReport, readMetrics } from '../../monitor/figures/metrics-report.ts';
import { LAYERS, PERIODS, type TargetVerdict, targetText } from '../../monitor/figures/targets.ts';
import { countText, percentText } from '../../monitor/text.ts';
import type { Database } from '../../store/postgres/database.ts';
import { type CommandContext, withStore } from '../command.ts';
import { bar, cleaned, dim, inked, pad, strong, type Tone, toned, wrapWords } from '../monitor/ink.ts';
import { liveScreen, plainScreen } from '../monitor/screen.ts';
import { columnsOf, type InkChoice, inkOf } from '../monitor/terminal.ts';
import { sparkline } from './sparkline.ts';

interface MetricsOptions extends InkChoice {
  watch?: boolean;
}

const EVERY_MS = 5_000;
const TONES: Record<TargetVerdict, Tone> = {
  kept: 'good',
  ours_missed: 'warn',
  missed: 'bad',
  unknown: 'dim',
};
const WORDS: Record<TargetVerdict, string> = {
  kept: 'kept',
  ours_missed: 'kept, ours missed',
  missed: 'MISSED',
  unknown: 'not counted',
};

/** Fails where a requirement is missed within the hour, or an alert fires that nobody knows of. */
export function monitorMetrics(context: CommandContext, options: MetricsOptions): Promise<number> {
  return withStore(context, 1, (database) =>
    options.watch ? watch(context, options, database) : once(context, options, database),
  );
}

const rulesOf = ({ config }: CommandContext) => readRules(config.alerts.rulesFile ?? undefined);

async function once(context: CommandContext, options: InkChoice, { pool }: Database): Promise<number> {
  const report = await readMetrics(pool, context.config, rulesOf(context));
  console.log(context.isJson ? JSON.stringify(report) : draw(report, context, options).join('\n'));
  return isFine(report) ? 0 : 1;
}

const isFine = ({ targets, alerts }: MetricsReport): boolean =>
  Object.values(targets).every(({ verdicts }) => verdicts.hour !== 'missed') &&
  !alerts.some(({ display }) => display === 'firing');

async function watch(context: CommandContext, options: InkChoice, { quick }: Database): Promise<number> {
  const ending = new AbortController();
  const end = () => ending.abort();
  process.on('SIGINT', end).on('SIGTERM', end).on('SIGHUP', end);
  const { stdout } = process;
  stdout.on('error', end);
  const isLive = stdout.isTTY === true && !context.isJson && !context.isDumbTerminal;
  const screen = isLive ? liveScreen(stdout) : plainScreen(stdout, context.isJson ? '' : '\n');
  const rules = rulesOf(context);
  try {
    while (!ending.signal.aborted) {
      const lines = await readMetrics(quick, context.config, rules).then(
        (report) => (context.isJson ? [JSON.stringify(report)] : draw(report, context, options)),
        (error) => [
          context.isJson ? JSON.stringify({ error: String(error) }) : `PostgreSQL does not answer: ${error}`,
        ],
      );
      screen.show(lines);
      await pause(EVERY_MS, null, { signal: ending.signal }).catch(() => {});
    }
    return 0;
  } finally {
    screen.close();
  }
}

function draw(given: MetricsReport, { config }: CommandContext, options: InkChoice): string[] {
  const report = cleaned(given);
  const columns = columnsOf(process.stdout);
  const { hour, day, budget, trends } = report;
  const advice = callAdvice(report, config);
  const lines = [
    toned('title', 'Upstream calls'),
    `  ${bar(report.api_calls_last_hour / budget.per_hour, 25, report.api_calls_last_hour > budget.per_hour * 0.8 ? 'bad' : 'good')} ${report.api_calls_last_hour} of ${budget.per_hour} this hour, ${budget.forced_last_hour} of ${budget.forced_per_hour} forced, ${day.calls.total} within the day`,
    ...shares('  by TDSP', hour.calls.by_tdsp, day.calls.by_tdsp),
    ...shares('  by reason', hour.calls.by_reason, day.calls.by_reason),
    ...shares('  by outcome', hour.calls.by_outcome, day.calls.by_outcome),
    ...(advice === null ? [] : wrapWords(advice, columns - 2).map((line) => `  ${toned('warn', line)}`)),
    '',
    toned('title', 'Cache'),
    ...layerLines(report),
    '',
    toned('title', 'Answers and statements'),
    latencyLine('answers', hour.answers, report.response_ms),
    latencyLine('  cached', null, hour.cached_answer_ms),
    latencyLine('  other', null, hour.other_answer_ms),
    latencyLine('statements', null, report.db_query_ms),
    latencyLine('upstream', hour.calls.total, hour.calls.ms),
    '',
    toned('title', 'Last hour and day'),
    ...(
      [
        ['calls', 'calls'],
        ['answers', 'answers'],
        ['hit rate', 'cache_hit_rate'],
        ['answer p99', 'answer_p99_ms'],
        ['statement p95', 'statement_p95_ms'],
      ] as const
    ).map(
      ([name, key]) =>
        `  ${pad(name, 14)} ${pad(sparkline(trends.hour[key]), 14)} ${sparkline(trends.day[key])}`,
    ),
    '',
    toned('title', 'Targets'),
    `  ${pad('', 33)} ${pad('required', 10, 'right')} ${pad('ours', 8, 'right')} ${PERIODS.map((one) => pad(one, 9, 'right')).join(' ')}`,
    ...Object.values(report.targets).map((target) => {
      const sign = target.better === 'more' ? '≥' : '<';
      const cells = PERIODS.map((period) =>
        toned(
          TONES[target.verdicts[period]],
          pad(targetText(target.unit, target.values[period]), 9, 'right'),
        ),
      );
      const worstOf = PERIODS.map((period) => target.verdicts[period]).toSorted(
        (a, b) => SEVERITY.indexOf(a) - SEVERITY.indexOf(b),
      )[0]!;
      return `  ${pad(target.title, 33)} ${pad(`${sign} ${targetText(target.unit, target.required)}`, 10, 'right')} ${pad(targetText(target.unit, target.ours), 8, 'right')} ${cells.join(' ')}  ${toned(TONES[worstOf], WORDS[worstOf])}`;
    }),
    '',
    toned('title', 'Alerts'),
    ...(report.alerts.length === 0
      ? ['  none fires']
      : report.alerts.map(
          ({ display, severity, title, subject, reading, runbook }) =>
            `  ${toned(display === 'firing' ? 'bad' : 'dim', display)} ${severity} ${strong(title)}${subject === '' ? '' : `: ${subject}`}, ${reading} (${runbook})`,
        )),
  ];
  const ink = inkOf(process.stdout, options);
  return lines.map((line) => inked(line, ink));
}

const SEVERITY: readonly TargetVerdict[] = ['missed', 'ours_missed', 'kept', 'unknown'];

function shares(title: string, hour: Record<string, number>, day: Record<string, number>): string[] {
  const entries = Object.entries(day).toSorted(([, a], [, b]) => b - a);
  if (entries.length === 0) return [];
  const text = entries.map(([name, count]) => `${name} ${hour[name] ?? 0}/${count}`).join(', ');
  return [`${pad(title, 14)} ${text} ${dim('(hour/day)')}`];
}

function layerLines({ hour, day, cache_hit_rate }: MetricsReport): string[] {
  const rows = LAYERS.map((layer) => {
    const [now, before] = [hour.layers[layer], day.layers[layer]];
    return `  ${pad(layer, 10)} ${pad(countText(now.asked), 12, 'right')} ${pad(percentText(now.hit_rate, 2), 10, 'right')} ${pad(percentText(before.hit_rate, 2), 10, 'right')} ${pad(countText(now.stale_serves), 9, 'right')}`;
  });
  return [
    `  ${pad('layer', 10)} ${pad('asked', 12, 'right')} ${pad('hour', 10, 'right')} ${pad('day', 10, 'right')} ${pad('stale', 9, 'right')}`,
    ...rows,
    `  answered without the upstream: ${percentText(cache_hit_rate, 2)} within the hour, ${percentText(day.cache_hit_rate, 2)} within the day`,
  ];
}

function latencyLine(
  name: string,
  count: number | null,
  { p50, p95, p99 }: Record<'p50' | 'p95' | 'p99', number | null>,
): string {
  const ms = (value: number | null) => (value === null ? '–' : `${value} ms`);
  const times = count === null ? '' : countText(count);
  return `  ${pad(name, 12)} ${pad(times, 10, 'right')}  p50 ${pad(ms(p50), 8, 'right')}  p95 ${pad(ms(p95), 8, 'right')}  p99 ${pad(ms(p99), 8, 'right')}`;
}
