/** What the observer reads before it judges: the state of syncing, the figures of the last hour, and what only it asks for. */

import type { Config, Secret } from '../../config.ts';
import { type ChannelDeliveries, readChannelDeliveries } from '../../store/observation/deliveries.ts';
import { readFigures } from '../../store/observation/figure-rows.ts';
import { type Figures, type FiguresRow, sumFigures } from '../../store/observation/figures.ts';
import { readSchemaDrift } from '../../store/plans/quarantine.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { readUnknownTdus, type UnknownTdu } from '../../store/queue/sync-overview.ts';
import { readQueryStats } from '../../store/upkeep/query-stats.ts';
import { type DiskSpace, readDiskSpace } from '../../store/upkeep/readings/disk.ts';
import { type Replication, readReplication } from '../../store/upkeep/readings/server.ts';
import type { Territory } from '../../territory/territory.ts';
import { HOUR_MS } from '../../units.ts';
import { ageLimits } from '../freshness.ts';
import { type MonitorView, readMonitorView } from '../monitor-view.ts';
import { pingRedis } from '../ping-redis.ts';
import { type QueryFigures, queryFigures } from '../query-metrics.ts';

/** Bad minutes of a TDSP, of those that are known. */
export interface Burn {
  duns: string;
  /** How many times the budget of the window was used, in the long and the short window of each pair. */
  pairs: { long: number; short: number; bad_minutes: number }[];
}

export interface Facts {
  /** By TDSP: what cities of each tier it serves are promised. */
  promises: ReadonlyMap<string, readonly { tier: number; target_hours: number }[]>;
  view: MonitorView;
  /** The last 15 minutes, and the last hour. */
  quarter: Figures;
  hour: Figures;
  /** Statements of the last ten minutes. */
  queries: QueryFigures[];
  burnFast: Burn[];
  burnSlow: Burn[];
  drift: { source: string; field: string }[];
  unknownTdus: UnknownTdu[];
  channels: ChannelDeliveries[];
  replication: Replication | null;
  /** `null`: of a server of the operator's own, SQL does not know it. */
  disk: DiskSpace | null;
  /** `null`: none is configured. */
  redis: { ms: number } | { error: string } | null;
}

/** Of the minutes that are promised one in a hundred may be late. */
const BUDGET_SHARE = 0.01;
const DRIFT_DAYS = 1;
const REDIS_MS = 10_000;
const QUERY_WINDOW_MS = 10 * 60_000;

const lastOf = (rows: readonly FiguresRow[], now: Date, minutes: number): FiguresRow[] =>
  rows.filter(({ at }) => at.getTime() >= now.getTime() - (minutes + 1) * 60_000);

function burnOf(figures: Figures, duns: string): { rate: number; bad: number } {
  const { fresh = 0, known = 0 } = figures.tdsps[duns] ?? {};
  const bad = known - fresh;
  return { rate: known === 0 ? 0 : bad / known / BUDGET_SHARE, bad };
}

/** @param windows each long one with its short one */
export function burnsOf(windows: readonly { long: Figures; short: Figures }[]): Burn[] {
  const all = new Set(windows.flatMap(({ long }) => Object.keys(long.tdsps)));
  return [...all].map((duns) => ({
    duns,
    pairs: windows.map(({ long, short }) => {
      const { rate, bad } = burnOf(long, duns);
      return { long: rate, short: burnOf(short, duns).rate, bad_minutes: bad };
    }),
  }));
}

/** Reads that are dear, and change slowly: kept for a minute. */
export class SlowFacts {
  #redis: { at: number; ping: ReturnType<typeof pingRedis> } | undefined;
  #read: { at: number; facts: Pick<Facts, 'burnSlow' | 'drift' | 'unknownTdus' | 'replication'> } | undefined;

  redis(url: Secret): ReturnType<typeof pingRedis> {
    const at = performance.now();
    if (!this.#redis || at - this.#redis.at > REDIS_MS) this.#redis = { at, ping: pingRedis(url) };
    return this.#redis.ping;
  }

  async of(queryable: Queryable, now: Date, lastHour: readonly FiguresRow[]) {
    if (this.#read && Math.abs(now.getTime() - this.#read.at) < 60_000) return this.#read.facts;
    const since = (hours: number) => ({ from: new Date(now.getTime() - hours * HOUR_MS), to: now });
    const hours = await readFigures(queryable, since(72), 'hour');
    const sum = (last: number) =>
      sumFigures(hours.filter(({ at }) => at.getTime() > now.getTime() - last * HOUR_MS));
    const [sixHours, threeDays] = [sum(6), sum(72)];
    const facts = {
      burnSlow: burnsOf([
        { long: sixHours, short: sumFigures(lastOf(lastHour, now, 30)) },
        // Of three days a rate of 1 is enough: told in the measure of the six hours, whose limit is 6.
        { long: scaled(threeDays, 6), short: scaled(sixHours, 6) },
      ]),
      drift: await readSchemaDrift(queryable, DRIFT_DAYS),
      unknownTdus: await readUnknownTdus(queryable),
      replication: await readReplication(queryable).catch(() => null),
    };
    this.#read = { at: now.getTime(), facts };
    return facts;
  }
}

/** As if so many times the bad minutes had been bad. */
function scaled(figures: Figures, times: number): Figures {
  const tdsps = Object.entries(figures.tdsps).map(([duns, one]) => [
    duns,
    { ...one, fresh: one.known - (one.known - one.fresh) * times },
  ]);
  return { ...figures, tdsps: Object.fromEntries(tdsps) };
}

export function promisesOf(territory: Territory, config: Config): Facts['promises'] {
  const tiers = new Map<string, Set<number>>();
  for (const { tier, tdsps } of territory.cities) {
    for (const duns of tdsps) tiers.set(duns, (tiers.get(duns) ?? new Set()).add(tier));
  }
  const promised = (tier: number) => ({ tier, target_hours: ageLimits(tier, config).target_hours });
  return new Map([...tiers].map(([duns, set]) => [duns, [...set].toSorted().map(promised)]));
}

/** @throws if PostgreSQL cannot be asked */
export async function readFacts(
  queryable: Queryable,
  config: Config,
  { promises, slow }: { promises: Facts['promises']; slow: SlowFacts },
): Promise<Facts> {
  const view = await readMonitorView(queryable, config);
  const now = view.at;
  const minutes = await readFigures(
    queryable,
    { from: new Date(now.getTime() - HOUR_MS), to: now },
    'minute',
  );
  const hour = sumFigures(minutes);
  return {
    view,
    promises,
    hour,
    quarter: sumFigures(lastOf(minutes, now, 15)),
    queries: queryFigures(await readQueryStats(queryable, new Date(now.getTime() - QUERY_WINDOW_MS))),
    burnFast: burnsOf([{ long: hour, short: sumFigures(lastOf(minutes, now, 5)) }]),
    ...(await slow.of(queryable, now, minutes)),
    channels: await readChannelDeliveries(queryable),
    disk: config.databaseUrl ? null : await readDiskSpace(config.dataDir).catch(() => null),
    redis: config.redisUrl && (await slow.redis(config.redisUrl)),
  };
}
