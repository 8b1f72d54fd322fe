-- no transaction
-- What was current at a time, and what was first seen with a version.

drop index concurrently if exists idx_snapshots_published;
create index concurrently idx_snapshots_published on plan_snapshots (tdsp_duns, published_at desc);
drop index concurrently if exists idx_offers_listed;
create index concurrently idx_offers_listed on offers (tdsp_duns, first_seen_at);

-- How long offers live, and who did what in one market.
drop index concurrently if exists idx_offers_ended;
create index concurrently idx_offers_ended on offers (tdsp_duns, ended_at) where ended_at is not null;
drop index concurrently if exists idx_provider_days_market;
create index concurrently idx_provider_days_market on provider_days (tdsp_duns, day);
