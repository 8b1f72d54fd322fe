/** Statistics for the planner right after much was written: autovacuum comes within a minute or so, queries at once. */

import type { Database, Queryable } from '../postgres/database.ts';

/** Smaller ones are read as a whole in any case. */
const WORTH_BYTES = 64 << 10;

/**
 * Analyses the tables of this schema that were never analysed, or of which a fifth has changed since.
 * @returns their names; locked ones are left out
 */
export async function analyzeWhatChanged(queryable: Queryable): Promise<string[]> {
  const { rows } = await queryable.query<{ name: string }>(
    `select c.oid::regclass::text as name
       from pg_class c join pg_stat_user_tables s on s.relid = c.oid
      where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace
        and (c.reltuples < 0 and pg_relation_size(c.oid) >= $1
             or s.n_mod_since_analyze >= greatest(500, s.n_live_tup / 5))
      order by 1`,
    [WORTH_BYTES],
  );
  for (const { name } of rows) await queryable.query(`analyze (skip_locked) ${name}`);
  return rows.map(({ name }) => name);
}

/** Fewer new plans than this never lead the planner astray; more do, whatever there was before. */
const WORTH_PLANS = { least: 500, most: 20_000 };

const grown = new WeakMap<Database, { known: number; added: number }>();

/**
 * For every publish: a market that doubles while it is published leaves the prepared statements of all connections with
 * plans for a small one, and each publish then reads all plans of all others. New statistics have them planned anew.
 * Asked for each time as many plans have come as there were, so a large market costs a few of these; nobody who has
 * the tables locked is waited for.
 * @param added plans that were not there before
 */
export async function analyzeGrowth(database: Database, added: number): Promise<void> {
  if (added === 0) return;
  const growth = grown.get(database) ?? { known: 0, added: 0 };
  grown.set(database, growth);
  growth.added += added;
  if (growth.added < Math.min(Math.max(WORTH_PLANS.least, growth.known), WORTH_PLANS.most)) return;
  growth.known += growth.added;
  growth.added = 0;
  // All columns of many plans take seconds. Those of the first ones have been looked at by then.
  const [plans, offers] = growth.known > WORTH_PLANS.most ? PUBLISH_LOOKS_FOR : ['', ''];
  await database.pool.query(
    `analyze (skip_locked) electricity_plans ${plans}, offers ${offers}, providers, plan_snapshots`,
  );
}

const PUBLISH_LOOKS_FOR = ['(tdsp_duns, external_id, offer_id, is_active)', '(id, tdsp_duns, offer_key)'];
