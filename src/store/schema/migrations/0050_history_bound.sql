-- History by month, 1 of 4. plan_price_history becomes the first partition of a table of its name, without being
-- copied and without being locked for longer than a moment, however many rows it has: a bound that new rows keep (this
-- file), checked for the old rows beside everybody's work (0051), the index that the new key needs (0052), the change
-- of places (0053).

create function lock_patiently(variadic relations regclass[]) returns void
language plpgsql as $$
begin
  -- Who waits for an exclusive lock holds up everybody who comes later, so each try is short, lets go of what it has
  -- got when it does not get all, and leaves room.
  for attempt in 1..120 loop
    begin
      perform set_config('lock_timeout', '300ms', true);
      execute format('lock table %s in access exclusive mode', array_to_string(relations, ', '));
      perform set_config('lock_timeout', '0', true);
      return;
    exception when lock_not_available then
      perform pg_sleep(0.7);
    end;
  end loop;
  raise exception 'Somebody has been using % for two minutes without a pause', array_to_string(relations, ' or ')
    using errcode = 'lock_not_available',
          hint = 'Look for the long transaction in pg_stat_activity, let it end, then run: npm run db:migrate';
end $$;
comment on function lock_patiently is 'For migrations: an exclusive lock until the end of the transaction, taken without making others wait for long';

-- The bound lies a whole month ahead, so that it stops nobody who still writes while these steps are being taken; and
-- behind every row, also one of a clock that was wrong.
do $$
declare
  bound timestamp := date_trunc('month', greatest(
    now() at time zone 'UTC' + interval '1 month', (select max(changed_at) from plan_price_history) at time zone 'UTC'
  )) + interval '1 month';
begin
  perform lock_patiently('plan_price_history');
  execute format(
    'alter table plan_price_history add constraint history_before_%s check (changed_at < %L) not valid',
    to_char(bound, 'YYYY_MM'), bound at time zone 'UTC');
end $$;
