-- Which wires company serves which place. Filled from data/territory; the files are the truth, these tables are
-- for questions in SQL.

create table tdsps (
  duns text not null,
  code text not null,
  name text not null,
  short_name text not null,
  constraint tdsps_pkey primary key (duns),
  constraint tdsps_code_key unique (code),
  constraint tdsps_duns_check check (duns ~ '^[0-9]{9,13}$')
);
comment on column tdsps.duns is 'D-U-N-S number, a text: leading zeros count';

create table utilities (
  name text not null,
  kind text not null,
  has_retail_choice boolean not null,
  home text,
  constraint utilities_pkey primary key (name),
  constraint utilities_kind_check check (kind in ('municipal', 'investor_owned', 'cooperative'))
);
comment on table utilities is 'Utilities beside the TDSPs: those of towns, cooperatives, and companies outside of the competitive market';
comment on column utilities.home is 'the slug of the town that owns it';

create table cities (
  slug text not null,
  name text not null,
  county text not null,
  lat double precision not null,
  lon double precision not null,
  population integer,
  tier smallint not null,
  tdsps text[] not null,
  zips text[] not null,
  utilities text[] not null,
  constraint cities_pkey primary key (slug),
  constraint cities_tier_check check (tier between 1 and 3)
);
comment on column cities.tdsps is 'DUNS of every TDSP that serves the city, the one with most ZIP codes first';
comment on column cities.utilities is 'names of utilities that serve some of it beside the TDSPs, its own first';
create index idx_cities_tier on cities (tier, slug);
create index idx_cities_tdsps on cities using gin (tdsps);

create table zip_codes (
  zip text not null,
  city text not null,
  county text not null,
  lat double precision not null,
  lon double precision not null,
  tdsps text[] not null,
  market text not null,
  utilities text[] not null,
  constraint zip_codes_pkey primary key (zip),
  constraint zip_codes_zip_check check (zip ~ '^[0-9]{5}$'),
  constraint zip_codes_market_check check (market in ('competitive', 'mixed', 'municipal_or_coop', 'unknown'))
);
create index idx_zip_codes_tdsps on zip_codes using gin (tdsps);

comment on column zip_codes.utilities is 'names of utilities that serve some of it, the own one of its town first';

-- Which edition of the files the four tables hold: one row.
create table territory_edition (
  checksum text not null,
  loaded_at timestamptz not null,
  only_row boolean not null default true,
  constraint territory_edition_pkey primary key (only_row),
  constraint territory_edition_only_row_check check (only_row)
);
