/** What shoppers did, counted by city and hour, and what of it still counts. */

import type { Queryable } from '../postgres/database.ts';

export interface DemandCounts {
  city_slug: string;
  searches: number;
  leads: number;
  conversions: number;
  /** How much of it nobody vouches for, in searches it is worth. */
  anonymous: number;
}

export interface CityDemand extends DemandCounts {
  /** The last hour with a search; `null` if there was none. */
  last_search_at: Date | null;
  /** The last hour with a lead or a conversion. */
  last_lead_at: Date | null;
}

/** Adds counts to those of the hour. */
export async function addCityDemand(
  queryable: Queryable,
  now: Date,
  counts: readonly DemandCounts[],
): Promise<void> {
  await queryable.query(
    `insert into city_demand as d (city_slug, hour, searches, leads, conversions, anonymous)
     select city_slug, date_trunc('hour', $1::timestamptz), searches, leads, conversions, anonymous
       from jsonb_to_recordset($2) as c (city_slug text, searches int, leads int, conversions int, anonymous int)
      -- In one order: two processes that add at once wait for each other, never in a circle.
      order by city_slug
     on conflict (city_slug, hour) do update set searches = d.searches + excluded.searches,
       leads = d.leads + excluded.leads, conversions = d.conversions + excluded.conversions,
       anonymous = d.anonymous + excluded.anonymous`,
    [now, JSON.stringify(counts)],
  );
}

/**
 * What was counted since `since`, where an hour weighs half as much as one `halfLifeHours` later. Rates of shoppers
 * change within days, so older ones say little about who will ask next.
 */
export async function readCityDemand(
  queryable: Queryable,
  { now, since, halfLifeHours }: { now: Date; since: Date; halfLifeHours: number },
): Promise<CityDemand[]> {
  const weighed = (column: string) =>
    `sum(${column} * 0.5 ^ (greatest(0, extract(epoch from $1::timestamptz - hour)) / 3600 / $3::float8))::float8 as ${column}`;
  const { rows } = await queryable.query<CityDemand>(
    `select city_slug, ${weighed('searches')}, ${weighed('leads')}, ${weighed('conversions')}, ${weighed('anonymous')},
            max(hour) filter (where searches > 0) as last_search_at,
            max(hour) filter (where leads + conversions > 0) as last_lead_at
       from city_demand where hour > $2 and hour <= $1 group by city_slug order by city_slug`,
    [now, since, halfLifeHours],
  );
  return rows;
}

/** Searches of each of the 24 hours of the day of Texas since then, leads and contracts among them. */
export async function readDemandHours(queryable: Queryable, since: Date): Promise<number[]> {
  const { rows } = await queryable.query<{ hour: number; searches: number }>(
    `select extract(hour from hour at time zone 'America/Chicago')::int as hour,
            sum(searches + leads + conversions)::float8 as searches
       from city_demand where hour > $1 group by 1`,
    [since],
  );
  const hours = new Array<number>(24).fill(0);
  for (const { hour, searches } of rows) hours[hour] = searches;
  return hours;
}

/** Places without plans, and how often they were asked for. */
export interface MissedPlace {
  /** Slug of a place that the territory files know; empty: any other text. */
  place: string;
  searches: number;
}

/** Adds counts to those of the hour. */
export async function addMissedPlaces(
  queryable: Queryable,
  now: Date,
  counts: readonly MissedPlace[],
): Promise<void> {
  await queryable.query(
    `insert into missed_places as m (place, hour, searches)
     select place, date_trunc('hour', $1::timestamptz), searches
       from jsonb_to_recordset($2) as c (place text, searches int)
      -- In one order: two processes that add at once wait for each other, never in a circle.
      order by place
     on conflict (place, hour) do update set searches = m.searches + excluded.searches`,
    [now, JSON.stringify(counts)],
  );
}

/** Of a time, the most asked for first. */
export async function readMissedPlaces(
  queryable: Queryable,
  { from, to }: { from: Date; to: Date },
): Promise<MissedPlace[]> {
  const { rows } = await queryable.query<MissedPlace>(
    `select place, sum(searches)::int as searches from missed_places
      where hour >= $1 and hour < $2 group by place order by sum(searches) desc, place`,
    [from, to],
  );
  return rows;
}
