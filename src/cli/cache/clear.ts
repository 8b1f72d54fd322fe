/** `cache clear` and `cache warm`. */

import { plural } from '../../monitor/text.ts';
import { requestClear } from '../../store/cache/cache-clears.ts';
import { readCacheProcesses } from '../../store/cache/cache-stats.ts';
import { refillPlanCache } from '../../store/plans/plan-cache.ts';
import { readActivePlanSet } from '../../store/plans/plans.ts';
import { announceCurrent, readCurrentSnapshots } from '../../store/plans/snapshots.ts';
import { readTerritory } from '../../store/territory.ts';
import { HOUR_MS } from '../../units.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { readTargets } from '../targets.ts';
import { UsageError } from '../usage-error.ts';

export async function cacheClear(
  context: CommandContext,
  given: string[],
  { all = false }: { all?: boolean },
): Promise<number> {
  if (all === given.length > 0) {
    throw new UsageError(
      all
        ? 'Either --all or places, not both.'
        : 'Name the cities, ZIP codes or TDSPs to clear (dallas-tx, 75201, ONCOR), or say --all.',
    );
  }
  const territory = readTerritory();
  const cleared = all ? territory.tdsps.map(({ duns }) => duns) : readTargets(territory, given, true).tdsps;
  return withStore(context, 2, async (database) => {
    for (const duns of all ? [null] : cleared) await requestClear(database, duns);
    const processes = (await readCacheProcesses(database.pool, new Date())).length;
    const names = cleared.map((duns) => territory.tdsp(duns)!.short_name).join(', ');
    return answer(
      context,
      { status: 'cleared', tdsps: cleared, processes },
      () => `Cleared: ${names}. ${whoForgets(processes)}\nThe plans themselves stay as they are.`,
    );
  });
}

function whoForgets(processes: number): string {
  return processes === 0
    ? 'No process is running; a Redis is cleared by the next one that starts within a day.'
    : `${plural(processes, 'running process forgets', 'running processes forget')} them now; they are loaded again from the stored plans.`;
}

const WARM_WORDS = {
  warmed: 'put back',
  warm: 'was there',
  empty: 'nothing was ever published: npm run sync:full',
};

export async function cacheWarm(context: CommandContext): Promise<number> {
  const ttlMs = context.config.cacheTtlHours * HOUR_MS;
  return withStore(context, 2, async ({ pool }) => {
    const tdsps: { duns: string; name: string; plans: number | null; status: keyof typeof WARM_WORDS }[] = [];
    for (const { duns, short_name: name } of readTerritory().tdspsMostWantedFirst) {
      const set = await readActivePlanSet(pool, duns);
      const bytes = set ? await refillPlanCache(pool, set, ttlMs) : 0;
      const status = set === null ? 'empty' : bytes > 0 ? 'warmed' : 'warm';
      tdsps.push({ duns, name, plans: set?.plans.length ?? null, status });
    }
    await announceCurrent(pool, await readCurrentSnapshots(pool));
    const isWarm = tdsps.every(({ status }) => status !== 'empty');
    const describe = () =>
      tdsps
        .map(
          ({ name, plans, status }) =>
            `${name.padEnd(18)} ${String(plans ?? '–').padStart(6)} plans  ${WARM_WORDS[status]}`,
        )
        .join('\n');
    return answer(context, { status: isWarm ? 'warm' : 'incomplete', tdsps }, describe, isWarm);
  });
}
