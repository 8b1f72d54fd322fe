-- The cached set once more in the form in which it is asked: a reader need not parse it.

alter table plan_cache add column packed bytea;
comment on column plan_cache.packed is
  'the plans of plans_data as src/plan/plan-set-bytes.ts packs them; null or of another version where an older program wrote the row';
