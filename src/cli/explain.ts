/** `explain`: what a shopper at a place is answered just now, from where, and what happens next. */

import { openStore } from '../app/open.ts';
import { expected } from '../errors.ts';
import { readPlanCacheState } from '../store/plans/plan-cache.ts';
import { readCurrentSnapshots } from '../store/plans/snapshots.ts';
import { type ControlState, readControl } from '../store/queue/sync-control.ts';
import { readLastResults } from '../store/queue/sync-runs.ts';
import { readTerritory } from '../store/territory.ts';
import { Places } from '../territory/places.ts';
import type { Territory } from '../territory/territory.ts';
import type { CommandContext } from './command.ts';

type Kind = 'city' | 'zip' | 'tdsp';

interface Explained {
  duns: string;
  name: string;
  version: number | null;
  plans: number | null;
  source: string | null;
  origin: string | null;
  observed_at: string | null;
  age_seconds: number | null;
  stale: boolean;
  stale_at: string | null;
  /** Of stored layers the first that has this version; the running server may have it in memory or Redis before. */
  stored_layer: 'database' | 'active' | null;
  cache_expires_at: string | null;
  last_result: { status: string; message: string | null; at: Date } | null;
  /** What the running server says; `null` where none answers. */
  served: {
    source: string;
    version: string;
    age_seconds: number;
    stale: boolean;
    cache_status: string;
  } | null;
  next: string;
}

const SERVER_MS = 1_000;

export async function explain({ config, isJson }: CommandContext, kind: Kind, text: string): Promise<number> {
  const territory = readTerritory();
  const place = findPlace(territory, kind, text);
  if ('explanation' in place) {
    console.log(isJson ? JSON.stringify({ place: text, explanation: place.explanation }) : place.explanation);
    return 1;
  }
  const database = await openStore(config, 2);
  try {
    const now = new Date();
    const [snapshots, cached, results, { state }] = [
      await readCurrentSnapshots(database.pool),
      await readPlanCacheState(database.pool),
      await readLastResults(database.pool),
      await readControl(database.pool),
    ];
    const staleAfterMs = config.cacheTtlHours * 3_600_000;
    const explained: Explained[] = [];
    for (const duns of place.tdsps) {
      const snapshot = snapshots.find((one) => one.tdsp_duns === duns);
      const cache = cached.find((one) => one.tdsp_duns === duns);
      const last = results.find((one) => one.tdsp_duns === duns);
      const ageMs = snapshot ? now.getTime() - snapshot.observed_at.getTime() : null;
      const isCached = cache !== undefined && cache.version === snapshot?.version && cache.expires_at > now;
      const isStale = ageMs === null || ageMs > staleAfterMs;
      explained.push({
        duns,
        name: territory.tdsp(duns)?.short_name ?? duns,
        version: snapshot?.version ?? null,
        plans: snapshot?.plans ?? null,
        source: snapshot?.source ?? null,
        origin: snapshot?.origin ?? null,
        observed_at: snapshot?.observed_at.toISOString() ?? null,
        age_seconds: ageMs === null ? null : Math.max(0, Math.floor(ageMs / 1000)),
        stale: isStale,
        stale_at: snapshot ? new Date(snapshot.observed_at.getTime() + staleAfterMs).toISOString() : null,
        stored_layer: snapshot ? (isCached ? 'database' : 'active') : null,
        cache_expires_at: cache?.expires_at.toISOString() ?? null,
        last_result: last ? { status: last.status, message: last.message, at: last.finished_at } : null,
        served: await askServer(`http://${config.host}:${config.port}`, duns),
        next: whatIsNext(state, isStale, ageMs, config.syncIntervalMs),
      });
    }
    const isFine = explained.every(({ stale }) => !stale);
    console.log(
      isJson
        ? JSON.stringify({ place: place.name, note: place.note, tdsps: explained })
        : describe(place, explained),
    );
    return isFine ? 0 : 1;
  } finally {
    await database.close();
  }
}

function findPlace(
  territory: Territory,
  kind: Kind,
  text: string,
): { name: string; tdsps: readonly string[]; note: string | null } | { explanation: string } {
  if (kind === 'tdsp') {
    const tdsp = territory.tdsp(text);
    return tdsp
      ? { name: tdsp.name, tdsps: [tdsp.duns], note: null }
      : { explanation: expected(`a TDSP (${territory.tdspList})`, text) };
  }
  const place = new Places(territory).find(text);
  if ('explanation' in place) return place;
  return {
    name: place.kind === 'city' ? place.city.name : `ZIP code ${place.zip.zip}`,
    tdsps: place.tdsps,
    note: place.note,
  };
}

async function askServer(url: string, duns: string): Promise<Explained['served']> {
  try {
    const answer = await fetch(`${url}/v1/plans?tdsp=${duns}&limit=1`, {
      signal: AbortSignal.timeout(SERVER_MS),
    });
    const { meta } = (await answer.json()) as {
      meta: Partial<Omit<NonNullable<Explained['served']>, 'cache_status'>>;
    };
    const { source, version, age_seconds, stale } = meta;
    return source === undefined || version === undefined || age_seconds === undefined || stale === undefined
      ? null
      : { source, version, age_seconds, stale, cache_status: answer.headers.get('cache-status') ?? '' };
  } catch {
    return null;
  }
}

function whatIsNext(state: ControlState, isStale: boolean, ageMs: number | null, intervalMs: number): string {
  if (state !== 'running')
    return `nothing is fetched before npm run sync:resume, as syncing ${state === 'stopped' ? 'is stopped' : 'was halted by an emergency'}`;
  if (ageMs === null) return 'the first reader, or npm run sync:full, has the plans fetched';
  if (isStale)
    return 'readers get these plans at once, marked stale, and the first of them has one refresh started for all';
  return `a running server fetches them again every ${minutes(intervalMs / 1000)}`;
}

function describe(
  { name, note }: { name: string; note: string | null },
  tdsps: readonly Explained[],
): string {
  const lines = [`${name} is served by ${tdsps.map((one) => one.name).join(' and ')}.`];
  if (note) lines.push(note);
  for (const one of tdsps) {
    lines.push('', one.name);
    if (one.version === null) {
      lines.push('  Nothing was ever published here.');
    } else {
      lines.push(
        `  ${one.plans} plans, version ${one.version}, from ${one.source} (${one.origin}).`,
        `  Confirmed by the upstream ${minutes(one.age_seconds!)} ago, ${one.observed_at}: ${one.stale ? 'stale since' : 'fresh until'} ${one.stale_at}.`,
        one.stored_layer === 'database'
          ? `  PostgreSQL has them ready in plan_cache until ${one.cache_expires_at}.`
          : '  plan_cache has not got them: they would be put together from the active plans.',
      );
    }
    lines.push(
      one.served
        ? `  The server answers from ${one.served.source}: version ${one.served.version}, ${minutes(one.served.age_seconds)} old${one.served.stale ? ', stale' : ''} (${one.served.cache_status}).`
        : '  No server answers here (HOST and PORT), so memory cannot be looked into.',
    );
    if (one.last_result) {
      const { status, message, at } = one.last_result;
      lines.push(`  The last sync, ${at.toISOString()}: ${status}${message ? `, ${message}` : ''}.`);
    }
    lines.push(`  Next: ${one.next}.`);
  }
  return lines.join('\n');
}

function minutes(seconds: number): string {
  if (seconds < 120) return `${Math.round(seconds)} s`;
  return seconds < 7_200 ? `${Math.round(seconds / 60)} min` : `${Math.round(seconds / 3_600)} h`;
}
