-- Whether the upstream may be called is for its gate alone to say; a TDSP keeps the pause of its own failures.

drop table refresh_sources;

alter table upstream_gates add column full_until timestamptz;
comment on column upstream_gates.full_until is 'until then the budget of the hour was used up, when somebody last asked for more of it';
comment on column refresh_leases.not_before is
  'after failures of this TDSP nobody tries it again by itself before this; forgotten when the upstream as a whole is back';
