-- What all processes must agree on before they call an upstream.

create table upstream_gates (
  source text not null,
  failures integer not null default 0,
  openings integer not null default 0,
  open_until timestamptz,
  opened_at timestamptz,
  probe_until timestamptz,
  wait_until timestamptz,
  constraint upstream_gates_pkey primary key (source)
);
comment on column upstream_gates.failures is 'calls in a row that failed';
comment on column upstream_gates.openings is 'how often in a row the circuit opened: each time for longer';
comment on column upstream_gates.open_until is 'when one probe may be made; null: the circuit is closed';
comment on column upstream_gates.probe_until is 'until then the probe under way has the only right to call';
comment on column upstream_gates.wait_until is 'as the upstream asked with Retry-After';

create table upstream_permits (
  id bigint generated always as identity,
  source text not null,
  granted_at timestamptz not null,
  expires_at timestamptz not null,
  finished_at timestamptz,
  constraint upstream_permits_pkey primary key (id)
);
comment on table upstream_permits is
  'A row for every call of the last hour, written before the call: a process that dies in it takes nothing out of the count';
create index idx_upstream_permits_granted on upstream_permits (source, granted_at);
