-- What upstreams sent, as they sent it: to be run through a mended normaliser, and to be looked at when a read failed
-- or a snapshot was held back.

create table source_payloads (
  hash text not null,
  source text not null,
  origin text not null,
  request jsonb not null,
  status integer,
  content_type text,
  bytes integer not null,
  stored_bytes integer not null,
  body bytea not null,
  times integer not null,
  first_seen_at timestamptz not null,
  last_seen_at timestamptz not null,
  constraint source_payloads_pkey primary key (hash)
);
comment on table source_payloads is 'Bodies of upstream answers, each kept once';
comment on column source_payloads.hash is 'sha-256 of the body as it came, secrets blotted out';
comment on column source_payloads.body is 'compressed with zstd';
comment on column source_payloads.source is 'whose answer it is: comparepower, powertochoose or sandbox';
comment on column source_payloads.request is 'endpoint and parameters of the first call that brought it';
-- It is compressed already: to try it again costs time and gains nothing.
alter table source_payloads alter column body set storage external;
create index idx_source_payloads_seen on source_payloads (last_seen_at);

alter table api_calls add column payload_hash text;
comment on column api_calls.payload_hash is 'the body of the answer in source_payloads, while it is kept there';
alter table plan_snapshots add column payload_hash text;
comment on column plan_snapshots.payload_hash is 'the last body that was read as this snapshot';
alter table sync_results add column payload_hash text;
comment on column sync_results.payload_hash is 'the body that was read, published or held back';

alter table quarantined_records
  add column payload_hash text,
  add column resolved_at timestamptz,
  add column resolved_by text,
  add column resolved_run_id bigint,
  add column resolution text,
  add constraint quarantined_records_resolution_check check (resolution in ('readable', 'restated', 'gone')) not valid,
  add constraint quarantined_records_resolved_check check ((resolved_at is null) = (resolution is null)) not valid;
comment on column quarantined_records.times is 'in how many different bodies it came; the same one fetched again counts once';
comment on column quarantined_records.payload_hash is 'the last body it was seen in: while that comes again, the record is seen again';
comment on column quarantined_records.resolution is 'readable: it is a plan now; restated: rejected for another reason, in another row; gone: not sent any more';
comment on column quarantined_records.resolved_by is 'sync or replay: who found that out, in resolved_run_id';
create index idx_quarantined_open on quarantined_records (source, tdsp_duns) where resolved_at is null;
