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
  evictions bigint not null,
  latency bigint[] not null,
  age bigint[] not null,
  max_age_seconds double precision,
  constraint cache_stats_pkey primary key (minute, layer),
  constraint cache_stats_layer_check check (layer in ('memory', 'redis', 'database', 'active', 'api'))
);
comment on table cache_stats is 'Counted by every process and added up; kept for eight days';
comment on column cache_stats.latency is 'waits for this layer, counted in the steps of src/cache/histogram.ts';
comment on column cache_stats.age is 'age of the plans when they were served, counted in the steps of src/cache/histogram.ts';

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
