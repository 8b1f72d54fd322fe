/** `sync status`: what is published, how old it is, and how the last runs ended. Loads little, for it is asked often. */

import { readCurrentSnapshots } from '../store/snapshots.ts';
import { markCrashedRuns, readLastResults, readRecentRuns } from '../store/sync-runs.ts';
import { readTdspNames } from '../store/tdsps.ts';
import type { CommandContext } from './program.ts';

const RUNS_SHOWN = 5;

export async function syncStatus({ config, isJson, parts }: CommandContext): Promise<number> {
  const database = await (await parts()).openStore(config, 2);
  try {
    const now = new Date();
    await markCrashedRuns(database.pool, now);
    const [names, snapshots, results, runs] = [
      await readTdspNames(database.pool),
      await readCurrentSnapshots(database.pool),
      await readLastResults(database.pool),
      await readRecentRuns(database.pool, RUNS_SHOWN),
    ];
    const staleAfterMs = config.cacheTtlHours * 3_600_000;
    const tdsps = names.map(({ duns, short_name }) => {
      const snapshot = snapshots.find((one) => one.tdsp_duns === duns);
      const last = results.find((one) => one.tdsp_duns === duns);
      const ageMs = snapshot ? now.getTime() - snapshot.observed_at.getTime() : null;
      return {
        duns,
        name: short_name,
        plans: snapshot?.plans ?? null,
        version: snapshot?.version ?? null,
        source: snapshot?.source ?? null,
        observed_at: snapshot?.observed_at ?? null,
        age_seconds: ageMs === null ? null : Math.max(0, Math.floor(ageMs / 1000)),
        stale: ageMs === null || ageMs > staleAfterMs,
        last_result: last
          ? { run_id: last.run_id, status: last.status, message: last.message, at: last.finished_at }
          : null,
      };
    });
    const isHealthy = tdsps.length > 0 && tdsps.every(({ stale }) => !stale);
    const status = { status: isHealthy ? 'fresh' : 'stale', tdsps, runs };
    console.log(isJson ? JSON.stringify(status) : describe(status));
    return isHealthy ? 0 : 1;
  } finally {
    await database.close();
  }
}

type Tdsp = {
  name: string;
  plans: number | null;
  source: string | null;
  age_seconds: number | null;
  stale: boolean;
};
type Result = { last_result: { status: string; message: string | null } | null };

function describe({
  tdsps,
  runs,
}: {
  tdsps: (Tdsp & Result)[];
  runs: Awaited<ReturnType<typeof readRecentRuns>>;
}): string {
  if (tdsps.length === 0) return 'Nothing was ever synced here. Run: npm run sync:full';
  const lines = ['TDSP                plans  age        last result'];
  for (const { name, plans, age_seconds, stale, last_result } of tdsps) {
    const age = age_seconds === null ? 'never' : `${ageOf(age_seconds)}${stale ? ' (!)' : ''}`;
    const result = last_result
      ? `${last_result.status}${last_result.message ? `: ${last_result.message}` : ''}`
      : '';
    lines.push(
      `${name.padEnd(18)} ${String(plans ?? '–').padStart(6)}  ${age.padEnd(10)} ${result}`.trimEnd(),
    );
  }
  lines.push('', 'Last runs');
  for (const run of runs) {
    const counts = run.plans
      ? `${run.plans.added} new, ${run.plans.changed} changed, ${run.plans.deactivated} gone`
      : '';
    const at = (run.started_at ?? run.requested_at).toISOString().replace('T', ' ').slice(0, 19);
    lines.push(
      `${String(run.id).padStart(5)}  ${at}  ${run.kind.padEnd(5)} ${run.status.padEnd(10)} ${run.api_calls} ${run.api_calls === 1 ? 'call ' : 'calls'}  ${counts}`.trimEnd(),
    );
  }
  if (runs.length === 0) lines.push('  none');
  if (tdsps.some(({ stale }) => stale))
    lines.push('', 'Plans marked (!) or never synced are not fresh. Run: npm run sync:full');
  if (tdsps.some(({ source }) => source === 'sandbox'))
    lines.push('', 'This is sandbox data: plans and prices are invented.');
  return lines.join('\n');
}

function ageOf(seconds: number): string {
  if (seconds < 120) return `${seconds} s`;
  if (seconds < 7200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3600)} h` : `${Math.floor(seconds / 86_400)} d`;
}
