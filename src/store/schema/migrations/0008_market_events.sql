-- What happened in the market, in one order for all TDSPs: a publish writes its events in its own transaction.

create table market_log (
  last_seq bigint not null default 0,
  dropped_seq bigint not null default 0,
  only_row boolean not null default true,
  constraint market_log_pkey primary key (only_row),
  constraint market_log_only_row_check check (only_row)
);
comment on table market_log is
  'The lock under which events get their numbers: it is held until the commit, so a number is never seen before a lower one';
comment on column market_log.dropped_seq is 'up to which number events are past their time and gone';
insert into market_log default values;

create table market_events (
  seq bigint not null,
  tdsp_duns text not null,
  version bigint,
  at timestamptz not null,
  kind text not null,
  cause text not null,
  offer_id uuid,
  plan_id uuid,
  external_id text,
  provider_id text,
  rate_change numeric(6, 3),
  data jsonb,
  constraint market_events_pkey primary key (seq),
  constraint market_events_kind_check check (kind in
    ('market_listed', 'offer_listed', 'offer_relisted', 'offer_repriced', 'offer_terms_changed', 'offer_details_changed', 'offer_replaced',
     'offer_withdrawn', 'delivery_charge_changed', 'provider_renamed', 'source_changed', 'snapshot_published',
     'snapshot_reverted', 'snapshot_held')),
  constraint market_events_cause_check check (cause in
    ('first_snapshot', 'provider', 'delivery_charge', 'correction', 'operator', 'source_change', 'guard'))
);
comment on table market_events is
  'The event log. Of an offer at most one event in a version; what the plan was then is in electricity_plans and plan_revisions';
comment on column market_events.version is 'of plan_snapshots; null where nothing was published: snapshot_held';
comment on column market_events.rate_change is 'cents per kWh at 1,000 kWh, after less before; null where either told none';
comment on column market_events.data is 'what belongs to the kind; shapes in src/plan/events/market-event.ts';
create index idx_market_events_tdsp on market_events (tdsp_duns, version, seq);
create index idx_market_events_at on market_events (at);

-- Each webhook has a place in the log: what comes after it is still to be delivered, in its order.
create table webhooks (
  name text not null,
  url text not null,
  sealed_secret text not null,
  old_sealed_secret text,
  old_secret_until timestamptz,
  filter jsonb not null,
  with_plans boolean not null,
  seq bigint not null,
  state text not null default 'active',
  why_disabled text,
  created_at timestamptz not null default now(),
  created_by text not null,
  failures integer not null default 0,
  failing_since timestamptz,
  next_at timestamptz not null default now(),
  holder uuid,
  constraint webhooks_pkey primary key (name),
  constraint webhooks_state_check check (state in ('active', 'paused', 'disabled'))
);
comment on column webhooks.seq is 'the last event of market_events that was delivered, or did not concern it';
comment on column webhooks.sealed_secret is
  'whsec_ and base64, as Standard Webhooks writes it, sealed with SECRETS_KEY where that is set (src/seal.ts)';
comment on column webhooks.state is 'paused by an operator; disabled by a receiver that wants no more or failed for days';
comment on column webhooks.old_sealed_secret is 'signs beside the new one until old_secret_until';
comment on column webhooks.holder is 'who delivers just now, until next_at';
create index idx_webhooks_due on webhooks (next_at) where state = 'active';

create table webhook_deliveries (
  id bigint generated always as identity,
  name text not null,
  message_id text not null,
  at timestamptz not null default clock_timestamp(),
  took_ms integer not null,
  error text,
  constraint webhook_deliveries_pkey primary key (id),
  constraint webhook_deliveries_name_fkey foreign key (name) references webhooks (name) on delete cascade
);
comment on table webhook_deliveries is 'Every try to deliver, kept for signalsDays; error is null where it was taken';
create index idx_webhook_deliveries_name on webhook_deliveries (name, id desc);
create index idx_webhook_deliveries_at on webhook_deliveries (at);

-- One text for all who get the same: a delivery that is tried again, by whatever process, sends the very bytes of the first try.
create table webhook_payloads (
  seq bigint not null,
  variant text not null,
  body text not null,
  at timestamptz not null default clock_timestamp(),
  constraint webhook_payloads_pkey primary key (seq, variant)
);
comment on table webhook_payloads is 'What is sent for an event, as it was when it was first sent; kept for two weeks';
comment on column webhook_payloads.variant is 'thin, or with plans; of an event about many offers also whose part it is';
create index idx_webhook_payloads_at on webhook_payloads (at);

-- People who asked to be told when a plan beats theirs: no name and no account, an address and what was asked.
create table price_watches (
  id uuid not null,
  sealed_email text not null,
  email_mark text not null,
  language text not null,
  question jsonb not null,
  created_at timestamptz not null default now(),
  asked_at timestamptz,
  confirmed_at timestamptz,
  expires_at timestamptz not null,
  told_at timestamptz,
  told_year_usd numeric(9, 2),
  told_end_at timestamptz,
  constraint price_watches_pkey primary key (id),
  constraint price_watches_language_check check (language in ('en', 'es'))
);
comment on column price_watches.sealed_email is 'sealed with SECRETS_KEY (src/seal.ts); gone with the row when somebody stops it';
comment on column price_watches.email_mark is 'a keyed hash of the address: counts what one address has, and cannot be read';
comment on column price_watches.asked_at is 'when the mail went out that asks whether it is wanted';
comment on column price_watches.told_year_usd is 'the year''s cost of the plan that was told last; null: whatever beats theirs is news';
create index idx_price_watches_mark on price_watches (email_mark);
create index idx_price_watches_expires on price_watches (expires_at);
create table exports (
  name text not null,
  until_at timestamptz not null,
  descriptor text not null,
  made_at timestamptz not null default now(),
  constraint exports_pkey primary key (name)
);
comment on table exports is
  'Which exports there are, by day and by month; a file that is missing somewhere is made again from the database';
comment on column exports.descriptor is 'the Frictionless data package, as JSON: names of the files, their hashes, what they were made of';
comment on column exports.until_at is 'what happened later is not in it';
