-- What the program measures of itself, and what belongs to the database as a whole.

create table database_identity (
  id text not null,
  made_for text not null,
  redis_key text not null,
  only_row boolean not null default true,
  constraint database_identity_pkey primary key (only_row),
  constraint database_identity_only_row_check check (only_row)
);
comment on column database_identity.redis_key is 'seals what processes put into Redis: what is there without it is not believed';
comment on column database_identity.made_for is 'server and database it was made for: a copy of the database is given an id of its own';

-- What was cleared from the caches.
create table cache_clears (
  id bigint generated always as identity,
  tdsp_duns text,
  requested_at timestamptz not null default now(),
  constraint cache_clears_pkey primary key (id)
);
comment on column cache_clears.tdsp_duns is 'null: all';

-- What the cache layers of all processes did, minute by minute, and what each process holds now.
create table cache_stats (
  minute timestamptz not null,
  layer text not null,
  hits bigint not null,
  misses bigint not null,
  stale_serves bigint not null,
  errors bigint not null,
  loads bigint not null,
  loaded_bytes bigint not null,
  refused_loads bigint not null,
  latency bigint[] not null,
  age bigint[] not null,
  max_age_seconds double precision,
  constraint cache_stats_pkey primary key (minute, layer),
  constraint cache_stats_layer_check check (layer in ('memory', 'redis', 'database', 'active', 'api'))
);
comment on table cache_stats is 'Counted by every process and added up; kept for eight days';
comment on column cache_stats.latency is 'waits for this layer, counted in the steps of src/histogram.ts';
comment on column cache_stats.age is 'age of the plans when they were served, counted in the steps of src/histogram.ts';

create table cache_processes (
  process_id uuid not null,
  host text not null,
  pid integer not null,
  started_at timestamptz not null,
  seen_at timestamptz not null,
  entries integer not null,
  bytes bigint not null,
  constraint cache_processes_pkey primary key (process_id)
);
comment on table cache_processes is 'Processes that hold plan sets in memory; one that was not seen for a minute is gone';

create table view_refreshes (
  view_name text not null,
  market text,
  refreshed_at timestamptz,
  duration_ms integer,
  failed_at timestamptz,
  error text,
  constraint view_refreshes_pkey primary key (view_name)
);
comment on table view_refreshes is 'When each materialised view was refreshed, and which published plans it shows';
comment on column view_refreshes.market is 'names the current version of all snapshots; another one now: the view is behind';
comment on column view_refreshes.error is 'why the last refresh failed; null: it did not';

create table query_stats (
  minute timestamptz not null,
  name text not null,
  calls bigint not null,
  errors bigint not null,
  rows bigint not null,
  total_ms double precision not null,
  max_ms double precision not null,
  latency bigint[] not null,
  constraint query_stats_pkey primary key (minute, name)
);
comment on table query_stats is 'Counted by every process and added up; kept as long as RETENTION_QUERY_STATS_DAYS says';
comment on column query_stats.name is 'file and function of src/store that sends the statement';
comment on column query_stats.latency is 'waits for an answer, counted in the steps of src/histogram.ts';

create table query_texts (
  text_hash text not null,
  name text not null,
  text text not null,
  seen_at timestamptz not null,
  constraint query_texts_pkey primary key (text_hash)
);
comment on table query_texts is 'Which statement has which name: pg_stat_statements knows only the text';

create table database_readings (
  slot bigint not null,
  taken_at timestamptz not null,
  bytes bigint not null,
  commits bigint not null,
  rollbacks bigint not null,
  blocks_hit bigint not null,
  blocks_read bigint not null,
  temp_bytes bigint not null,
  deadlocks bigint not null,
  wal_bytes numeric,
  constraint database_readings_pkey primary key (slot)
);
comment on table database_readings is 'What PostgreSQL counts since its last reset, read every ten minutes: differences are rates, and growth';
comment on column database_readings.slot is 'ten minutes since 1970: of several processes one writes';
comment on column database_readings.wal_bytes is 'of the whole server; null where it may not be read';

-- Latency and exact bloat from PostgreSQL itself, where it has them and this role may have them. Without them
-- db:metrics counts on its own and db:health estimates.
do $$
declare
  wanted text;
begin
  foreach wanted in array array['pg_stat_statements', 'pgstattuple'] loop
    begin
      execute format('create extension if not exists %I', wanted);
    exception when insufficient_privilege or undefined_file or feature_not_supported or object_not_in_prerequisite_state then
      raise notice 'extension % is left out: %', wanted, sqlerrm;
    end;
  end loop;
end $$;
