/** `freshness`: how old plans are against what their tiers promise; fails past an error age, for cron and CI. */

import type { AgeLimits, AgeVerdict, Slo } from '../monitor/freshness.ts';
import {
  type FreshnessReport,
  readFreshness,
  type TdspFreshness,
  type TierFreshness,
} from '../monitor/freshness-report.ts';
import { limitText, percentText, plural, spanText } from '../monitor/text.ts';
import { readControl } from '../store/queue/sync-control.ts';
import { readTerritory } from '../store/territory.ts';
import { answer, type CommandContext, withStore } from './command.ts';
import { table } from './table.ts';

export async function freshness(context: CommandContext): Promise<number> {
  return withStore(context, 1, async ({ pool }) => {
    const report = await readFreshness(pool, readTerritory(), context.config);
    const { state } = await readControl(pool);
    return answer(context, report, () => describe(report, state === 'running'), report.status !== 'error');
  });
}

const SIGNS: Record<AgeVerdict, string> = { fresh: ' ', late: ' ', warning: '!', error: '✗' };

function describe({ tdsps, tiers, overall, status, window_hours }: FreshnessReport, isOn: boolean): string {
  const window = `${window_hours} h`;
  const limits = ['target', 'warn', 'error'];
  const known = `Of the last ${window}, ${percentText(overall.window_known)} is known.`;
  return [
    ...table(['  TDSP', 'age', 'tier', ...limits, `within, ${window}`], tdsps.map(tdspCells)),
    '',
    ...table(
      ['  tier', 'cities', 'oldest', ...limits, 'within now', `within, ${window}`],
      [...tiers.map(tierCells), ['  all', String(overall.cities), '', '', '', '', ...sloCells(overall)]],
    ),
    '',
    'within: share of cities whose plans are younger than the target of their tier (in',
    'brackets: a city counts by its demand), now and over the time that is known.',
    ...(overall.window_known < 0.999 ? [known] : []),
    verdictOf(status, tdsps, isOn),
  ].join('\n');
}

const tdspCells = (tdsp: TdspFreshness): string[] => [
  `${SIGNS[tdsp.verdict]} ${tdsp.name}`,
  ageOf(tdsp.age_seconds),
  String(tdsp.tier),
  ...limitCells(tdsp),
  percentText(tdsp.within_window),
];

const tierCells = (tier: TierFreshness): string[] => [
  `${SIGNS[tier.verdict]} ${tier.tier}`,
  String(tier.cities),
  ageOf(tier.oldest_age_seconds),
  ...limitCells(tier),
  ...sloCells(tier),
];

const limitCells = ({ target_hours, warn_after_hours, error_after_hours }: AgeLimits): string[] =>
  [target_hours, warn_after_hours, error_after_hours].map((hours) => limitText(hours * 3_600));

const sloCells = (slo: Slo): string[] => [
  `${percentText(slo.within_now)} (${percentText(slo.within_now_weighted)})`,
  `${percentText(slo.within_window)} (${percentText(slo.within_window_weighted)})`,
];

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
