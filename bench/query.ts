/** A faceted question answered in memory, against the same question in SQL. */

import { answerQuery, facetsJson } from '../src/catalog/answer-query.ts';
import { PlanIndex } from '../src/catalog/plan-index.ts';
import type { PlanQuery } from '../src/catalog/plan-query.ts';
import { PricedPlans } from '../src/catalog/priced-plans.ts';
import { readActivePlanSet } from '../src/store/plans/plans.ts';
import type { Database } from '../src/store/postgres/database.ts';
import { EVERY_PLAN } from '../test/support/questions.ts';
import { makeDrafts } from './drafts.ts';
import { publishDrafts, withDatabase } from './postgres.ts';
import { digits, median, type Say, type Section, verdict } from './report.ts';

const PLANS = 160;
const ROUNDS = 15;
const QUERY: PlanQuery = { ...EVERY_PLAN, term: [12], min_green: 50, rate_type: ['fixed'] };

// Facets counted with all filters set: less than what memory answers, where each facet leaves out its own filter.
const SQL = `
  with matching as materialized (
    select * from electricity_plans p
     where p.tdsp_duns = $1 and p.is_active and p.term_months = 12 and p.percent_green >= 50 and p.rate_type = 'fixed'
  )
  select (select count(*) from matching) as total,
         (select json_agg(page) from (select * from matching m order by m.rate_1000kwh, m.id limit 20) page) as data,
         (select json_object_agg(coalesce(provider_id, ''), n) from (select provider_id, count(*) n from matching group by 1) f) as provider,
         (select json_object_agg(coalesce(rate_type, ''), n) from (select rate_type, count(*) n from matching group by 1) f) as rate_type,
         (select json_object_agg(term_months, n) from (select term_months, count(*) n from matching group by 1) f) as term`;

export function measureQuery(say: Say): Promise<Section> {
  return withDatabase(async (database, [duns]) => {
    await publishDrafts(database, duns!, makeDrafts(duns!, PLANS, 1));
    await database.pool.query('analyze electricity_plans');
    const set = await readActivePlanSet(database.pool, duns!);
    const priced = new PricedPlans(new PlanIndex([set!]), 1000);
    const memory: number[] = [];
    const all: number[] = [];
    const withJson: number[] = [];
    const sql: number[] = [];
    for (let round = 0; round < ROUNDS; round++) {
      memory.push(inMemory(() => answerQuery(priced, QUERY), 20_000));
      all.push(inMemory(() => answerQuery(priced, EVERY_PLAN), 20_000));
      withJson.push(inMemory(() => facetsJson(priced.index, answerQuery(priced, QUERY).counts), 20_000));
      sql.push(await inSql(database, duns!, 200));
      say(`round ${round + 1}: ${digits(memory.at(-1)!)} µs in memory, ${digits(sql.at(-1)!)} µs in SQL`);
    }
    const ratio = median(sql.map((micros, round) => micros / memory[round]!));
    const { total } = answerQuery(priced, QUERY);
    return {
      title: 'A faceted question',
      method:
        `${PLANS} plans of one TDSP; term 12, at least 50 % green, fixed; by rate, first 20, with facets (${total} match). ` +
        `Memory answers all six facets, each without its own filter; SQL is one prepared ` +
        `statement with three facets. Median of ${ROUNDS} interleaved rounds.`,
      tables: [
        {
          title: 'One question',
          head: ['where', 'µs', '× memory'],
          rows: [
            ['memory: filter, sort, facets', digits(median(memory)), '1'],
            [
              'memory: without any filter, all plans match',
              digits(median(all)),
              digits(median(all) / median(memory)),
            ],
            [
              'memory: and the facets as JSON',
              digits(median(withJson)),
              digits(median(withJson) / median(memory)),
            ],
            ['PostgreSQL through `pg`', digits(median(sql)), digits(ratio)],
          ],
        },
      ],
      findings: [
        `Filter, sort and facets at most 2 µs: ${verdict(median(memory) <= 2)}, of all plans: ${verdict(median(all) <= 2)}`,
        `Memory at least 10 times faster than SQL: ${verdict(ratio >= 10)}`,
      ],
    };
  });
}

function inMemory(ask: () => unknown, times: number): number {
  const started = performance.now();
  for (let i = 0; i < times; i++) ask();
  return ((performance.now() - started) * 1000) / times;
}

async function inSql(database: Database, duns: string, times: number): Promise<number> {
  const started = performance.now();
  for (let i = 0; i < times; i++) await database.pool.query({ name: 'faceted', text: SQL, values: [duns] });
  return ((performance.now() - started) * 1000) / times;
}
