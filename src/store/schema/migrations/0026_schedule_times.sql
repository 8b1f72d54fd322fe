-- When each schedule comes next, as the process that keeps the times worked it out: whoever looks need not load the
-- queue for it, and a time that is long past shows that nobody keeps them.

create table schedule_times (
  name text not null,
  cron text not null,
  time_zone text not null,
  next_at timestamptz,
  told_at timestamptz not null,
  constraint schedule_times_pkey primary key (name)
);
comment on column schedule_times.next_at is 'null: the expression has no next time';
