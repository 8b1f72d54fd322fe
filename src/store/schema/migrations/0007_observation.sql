-- What the whole fleet did and how it is: one roll-up a minute, the alerts and what was told about them.

-- Counted by every process, as cache_stats: what the minutes of `figures` are derived from.
create table answer_stats (
  minute timestamptz not null,
  route text not null,
  layer text not null,
  answers bigint not null,
  refused bigint not null,
  failed bigint not null,
  total_ms double precision not null,
  latency bigint[] not null,
  constraint answer_stats_pkey primary key (minute, route, layer)
);
comment on table answer_stats is 'Answers of the HTTP API, counted by every process and added up; kept as cache_stats';
comment on column answer_stats.route is 'pattern, never an address: /v1/plans/:id';
comment on column answer_stats.layer is 'memory, redis, database, active or api where plans were read; else empty';
comment on column answer_stats.refused is 'those with a status of 400 to 499';
comment on column answer_stats.failed is 'those with a status of 500 and above';
comment on column answer_stats.latency is 'counted in the steps of src/histogram.ts';

create table figures (
  span text not null,
  at timestamptz not null,
  figures jsonb not null,
  constraint figures_pkey primary key (span, at),
  constraint figures_span_check check (span in ('minute', 'hour'))
);
comment on table figures is
  'What the fleet did in each minute (30 days) and hour (two years), derived from cache_stats, answer_stats, query_stats, api_calls, sync_attempts, sync_runs and plan_snapshots before those are pruned';
comment on column figures.at is 'when the minute or hour begins';
comment on column figures.figures is 'shape in src/store/observation/figures.ts; sums add up, so an hour is the sum of its minutes';

-- The process that watches: it derives the figures and evaluates the rules, in transactions that hold this row.
create table observer (
  holder uuid,
  lease_until timestamptz not null,
  evaluated_at timestamptz,
  evaluations bigint not null default 0,
  took_ms double precision,
  state jsonb,
  only_row boolean not null default true,
  constraint observer_pkey primary key (only_row),
  constraint observer_only_row_check check (only_row)
);
comment on column observer.holder is 'as sync_workers.process_id; another takes over when lease_until is past';
comment on column observer.state is 'what it saw last, for /metrics of all processes; shape in src/store/observation/figures.ts';
insert into observer (lease_until) values ('-infinity');

create table deploys (
  at timestamptz not null,
  version text not null,
  constraint deploys_pkey primary key (at, version)
);
comment on table deploys is 'When a process began with another version than the one before it; a few a month, and never pruned';

create table alerts (
  rule text not null,
  subject text not null,
  state text not null,
  severity text not null,
  value double precision,
  reading text not null,
  since timestamptz not null,
  fired_at timestamptz,
  clear_since timestamptz,
  resolved_at timestamptz,
  told_at timestamptz,
  follows text,
  acked_by text,
  acked_at timestamptz,
  acked_until timestamptz,
  ack_note text,
  constraint alerts_pkey primary key (rule, subject),
  constraint alerts_state_check check (state in ('pending', 'firing', 'resolved')),
  constraint alerts_severity_check check (severity in ('ticket', 'page'))
);
comment on table alerts is 'Of every rule and subject the last alert: acknowledged where acked_until is ahead, silenced where alert_silences says so';
comment on column alerts.subject is 'TDSP, process or whatever the rule tells apart; empty where it does not';
comment on column alerts.since is 'when the condition was first met';
comment on column alerts.clear_since is 'firing, and clear since then';
comment on column alerts.told_at is 'when a message about it was last put into the outbox; null: it is held back';
comment on column alerts.follows is 'the rule whose alert it follows from: it is held back while that one is met';

create table alert_events (
  id bigint generated always as identity,
  at timestamptz not null,
  rule text not null,
  subject text not null,
  event text not null,
  severity text not null,
  reading text not null,
  by text,
  note text,
  until timestamptz,
  constraint alert_events_pkey primary key (id),
  constraint alert_events_event_check check (event in
    ('fired', 'worsened', 'reminded', 'resolved', 'acknowledged', 'ack_ended', 'silenced', 'silence_ended'))
);
comment on table alert_events is 'The history of the alerts, kept for two years';
create index idx_alert_events_at on alert_events (at desc);
create index idx_alert_events_rule on alert_events (rule, at desc);

create table alert_silences (
  id bigint generated always as identity,
  rule text,
  subject text,
  begins_at timestamptz not null,
  until timestamptz not null,
  by text not null,
  reason text not null,
  ended_at timestamptz,
  ended_by text,
  constraint alert_silences_pkey primary key (id),
  constraint alert_silences_subject_check check (rule is not null or subject is not null)
);
comment on column alert_silences.rule is 'null: every rule, for this subject';
comment on column alert_silences.subject is 'null: everything of this rule';
create index idx_alert_silences_until on alert_silences (until) where ended_at is null;

create table alert_deliveries (
  id bigint generated always as identity,
  message_id text not null,
  channel text not null,
  message jsonb not null,
  state text not null default 'waiting',
  attempts integer not null default 0,
  created_at timestamptz not null,
  next_at timestamptz not null,
  delivered_at timestamptz,
  took_ms integer,
  error text,
  constraint alert_deliveries_pkey primary key (id),
  constraint alert_deliveries_key unique (message_id, channel),
  constraint alert_deliveries_state_check check (state in ('waiting', 'delivered', 'given_up'))
);
comment on table alert_deliveries is 'The outbox: written in the transaction of the evaluation, and the log of what was delivered';
comment on column alert_deliveries.message_id is 'the same on every try and every channel: who gets it twice can tell';
create index idx_alert_deliveries_due on alert_deliveries (next_at) where state = 'waiting';
create index idx_alert_deliveries_created on alert_deliveries (created_at desc);
