/** `freshness`: how old plans are against what their tiers promise; fails past an error age, for cron and CI. */

import type { AgeVerdict, Slo } from '../monitor/freshness.ts';
import type { FreshnessReport, TdspFreshness, TierFreshness } from '../monitor/freshness-report.ts';
import { limitText, percentText, plural, spanText } from '../monitor/text.ts';
import { answer, type CommandContext, withStore } from './command.ts';

export async function freshness(context: CommandContext): Promise<number> {
  const [{ readFreshness }, { freshnessRules }, { readTerritory }, { readControl }] = await Promise.all([
    import('../monitor/freshness-report.ts'),
    import('../monitor/freshness.ts'),
    import('../store/territory.ts'),
    import('../store/queue/sync-control.ts'),
  ]);
  return withStore(context, 1, async ({ pool }) => {
    const report = await readFreshness(pool, readTerritory(), freshnessRules(context.config));
    const { state } = await readControl(pool);
    return answer(context, report, () => describe(report, state === 'running'), report.status !== 'error');
  });
}

const SIGNS: Record<AgeVerdict, string> = { fresh: ' ', late: ' ', warning: '!', error: '✗' };

function describe({ tdsps, tiers, overall, status, window_hours }: FreshnessReport, isOn: boolean): string {
  const last = `${window_hours} h`;
  return [
    `  TDSP                    age  tier  target    warn   error  within, ${last}`,
    ...tdsps.map(tdspLine),
    '',
    `  tier  cities  oldest  target    warn   error  within now    within, ${last}`,
    ...tiers.map(tierLine),
    `  all   ${String(overall.cities).padStart(6)}${' '.repeat(32)}  ${sloCells(overall)}`,
    '',
    'within: share of cities whose plans are younger than the target of their tier (in',
    'brackets: a city counts by its demand), now and over the time that is known.',
    ...(overall.window_known < 0.999
      ? [`Of the last ${last}, ${percentText(overall.window_known)} is known.`]
      : []),
    verdictOf(status, tdsps, isOn),
  ].join('\n');
}

function tdspLine({ name, age_seconds, tier, verdict, within_window, ...limits }: TdspFreshness): string {
  const cells = [
    SIGNS[verdict],
    name.padEnd(18),
    ageOf(age_seconds).padStart(8),
    String(tier).padStart(5),
    limitCells(limits),
    percentText(within_window).padStart(12),
  ];
  return cells.join(' ').trimEnd();
}

function tierLine({ tier, cities, oldest_age_seconds, verdict, ...rest }: TierFreshness): string {
  const cells = [
    SIGNS[verdict],
    String(tier).padEnd(5),
    String(cities).padStart(6),
    ageOf(oldest_age_seconds).padStart(7),
    limitCells(rest),
  ];
  return `${cells.join(' ')}  ${sloCells(rest)}`.trimEnd();
}

const limitCells = (limits: {
  target_hours: number;
  warn_after_hours: number;
  error_after_hours: number;
}): string =>
  [limits.target_hours, limits.warn_after_hours, limits.error_after_hours]
    .map((hours) => limitText(hours * 3_600).padStart(7))
    .join(' ');

const sloCells = (slo: Slo): string =>
  [
    [slo.within_now, slo.within_now_weighted],
    [slo.within_window, slo.within_window_weighted],
  ]
    .map(([plain, weighted]) => `${percentText(plain!)} (${percentText(weighted!)})`.padEnd(17))
    .join(' ');

const ageOf = (seconds: number | null): string => (seconds === null ? 'never' : spanText(seconds));

function verdictOf(
  status: FreshnessReport['status'],
  tdsps: readonly TdspFreshness[],
  isOn: boolean,
): string {
  if (status === 'fresh') return 'Plans are fresh.';
  const old = tdsps.filter(({ verdict }) => verdict === 'warning' || verdict === 'error');
  const past = status === 'error' ? 'past the error age (✗)' : 'past the warning age (!)';
  const now = isOn ? 'Sync now:' : 'Syncing is stopped: npm run sync:resume, then';
  return `${plural(old.length, 'plan set')} ${past}. Why: npm run doctor. ${now} npm run sync:full`;
}
