-- Plans, the offers they belong to, what changed about them, and the published snapshots.

create table providers (
  id text not null,
  name text not null,
  legal_name text,
  puct_number text,
  phone text,
  first_seen_at timestamptz not null,
  constraint providers_pkey primary key (id)
);
comment on column providers.id is 'made from the name: txu-energy';

create table offers (
  id uuid not null,
  tdsp_duns text not null,
  offer_key text not null,
  provider_id text not null,
  name text not null,
  term_months smallint,
  first_seen_at timestamptz not null,
  last_changed_at timestamptz not null,
  ended_at timestamptz,
  constraint offers_pkey primary key (id),
  constraint offers_tdsp_duns_fkey foreign key (tdsp_duns) references tdsps (duns),
  constraint offers_provider_id_fkey foreign key (provider_id) references providers (id)
);
comment on table offers is 'A product of a provider in one TDSP through all its re-pricings and upstream ids';
comment on column offers.offer_key is 'provider, product and term, normalised; two offers may share it';
create index idx_offers_key on offers (tdsp_duns, offer_key);

create table electricity_plans (
  id uuid not null,
  external_id text not null,
  tdsp_duns text not null,
  offer_id uuid not null,
  provider_id text not null,
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
  source text not null,
  content_hash text not null,
  is_active boolean not null,
  first_seen_at timestamptz not null,
  last_changed_at timestamptz not null,
  last_scraped_at timestamptz not null,
  deactivated_at timestamptz,
  constraint electricity_plans_pkey primary key (id),
  constraint electricity_plans_external_id_tdsp_duns_key unique (external_id, tdsp_duns),
  constraint electricity_plans_tdsp_duns_fkey foreign key (tdsp_duns) references tdsps (duns),
  constraint electricity_plans_offer_id_fkey foreign key (offer_id) references offers (id),
  constraint electricity_plans_provider_id_fkey foreign key (provider_id) references providers (id),
  constraint electricity_plans_rate_type_check check (rate_type in ('fixed', 'variable', 'indexed')),
  constraint electricity_plans_active_check check (is_active = (deactivated_at is null))
);
comment on column electricity_plans.rate_500kwh is 'average price in cents per kWh at 500 kWh a month, all charges included';
comment on column electricity_plans.rate_1000kwh is 'average price in cents per kWh at 1,000 kWh a month, all charges included';
comment on column electricity_plans.rate_2000kwh is 'average price in cents per kWh at 2,000 kWh a month, all charges included';
comment on column electricity_plans.early_termination_fee_usd is 'USD, the most that leaving can cost';
comment on column electricity_plans.first_seen_at is 'of the offer, under whatever upstream id';
comment on column electricity_plans.last_changed_at is 'when the terms of sale of the offer last changed';
comment on column electricity_plans.last_scraped_at is 'when this row was last written; how fresh it is says plan_snapshots.observed_at';

create index idx_plans_primary_lookup on electricity_plans (tdsp_duns, is_active, rate_1000kwh);
create index idx_plans_faceted_contract on electricity_plans (tdsp_duns, is_active, term_months, rate_type, rate_1000kwh);
create index idx_plans_faceted_green on electricity_plans (tdsp_duns, is_active, percent_green, rate_1000kwh);
create index idx_plans_provider_performance on electricity_plans (provider_id, is_active, rate_1000kwh, last_scraped_at);
create index idx_plans_offer on electricity_plans (offer_id, is_active, last_scraped_at);

create table plan_price_history (
  id bigint generated always as identity,
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
  constraint plan_price_history_pkey primary key (id),
  constraint plan_price_history_offer_id_fkey foreign key (offer_id) references offers (id),
  constraint plan_price_history_event_check check (event in ('changed', 'withdrawn', 'relisted')),
  constraint plan_price_history_field_check check ((event = 'changed') = (field is not null))
);
comment on table plan_price_history is 'One row per term of sale that changed, and per offer that went or came back';
comment on column plan_price_history.plan_id is 'electricity_plans.id at that time; no key, for an id may since have been given to another product';
create index idx_history_offer on plan_price_history (offer_id, changed_at desc);
create index idx_history_tdsp on plan_price_history (tdsp_duns, changed_at desc);
create index idx_history_plan on plan_price_history (plan_id);

create table plan_snapshots (
  tdsp_duns text not null,
  version bigint not null,
  source text not null,
  origin text not null,
  content_hash text not null,
  plans integer not null,
  observed_at timestamptz not null,
  published_at timestamptz not null,
  run_id bigint,
  constraint plan_snapshots_pkey primary key (tdsp_duns, version),
  constraint plan_snapshots_tdsp_duns_fkey foreign key (tdsp_duns) references tdsps (duns)
);
comment on column plan_snapshots.source is 'whose plans they are: comparepower, powertochoose, or sandbox for invented ones';
comment on column plan_snapshots.origin is 'the address or file they were last fetched from';
comment on column plan_snapshots.observed_at is 'when the upstream last confirmed exactly these plans';

create table plan_cache (
  cache_key varchar(500) not null,
  plans_data jsonb not null,
  version bigint not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  constraint plan_cache_pkey primary key (cache_key)
);
create index idx_plan_cache_expires on plan_cache (expires_at);
