/** `explain`: what a shopper at a place is answered just now, from where, and what happens next. */

import type { Config } from '../config.ts';
import { expected } from '../errors.ts';
import { HOUR_MS, limitText, spanText } from '../monitor/text.ts';
import { readPlanCacheState } from '../store/plans/plan-cache.ts';
import { readCurrentSnapshots } from '../store/plans/snapshots.ts';
import { type ControlState, readControl } from '../store/queue/sync-control.ts';
import { readLastResults } from '../store/queue/sync-runs.ts';
import { readTerritory } from '../store/territory.ts';
import { Places } from '../territory/places.ts';
import type { Territory } from '../territory/territory.ts';
import { answer, type CommandContext, withStore } from './command.ts';

type Kind = 'city' | 'zip' | 'tdsp';

type Explained = ReturnType<typeof stateOf> & { duns: string; name: string; served: Served | null };

/** What a running server answers. */
interface Served {
  source: string;
  version: string;
  age_seconds: number;
  stale: boolean;
  cache_status: string;
}

const SERVER_MS = 1_000;

export async function explain(context: CommandContext, kind: Kind, text: string): Promise<number> {
  const { config } = context;
  const territory = readTerritory();
  const place = findPlace(territory, kind, text);
  if ('explanation' in place) {
    const { explanation } = place;
    return answer(context, { place: text, explanation }, () => explanation, false);
  }
  return withStore(context, 2, async ({ pool }) => {
    const facts = {
      now: new Date(),
      config,
      snapshots: await readCurrentSnapshots(pool),
      cached: await readPlanCacheState(pool),
      results: await readLastResults(pool),
      state: (await readControl(pool)).state,
    };
    const tdsps: Explained[] = [];
    for (const duns of place.tdsps) {
      const name = territory.tdsp(duns)?.short_name ?? duns;
      const served = await askServer(`http://${config.host}:${config.port}`, duns);
      tdsps.push({ duns, name, ...stateOf(duns, facts), served });
    }
    const found = { place: place.name, note: place.note, tdsps };
    return answer(
      context,
      found,
      () => describe(place, tdsps),
      tdsps.every(({ stale }) => !stale),
    );
  });
}

interface Facts {
  now: Date;
  config: Pick<Config, 'cacheTtlHours' | 'syncIntervalMs'>;
  snapshots: Awaited<ReturnType<typeof readCurrentSnapshots>>;
  cached: Awaited<ReturnType<typeof readPlanCacheState>>;
  results: Awaited<ReturnType<typeof readLastResults>>;
  state: ControlState;
}

function stateOf(duns: string, { now, config, snapshots, cached, results, state }: Facts) {
  const ofTdsp = ({ tdsp_duns }: { tdsp_duns: string }) => tdsp_duns === duns;
  const snapshot = snapshots.find(ofTdsp);
  const cache = cached.find(ofTdsp);
  const last = results.find(ofTdsp);
  const staleAfterMs = config.cacheTtlHours * HOUR_MS;
  const ageMs = snapshot ? now.getTime() - snapshot.observed_at.getTime() : null;
  const isCached = cache !== undefined && cache.version === snapshot?.version && cache.expires_at > now;
  const isStale = ageMs === null || ageMs > staleAfterMs;
  return {
    version: snapshot?.version ?? null,
    plans: snapshot?.plans ?? null,
    source: snapshot?.source ?? null,
    origin: snapshot?.origin ?? null,
    observed_at: snapshot?.observed_at.toISOString() ?? null,
    age_seconds: ageMs === null ? null : Math.max(0, Math.floor(ageMs / 1000)),
    stale: isStale,
    stale_at: snapshot ? new Date(snapshot.observed_at.getTime() + staleAfterMs).toISOString() : null,
    /** The first stored layer that has this version; a running server may have it in memory or Redis. */
    stored_layer: snapshot ? (isCached ? 'database' : 'active') : null,
    cache_expires_at: cache?.expires_at.toISOString() ?? null,
    last_result: last ? { status: last.status, message: last.message, at: last.finished_at } : null,
    next: whatIsNext(state, isStale, ageMs, config.syncIntervalMs),
  };
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
      : { explanation: expected(`one of ${territory.tdspList}`, text) };
  }
  const place = new Places(territory).find(text);
  if ('explanation' in place) return place;
  return {
    name: place.kind === 'city' ? place.city.name : `ZIP code ${place.zip.zip}`,
    tdsps: place.tdsps,
    note: place.note,
  };
}

/** `null` where no server answers. */
async function askServer(url: string, duns: string): Promise<Served | null> {
  try {
    const answer = await fetch(`${url}/v1/plans?tdsp=${duns}&limit=1`, {
      signal: AbortSignal.timeout(SERVER_MS),
    });
    const { meta } = (await answer.json()) as { meta: Partial<Omit<Served, 'cache_status'>> };
    const { source, version, age_seconds, stale } = meta;
    return source === undefined || version === undefined || age_seconds === undefined || stale === undefined
      ? null
      : { source, version, age_seconds, stale, cache_status: answer.headers.get('cache-status') ?? '' };
  } catch {
    return null;
  }
}

function whatIsNext(state: ControlState, isStale: boolean, ageMs: number | null, intervalMs: number): string {
  if (state !== 'running') {
    return `nothing is fetched before npm run sync:resume, as syncing ${state === 'stopped' ? 'is stopped' : 'was halted by an emergency'}`;
  }
  if (ageMs === null) return 'the first reader, or npm run sync:full, has the plans fetched';
  if (isStale) {
    return 'readers get these plans at once, marked stale, and the first of them has one refresh started for all';
  }
  return `a running server fetches them again every ${limitText(intervalMs / 1_000)}`;
}

function describe(
  { name, note }: { name: string; note: string | null },
  tdsps: readonly Explained[],
): string {
  const served = `${name} is served by ${tdsps.map((one) => one.name).join(' and ')}.`;
  return [served, ...(note ? [note] : []), ...tdsps.flatMap(describeTdsp)].join('\n');
}

function describeTdsp(one: Explained): string[] {
  const { served, last_result: last } = one;
  const stored =
    one.version === null
      ? ['  Nothing was ever published here.']
      : [
          `  ${one.plans} plans, version ${one.version}, from ${one.source} (${one.origin}).`,
          `  Confirmed by the upstream ${spanText(one.age_seconds!)} ago, ${one.observed_at}: ${one.stale ? 'stale since' : 'fresh until'} ${one.stale_at}.`,
          one.stored_layer === 'database'
            ? `  PostgreSQL has them ready in plan_cache until ${one.cache_expires_at}.`
            : '  They are not in plan_cache: they would be put together from the active plans.',
        ];
  return [
    '',
    one.name,
    ...stored,
    served
      ? `  The server answers from ${served.source}: version ${served.version}, ${spanText(served.age_seconds)} old${served.stale ? ', stale' : ''} (${served.cache_status}).`
      : '  No server answers here (HOST and PORT), so what it has in memory is not known.',
    ...(last
      ? [
          `  The last sync, ${last.at.toISOString()}: ${last.status}${last.message ? `, ${last.message}` : ''}.`,
        ]
      : []),
    `  Next: ${one.next}.`,
  ];
}
