-- no transaction
-- What was current at a time, and what was first seen with a version.

create index concurrently if not exists idx_snapshots_published on plan_snapshots (tdsp_duns, published_at desc, version desc);
create index concurrently if not exists idx_offers_listed on offers (tdsp_duns, first_seen_at);

-- How long offers live, and who did what in one market.
create index concurrently if not exists idx_offers_ended on offers (tdsp_duns, ended_at) where ended_at is not null;
create index concurrently if not exists idx_provider_days_market on provider_days (tdsp_duns, day);
