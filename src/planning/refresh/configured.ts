/** The settings of the refresh strategy, from the configuration and what is being fetched. */

import type { Config } from '../../config.ts';
import { readCurrentSnapshots } from '../../store/plans/snapshots.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import type { Territory } from '../../territory/territory.ts';
import { HOUR_MS } from '../../units.ts';
import type { RefreshSettings } from './refresher.ts';

export function toRefreshSettings(
  { refresh, apiCallBudgetPerHour, freshnessTargetHours }: Config,
  territory: Territory,
  upstream: RefreshSettings['upstream'],
): RefreshSettings {
  const hours: Record<number, number> = freshnessTargetHours;
  return {
    strategy: refresh.strategy,
    callsPerHour: refresh.callsPerHour,
    budgetPerHour: apiCallBudgetPerHour,
    targetMs: (tier) => (hours[tier] ?? hours[3]!) * HOUR_MS,
    territory,
    upstream,
  };
}

/** For a command, which opens no upstream: the address is that of the plans there are. */
export async function refreshSettings(
  queryable: Queryable,
  config: Config,
  territory: Territory,
): Promise<RefreshSettings> {
  const [latest] = (await readCurrentSnapshots(queryable)).toSorted(
    (a, b) => b.observed_at.getTime() - a.observed_at.getTime(),
  );
  const coverage = config.planSource === 'powertochoose' ? 'state' : 'tdsp';
  return toRefreshSettings(config, territory, {
    name: config.planSource,
    origin: latest?.origin ?? '',
    coverage,
  });
}
