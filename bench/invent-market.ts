/**
 * A market of any size, invented by PostgreSQL itself: no row goes through the network, and the same size brings the
 * same rows. Logs and history are filled as some years of operation would leave them.
 *
 * The plans of a TDSP do not lie together: they are written as re-pricings scatter them in time, one here, one there.
 */

import type { Database } from '../src/store/postgres/database.ts';

export interface MarketSize {
  /** Active plans; a quarter as many inactive ones come on top. */
  plans: number;
  /** Wires companies, the six of Texas among them. */
  tdsps: number;
}

/** What docs/queries.md asks for: Oncor, a provider, and the first plan with its offer. They exist at every size. */
export const KNOWN = {
  duns: '1039940674000',
  provider_id: 'armadillo-volt',
  plan_id: '00000000-0000-4000-8000-000000000001',
  offer_id: '00000000-0000-4000-9000-000000000001',
} as const;

/** Expects a migrated database with the territory in it and nothing else. */
export async function inventMarket(database: Database, { plans, tdsps }: MarketSize): Promise<void> {
  await database.transaction(async (connection) => {
    // What is written here refers to what was written before it: no key has to be looked up for each row.
    await connection.query('set local session_replication_role = replica');
    await connection.query(CHANCE);
    await connection.query(TDSPS, [tdsps]);
    await connection.query(TDSPS_IN_TURN, [KNOWN.duns]);
    await connection.query(PROVIDERS);
    await connection.query(PRODUCTS, [Math.ceil(plans / tdsps)]);
    await connection.query('analyze invented_tdsps, invented_products');
    await connection.query(PLANS, [plans]);
    for (const statement of [OFFERS, HISTORY, SNAPSHOTS, ...LOGS]) await connection.query(statement);
    await connection.query('drop function pg_temp.unit, pg_temp.one_of, pg_temp.id');
  });
  await database.pool.query('vacuum analyze');
}

/** `unit`: a number from 0 to 1 that looks like chance and depends on nothing but what it is made from. */
const CHANCE = `
  create function pg_temp.unit(n bigint, salt int) returns float8 immutable language sql
    return (hashint8extended(n, salt) & 1073741823) / 1073741824.0;
  create function pg_temp.one_of(choices text[], n bigint, salt int) returns text immutable language sql
    return choices[1 + floor(pg_temp.unit(n, salt) * cardinality(choices))::int];
  create function pg_temp.id(kind text, n bigint) returns uuid immutable language sql
    return ('00000000-0000-4000-' || kind || '-' || lpad(to_hex(n), 12, '0'))::uuid`;

const TDSPS = `
  insert into tdsps (duns, code, name, short_name)
  select '99' || lpad(n::text, 11, '0'), 'INVENTED_' || n, 'Invented wires company ' || n, 'Invented ' || n
    from generate_series(1, $1::int - (select count(*)::int from tdsps)) n`;

const TDSPS_IN_TURN = `
  create temporary table invented_tdsps on commit drop as
  select row_number() over (order by duns <> $1, duns) - 1 as place, duns, count(*) over () as tdsps from tdsps`;

const PROVIDERS = `
  insert into providers (id, name, legal_name, puct_number, phone, first_seen_at)
  select lower(replace(name, ' ', '-')), name, name || ' LLC', null, '800-555-0100', now() - interval '3 years'
    from unnest('{Armadillo,Bluebonnet,Caprock,Grackle,Juniper,Mesquite,Pecos,Gulf Heron,Live Oak,Prairie,Longhorn,Sotol}'::text[]) a,
         unnest('{Volt,Energy,Power,Electric,Current}'::text[]) b, lateral (select a || ' ' || b as name) n`;

/** What is sold in every TDSP, as often as a TDSP has plans. */
const PRODUCTS = `
  create temporary table invented_products on commit drop as
  with sellers as (select array_agg(id order by id) as ids from providers)
  select k, pg_temp.one_of(ids, k, 1) as provider_id,
         pg_temp.one_of('{Simple,Truly Free,Bright,Steady,Smart,Free Weekend,Sun,Easy,Secure,Clear,Home,Flex}', k, 2) || ' ' ||
           pg_temp.one_of('{Saver,Nights,Choice,Advantage,Value,Days,Plus,Fix,Rate,Bundle,Harvest,Breeze,Start}', k, 3) as name,
         term_months,
         case when term_months > 1 then 'fixed' when pg_temp.unit(k, 5) < 0.8 then 'variable' else 'indexed' end as rate_type,
         pg_temp.one_of('{0,3,6,15,24,24,25,33,50,100,100,100}', k, 6)::numeric as percent_green,
         round((9 + 9 * pg_temp.unit(k, 7))::numeric, 1) as cents,
         pg_temp.unit(k, 8) < 0.06 as is_prepaid, pg_temp.unit(k, 9) < 0.08 as is_time_of_use,
         pg_temp.one_of('{0,0,150,175,200,295}', k, 10)::numeric as fee_usd
    from sellers, generate_series(1, $1::int) k,
         lateral (select pg_temp.one_of('{1,3,6,9,12,12,12,12,18,24,24,36,36}', k, 4)::int as term_months) t`;

/** One plan in twenty is of its TDSP alone, with a name nobody else has. */
const PLANS = `
  insert into electricity_plans (id, external_id, tdsp_duns, offer_id, provider_id, provider_name, name, term_months, rate_type,
    percent_green, rate_500kwh, rate_1000kwh, rate_2000kwh, early_termination_fee_usd, is_prepaid, is_time_of_use,
    requires_auto_pay, is_new_customer_only, has_minimum_usage_fee, fees_text, special_terms, efl_url, tos_url,
    enroll_url, translations, source, content_hash, plan_hash, is_active, first_seen_at, last_changed_at, last_scraped_at,
    deactivated_at)
  select pg_temp.id('8000', n), 'plan-' || n, duns, pg_temp.id('9000', n), provider_id, provider_id,
         name || ' ' || term_months || case when pg_temp.unit(n, 11) < 0.05 then ' of ' || duns || ' ' || k else '' end,
         term_months, rate_type, percent_green,
         rate + round((4 * pg_temp.unit(n, 12))::numeric, 1), rate, rate - round((2 * pg_temp.unit(n, 13))::numeric, 1),
         fee_usd, is_prepaid, is_time_of_use,
         pg_temp.unit(n, 14) < 0.2, pg_temp.unit(n, 15) < 0.1, pg_temp.unit(n, 16) < 0.1,
         'Base charge per month and energy charge per kWh as stated in the Electricity Facts Label; delivery charges are passed through without a mark-up.',
         case when pg_temp.unit(n, 17) < 0.4 then 'Paperless billing. For residential service addresses only.' end,
         'https://' || provider_id || '.example/efl/' || n || '.pdf',
         'https://' || provider_id || '.example/tos/' || term_months || '.pdf',
         'https://' || provider_id || '.example/enroll?plan=' || n,
         '{}', 'sandbox', md5(n::text), md5(n::text), is_active, seen_at, changed_at, changed_at,
         case when not is_active then changed_at + interval '3 days' end
    from generate_series(1, $1::int * 5 / 4) n
    join invented_tdsps on place = (n - 1) % (select count(*) from invented_tdsps)
    join invented_products p on k = 1 + ((n - 1) / (select count(*) from invented_tdsps)) % (select count(*) from invented_products)
   cross join lateral (select n <= $1::int as is_active, now() - interval '2 years' * pg_temp.unit(n, 18) as seen_at) s
   cross join lateral (select cents + round((2 * pg_temp.unit(n, 19))::numeric, 1) as rate,
                              seen_at + (now() - interval '4 days' - seen_at) * sqrt(pg_temp.unit(n, 20)) as changed_at) r`;

const OFFERS = `
  insert into offers (id, tdsp_duns, offer_key, provider_id, name, term_months, first_seen_at, last_changed_at, ended_at)
  select offer_id, tdsp_duns, provider_id || '|' || lower(replace(name, ' ', '-')) || '|' || term_months, provider_id,
         name, term_months, first_seen_at, last_changed_at, deactivated_at
    from electricity_plans`;

const HISTORY = `
  insert into plan_price_history (offer_id, plan_id, tdsp_duns, external_id, event, field, from_value, to_value,
    snapshot_version, changed_at)
  select offer_id, id, tdsp_duns, external_id, 'changed', 'rate_1000kwh', to_jsonb(rate_1000kwh + 0.1),
         to_jsonb(rate_1000kwh), 20, last_changed_at
    from electricity_plans order by last_changed_at`;

const SNAPSHOTS = `
  insert into plan_snapshots (tdsp_duns, version, source, origin, content_hash, set_hash, plans, observed_at, published_at,
    run_id)
  select tdsp_duns, version, 'sandbox', 'bench/invent-market.ts', md5(tdsp_duns || version), md5(tdsp_duns || version), plans, at, at, version
    from (select tdsp_duns, count(*) as plans from electricity_plans where is_active group by tdsp_duns) p,
         generate_series(1, 20) version, lateral (select now() - (20 - version) * interval '1 day' as at) t`;

/** Two years of hourly syncs of six TDSPs, and what else is written beside them. */
const LOGS = [
  `insert into plan_cache (cache_key, plans_data, version, created_at, expires_at)
   select 'plans:' || duns, '[]', 20, now() - interval '1 hour',
          now() + interval '2 hours' * (pg_temp.unit(row_number() over (), 21) - 0.05) from tdsps`,
  `insert into sync_runs (kind, status, source, requested, is_forced, started_at, finished_at, api_calls, plans)
   select 'full', case when pg_temp.unit(n, 22) < 0.98 then 'succeeded' else 'partial' end, 'sandbox',
          '{"cities": [], "tdsps": []}', false, at, at + interval '3 seconds', 6, '{}'
     from generate_series(1, 17520) n, lateral (select now() - (17520 - n) * interval '1 hour' as at) t`,
  `insert into sync_results (run_id, tdsp_duns, status, plans, finished_at, duration_ms)
   select id, duns, case when pg_temp.unit(id * 7 + place, 23) < 0.3 then 'published' else 'unchanged' end, '{}',
          finished_at, 300
     from sync_runs, (select duns, row_number() over () as place from tdsps where duns not like '99%') t order by id`,
  `insert into api_calls (run_id, source, endpoint, params, attempt, status, bytes, duration_ms, error, called_at)
   select run_id, 'sandbox', '/api/plans', jsonb_build_object('tdsp_duns', tdsp_duns), 1, 200, 250000, 200, null,
          finished_at
     from sync_results order by finished_at`,
  `insert into sync_targets (run_id, tdsp_duns, queue, decision, reason, priority, is_forced, is_patient, state,
     requested_at, settled_at)
   select run_id, tdsp_duns, 'sync.sandbox', 'queued', 'old', 1, false, true, 'settled', finished_at, finished_at
     from sync_results`,
  `insert into sync_attempts (job_id, tdsp_duns, worker_id, status, started_at, finished_at)
   select pg_temp.id('a000', run_id), tdsp_duns, pg_temp.id('b000', 1), status, finished_at, finished_at
     from sync_results order by finished_at`,
  `insert into city_demand (city_slug, hour, searches, leads)
   select slug, hour, 3, 1
     from (select slug from cities order by slug limit 100) c,
          generate_series(date_trunc('hour', now()) - interval '400 days', now(), '1 day') hour`,
  `insert into audit_log (at, actor, action)
   select now() - n * interval '1 hour', 'cli', 'sync' from generate_series(1, 5000) n order by n desc`,
  `insert into quarantined_records (source, tdsp_duns, record_hash, external_id, field, value, reason, record, times,
     first_seen_at, last_seen_at)
   select 'sandbox', '${KNOWN.duns}', md5(n::text), 'plan-' || n, 'rate_1000kwh', '0', 'no rate', '{}', 1, at, at
     from generate_series(1, 17520) n, lateral (select now() - (17520 - n) * interval '1 hour' as at) t`,
  `insert into upstream_permits (source, granted_at, expires_at, finished_at)
   select 'sandbox', at, at + interval '20 seconds', at + interval '1 second'
     from generate_series(1, 5000) n, lateral (select now() - (5000 - n) * interval '17 seconds' as at) t`,
  `insert into cache_stats (minute, layer, hits, misses, stale_serves, errors, loads, loaded_bytes, refused_loads, latency, age)
   select minute, layer, 100, 1, 0, 0, 1, 100000, 0, '{1,2,3}', '{1,2,3}'
     from generate_series(date_trunc('minute', now()) - interval '8 days', now(), '1 minute') minute,
          unnest('{memory,redis,database,active,api}'::text[]) layer`,
];
