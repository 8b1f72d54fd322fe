/** Ten million questions, none like another, through what answers them in the server: does the heap grow? */

import { IncomingMessage, ServerResponse } from 'node:http';
import { Socket } from 'node:net';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { PLANS_PATH, PlanAnswers } from '../src/api/plans/plan-answers.ts';
import { activeLayer } from '../src/cache/database-layer.ts';
import { PlanSetCache } from '../src/cache/plan-set-cache.ts';
import { Catalog } from '../src/catalog/catalog.ts';
import { readTerritory } from '../src/store/territory.ts';
import { Places } from '../src/territory/places.ts';
import { makeDrafts } from './drafts.ts';
import { publishDrafts, withDatabase } from './postgres.ts';
import { digits, type Say, type Section, verdict } from './report.ts';

const EARLY = 1_000_000;
const LATE = 10_000_000;
const PLANS = 160;
const STALE_AFTER_MS = 86_400_000;

export function measureHeap(say: Say): Promise<Section> {
  return withDatabase(async (database, tdsps) => {
    for (const duns of tdsps) await publishDrafts(database, duns, makeDrafts(duns, PLANS, 1));
    const planSets = new PlanSetCache({ layers: [activeLayer(database.pool)], staleAfterMs: STALE_AFTER_MS });
    await planSets.warm(tdsps);
    const territory = readTerritory();
    const answers = new PlanAnswers({
      territory,
      places: new Places(territory),
      database: { pool: database.quick },
      catalog: new Catalog({ planSets, staleAfterMs: STALE_AFTER_MS }),
      syncIntervalMs: 3_600_000,
      staleAfterMs: STALE_AFTER_MS,
      onEvent: () => {},
      admin: null,
    });
    const slugs = territory.cities.map(({ slug }) => slug);
    const samples: { asked: number; bytes: number }[] = [];
    const started = performance.now();
    let left = 0;
    for (let asked = 0; asked <= LATE; asked++) {
      if (asked === EARLY || (asked > 0 && asked % (LATE / 4) === 0)) {
        samples.push({ asked, bytes: await settledHeap() });
        say(`${asked.toLocaleString('en-US')} questions: ${mib(samples.at(-1)!.bytes)} MiB`);
      }
      const url = `${PLANS_PATH}?${question(asked, slugs)}`;
      if (!ask(answers, url)) left += 1;
      // Some are asked again, and so kept ready for a while.
      if (asked % 10 === 0) ask(answers, url);
      // As between two requests: without a turn of the event loop nothing is ever let go.
      if (asked % 10_000 === 0) await new Promise(setImmediate);
    }
    const microseconds = ((performance.now() - started) * 1_000) / (LATE * 1.1);
    const growth = samples.at(-1)!.bytes / samples[0]!.bytes - 1;
    return {
      title: 'Heap',
      method:
        `Each question has a city (all ${slugs.length} in turn), an upper rate no other question of that city has, and a usage, a term ` +
        'or an order; every tenth is asked twice. They go through what answers them in the server, with the request and ' +
        `response objects of node:http, without sockets. ${tdsps.length} TDSPs of ${PLANS} plans. Heap and buffers after two full collections. ` +
        `One took ${digits(microseconds)} µs; ${left.toLocaleString('en-US')} could not be answered from memory.`,
      tables: [
        {
          title: 'What the process holds',
          head: ['questions asked', 'MiB'],
          rows: samples.map(({ asked, bytes }) => [asked.toLocaleString('en-US'), mib(bytes)]),
        },
      ],
      findings: [
        `From ${EARLY.toLocaleString('en-US')} to ${LATE.toLocaleString('en-US')} questions it grows by at most 5 % (${(growth * 100).toFixed(1)} %): ${verdict(growth <= 0.05 && left === 0)}`,
      ],
    };
  });
}

const USAGES = [500, 750, 1_000, 1_100, 1_250, 1_500, 1_750, 2_000, 2_500, 3_000] as const;
const MORE = [
  '',
  '&term=12',
  '&sort=bill',
  '&min_green=50',
  '&sort=-term',
  '&rate_type=fixed',
  '&limit=5',
] as const;

function question(at: number, slugs: readonly string[]): string {
  const round = Math.floor(at / slugs.length);
  // Now and then one that nobody else asks for, which has to be priced.
  const usage = at % 100 === 0 ? 1 + ((at / 100) % 100_000) : USAGES[round % USAGES.length];
  return `city=${slugs[at % slugs.length]}&max_rate=${(8 + round / 1_000).toFixed(3)}&usage=${usage}${MORE[at % MORE.length]}`;
}

const SOCKET = new Socket();

function ask(answers: PlanAnswers, url: string): boolean {
  const request = new IncomingMessage(SOCKET);
  request.method = 'GET';
  request.url = url;
  const response = new ServerResponse(request);
  return answers.answerReady(request, response) || answers.answerAtOnce(request, response);
}

let collect: (() => void) | undefined;

async function settledHeap(): Promise<number> {
  setFlagsFromString('--expose-gc');
  collect ??= runInNewContext('gc') as () => void;
  for (let time = 0; time < 2; time++) {
    await new Promise(setImmediate);
    collect();
  }
  const { heapUsed, external } = process.memoryUsage();
  return heapUsed + external;
}

const mib = (bytes: number): string => (bytes / (1 << 20)).toFixed(1);
