/** What is known of a provider beside its plans. */

import { type Provider, readProvider, readProviderActivity } from '../../store/market/providers.ts';
import type { Queryable } from '../../store/postgres/database.ts';

const DAYS = 90;

export interface ProviderPast {
  provider: Provider;
  activity: Awaited<ReturnType<typeof readProviderActivity>>[number];
}

/** @returns `null`: no provider has this id */
export async function readProviderPast(
  queryable: Queryable,
  id: string,
  now: Date,
): Promise<ProviderPast | null> {
  const provider = await readProvider(queryable, id);
  if (!provider) return null;
  const [activity] = await readProviderActivity(queryable, id, { days: [DAYS], now });
  return { provider, activity: activity! };
}
