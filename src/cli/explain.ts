/** `explain`: what a shopper at a place is answered just now, from where, and what happens next. */

import type { Config } from '../config.ts';
import { expected } from '../errors.ts';
import { type MonitorView, readMonitorView } from '../monitor/monitor-view.ts';
import { limitText, spanText } from '../monitor/text.ts';
import { readPlanCacheState } from '../store/plans/plan-cache.ts';
import type { ControlState } from '../store/queue/sync-control.ts';
import { readTerritory } from '../store/territory.ts';
import { Places } from '../territory/places.ts';
import type { Territory } from '../territory/territory.ts';
import { HOUR_MS } from '../units.ts';
import { answer, type CommandContext, withStore } from './command.ts';

type Kind = 'city' | 'zip' | 'tdsp';
type Explain = (context: CommandContext, text: string) => Promise<number>;

export const explain =
  (kind: Kind): Explain =>
  async (context, text) => {
    const territory = readTerritory();
    const place = findPlace(territory, kind, text);
    if ('explanation' in place) {
      const { explanation } = place;
      return answer(context, { place: text, explanation }, () => explanation, false);
    }
    return withStore(context, 1, async ({ pool }) => {
      const view = await readMonitorView(pool, context.config);
      const cached = await readPlanCacheState(pool);
      const tdsps: Explained[] = [];
      for (const duns of place.tdsps) {
        const name = territory.tdsp(duns)?.short_name ?? duns;
        const cache = cached.find((one) => one.tdsp_duns === duns);
        const served = await askServer(context, duns);
        tdsps.push({ duns, name, ...toState(view, duns, cache, context.config), served });
      }
      const { name, note } = place;
      const served = `${name} is served by ${tdsps.map((one) => one.name).join(' and ')}.`;
      return answer(
        context,
        { place: name, note, tdsps },
        () => [served, ...(note ? [note] : []), ...tdsps.flatMap(describe)].join('\n'),
        tdsps.every(({ stale }) => !stale),
      );
    });
  };

type Explained = ReturnType<typeof toState> & { duns: string; name: string; served: Served | null };

/** What is stored of a TDSP, and what happens to it next. */
function toState(
  { tdsps, at, control }: MonitorView,
  duns: string,
  cache: { version: number; expires_at: Date } | undefined,
  { cacheTtlHours, syncIntervalMs }: Config,
) {
  const tdsp = tdsps.find((one) => one.duns === duns);
  const { version = null, plans = null, source = null, origin = null } = tdsp ?? {};
  const { observed_at = null, age_seconds = null, stale = true, last_result = null } = tdsp ?? {};
  const isCached = cache !== undefined && cache.version === version && cache.expires_at > at;
  return {
    version,
    plans,
    source,
    origin,
    observed_at,
    age_seconds,
    stale,
    stale_at: observed_at && new Date(observed_at.getTime() + cacheTtlHours * HOUR_MS),
    /** The first stored layer that has this version; a running server may have it in memory or Redis. */
    stored_layer: version === null ? null : isCached ? 'database' : 'active',
    cache_expires_at: cache?.expires_at ?? null,
    last_result,
    next: whatIsNext(control.state, stale, age_seconds, syncIntervalMs),
  };
}

function findPlace(
  territory: Territory,
  kind: Kind,
  text: string,
): { name: string; tdsps: readonly string[]; note: string | null } | { explanation: string } {
  if (kind === 'tdsp') {
    const tdsp = territory.tdsp(text);
    if (!tdsp) return { explanation: expected(`one of ${territory.tdspList}`, text) };
    return { name: tdsp.name, tdsps: [tdsp.duns], note: null };
  }
  const place = new Places(territory).find(text);
  if ('explanation' in place) return place;
  const name = place.kind === 'city' ? place.city.name : `ZIP code ${place.zip.zip}`;
  return { name, tdsps: place.tdsps, note: place.note };
}

/** What a running server answers. */
interface Served {
  source: string;
  version: string;
  age_seconds: number;
  stale: boolean;
  cache_status: string;
}

const SERVER_MS = 1_000;

/** `null` where no server answers, or it has nothing. */
async function askServer({ config }: CommandContext, duns: string): Promise<Served | null> {
  try {
    const url = `http://${config.host}:${config.port}/v1/plans?tdsp=${duns}&limit=1`;
    const response = await fetch(url, { signal: AbortSignal.timeout(SERVER_MS) });
    if (!response.ok) return null;
    const { meta } = (await response.json()) as { meta: Omit<Served, 'cache_status'> };
    const { source, version, age_seconds, stale } = meta;
    return { source, version, age_seconds, stale, cache_status: response.headers.get('cache-status') ?? '' };
  } catch {
    return null;
  }
}

function whatIsNext(
  state: ControlState,
  isStale: boolean,
  age_seconds: number | null,
  intervalMs: number,
): string {
  if (state !== 'running') {
    return `nothing is fetched before npm run sync:resume, as syncing ${state === 'stopped' ? 'is stopped' : 'was halted by an emergency'}`;
  }
  if (age_seconds === null) return 'the first reader, or npm run sync:full, has the plans fetched';
  if (isStale) {
    return 'readers get these plans at once, marked stale, and the first of them has one refresh started for all';
  }
  return `a running server fetches them again every ${limitText(intervalMs / 1_000)}`;
}

function describe(one: Explained): string[] {
  const { served, last_result: last } = one;
  const lines = ['', one.name];
  if (one.version === null) lines.push('  Nothing was ever published here.');
  else {
    lines.push(
      `  ${one.plans} plans, version ${one.version}, from ${one.source} (${one.origin}).`,
      `  Confirmed by the upstream ${spanText(one.age_seconds!)} ago, ${one.observed_at?.toISOString()}: ${one.stale ? 'stale since' : 'fresh until'} ${one.stale_at?.toISOString()}.`,
      one.stored_layer === 'database'
        ? `  PostgreSQL has them ready in plan_cache until ${one.cache_expires_at?.toISOString()}.`
        : '  They are not in plan_cache: they would be put together from the active plans.',
    );
  }
  lines.push(
    served
      ? `  The server answers from ${served.source}: version ${served.version}, ${spanText(served.age_seconds)} old${served.stale ? ', stale' : ''} (${served.cache_status}).`
      : '  No server answers here (HOST and PORT), so what it has in memory is not known.',
  );
  if (last) {
    const message = last.message ? `, ${last.message}` : '';
    lines.push(`  The last sync, ${last.at.toISOString()}: ${last.status}${message}.`);
  }
  return [...lines, `  Next: ${one.next}.`];
}
