-- When plan sets change, and what was learned of it. Both can be made again from api_calls and source_payloads.

create table refresh_changes (
  source text not null,
  plan_set text not null,
  changed_after timestamptz not null,
  changed_by timestamptz not null,
  seen_at timestamptz not null,
  constraint refresh_changes_pkey primary key (source, plan_set, changed_by, changed_after),
  constraint refresh_changes_order_check check (changed_after < changed_by)
);
comment on table refresh_changes is 'Every change of a plan set that a look brought to light, as well as its time is known';
comment on column refresh_changes.plan_set is 'DUNS of the TDSP, or state where one call brings all of them';
comment on column refresh_changes.changed_after is 'it changed after this and by changed_by; a millisecond apart where ids say when';
comment on column refresh_changes.seen_at is 'the look that showed it';

create table refresh_models (
  source text not null,
  watched_since timestamptz not null,
  read_until timestamptz not null,
  fitted_at timestamptz not null,
  model jsonb not null,
  price double precision not null,
  proof jsonb not null,
  constraint refresh_models_pkey primary key (source)
);
comment on table refresh_models is 'What REFRESH_STRATEGY learned and auto go by, a row for each source; wattsync refresh rebuild makes it anew';
comment on column refresh_models.watched_since is 'the first look there is';
comment on column refresh_models.read_until is 'looks until then are in refresh_changes';
comment on column refresh_models.model is 'rates, phase and links; shape and format in src/planning/refresh/model.ts';
comment on column refresh_models.price is 'change-minutes that a call must save';
comment on column refresh_models.proof is 'whether it may be used and why; shape in src/planning/refresh/proof.ts';

create table experiments (
  id bigint generated always as identity,
  source text not null,
  plan jsonb not null,
  days jsonb not null default '[]',
  standing jsonb,
  started_at timestamptz not null default clock_timestamp(),
  started_by text not null,
  ended_at timestamptz,
  ended_by text,
  outcome text,
  reason text,
  constraint experiments_pkey primary key (id),
  constraint experiments_outcome_check check (
    (outcome is null) = (ended_at is null)
    and outcome in ('better', 'worse', 'alike', 'undecided', 'harm', 'stopped'))
);
create unique index experiments_running_key on experiments (source) where ended_at is null;
create index experiments_started_at_idx on experiments (started_at);
comment on table experiments is 'Refresh strategies tried against each other, day by day; one at a time for each source';
comment on column experiments.plan is 'what was written down before: arms, days, metric, least effect, stop rule; shape in src/planning/experiment/plan.ts';
comment on column experiments.days is 'what each day that is over was like; shape in src/planning/experiment/measure.ts';
comment on column experiments.standing is 'what the days say so far; shape in src/planning/experiment/judge.ts';
