-- Which syncs were asked for and what became of them, whether syncing is allowed at all, and what all processes must
-- agree on before they call an upstream. The jobs themselves are pg-boss's (schema pgboss): a job says that there is
-- work, these tables say which.

create table sync_runs (
  id bigint generated always as identity,
  kind text not null,
  status text not null,
  source text not null,
  requested jsonb not null,
  is_forced boolean not null,
  requested_by text not null default 'unknown',
  reason text,
  requested_at timestamptz not null default now(),
  started_at timestamptz,
  finished_at timestamptz,
  api_calls integer not null default 0,
  plans jsonb,
  constraint sync_runs_pkey primary key (id),
  constraint sync_runs_status_check check
    (status in ('queued', 'running', 'succeeded', 'partial', 'failed', 'stopped', 'cancelled'))
);
comment on column sync_runs.requested_by is 'schedule:priority, cli, admin, start, reader';
create index idx_sync_runs_started on sync_runs (started_at desc);
create index idx_sync_runs_open on sync_runs (id) where status in ('queued', 'running');

create table sync_results (
  run_id bigint not null,
  tdsp_duns text not null,
  status text not null,
  plans jsonb,
  snapshot_version bigint,
  error_code text,
  message text,
  gave_up boolean not null default false,
  notes jsonb not null default '{}',
  payload_hash text,
  finished_at timestamptz not null,
  duration_ms integer not null,
  constraint sync_results_pkey primary key (run_id, tdsp_duns),
  constraint sync_results_run_id_fkey foreign key (run_id) references sync_runs (id),
  constraint sync_results_tdsp_duns_fkey foreign key (tdsp_duns) references tdsps (duns)
);
comment on column sync_results.status is 'published, unchanged, fresh (nothing fetched), shared (another run had just fetched), held, failed';
comment on column sync_results.gave_up is 'an error that trying again does not cure: a dead letter until the TDSP is synced';
comment on column sync_results.notes is 'fields the upstream changed, and records left out on purpose';
comment on column sync_results.payload_hash is 'the body that was read, published or held back';
create index idx_sync_results_tdsp on sync_results (tdsp_duns, finished_at desc);

create table sync_targets (
  run_id bigint not null,
  tdsp_duns text not null,
  queue text not null,
  decision text not null,
  reason text not null,
  priority integer not null,
  is_forced boolean not null,
  is_patient boolean not null,
  fresh_for_ms integer,
  state text not null,
  job_id uuid,
  worker_id uuid,
  attempts integer not null default 0,
  requested_at timestamptz not null,
  not_before timestamptz,
  claimed_at timestamptz,
  settled_at timestamptz,
  constraint sync_targets_pkey primary key (run_id, tdsp_duns),
  constraint sync_targets_run_id_fkey foreign key (run_id) references sync_runs (id) on delete cascade,
  constraint sync_targets_tdsp_duns_fkey foreign key (tdsp_duns) references tdsps (duns),
  constraint sync_targets_decision_check check (decision in ('queued', 'merged', 'joined', 'fresh')),
  constraint sync_targets_state_check check (state in ('waiting', 'claimed', 'settled'))
);
comment on table sync_targets is 'A TDSP that a queued run asked for: waiting, claimed by a worker, or settled (see sync_results)';
comment on column sync_targets.decision is 'queued: a job of its own; merged: another run had one waiting; joined: one was being worked on; fresh: none needed';
comment on column sync_targets.is_patient is 'where no call is allowed just now it waits instead of failing';
comment on column sync_targets.fresh_for_ms is 'plans confirmed less than this before it was asked for need no call; null: as the worker is set';
create index idx_sync_targets_open on sync_targets (queue, tdsp_duns) where state <> 'settled';
create index idx_sync_targets_job on sync_targets (job_id) where state = 'claimed';

create table sync_attempts (
  id bigint generated always as identity,
  job_id uuid not null,
  tdsp_duns text not null,
  worker_id uuid not null,
  status text not null,
  error_code text,
  started_at timestamptz not null,
  finished_at timestamptz not null,
  constraint sync_attempts_pkey primary key (id)
);
comment on table sync_attempts is 'Every time a worker tried to sync a TDSP, those that were tried again included: what the success rate is counted from';
create index idx_sync_attempts_finished on sync_attempts (finished_at desc);

create table sync_control (
  state text not null,
  changed_at timestamptz not null,
  changed_by text not null,
  reason text,
  only_row boolean not null default true,
  confirmed_origin text,
  constraint sync_control_pkey primary key (only_row),
  constraint sync_control_only_row_check check (only_row),
  constraint sync_control_state_check check (state in ('running', 'stopped', 'emergency'))
);
comment on column sync_control.state is 'stopped: what runs may end, nothing begins; emergency: no upstream call and no publish at all';
comment on column sync_control.confirmed_origin is 'the address or file whose plans may replace those of another source';
comment on column sync_control.reason is 'as given with the change';
insert into sync_control (state, changed_at, changed_by) values ('running', now(), 'migration');

create table sync_workers (
  id uuid not null,
  lock_key integer not null,
  host text not null,
  pid integer not null,
  process_id uuid not null,
  roles text[] not null,
  queue text,
  origin text,
  started_at timestamptz not null,
  seen_at timestamptz not null,
  clock_ahead_ms double precision,
  version text,
  vitals jsonb,
  constraint sync_workers_pkey primary key (id)
);
comment on table sync_workers is 'Processes that sync. One whose advisory lock (7748004, lock_key) nobody holds is dead, whatever seen_at says';
comment on column sync_workers.process_id is 'as in upstream_permits.process_id';
comment on column sync_workers.clock_ahead_ms is 'how far its clock is ahead of the database''s as of seen_at, the time of one message included; negative: behind';

comment on column sync_workers.vitals is 'memory, delay of the event loop and when each of its loops last went round; shape in src/store/observation/vitals.ts';

create table schedule_times (
  name text not null,
  cron text not null,
  time_zone text not null,
  next_at timestamptz,
  told_at timestamptz not null,
  constraint schedule_times_pkey primary key (name)
);
comment on table schedule_times is
  'When each schedule comes next, as the process that keeps the times worked it out: a time that is long past shows that nobody keeps them';
comment on column schedule_times.next_at is 'null: the expression has no next time';

create table city_demand (
  city_slug text not null,
  hour timestamptz not null,
  searches integer not null default 0,
  leads integer not null default 0,
  conversions integer not null default 0,
  anonymous integer not null default 0,
  constraint city_demand_pkey primary key (city_slug, hour)
);
comment on table city_demand is 'What shoppers did, counted by city and hour: from POST /v1/events and views of pages';
comment on column city_demand.anonymous is
  'How much of it nobody vouches for (views of pages, events without the key of EVENTS_KEY), in searches it is worth';
create index idx_city_demand_hour on city_demand (hour);

create table missed_places (
  place text not null,
  hour timestamptz not null,
  searches integer not null,
  constraint missed_places_pkey primary key (place, hour)
);
comment on table missed_places is 'Places that were asked for and have no plans here, by hour; kept as city_demand';
comment on column missed_places.place is 'slug of a place in the territory files; empty for every other text, which is not kept';
create index idx_missed_places_hour on missed_places (hour);

create table audit_log (
  id bigint generated always as identity,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  details jsonb not null default '{}',
  constraint audit_log_pkey primary key (id)
);
create index idx_audit_log_at on audit_log (at desc);

create table tdsp_pauses (
  tdsp_duns text not null,
  failures integer not null,
  not_before timestamptz not null,
  constraint tdsp_pauses_pkey primary key (tdsp_duns)
);
comment on table tdsp_pauses is 'TDSPs whose last fetches failed while the upstream was there. Times are those of the database''s clock';
comment on column tdsp_pauses.failures is 'in a row';
comment on column tdsp_pauses.not_before is
  'nobody tries it again for readers before this; forgotten when the upstream as a whole is back';

-- Whether the upstream may be called is for its gate alone to say; a TDSP keeps the pause of its own failures.
create table upstream_gates (
  source text not null,
  origin text,
  failures integer not null default 0,
  openings integer not null default 0,
  open_until timestamptz,
  opened_at timestamptz,
  probe_until timestamptz,
  wait_until timestamptz,
  full_until timestamptz,
  certificate_ends_at timestamptz,
  constraint upstream_gates_pkey primary key (source)
);
comment on column upstream_gates.origin is 'the address the circuit is about: another one begins with a closed circuit';
comment on column upstream_gates.failures is 'calls in a row that failed';
comment on column upstream_gates.openings is 'how often in a row the circuit opened: each time for longer';
comment on column upstream_gates.open_until is 'when one probe may be made; null: the circuit is closed';
comment on column upstream_gates.probe_until is 'until then the probe under way has the only right to call';
comment on column upstream_gates.wait_until is 'as the upstream asked with Retry-After';
comment on column upstream_gates.certificate_ends_at is 'of its TLS certificate, as seen with the last connection; null: none was seen';
comment on column upstream_gates.full_until is 'until then the budget of the hour was used up, when more of it was last asked for';

create table upstream_permits (
  id bigint generated always as identity,
  source text not null,
  process_id uuid,
  is_forced boolean not null default false,
  granted_at timestamptz not null,
  expires_at timestamptz not null,
  finished_at timestamptz,
  constraint upstream_permits_pkey primary key (id)
);
comment on table upstream_permits is
  'A row for every call of the last hour, written before the call: a process that dies in it takes nothing out of the count';
comment on column upstream_permits.process_id is
  'as in sync_workers.process_id: the calls of a process that died take up no room until their deadline';
comment on column upstream_permits.is_forced is 'forced calls have a budget of their own';
create index idx_upstream_permits_granted on upstream_permits (source, granted_at);

create table api_calls (
  id bigint generated always as identity,
  run_id bigint,
  source text not null,
  endpoint text not null,
  params jsonb not null,
  attempt smallint not null,
  status integer,
  bytes integer,
  duration_ms integer not null,
  error text,
  payload_hash text,
  age_seconds integer,
  called_at timestamptz not null,
  constraint api_calls_pkey primary key (id)
);
comment on table api_calls is 'Every call of an upstream, failed ones and repeats too';
comment on column api_calls.status is 'HTTP status; null where no answer came';
comment on column api_calls.payload_hash is 'the body of the answer in source_payloads, while it is kept there';
comment on column api_calls.age_seconds is 'how long a cache of the upstream had held the answer; null where none said so';
-- A log that is written in order of time needs no more than the times at which its pages begin and end: 24 kB instead
-- of 2.4 MB for 120,000 calls, and nothing to do for most inserts.
create index idx_api_calls_time on api_calls using brin (called_at) with (pages_per_range = 16, autosummarize = on);
create index idx_api_calls_run on api_calls (run_id);
