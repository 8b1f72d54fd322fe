/** What the observer reads before it judges: the state of syncing, the figures of the last hour, and what only it asks for. */

import type { Config, Secret } from '../../config.ts';
import { readDisabledWebhooks } from '../../store/events/webhooks.ts';
import { type ChannelDeliveries, readChannelDeliveries } from '../../store/observation/deliveries.ts';
import { readFigures } from '../../store/observation/figure-rows.ts';
import { type Figures, type FiguresRow, sumFigures } from '../../store/observation/figures.ts';
import { readRepeatedPlans, readSchemaDrift } from '../../store/plans/quarantine.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { readQueryStats } from '../../store/upkeep/query-stats.ts';
import type { DiskSpace } from '../../store/upkeep/readings/disk.ts';
import { type Replication, readReplication } from '../../store/upkeep/readings/server.ts';
import type { Territory } from '../../territory/territory.ts';
import { HOUR_MS } from '../../units.ts';
import { ageLimits } from '../freshness.ts';
import { type MonitorView, readMonitorView } from '../monitor-view.ts';
import { probeRedis } from '../probe-redis.ts';
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
  /** Of each TDSP, plans that are there more than once at different rates. */
  repeated: { tdsp_duns: string; plans: number; repeated: number }[];
  channels: ChannelDeliveries[];
  replication: Replication | null;
  /** Receivers of events that are told no more. */
  disabledWebhooks: { name: string; why_disabled: string | null }[];
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

/** Figures of a stretch of time, and how long it is. */
interface BurnWindow {
  figures: Figures;
  minutes: number;
}

/** Of minutes nobody recorded none counts as bad. */
function burnOf({ figures, minutes }: BurnWindow, duns: string): { rate: number; bad: number } {
  const { fresh = 0, known = 0 } = figures.tdsps[duns] ?? {};
  const bad = known - fresh;
  return { rate: bad / minutes / BUDGET_SHARE, bad };
}

/**
 * @param windows each long one with its short one; `times`: in the measure of the first pair, where the limit of another
 * is another
 */
function burnsOf(windows: readonly { long: BurnWindow; short: BurnWindow; times?: number }[]): Burn[] {
  const all = new Set(windows.flatMap(({ long }) => Object.keys(long.figures.tdsps)));
  return [...all].map((duns) => ({
    duns,
    pairs: windows.map(({ long, short, times = 1 }) => {
      const { rate, bad } = burnOf(long, duns);
      return { long: rate * times, short: burnOf(short, duns).rate * times, bad_minutes: bad };
    }),
  }));
}

/** Reads that are dear, and change slowly: kept for a minute. */
export class SlowFacts {
  readonly #keepMs: number;
  #redis: { at: number; probe: ReturnType<typeof probeRedis> } | undefined;
  #read: { at: number; facts: Pick<Facts, 'burnSlow' | 'drift' | 'repeated' | 'replication'> } | undefined;

  /** @param keepMs how long they are kept */
  constructor(keepMs = 60_000) {
    this.#keepMs = keepMs;
  }

  redis(url: Secret): ReturnType<typeof probeRedis> {
    const at = performance.now();
    if (!this.#redis || at - this.#redis.at > Math.min(REDIS_MS, this.#keepMs))
      this.#redis = { at, probe: probeRedis(url, null) };
    return this.#redis.probe;
  }

  async of(queryable: Queryable, now: Date, lastHour: readonly FiguresRow[]) {
    if (this.#read && Math.abs(now.getTime() - this.#read.at) < this.#keepMs) return this.#read.facts;
    const since = (hours: number) => ({ from: new Date(now.getTime() - hours * HOUR_MS), to: now });
    const hours = await readFigures(queryable, since(72), 'hour');
    const sum = (last: number): BurnWindow => ({
      figures: sumFigures(hours.filter(({ at }) => at.getTime() > now.getTime() - last * HOUR_MS)),
      minutes: last * 60,
    });
    const [sixHours, threeDays] = [sum(6), sum(72)];
    const facts = {
      burnSlow: burnsOf([
        { long: sixHours, short: { figures: sumFigures(lastOf(lastHour, now, 30)), minutes: 30 } },
        // Of three days a rate of 1 is enough: told in the measure of the six hours, whose limit is 6.
        { long: threeDays, short: sixHours, times: 6 },
      ]),
      drift: await readSchemaDrift(queryable, DRIFT_DAYS),
      repeated: await readRepeatedPlans(queryable),
      replication: await readReplication(queryable).catch(() => null),
    };
    this.#read = { at: now.getTime(), facts };
    return facts;
  }
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
  {
    promises,
    slow,
    readDisk,
  }: {
    promises: Facts['promises'];
    slow: SlowFacts;
    readDisk: (folder: string) => Promise<DiskSpace>;
  },
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
    burnFast: burnsOf([
      {
        long: { figures: hour, minutes: 60 },
        short: { figures: sumFigures(lastOf(minutes, now, 5)), minutes: 5 },
      },
    ]),
    ...(await slow.of(queryable, now, minutes)),
    channels: await readChannelDeliveries(queryable),
    disabledWebhooks: await readDisabledWebhooks(queryable),
    disk: config.databaseUrl ? null : await readDisk(config.dataDir).catch(() => null),
    redis: config.redisUrl && (await slow.redis(config.redisUrl)),
  };
}
