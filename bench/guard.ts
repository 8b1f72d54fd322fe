/** What the guard catches, end to end from a file to PostgreSQL, and what it adds to a publish. */

import { publish } from '../src/sync/publish/publish.ts';
import { DAY_MS } from '../src/units.ts';
import { FedMarket, sendDamaged } from '../test/support/fed-market.ts';
import { MUTATIONS } from '../test/support/market-mutations.ts';
import { makeDrafts, repriced } from './drafts.ts';
import { withDatabase } from './postgres.ts';
import { duration, median, type Say, type Section, spread, verdict } from './report.ts';

const PLANS = 160;
/** A sixth of the plans, as from one day to the next. */
const CHANGED_NTH = 6;
const DAYS = 60;
/** Of the 79 kinds that were once tried by hand, at least 75 must be caught. */
const LEAST_SHARE = 75 / 79;
const MOST_MS = 15;

export async function measureGuard(say: Say): Promise<Section> {
  const kinds = Object.keys(MUTATIONS);
  const found = await withDatabase((database) =>
    FedMarket.on(database, (market) => sendDamaged(market, kinds)),
  );
  const missed = found.filter(({ passed }) => passed > 0);
  const stuck = found.reduce((sum, one) => sum + one.stuck.length, 0);
  const caught = found.length - missed.length;
  say(`${caught} of ${found.length} kinds held or repaired`);
  const costs = await measureCosts();
  const added = median(costs.judged) - median(costs.unjudged);
  say(`a publish ${spread(costs.judged)}, without the guard ${spread(costs.unjudged)}`);
  // After each damage one of each TDSP.
  const honest = found.length * 6;
  return {
    title: 'Guard',
    method:
      `An export of six TDSPs with two languages is read, judged and published, damaged in ${found.length} ways, each between two honest days ` +
      '(test/support/market-mutations.ts). Repaired: published with a field kept from before, or without the records that cannot be true, whose plans stay as they ' +
      `were. The cost is that of publishing ${PLANS} plans, of which one in ${CHANGED_NTH} changed, ${DAYS} days in a row, judged and as an operator's decision, in turns.`,
    tables: [
      {
        title: 'Kinds of damage that passed anywhere',
        head: ['kind', 'TDSPs of six'],
        rows: missed.map(({ kind, passed }) => [kind, String(passed)]),
      },
      {
        title: 'A publish',
        head: ['with the guard', 'without'],
        rows: [[spread(costs.judged), spread(costs.unjudged)]],
      },
    ],
    findings: [
      `${caught} of ${found.length} kinds of damage held or repaired (target 75 of 79): ${verdict(caught / found.length >= LEAST_SHARE)}`,
      `${honest - stuck} of ${honest} honest plan sets published without help (target all): ${verdict(stuck === 0)}`,
      `The guard adds ${duration(added)} to a publish (target ${MOST_MS} ms): ${verdict(added <= MOST_MS)}`,
    ],
  };
}

function measureCosts(): Promise<{ judged: number[]; unjudged: number[] }> {
  return withDatabase(async (database, [one, other]) => {
    const taken = { judged: [] as number[], unjudged: [] as number[] };
    const publishTimed = async (tdsp_duns: string, plans: ReturnType<typeof makeDrafts>, now: Date) => {
      const isJudged = tdsp_duns === one;
      const began = performance.now();
      await publish(
        database,
        { tdsp_duns, source: 'sandbox', origin: 'bench', plans, rejected: [], observed_at: now, run_id: 1 },
        { now, cacheTtlMs: DAY_MS, passed_as: isJudged ? 'judged' : 'overridden' },
      );
      (isJudged ? taken.judged : taken.unjudged).push(performance.now() - began);
    };
    let sets = [one!, other!].map((duns) => ({ duns, plans: makeDrafts(duns, PLANS, 1) }));
    const begin = Date.now() - DAYS * DAY_MS;
    for (let day = 0; day < DAYS; day++) {
      const now = new Date(begin + day * DAY_MS);
      for (const { duns, plans } of day % 2 === 0 ? sets : sets.toReversed()) {
        await publishTimed(duns, plans, now);
      }
      sets = sets.map(({ duns, plans }) => ({ duns, plans: repriced(plans, CHANGED_NTH) }));
    }
    return taken;
  });
}
