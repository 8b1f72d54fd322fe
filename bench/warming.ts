/** Whether preparing pages before their first reader is worth anything: ghost caches on one access log, and what a page costs. */

import { once } from 'node:events';
import { setTimeout } from 'node:timers/promises';
import { chance } from '../src/planning/chance.ts';
import { isBusinessDay, localDay, localMinute, MINUTE_MS } from '../src/planning/refresh/calendar.ts';
import { readTerritory } from '../src/store/territory.ts';
import { DAY_MS, HOUR_MS } from '../src/units.ts';
import { startProgram } from './http.ts';
import { withFolder } from './postgres.ts';
import { digits, median, type Say, type Section, verdict } from './report.ts';

const SEED = 18;
const DAYS = 7;
const READS_A_DAY = 40_000;
const START = Date.parse('2026-03-02T06:00:00Z');
/** A page tells the age of its plans in steps of five minutes: it is written anew then, whatever was prepared. */
const KEPT_MS = 5 * MINUTE_MS;
/** Prepared after each publish and start: a quarter of a second of one core at two milliseconds a page. */
const BUDGET_PAGES = 125;
const HALF_LIFE_MS = 6 * HOUR_MS;
/** Beside the plain page of a city: filters, sorts, profiles, in the order of how often they are asked. */
const VARIANTS = 24;
const MEASURED_PAGES = 200;

interface Read {
  at: number;
  page: number;
}

interface City {
  tier: number;
  tdsps: readonly string[];
}

interface Log {
  reads: Read[];
  /** Of a page: which city, by index. */
  cityOf: (page: number) => number;
  cities: readonly City[];
  /** When which plan set was published; `null`: the process started. */
  events: { at: number; tdsp: string | null }[];
}

/** Zipf over cities by people and over variants, with pages that are in demand for some hours and then are not. */
function accessLog(): Log {
  const random = chance(SEED);
  const cities = readTerritory().cities.toSorted((a, b) => (b.population ?? 0) - (a.population ?? 0));
  const zipf = (count: number, skew: number) => {
    const sums: number[] = [];
    for (let n = 0; n < count; n++) sums.push((sums[n - 1] ?? 0) + 1 / (n + 1) ** skew);
    return () => {
      const u = random() * sums.at(-1)!;
      let [low, high] = [0, count - 1];
      while (low < high) {
        const middle = (low + high) >> 1;
        if (sums[middle]! < u) low = middle + 1;
        else high = middle;
      }
      return low;
    };
  };
  const [cityAt, variantAt] = [zipf(cities.length, 1), zipf(VARIANTS, 1.3)];
  const reads: Read[] = [];
  let trending: number[] = [];
  for (let hour = 0; hour < DAYS * 24; hour++) {
    const from = START + hour * HOUR_MS;
    // Linked in a newspaper or a newsletter: twenty other pages every six hours, a quarter of all reads.
    if (hour % 6 === 0)
      trending = Array.from({ length: 20 }, () => Math.floor(random() * cities.length * VARIANTS));
    const share = localMinute(from) >= 7 * 60 && localMinute(from) < 23 * 60 ? 1.4 : 0.2;
    for (let n = 0; n < (READS_A_DAY / 24) * share; n++) {
      const isTrending = random() < 0.25;
      const page = isTrending ? trending[Math.floor(random() * 20)]! : cityAt() * VARIANTS + variantAt();
      reads.push({ at: from + random() * HOUR_MS, page });
    }
  }
  reads.sort((a, b) => a.at - b.at);
  const events: Log['events'] = [];
  const tdsps = [...new Set(cities.flatMap((city) => city.tdsps))];
  for (let at = START; at < START + DAYS * DAY_MS; at += HOUR_MS) {
    if (localMinute(at) === 3 * 60) events.push({ at, tdsp: null });
    if (!isBusinessDay(localDay(at)) || localMinute(at) < 5 * 60 || localMinute(at) > 12 * 60) continue;
    for (const tdsp of tdsps) events.push({ at: at + 18 * MINUTE_MS, tdsp });
  }
  return { reads, cityOf: (page) => Math.floor(page / VARIANTS), cities, events };
}

type Policy = 'nothing' | 'by tier' | 'by recent reads';

interface Ghost {
  misses: number;
  prepared: number;
  /** Prepared and read before it was written anew. */
  used: number;
  /** First reads within a minute of a publish or start that had to wait. */
  waitedAfter: number;
}

function runGhost({ reads, cityOf, cities, events }: Log, policy: Policy): Ghost {
  const ready = new Map<number, { until: number; isFresh: boolean }>();
  const asked = new Map<number, { count: number; at: number }>();
  const decayed = (page: number, now: number) => {
    const one = asked.get(page);
    return one ? one.count * 0.5 ** ((now - one.at) / HALF_LIFE_MS) : 0;
  };
  const ghost: Ghost = { misses: 0, prepared: 0, used: 0, waitedAfter: 0 };
  let [next, lastEvent] = [0, Number.NEGATIVE_INFINITY];
  const happen = ({ at, tdsp }: Log['events'][number]) => {
    lastEvent = at;
    const isOf = (page: number) => tdsp === null || cities[cityOf(page)]!.tdsps.includes(tdsp);
    for (const page of ready.keys()) if (isOf(page)) ready.delete(page);
    // What was read is known only to a process that goes on: at a start, by what is stored, of each city.
    const candidates =
      policy === 'nothing'
        ? []
        : policy === 'by tier'
          ? cities.map((_, city) => city * VARIANTS).filter(isOf)
          : [...asked.keys()].filter(isOf);
    const order =
      policy === 'by tier'
        ? candidates.toSorted((a, b) => cities[cityOf(a)]!.tier - cities[cityOf(b)]!.tier)
        : candidates.toSorted((a, b) => decayed(b, at) - decayed(a, at));
    for (const page of order.slice(0, BUDGET_PAGES)) {
      ready.set(page, { until: at + KEPT_MS, isFresh: true });
      ghost.prepared++;
    }
  };
  for (const { at, page } of reads) {
    while (next < events.length && events[next]!.at <= at) happen(events[next++]!);
    asked.set(page, { count: decayed(page, at) + 1, at });
    const one = ready.get(page);
    if (one && one.until > at) {
      if (one.isFresh) ghost.used++;
      one.isFresh = false;
      continue;
    }
    ghost.misses++;
    if (at - lastEvent < MINUTE_MS) ghost.waitedAfter++;
    ready.set(page, { until: at + KEPT_MS, isFresh: false });
  }
  return ghost;
}

/** Of the real program: the first read of a page and the next, and what its plan sets take in memory. */
function measurePrices() {
  return withFolder(async (folder) => {
    const { child, url } = await startProgram(folder, { RATE_LIMIT_PER_MINUTE: '1000000' });
    try {
      while (!(await fetch(`${url}/readyz`)).ok) await setTimeout(50);
      const read = async (path: string) => {
        const began = performance.now();
        await (await fetch(url + path)).arrayBuffer();
        return performance.now() - began;
      };
      const paths = readTerritory()
        .cities.slice(0, MEASURED_PAGES)
        .map(({ slug }) => `/cities/${slug}`);
      // The first pages pay for code that was never run.
      for (const path of paths.slice(0, 20)) await read(`${path}?sort=price`);
      const first: number[] = [];
      const second: number[] = [];
      for (const path of paths) {
        first.push(await read(path));
        second.push(await read(path));
      }
      const metrics = await (await fetch(`${url}/metrics`)).text();
      const bytes = /^wattsync_cache_memory_bytes\S* (\d+)/m.exec(metrics);
      return { first: median(first), second: median(second), bytes: bytes ? Number(bytes[1]) : null };
    } finally {
      child.kill('SIGTERM');
      await once(child, 'exit');
    }
  });
}

export async function measureWarming(say: Say): Promise<Section> {
  const { first, second, bytes } = await measurePrices();
  say(`a page ${digits(first)} ms, ready ${digits(second)} ms`);
  const log = accessLog();
  const ghosts = (['nothing', 'by tier', 'by recent reads'] as const).map((policy) => {
    const ghost = runGhost(log, policy);
    say(`${policy}: ${digits(ghost.misses)} of ${digits(log.reads.length)} reads wait`);
    return { policy, ...ghost };
  });
  const [nothing, tier, recent] = [ghosts[0]!, ghosts[1]!, ghosts[2]!];
  const priceMs = Math.max(0, first - second);
  const savedMs = ({ misses }: Ghost) => (nothing.misses - misses) * priceMs;
  const costMs = ({ prepared }: Ghost) => prepared * priceMs;
  const share = (part: number, of: number) => `${((part / of) * 100).toFixed(2)} %`;
  const starts = log.events.filter(({ tdsp }) => tdsp === null).length;
  const sets = new Set(log.events.flatMap(({ tdsp }) => tdsp ?? [])).size;
  const isWorth = recent.misses < tier.misses && savedMs(recent) > costMs(recent);
  return {
    title: 'Warming',
    method: `An access log of ${DAYS} days (seed ${SEED}): ${digits(log.reads.length)} reads, Zipf over cities by people and over ${VARIANTS} filters, sorts and
profiles, a quarter of them of pages that are linked somewhere for six hours; a publish of each of ${sets} plan sets every hour of
business mornings, a start every night. Ghost caches on that log: after each publish and start up to ${BUDGET_PAGES} pages are prepared, by
tier of their city or by recent reads (half-life six hours). A page is written anew after five minutes in any case, because it tells the age
of its plans. What a page costs is measured on the program itself, ${MEASURED_PAGES} pages.`,
    tables: [
      {
        title: 'Pages prepared before their first reader',
        head: [
          'prepared',
          'pages prepared',
          'of them read',
          'reads that wait',
          'within a minute of a publish',
          'waiting saved, s',
          'work spent, s',
        ],
        rows: ghosts.map((ghost) => [
          ghost.policy,
          digits(ghost.prepared),
          ghost.prepared === 0 ? '–' : share(ghost.used, ghost.prepared),
          share(ghost.misses, log.reads.length),
          digits(ghost.waitedAfter),
          (savedMs(ghost) / 1_000).toFixed(1),
          (costMs(ghost) / 1_000).toFixed(1),
        ]),
      },
    ],
    findings: [
      `Plan sets: all ${sets} take ${bytes === null ? 'an unknown number of' : digits(bytes / 1_048_576)} MB in memory and stay there, so that at most ${starts * sets} of ${digits(log.reads.length)} reads (${share(starts * sets, log.reads.length)}) could ever find one missing: predicting which to warm is worth nothing`,
      `A page that is not ready costs its reader ${digits(priceMs)} ms more (at most 10): ${verdict(priceMs <= 10)}`,
      `Preparing by recent reads leaves ${share(recent.misses, log.reads.length)} of reads waiting, by tier ${share(tier.misses, log.reads.length)}, without ${share(nothing.misses, log.reads.length)}; it saves readers ${(savedMs(recent) / 1_000).toFixed(1)} s in a week for ${(costMs(recent) / 1_000).toFixed(1)} s of work: ${isWorth ? 'worth it' : 'not worth it, so nothing is prepared'}`,
    ],
  };
}
