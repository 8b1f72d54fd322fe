/** What the event log adds to a publish: the same publish with its statement and without, in turns. */

import { readdirSync, readFileSync } from 'node:fs';
import type { PlanDraft } from '../src/plan/plan.ts';
import type { Connection, Database } from '../src/store/postgres/database.ts';
import { makeDrafts, repriced } from './drafts.ts';
import { publishDrafts } from './postgres.ts';
import { digits, duration, median, type Say, spread, type Table, verdict } from './report.ts';

/** Milliseconds of CPU: of this process and all of PostgreSQL; what else the machine does is not in them. */
async function cpuMs(database: Database): Promise<number> {
  const { rows } = await database.pool.query<{ pid: number }>('select pg_backend_pid() as pid');
  const parentOf = (pid: string) => readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ')[1]?.split(' ')[1];
  const server = parentOf(String(rows[0]!.pid));
  const { user, system } = process.cpuUsage();
  let sum = (user + system) / 1_000;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (parentOf(pid) === server)
        sum += Number(readFileSync(`/proc/${pid}/schedstat`, 'utf8').split(' ')[0]) / 1e6;
    } catch {
      // It has ended since it was listed.
    }
  }
  return sum;
}

const SCALE = { plans: 20_000, tdsps: 120, rounds: 9 } as const;
const CHANGED_NTH = 50;
const AT_ONCE = 5;
const MOST = 1.05;
const PHASES = ['first insert', '2 % changed'] as const;
type Phase = (typeof PHASES)[number];
const WAYS = ['with', 'without'] as const;
type Way = (typeof WAYS)[number];

/** The statement alone is left out: what it is told is worked out in both. */
function withoutLog(database: Database): Database {
  const silent = (connection: Connection): Connection =>
    new Proxy(connection, {
      get(target, name) {
        const value = Reflect.get(target, name);
        if (name !== 'query') return typeof value === 'function' ? value.bind(target) : value;
        return (question: { name?: string }, ...more: unknown[]) =>
          question.name === 'write events'
            ? Promise.resolve({ rows: [], rowCount: 0 })
            : value.call(target, question, ...more);
      },
    });
  return { ...database, transaction: (work) => database.transaction((own) => work(silent(own))) };
}

/** @param duns as many TDSPs as there are, all of them known to the database */
export async function measureEventLog(
  database: Database,
  duns: readonly string[],
  say: Say,
): Promise<{ table: Table; findings: string[] }> {
  const tdsps = duns.slice(0, SCALE.tdsps);
  const before = tdsps.map((one, at) => makeDrafts(one, Math.floor(SCALE.plans / SCALE.tdsps), at + 1));
  const after = before.map((drafts) => repriced(drafts, CHANGED_NTH));
  const empty = (): Record<Phase, Record<Way, number[]>> => ({
    'first insert': { with: [], without: [] },
    '2 % changed': { with: [], without: [] },
  });
  const timings = empty();
  const used = empty();
  const ways = { with: database, without: withoutLog(database) };
  for (let round = 0; round < SCALE.rounds; round++) {
    for (const way of round % 2 === 0 ? WAYS : WAYS.toReversed()) {
      await database.pool.query(
        `truncate electricity_plans, plan_revisions, offers, providers, plan_price_history, plan_snapshots, plan_cache,
                  market_events cascade`,
      );
      for (const phase of PHASES) {
        await database.pool.query(
          'vacuum analyze electricity_plans, offers, providers, plan_revisions, market_events',
        );
        await database.pool.query('checkpoint');
        const [began, cpu] = [performance.now(), await cpuMs(database)];
        await publishAll(ways[way], tdsps, phase === 'first insert' ? before : after);
        timings[phase][way].push(performance.now() - began);
        used[phase][way].push((await cpuMs(database)) - cpu);
      }
    }
    const told = PHASES.map(
      (phase) =>
        `${phase} ${WAYS.map((way) => `${way} ${duration(timings[phase][way].at(-1)!)} (CPU ${duration(used[phase][way].at(-1)!)})`).join(', ')}`,
    );
    say(`event log, round ${round + 1} of ${SCALE.rounds}: ${told.join('; ')}`);
  }
  const ratios = (of: typeof used, phase: Phase) =>
    of[phase].with.map((one, at) => one / of[phase].without[at]!);
  return {
    table: {
      title: `The event log, ${SCALE.plans.toLocaleString('en-US')} plans of ${SCALE.tdsps} TDSPs, ${SCALE.rounds} rounds`,
      head: ['', 'with the log', 'without', 'with ÷ without', 'CPU with', 'CPU without', 'with ÷ without'],
      rows: PHASES.map((phase) => [
        phase,
        spread(timings[phase].with),
        spread(timings[phase].without),
        spread(ratios(timings, phase), digits),
        spread(used[phase].with),
        spread(used[phase].without),
        spread(ratios(used, phase), digits),
      ]),
    },
    findings: PHASES.map((phase) => {
      const ratio = median(ratios(used, phase));
      return `event log, ${phase}: it adds at most 5 % of CPU to a publish: ${verdict(ratio <= MOST)}, ${digits((ratio - 1) * 100)} %`;
    }),
  };
}

async function publishAll(database: Database, duns: readonly string[], sets: PlanDraft[][]): Promise<void> {
  const waiting = [...duns.entries()];
  const work = async () => {
    for (let next = waiting.shift(); next; next = waiting.shift()) {
      await publishDrafts(database, next[1], sets[next[0]]!);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}
