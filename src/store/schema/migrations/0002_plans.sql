-- Plans, the offers they belong to, the published snapshots, and what upstreams sent: every published plan set can be
-- rebuilt, because a row says since which version of its TDSP it is so, and what it was before is kept.

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
)
-- Room beside the rows: they are confirmed again and again, and an update that stays on its page touches no index.
with (fillfactor = 90);
comment on table offers is 'A product of a provider in one TDSP through all its re-pricings and upstream ids';
comment on column offers.offer_key is 'provider, product and term, normalised; two offers may share it';
create index idx_offers_key on offers (tdsp_duns, offer_key);
-- What was first seen with a version.
create index idx_offers_listed on offers (tdsp_duns, first_seen_at);
-- How long offers live.
create index idx_offers_ended on offers (tdsp_duns, ended_at) where ended_at is not null;

create table electricity_plans (
  id uuid not null,
  external_id text not null,
  tdsp_duns text not null,
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
  early_termination_fee_text text,
  is_prepaid boolean,
  is_time_of_use boolean,
  requires_auto_pay boolean,
  is_new_customer_only boolean,
  has_minimum_usage_fee boolean,
  has_fees_or_credits boolean,
  fees_text text,
  special_terms text,
  promotion text,
  efl_url text,
  tos_url text,
  yrac_url text,
  enroll_url text,
  is_promotion boolean,
  enroll_phone text,
  provider_rating numeric,
  provider_website text,
  prepaid_disclosure_url text,
  spanish_external_id text,
  translations jsonb not null,
  remembered_text jsonb,
  source text not null,
  content_hash text not null,
  plan_hash text not null,
  since_version bigint not null default 0,
  until_version bigint,
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
comment on column electricity_plans.provider_name is 'as the upstream spelled it';
comment on column electricity_plans.rate_500kwh is 'average price in cents per kWh at 500 kWh a month, all charges included';
comment on column electricity_plans.rate_1000kwh is 'average price in cents per kWh at 1,000 kWh a month, all charges included';
comment on column electricity_plans.rate_2000kwh is 'average price in cents per kWh at 2,000 kWh a month, all charges included';
comment on column electricity_plans.early_termination_fee_usd is 'USD, the most that leaving can cost';
comment on column electricity_plans.remembered_text is
  'what the text of the offer said, and when it was last told; null where a text is told now, or never was';
comment on column electricity_plans.plan_hash is 'over everything a plan set says of the plan';
comment on column electricity_plans.since_version is 'the version of plan_snapshots since which the row is so';
comment on column electricity_plans.until_version is 'the first version without the plan; null while it is on sale';
comment on column electricity_plans.first_seen_at is 'of the offer, under whatever upstream id';
comment on column electricity_plans.last_changed_at is 'when the terms of sale of the offer last changed';
comment on column electricity_plans.last_scraped_at is 'when this row was last written; how fresh it is says plan_snapshots.observed_at';

-- Any combination of the filters of a plan list in order of the price: what comes after the id is looked at inside the
-- index, so only rows that match are fetched, and a page of 20 reads 20. As columns that are merely included
-- PostgreSQL would fetch each row to look at them.
create index idx_plans_primary_lookup on electricity_plans
  (tdsp_duns, is_active, rate_1000kwh, id, term_months, rate_type, percent_green, provider_id, is_prepaid, is_time_of_use);
-- The id makes the order of a page the same every time without a sort.
create index idx_plans_faceted_contract on electricity_plans
  (tdsp_duns, is_active, term_months, rate_type, rate_1000kwh, id, percent_green);
create index idx_plans_faceted_green on electricity_plans
  (tdsp_duns, is_active, percent_green, rate_1000kwh, id);
create index idx_plans_provider_performance on electricity_plans (provider_id, is_active, rate_1000kwh, last_scraped_at);
create index idx_plans_offer on electricity_plans (offer_id, is_active, last_scraped_at);
-- The same lists for small and for large homes. What is not sold any more has no place in them.
create index idx_plans_rate_500 on electricity_plans
  (tdsp_duns, rate_500kwh, id, term_months, rate_type, percent_green) where is_active;
create index idx_plans_rate_2000 on electricity_plans
  (tdsp_duns, rate_2000kwh, id, term_months, rate_type, percent_green) where is_active;
-- What may be left at no cost: a third of the plans, asked for by those who will move.
create index idx_plans_no_exit_fee on electricity_plans
  (tdsp_duns, rate_1000kwh, id, term_months) where is_active and early_termination_fee_usd = 0;
-- What is new, what is gone: the whole market in order of time.
create index idx_plans_changed on electricity_plans (last_changed_at desc) where is_active;
create index idx_plans_gone on electricity_plans (deactivated_at desc) where not is_active;

-- A plan's rate type goes with its term (variable ones run for a month) and both with being active, so the planner must
-- not take them for independent. Measured on the state's exports of summer 2026, rows expected for a TDSP, a term and a
-- rate type against rows found: at worst 16 times off before, 2 times after, at no cost that can be measured in ANALYZE.
-- Finer histograms of single columns are left at their default: for tdsp_duns they change nothing with six TDSPs, and
-- with 600 they make ANALYZE 3.4 times slower for estimates that are good enough (95 of 100 within a factor of 1.9).
create statistics stx_plans_active_term_rate_type (mcv) on is_active, term_months, rate_type from electricity_plans;

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
  early_termination_fee_text text,
  is_prepaid boolean,
  is_time_of_use boolean,
  requires_auto_pay boolean,
  is_new_customer_only boolean,
  has_minimum_usage_fee boolean,
  has_fees_or_credits boolean,
  fees_text text,
  special_terms text,
  promotion text,
  efl_url text,
  tos_url text,
  yrac_url text,
  enroll_url text,
  is_promotion boolean,
  enroll_phone text,
  provider_rating numeric,
  provider_website text,
  prepaid_disclosure_url text,
  spanish_external_id text,
  translations jsonb not null,
  remembered_text jsonb,
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

create table plan_snapshots (
  tdsp_duns text not null,
  version bigint not null,
  source text not null,
  origin text not null,
  content_hash text not null,
  set_hash text not null,
  plans integer not null,
  unread text[],
  observed_at timestamptz not null,
  published_at timestamptz not null,
  superseded_at timestamptz,
  run_id bigint,
  validators jsonb,
  payload_hash text,
  passed_as text not null default 'judged',
  median_rate numeric(6, 3),
  kept_fields text[],
  constraint plan_snapshots_pkey primary key (tdsp_duns, version),
  constraint plan_snapshots_tdsp_duns_fkey foreign key (tdsp_duns) references tdsps (duns),
  constraint plan_snapshots_passed_as_check check (passed_as in ('judged', 'overridden', 'reverted', 'outlasted'))
)
-- Room beside the rows, as in offers.
with (fillfactor = 70);
comment on column plan_snapshots.source is 'whose plans they are: comparepower, powertochoose, or sandbox for invented ones';
comment on column plan_snapshots.origin is 'the address or file they were last fetched from';
comment on column plan_snapshots.set_hash is 'over all plans of the set: a set that is rebuilt and does not fit it is not handed out';
comment on column plan_snapshots.unread is 'upstream ids of records that could not be read, whose plans stayed as they were; empty text: no readable id';
comment on column plan_snapshots.observed_at is 'when the upstream last confirmed exactly these plans';
comment on column plan_snapshots.superseded_at is 'when the next version was published; null: current';
comment on column plan_snapshots.validators is
  '{request, etag, last_modified, body_at} of the whole answer that held exactly these plans, so that the upstream can be asked for changes; null where it named none or had records that could not be read';
comment on column plan_snapshots.passed_as is 'judged: the guard let it pass; overridden: an operator published what it held; reverted: an operator put an earlier version back; outlasted: files that agree with each other were held for longer than what was published had lasted';
comment on column plan_snapshots.median_rate is 'cents per kWh at 1,000 kWh, for the guard';
comment on column plan_snapshots.kept_fields is
  'fields that had become one value or empty for the whole market and were kept from before; null: none';
comment on column plan_snapshots.payload_hash is 'the last body that was read as this snapshot';
-- Which version was current at a time.
create index idx_snapshots_published on plan_snapshots (tdsp_duns, published_at desc, version desc);

create table plan_cache (
  cache_key varchar(500) not null,
  plans_data jsonb not null,
  packed bytea,
  version bigint not null,
  created_at timestamptz not null,
  expires_at timestamptz not null,
  constraint plan_cache_pkey primary key (cache_key)
);
comment on column plan_cache.packed is
  'the plans of plans_data in the form in which they are asked, as src/plan/packed/plan-set-bytes.ts packs them; null or of another version where another version of the program wrote the row';
create index idx_plan_cache_expires on plan_cache (expires_at);

create table source_payloads (
  hash text not null,
  source text not null,
  origin text not null,
  request jsonb not null,
  status integer,
  content_type text,
  bytes integer not null,
  stored_bytes integer not null,
  -- Compressed already: to try it again costs time and gains nothing.
  body bytea storage external not null,
  times integer not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint source_payloads_pkey primary key (hash)
);
comment on table source_payloads is
  'Bodies of upstream answers as they were sent, each kept once: to be run through a corrected normaliser, and to be looked at when a read failed or a snapshot was held back';
comment on column source_payloads.hash is 'sha-256 of the body as it came, secrets redacted';
comment on column source_payloads.body is 'compressed with zstd';
comment on column source_payloads.source is 'whose answer it is: comparepower, powertochoose or sandbox';
comment on column source_payloads.request is 'endpoint and parameters of the first call that brought it';
create index idx_source_payloads_seen on source_payloads (last_seen_at);

create table quarantined_records (
  id bigint generated always as identity,
  source text not null,
  tdsp_duns text not null,
  record_hash text not null,
  external_id text,
  field text not null,
  value jsonb,
  reason text not null,
  record jsonb not null,
  payload_hash text,
  times integer not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  last_run_id bigint,
  resolved_at timestamptz,
  resolved_by text,
  resolved_run_id bigint,
  resolution text,
  constraint quarantined_records_pkey primary key (id),
  constraint quarantined_records_key unique (source, tdsp_duns, record_hash),
  constraint quarantined_records_resolution_check check (resolution in ('readable', 'restated', 'gone')),
  constraint quarantined_records_resolved_check check ((resolved_at is null) = (resolution is null))
);
comment on column quarantined_records.times is 'in how many different bodies it came; the same one fetched again counts once';
comment on column quarantined_records.payload_hash is 'the last body it was seen in: while that comes again, the record is seen again';
comment on column quarantined_records.resolution is 'readable: it is a plan now; restated: rejected for another reason, in another row; gone: not sent any more';
comment on column quarantined_records.resolved_by is 'sync or replay: which of them found that out, in resolved_run_id';
create index idx_quarantined_seen on quarantined_records (last_seen_at desc);
create index idx_quarantined_open on quarantined_records (source, tdsp_duns) where resolved_at is null;

create table schema_drift (
  source text not null,
  field text not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint schema_drift_pkey primary key (source, field)
);
comment on table schema_drift is 'Fields an upstream added (+) or dropped (-): each is reported when it is first seen';

create table held_snapshots (
  id bigint generated always as identity,
  tdsp_duns text not null,
  source text not null,
  origin text not null,
  plans jsonb,
  rejections jsonb,
  payload_hash text,
  verdict jsonb not null,
  content_hash text not null,
  since timestamptz not null,
  files integer not null,
  observed_at timestamptz not null,
  held_at timestamptz not null default now(),
  run_id bigint,
  resolved_at timestamptz,
  resolved_by text,
  resolution text,
  constraint held_snapshots_pkey primary key (id),
  constraint held_snapshots_tdsp_duns_fkey foreign key (tdsp_duns) references tdsps (duns),
  constraint held_snapshots_resolution_check check (resolution in ('published', 'dropped', 'replaced', 'passed')),
  constraint held_snapshots_resolved_check check ((resolved_at is null) = (resolution is null))
);
comment on table held_snapshots is 'What the guard held back: one open snapshot of a TDSP, the last one';
comment on column held_snapshots.plans is 'drafts as they were read; null once it is decided';
comment on column held_snapshots.since is 'since when files that agree with this one have been held in a row';
comment on column held_snapshots.files is 'how many different ones, this one included';
comment on column held_snapshots.resolution is 'published or dropped by an operator; replaced: the next file was held, too; passed: the next file was published';
create unique index idx_held_open on held_snapshots (tdsp_duns) where resolved_at is null;
