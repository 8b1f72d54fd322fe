-- How long the statements of all processes take, and readings of the database's own counters from time to time.

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

comment on column cache_stats.latency is 'waits for this layer, counted in the steps of src/histogram.ts';
comment on column cache_stats.age is 'age of the plans when they were served, counted in the steps of src/histogram.ts';

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
