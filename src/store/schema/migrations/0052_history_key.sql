-- no transaction
-- History by month, 3 of 4: a key of a partitioned table holds what it is partitioned by.

create unique index concurrently if not exists plan_price_history_key on plan_price_history (id, changed_at);
