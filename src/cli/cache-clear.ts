/** `cache clear` and `cache warm`. */

import { openStore } from '../app/open.ts';
import { readCacheProcesses } from '../store/cache/cache-stats.ts';
import type { CommandContext } from './command.ts';
import { readTargets } from './targets.ts';
import { UsageError } from './usage-error.ts';

export async function cacheClear(
  { config, isJson }: CommandContext,
  given: string[],
  { all = false }: { all?: boolean },
): Promise<number> {
  if (all === given.length > 0) {
    throw new UsageError(
      all
        ? 'Either --all or places, not both.'
        : 'What shall be cleared? Name cities, ZIP codes or TDSPs (dallas-tx, 75201, ONCOR), or say --all.',
    );
  }
  const [{ requestClear }, { readTerritory }] = await Promise.all([
    import('../store/cache/cache-clears.ts'),
    import('../store/territory.ts'),
  ]);
  const territory = readTerritory();
  const { tdsps } = readTargets(territory, given, true);
  const database = await openStore(config, 2);
  try {
    for (const duns of all ? [null] : tdsps) await requestClear(database, duns);
    const processes = (await readCacheProcesses(database.pool, new Date())).length;
    const cleared = (all ? territory.tdsps.map(({ duns }) => duns) : tdsps).map(
      (duns) => territory.tdsp(duns)!,
    );
    const who =
      processes === 0
        ? 'No process is running; a Redis is cleared by the next one that starts within a day.'
        : `${processes === 1 ? 'The running process forgets them now and loads' : `${processes} running processes forget them now and load`} them again from the stored plans.`;
    console.log(
      isJson
        ? JSON.stringify({ status: 'cleared', tdsps: cleared.map(({ duns }) => duns), processes })
        : `Cleared: ${cleared.map(({ short_name }) => short_name).join(', ')}. ${who}\nThe plans themselves stay as they are.`,
    );
    return 0;
  } finally {
    await database.close();
  }
}

export async function cacheWarm({ config, isJson }: CommandContext): Promise<number> {
  const [
    { refillPlanCache },
    { readActivePlanSet },
    { readCurrentSnapshots, announceCurrent },
    { readTerritory },
  ] = await Promise.all([
    import('../store/plans/plan-cache.ts'),
    import('../store/plans/plans.ts'),
    import('../store/plans/snapshots.ts'),
    import('../store/territory.ts'),
  ]);
  const territory = readTerritory();
  const database = await openStore(config, 2);
  try {
    const ttlMs = config.cacheTtlHours * 3_600_000;
    const warmed: {
      duns: string;
      name: string;
      plans: number | null;
      status: 'warmed' | 'warm' | 'empty';
    }[] = [];
    for (const { duns, short_name: name } of territory.tdspsMostWantedFirst) {
      const set = await readActivePlanSet(database.pool, duns);
      const bytes = set ? await refillPlanCache(database.pool, set, ttlMs) : 0;
      const status = set === null ? 'empty' : bytes > 0 ? 'warmed' : 'warm';
      warmed.push({ duns, name, plans: set?.plans.length ?? null, status });
    }
    await announceCurrent(database.pool, await readCurrentSnapshots(database.pool));
    const isEmpty = warmed.some(({ status }) => status === 'empty');
    const said = {
      warmed: 'put back',
      warm: 'was there',
      empty: 'nothing was ever published: npm run sync:full',
    };
    console.log(
      isJson
        ? JSON.stringify({ status: isEmpty ? 'incomplete' : 'warm', tdsps: warmed })
        : warmed
            .map(
              ({ name, plans, status }) =>
                `${name.padEnd(18)} ${String(plans ?? '–').padStart(6)} plans  ${said[status]}`,
            )
            .join('\n'),
    );
    return isEmpty ? 1 : 0;
  } finally {
    await database.close();
  }
}
