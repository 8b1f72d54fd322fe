-- What the upstream calls the version of its answer that a snapshot was read from, so that it can be asked for changes.

alter table plan_snapshots add column validators jsonb;
comment on column plan_snapshots.validators is
  '{request, etag, last_modified, body_at} of the whole answer that held exactly these plans; null where it named none or had records that could not be read';
