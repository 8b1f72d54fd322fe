-- How fast the pages were to people, where that is asked of browsers (FIELD_BEACON).

create table page_vitals (
  hour timestamptz not null,
  page text not null,
  vital text not null,
  counts bigint[] not null,
  constraint page_vitals_pkey primary key (hour, page, vital),
  constraint page_vitals_vital_check check (vital in ('lcp', 'inp', 'cls'))
);
comment on table page_vitals is 'Counted by every process and added up; nothing about who looked; kept as city_demand';
comment on column page_vitals.page is 'pattern, never an address: /cities/:slug';
comment on column page_vitals.counts is 'visits in the steps of VITALS in src/store/observation/page-vitals.ts';
