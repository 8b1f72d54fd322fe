-- What changed and when, a partition for each month in UTC, and what each day was like.

create sequence plan_price_history_ids;

create table plan_price_history (
  id bigint not null default nextval('plan_price_history_ids'),
  offer_id uuid not null,
  plan_id uuid not null,
  tdsp_duns text not null,
  external_id text not null,
  event text not null,
  field text,
  from_value jsonb,
  to_value jsonb,
  snapshot_version bigint not null,
  changed_at timestamptz not null,
  constraint plan_price_history_pkey primary key (id, changed_at),
  constraint plan_price_history_event_check check (event in ('changed', 'withdrawn', 'relisted')),
  constraint plan_price_history_field_check check ((event = 'changed') = (field is not null))
) partition by range (changed_at);
alter sequence plan_price_history_ids owned by plan_price_history.id;
create index idx_history_offer on plan_price_history (offer_id, changed_at desc);
create index idx_history_tdsp on plan_price_history (tdsp_duns, changed_at desc);
create index idx_history_plan on plan_price_history (plan_id);
comment on table plan_price_history is
  'One row per term of sale that changed, and per offer that went or came back. A partition for each month in UTC';
comment on column plan_price_history.plan_id is
  'electricity_plans.id at that time; no key, because an id may since have been given to another product';
-- To make or drop a partition that refers to offers would lock offers, and so every publish. Offers are never deleted,
-- and a row is written in the transaction of its offer.
comment on column plan_price_history.offer_id is 'offers.id; no key, because each partition made or dropped would lock offers';
comment on column plan_price_history.changed_at is 'plan_snapshots.published_at of snapshot_version';

create view history_partitions as
  select c.relname::text as name,
         substring(bounds.text from 'FROM \(''([^'']+)''\)')::timestamptz as from_at,
         substring(bounds.text from 'TO \(''([^'']+)''\)')::timestamptz as until_at,
         i.inhdetachpending as is_being_detached,
         greatest(c.reltuples, 0)::bigint as estimated_rows,
         pg_total_relation_size(c.oid) as bytes
    from pg_inherits i
    join pg_class c on c.oid = i.inhrelid
   cross join lateral pg_get_expr(c.relpartbound, c.oid) as bounds (text)
   where i.inhparent = 'plan_price_history'::regclass;
comment on view history_partitions is 'The months of plan_price_history: from_at is null in the oldest one, which has no beginning';

create function history_has_month(month timestamp) returns boolean
language sql stable as $$
  select exists (
    select from history_partitions
     where coalesce(from_at, '-infinity') <= month at time zone 'UTC' and until_at > month at time zone 'UTC')
$$;

create function ensure_history_partitions(at timestamptz, months_ahead integer default 3) returns setof text
language plpgsql set lock_timeout to '2s' as $$
declare
  first timestamp := date_trunc('month', at at time zone 'UTC');
  month timestamp;
  suffix text;
  name text;
begin
  for month in select generate_series(first, first + make_interval(months => months_ahead), interval '1 month') loop
    continue when history_has_month(month);
    -- Of several that find a month missing one makes it.
    perform pg_advisory_xact_lock(7748050);
    continue when history_has_month(month);
    suffix := to_char(month, 'YYYY_MM');
    name := 'plan_price_history_' || suffix;
    -- Made first and attached then: that locks out nobody, where "create table … partition of" locks the whole history.
    execute format('create table %I (like plan_price_history including defaults including constraints)', name);
    -- The same ones as those of the whole, which adopts them: here they get names that tell whose they are.
    execute format('create index %I on %I (offer_id, changed_at desc)', 'idx_history_offer_' || suffix, name);
    execute format('create index %I on %I (tdsp_duns, changed_at desc)', 'idx_history_tdsp_' || suffix, name);
    execute format('create index %I on %I (plan_id)', 'idx_history_plan_' || suffix, name);
    execute format('alter table plan_price_history attach partition %I for values from (%L) to (%L)',
      name, month at time zone 'UTC', (month + interval '1 month') at time zone 'UTC');
    return next name;
  end loop;
end $$;
comment on function ensure_history_partitions is 'Makes the partitions of this month and the next ones that are missing, and returns their names';

-- What lies before the first month, which has no beginning: a row of a clock that was wrong has a place, too.
do $$
declare
  this_month timestamp := date_trunc('month', now() at time zone 'UTC');
  suffix text := 'before_' || to_char(this_month, 'YYYY_MM');
  name text := 'plan_price_history_' || suffix;
begin
  execute format('create table %I partition of plan_price_history for values from (minvalue) to (%L)',
    name, this_month at time zone 'UTC');
  execute format('alter index %I rename to %I', name || '_offer_id_changed_at_idx', 'idx_history_offer_' || suffix);
  execute format('alter index %I rename to %I', name || '_tdsp_duns_changed_at_idx', 'idx_history_tdsp_' || suffix);
  execute format('alter index %I rename to %I', name || '_plan_id_idx', 'idx_history_plan_' || suffix);
end $$;
select ensure_history_partitions(now());

create table daily_rate_index (
  tdsp_duns text not null,
  term text not null,
  rate_type text not null,
  day date not null,
  version bigint not null,
  plans integer not null,
  priced_500kwh integer,
  min_rate_500kwh numeric(6, 3),
  median_rate_500kwh numeric(7, 4),
  average_rate_500kwh numeric(7, 4),
  priced_1000kwh integer,
  min_rate_1000kwh numeric(6, 3),
  median_rate_1000kwh numeric(7, 4),
  average_rate_1000kwh numeric(7, 4),
  priced_2000kwh integer,
  min_rate_2000kwh numeric(6, 3),
  median_rate_2000kwh numeric(7, 4),
  average_rate_2000kwh numeric(7, 4),
  constraint daily_rate_index_pkey primary key (tdsp_duns, term, rate_type, day),
  constraint daily_rate_index_tdsp_duns_fkey foreign key (tdsp_duns) references tdsps (duns)
);
comment on table daily_rate_index is
  'The plans of a TDSP as they stood when a day ended on which they changed; on other days they stood as on the last such day';
comment on column daily_rate_index.term is 'months, or all';
comment on column daily_rate_index.rate_type is 'fixed, variable, indexed, or all';
comment on column daily_rate_index.day is 'in America/Chicago';
comment on column daily_rate_index.version is 'the last one of plan_snapshots on that day';
comment on column daily_rate_index.plans is 'how many there were';
comment on column daily_rate_index.priced_500kwh is 'of the plans, those that tell a rate at 500 kWh; null: history does not prove which plans these were';
comment on column daily_rate_index.min_rate_500kwh is 'cents per kWh';
comment on column daily_rate_index.median_rate_500kwh is 'cents per kWh';
comment on column daily_rate_index.average_rate_500kwh is 'cents per kWh, every plan weighs the same';

create table provider_days (
  provider_id text not null,
  day date not null,
  tdsp_duns text not null,
  listed integer not null,
  relisted integer not null,
  withdrawn integer not null,
  repriced integer not null,
  constraint provider_days_pkey primary key (provider_id, day, tdsp_duns)
);
comment on table provider_days is 'How many offers a provider listed, brought back, withdrew or re-priced; an offer counts once for every publish that did so';
comment on column provider_days.listed is 'without those of the first snapshot of a TDSP, which nobody knows the age of';
comment on column provider_days.day is 'in America/Chicago';
-- Who did what in one market.
create index idx_provider_days_market on provider_days (tdsp_duns, day);

create table market_progress (
  tdsp_duns text not null,
  version bigint not null,
  constraint market_progress_pkey primary key (tdsp_duns),
  constraint market_progress_tdsp_duns_fkey foreign key (tdsp_duns) references tdsps (duns)
);
comment on table market_progress is 'Up to which version of plan_snapshots daily_rate_index and provider_days are written';
