-- Who fetches a TDSP just now, when failures may be tried again, and what was cleared from the caches.

create table refresh_leases (
  tdsp_duns text not null,
  holder text,
  fence bigint not null default 0,
  expires_at timestamptz not null default '-infinity',
  failures integer not null default 0,
  not_before timestamptz not null default '-infinity',
  failed_at timestamptz,
  error_code text,
  error_message text,
  constraint refresh_leases_pkey primary key (tdsp_duns)
);
comment on table refresh_leases is 'The one process that fetches a TDSP. Times are those of the database''s clock';
comment on column refresh_leases.holder is 'null: nobody';
comment on column refresh_leases.fence is 'grows with every holder: who comes back late does not hold it any more';
comment on column refresh_leases.failures is 'in a row; 0 after a success';
comment on column refresh_leases.not_before is 'nobody tries again by itself before this; who insists may';

create table refresh_sources (
  origin text not null,
  failures integer not null default 0,
  not_before timestamptz not null default '-infinity',
  constraint refresh_sources_pkey primary key (origin)
);
comment on table refresh_sources is 'An upstream that fails for one TDSP fails for all: one try at a time finds out whether it is back';

create table cache_clears (
  id bigint generated always as identity,
  tdsp_duns text,
  requested_at timestamptz not null default now(),
  constraint cache_clears_pkey primary key (id)
);
comment on column cache_clears.tdsp_duns is 'null: all';
