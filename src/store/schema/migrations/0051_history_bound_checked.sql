-- History by month, 2 of 4: reads every row, and keeps neither readers nor writers from theirs.

do $$
begin
  execute format('alter table plan_price_history validate constraint %I',
    (select conname from pg_constraint
      where conrelid = 'plan_price_history'::regclass and conname like 'history\_before\_%'));
end $$;
