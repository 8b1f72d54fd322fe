-- History by month, 4 of 4: the table becomes the first partition of one that has its name, its columns and its
-- indexes. Who reads or writes waits some milliseconds; nothing is read or copied.

do $$
begin
  -- In the order in which a publish locks them; offers for the moment in which nothing refers to them any more.
  perform lock_patiently('offers', 'plan_price_history');
end $$;

do $$
declare
  bound_name text := (select conname from pg_constraint
    where conrelid = 'plan_price_history'::regclass and conname like 'history\_before\_%');
  bound timestamp := to_date(right(bound_name, 7), 'YYYY_MM');
  this_month timestamp := date_trunc('month', now() at time zone 'UTC');
  next_id bigint := (select case when is_called then last_value + 1 else last_value end from plan_price_history_id_seq);
  oldest text;
  months text;
begin
  -- Nothing to take over: then every month gets a partition of its own, this one too.
  if not exists (select from plan_price_history) then bound := this_month; end if;
  months := 'before_' || to_char(bound, 'YYYY_MM');
  oldest := 'plan_price_history_' || months;

  execute format('alter table plan_price_history rename to %I', oldest);
  execute format('alter table %I alter column id drop identity', oldest);
  execute format('alter table %I drop constraint plan_price_history_pkey', oldest);
  execute format('alter table %I add constraint %I primary key using index plan_price_history_key', oldest, oldest || '_pkey');
  -- To make or drop a partition that refers to offers would lock offers, and so every publish. Offers are never
  -- deleted, and a row is written in the transaction of its offer.
  execute format('alter table %I drop constraint plan_price_history_offer_id_fkey', oldest);
  execute format('alter index idx_history_offer rename to %I', 'idx_history_offer_' || months);
  execute format('alter index idx_history_tdsp rename to %I', 'idx_history_tdsp_' || months);
  execute format('alter index idx_history_plan rename to %I', 'idx_history_plan_' || months);

  execute format('create sequence plan_price_history_ids start with %s', next_id);
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

  -- The checked bound says what the partition promises, so no row is looked at.
  execute format('alter table plan_price_history attach partition %I for values from (minvalue) to (%L)',
    oldest, bound at time zone 'UTC');
  execute format('alter table %I drop constraint %I', oldest, bound_name);
  execute format('alter table %I alter column id set default nextval(''plan_price_history_ids'')', oldest);
end $$;

comment on table plan_price_history is
  'One row per term of sale that changed, and per offer that went or came back. A partition for each month in UTC';
comment on column plan_price_history.plan_id is
  'electricity_plans.id at that time; no key, for an id may since have been given to another product';
comment on column plan_price_history.offer_id is 'offers.id; no key, for each partition made or dropped would lock offers';
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
    -- Of several that see a month missing one makes it.
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

create function history_has_month(month timestamp) returns boolean
language sql stable as $$
  select exists (
    select from history_partitions
     where coalesce(from_at, '-infinity') <= month at time zone 'UTC' and until_at > month at time zone 'UTC')
$$;

select ensure_history_partitions(now());
