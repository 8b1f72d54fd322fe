-- What was synced, what it cost and what was refused.

create table sync_runs (
  id bigint generated always as identity,
  kind text not null,
  status text not null,
  source text not null,
  requested jsonb not null,
  is_forced boolean not null,
  started_at timestamptz not null,
  finished_at timestamptz,
  api_calls integer not null default 0,
  plans jsonb,
  errors jsonb not null default '[]',
  constraint sync_runs_pkey primary key (id),
  constraint sync_runs_status_check check (status in ('running', 'succeeded', 'partial', 'failed', 'stopped', 'crashed'))
);
create index idx_sync_runs_started on sync_runs (started_at desc);
create index idx_sync_runs_running on sync_runs (id) where status = 'running';

create table sync_results (
  run_id bigint not null,
  tdsp_duns text not null,
  status text not null,
  plans jsonb,
  snapshot_version bigint,
  error_code text,
  message text,
  finished_at timestamptz not null,
  duration_ms integer not null,
  constraint sync_results_pkey primary key (run_id, tdsp_duns),
  constraint sync_results_run_id_fkey foreign key (run_id) references sync_runs (id),
  constraint sync_results_tdsp_duns_fkey foreign key (tdsp_duns) references tdsps (duns)
);
comment on column sync_results.status is 'published, unchanged, fresh (nothing fetched), shared (another run had just fetched), held, failed';
create index idx_sync_results_tdsp on sync_results (tdsp_duns, finished_at desc);

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
  called_at timestamptz not null,
  constraint api_calls_pkey primary key (id)
);
comment on table api_calls is 'Every call of an upstream, failed ones and repeats too';
comment on column api_calls.status is 'HTTP status; null where no answer came';
create index idx_api_calls_time on api_calls (called_at desc);
create index idx_api_calls_run on api_calls (run_id);

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
  times integer not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  last_run_id bigint,
  constraint quarantined_records_pkey primary key (id),
  constraint quarantined_records_key unique (source, tdsp_duns, record_hash)
);
create index idx_quarantined_seen on quarantined_records (last_seen_at desc);

create table schema_drift (
  source text not null,
  field text not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint schema_drift_pkey primary key (source, field)
);
comment on table schema_drift is 'Fields an upstream added (+) or dropped (-): each is reported when it is first seen';
