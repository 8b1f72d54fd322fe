-- What each day was like: the rates of a TDSP's plans as it ended, and what each provider did.

create table daily_rate_index (
  tdsp_duns text not null,
  term text not null,
  rate_type text not null,
  day date not null,
  version bigint not null,
  plans integer not null,
  priced_500kwh integer,
  min_rate_500kwh numeric(6, 3),
  median_rate_500kwh numeric(7, 4),
  average_rate_500kwh numeric(7, 4),
  priced_1000kwh integer,
  min_rate_1000kwh numeric(6, 3),
  median_rate_1000kwh numeric(7, 4),
  average_rate_1000kwh numeric(7, 4),
  priced_2000kwh integer,
  min_rate_2000kwh numeric(6, 3),
  median_rate_2000kwh numeric(7, 4),
  average_rate_2000kwh numeric(7, 4),
  constraint daily_rate_index_pkey primary key (tdsp_duns, term, rate_type, day),
  constraint daily_rate_index_tdsp_duns_fkey foreign key (tdsp_duns) references tdsps (duns)
);
comment on table daily_rate_index is
  'The plans of a TDSP as they stood when a day ended on which they changed; on other days they stood as on the last such day';
comment on column daily_rate_index.term is 'months, or all';
comment on column daily_rate_index.rate_type is 'fixed, variable, indexed, or all';
comment on column daily_rate_index.day is 'in America/Chicago';
comment on column daily_rate_index.version is 'the last one of plan_snapshots on that day';
comment on column daily_rate_index.plans is 'how many there were';
comment on column daily_rate_index.priced_500kwh is 'of the plans, those that tell a rate at 500 kWh; null: history does not prove which plans these were';
comment on column daily_rate_index.min_rate_500kwh is 'cents per kWh';
comment on column daily_rate_index.median_rate_500kwh is 'cents per kWh';
comment on column daily_rate_index.average_rate_500kwh is 'cents per kWh, every plan weighs the same';

create table provider_days (
  provider_id text not null,
  day date not null,
  tdsp_duns text not null,
  listed integer not null,
  relisted integer not null,
  withdrawn integer not null,
  repriced integer not null,
  constraint provider_days_pkey primary key (provider_id, day, tdsp_duns)
);
comment on table provider_days is 'How many offers a provider listed, brought back, withdrew or re-priced; an offer counts once for every publish that did so';
comment on column provider_days.listed is 'without those of the first snapshot of a TDSP, which nobody knows the age of';
comment on column provider_days.day is 'in America/Chicago';

create table market_progress (
  tdsp_duns text not null,
  version bigint not null,
  constraint market_progress_pkey primary key (tdsp_duns),
  constraint market_progress_tdsp_duns_fkey foreign key (tdsp_duns) references tdsps (duns)
);
comment on table market_progress is 'Up to which version of plan_snapshots daily_rate_index and provider_days are written';
