-- Whose call it is, so that the calls of a process that died do not take up room until their deadline; and which calls
-- were forced, for they have a budget of their own.

alter table upstream_permits
  add column holder text,
  add column is_forced boolean not null default false;
comment on column upstream_permits.holder is 'the process, as in refresh_leases.holder and sync_workers.lease_holder';
