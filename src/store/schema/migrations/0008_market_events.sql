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
    ('offer_listed', 'offer_relisted', 'offer_repriced', 'offer_terms_changed', 'offer_details_changed', 'offer_replaced',
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
  secret text not null,
  old_secret text,
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
  constraint webhooks_state_check check (state in ('active', 'disabled'))
);
comment on column webhooks.seq is 'the last event of market_events that was delivered, or did not concern it';
comment on column webhooks.secret is 'whsec_ and base64, as Standard Webhooks writes it: to sign takes the secret itself';
comment on column webhooks.old_secret is 'signs beside the new one until old_secret_until';
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
