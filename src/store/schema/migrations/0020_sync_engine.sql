-- Who asked for which TDSPs and what became of it, whether syncing is allowed at all, and what shoppers look for.
-- The jobs themselves are pg-boss's (schema pgboss): a job says that there is work, these tables say which.

alter table sync_runs
  add column is_queued boolean not null default false,
  add column requested_by text not null default 'unknown',
  add column reason text,
  add column requested_at timestamptz;
update sync_runs set requested_at = started_at;
alter table sync_runs
  alter column requested_at set not null,
  alter column requested_at set default now(),
  alter column started_at drop not null,
  drop constraint sync_runs_status_check,
  add constraint sync_runs_status_check check
    (status in ('queued', 'running', 'succeeded', 'partial', 'failed', 'stopped', 'cancelled', 'crashed'));
comment on column sync_runs.is_queued is 'worked on by whichever process takes its jobs; false: by the process that began it';
comment on column sync_runs.requested_by is 'schedule:priority, cli, admin, start, reader';
drop index idx_sync_runs_running;
create index idx_sync_runs_open on sync_runs (id) where status in ('queued', 'running');

alter table sync_results add column notes jsonb not null default '{}';
comment on column sync_results.notes is 'fields the upstream changed, and records left out on purpose';

create table sync_targets (
  run_id bigint not null,
  tdsp_duns text not null,
  queue text not null,
  decision text not null,
  reason text not null,
  priority integer not null,
  is_forced boolean not null,
  is_patient boolean not null,
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
  constraint sync_control_pkey primary key (only_row),
  constraint sync_control_only_row_check check (only_row),
  constraint sync_control_state_check check (state in ('running', 'stopped', 'emergency'))
);
comment on column sync_control.state is 'stopped: what runs may end, nothing begins; emergency: no upstream call and no publish at all';
comment on column sync_control.reason is 'as whoever changed it gave it';
insert into sync_control (state, changed_at, changed_by) values ('running', now(), 'migration');

create table sync_workers (
  id uuid not null,
  lock_key integer not null,
  host text not null,
  pid integer not null,
  lease_holder text not null,
  roles text[] not null,
  queue text,
  origin text,
  started_at timestamptz not null,
  seen_at timestamptz not null,
  constraint sync_workers_pkey primary key (id)
);
comment on column sync_workers.lease_holder is 'how the holders of its leases begin (refresh_leases)';
comment on table sync_workers is 'Processes that sync. One whose advisory lock (7748004, lock_key) nobody holds is dead, whatever seen_at says';

create table city_demand (
  city_slug text not null,
  hour timestamptz not null,
  searches integer not null default 0,
  leads integer not null default 0,
  conversions integer not null default 0,
  constraint city_demand_pkey primary key (city_slug, hour)
);
comment on table city_demand is 'What shoppers did, counted by city and hour: from POST /v1/events';
create index idx_city_demand_hour on city_demand (hour);

create table audit_log (
  id bigint generated always as identity,
  at timestamptz not null default now(),
  actor text not null,
  action text not null,
  details jsonb not null default '{}',
  constraint audit_log_pkey primary key (id)
);
create index idx_audit_log_at on audit_log (at desc);
