-- One engine: the claim in sync_targets is the one lock of a TDSP, pauses have a table of their own, and a failure is
-- written once, as the result of its TDSP.

drop table refresh_leases;

create table tdsp_pauses (
  tdsp_duns text not null,
  failures integer not null,
  not_before timestamptz not null,
  constraint tdsp_pauses_pkey primary key (tdsp_duns)
);
comment on table tdsp_pauses is 'TDSPs whose last fetches failed while the upstream was there. Times are those of the database''s clock';
comment on column tdsp_pauses.failures is 'in a row';
comment on column tdsp_pauses.not_before is
  'nobody tries it again for readers before this; forgotten when the upstream as a whole is back';

alter table sync_runs
  drop column is_queued,
  drop column errors,
  drop constraint sync_runs_status_check,
  add constraint sync_runs_status_check check
    (status in ('queued', 'running', 'succeeded', 'partial', 'failed', 'stopped', 'cancelled'));

alter table sync_results add column gave_up boolean not null default false;
comment on column sync_results.gave_up is 'an error that trying again does not cure: a dead letter until the TDSP is synced';

alter table sync_workers rename column lease_holder to process_id;
comment on column sync_workers.process_id is 'the process, as in upstream_permits.process_id';
alter table upstream_permits rename column holder to process_id;
comment on column upstream_permits.process_id is
  'whose call it is, as in sync_workers.process_id: the calls of a process that died are over';
