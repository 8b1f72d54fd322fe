/** Two years of an invented market, made by PostgreSQL itself: only so can ten million rows be had in minutes. */

import type { Database } from '../src/store/postgres/database.ts';

export interface InventedMarket {
  tdsps: number;
  plansPerTdsp: number;
  providers: number;
  days: number;
  /** Rows of plan_price_history. */
  rows: number;
}

/** DUNS of invented TDSPs, in the order of their numbers. */
export const inventedDuns = (number: number): string => `99${String(number).padStart(11, '0')}`;

const STEPS = [
  [
    'TDSPs, providers, one published version a day',
    `insert into tdsps (duns, code, name, short_name)
       select '99' || lpad(n::text, 11, '0'), 'BENCH_' || n, 'Invented wires company ' || n, 'Invented ' || n
         from generate_series(1, :tdsps) n;
     insert into providers (id, name, first_seen_at)
       select 'provider-' || n, 'Provider ' || n, now() - :days * interval '1 day' from generate_series(1, :providers) n;
     insert into plan_snapshots (tdsp_duns, version, source, origin, content_hash, set_hash, plans, observed_at, published_at)
       select '99' || lpad(t::text, 11, '0'), v, 'sandbox', 'bench', v::text, v::text, :plans, at + interval '20 hours', at
         from generate_series(1, :tdsps) t cross join generate_series(1, :days) v
        cross join lateral (
          select date_trunc('milliseconds', now()) - (:days - v) * interval '1 day' - interval '1 hour' as at) times;
     vacuum analyze plan_snapshots`,
  ],
  [
    'offers and plans; a tenth was listed later than the first day',
    `insert into offers (id, tdsp_duns, offer_key, provider_id, name, term_months, first_seen_at, last_changed_at)
       select gen_random_uuid(), s.tdsp_duns, 'key ' || n, 'provider-' || 1 + n % :providers, 'Plan ' || n,
              (array[1, 3, 6, 12, 12, 12, 18, 24, 24, 36])[1 + n % 10], s.published_at, s.published_at
         from generate_series(1, :tdsps) t cross join generate_series(1, :plans) n
         join plan_snapshots s on s.tdsp_duns = '99' || lpad(t::text, 11, '0')
                              and s.version = case when n % 10 = 0 then 1 + (n * 7 + t) % :days else 1 end;
     insert into electricity_plans (id, external_id, tdsp_duns, offer_id, provider_id, provider_name, name, term_months,
                                    rate_type, rate_500kwh, rate_1000kwh, rate_2000kwh, translations, source,
                                    content_hash, plan_hash, is_active,
                                    first_seen_at, last_changed_at, last_scraped_at)
       select gen_random_uuid(), id::text, tdsp_duns, id, provider_id, provider_id, name, term_months,
              case when term_months = 1 then 'variable' else 'fixed' end,
              rate + 1.2, rate, rate - 0.4, '{}', 'sandbox', id::text, id::text, true, first_seen_at, now(), now()
         from (select *, (90 + hashtextextended(id::text, 0) % 60)::numeric / 10 as rate from offers
                where tdsp_duns like '99%') o;
     vacuum analyze offers, electricity_plans;
     -- What the market was when each version was published.
     update plan_snapshots s set plans = (
       select count(*) from offers o where o.tdsp_duns = s.tdsp_duns and o.first_seen_at <= s.published_at)`,
  ],
  [
    'history: all three rates of a plan move together',
    `insert into plan_price_history (offer_id, plan_id, tdsp_duns, external_id, event, field, from_value, to_value, snapshot_version, changed_at)
       select o.id, o.id, o.tdsp_duns, o.id::text, 'changed', field, to_jsonb(12.3), to_jsonb(12.4), s.version, s.published_at
         from (select id, tdsp_duns, row_number() over (partition by tdsp_duns order by id) as n from offers
                where tdsp_duns like '99%') o
        cross join generate_series(1, :changes) c
         join plan_snapshots s on s.tdsp_duns = o.tdsp_duns and s.version = 2 + (o.n * 131 + c * :days / :changes) % (:days - 1)
        cross join unnest(array['rate_500kwh', 'rate_1000kwh', 'rate_2000kwh']) field`,
  ],
] as const;

/** The history's indexes are made when its rows are in, which is how many of them are loaded. */
export async function inventHistory(
  database: Database,
  { tdsps, plansPerTdsp, providers, days, rows }: InventedMarket,
  say: (line: string) => void,
): Promise<void> {
  const changes = Math.round(rows / (tdsps * plansPerTdsp * 3));
  const values: Record<string, number> = { tdsps, plans: plansPerTdsp, providers, days, changes };
  const { rows: indexes } = await database.pool.query<{ sql: string }>(
    `select replace(indexdef, ' ON ONLY ', ' ON ') as sql from pg_indexes
      where indexname like 'idx\\_history\\_%' order by tablename desc`,
  );
  await database.pool.query('drop index idx_history_offer, idx_history_tdsp, idx_history_plan');
  for (const [what, sql] of STEPS) {
    const began = performance.now();
    const text = sql.replace(/(?<!:):(\w+)/g, (_, name: string) => String(values[name]));
    // One by one: together they would be one transaction, in which nothing can be vacuumed.
    for (const statement of text.split(/;\s*\n/)) await database.pool.query(statement);
    say(`${what}: ${Math.round((performance.now() - began) / 1000)} s`);
  }
  // Those of the partitions first: those of the whole adopt them, with their names.
  for (const { sql } of indexes) await database.pool.query(sql);
  await database.pool.query('vacuum analyze plan_price_history');
}
