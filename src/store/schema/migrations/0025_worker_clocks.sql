-- How far the clock of a process that syncs is ahead of the database's: ages are differences between the two.

alter table sync_workers add column clock_ahead_ms double precision;
comment on column sync_workers.clock_ahead_ms is 'as of seen_at, the time of one message included; negative: behind; null: an older version of the program';
