-- Every published plan set can be rebuilt: a row says since which version of its TDSP's snapshots it is so, and what it
-- was before is kept. New columns only, without a look at the rows that are there.

alter table electricity_plans
  add column provider_name text,
  add column plan_hash text,
  add column since_version bigint not null default 0,
  add column until_version bigint;
comment on column electricity_plans.provider_name is 'as the upstream spelled it; null where last written before it was kept: then as in providers';
comment on column electricity_plans.plan_hash is 'over everything a plan set says of the plan; null where last written before it was kept';
comment on column electricity_plans.since_version is 'the version of plan_snapshots since which the row is so; 0: since before this was kept';
comment on column electricity_plans.until_version is 'the first version without the plan; null while it is on sale';

alter table plan_snapshots
  add column superseded_at timestamptz,
  add column set_hash text,
  add column unread text[];
comment on column plan_snapshots.superseded_at is 'when the next version was published; null: current, or replaced before this was kept';
comment on column plan_snapshots.set_hash is 'over all plans of the set; null: published before plan sets were kept, so it cannot be rebuilt';
comment on column plan_snapshots.unread is 'upstream ids of records that could not be read, whose plans stayed as they were; empty text: no readable id';

-- Room beside the rows: they are confirmed again and again, and an update that stays on its page touches no index.
alter table plan_snapshots set (fillfactor = 70);
alter table offers set (fillfactor = 90);

-- Which version was current at a time.
create index idx_snapshots_published on plan_snapshots (tdsp_duns, published_at desc, version desc);

create table plan_revisions (
  tdsp_duns text not null,
  external_id text not null,
  from_version bigint not null,
  to_version bigint not null,
  id uuid not null,
  offer_id uuid not null,
  provider_id text not null,
  provider_name text not null,
  name text not null,
  term_months smallint,
  rate_type text,
  percent_green numeric(6, 3),
  rate_500kwh numeric(6, 3),
  rate_1000kwh numeric(6, 3),
  rate_2000kwh numeric(6, 3),
  price_components jsonb,
  early_termination_fee_usd numeric(10, 2),
  early_termination_fee_per_month_usd numeric(10, 2),
  is_prepaid boolean,
  is_time_of_use boolean,
  requires_auto_pay boolean,
  is_new_customer_only boolean,
  has_minimum_usage_fee boolean,
  fees_text text,
  special_terms text,
  promotion text,
  efl_url text,
  tos_url text,
  yrac_url text,
  enroll_url text,
  enroll_phone text,
  translations jsonb not null,
  first_seen_at timestamptz not null,
  last_changed_at timestamptz not null,
  constraint plan_revisions_pkey primary key (tdsp_duns, external_id, to_version),
  constraint plan_revisions_versions_check check (from_version < to_version)
);
comment on table plan_revisions is
  'What a row of electricity_plans was before it was written over: on sale in the versions from from_version to the one before to_version';
-- Both bounds, so that what does not overlap the version is told from the index alone.
create index idx_plan_revisions_versions on plan_revisions (tdsp_duns, to_version, from_version);
create index idx_plan_revisions_id on plan_revisions (id);
