/** The territory in PostgreSQL, for those who ask with SQL. The files are the truth. */

import { readFileSync } from 'node:fs';
import { Territory } from '../territory/territory.ts';
import { copyRows } from './postgres/copy.ts';
import type { Database } from './postgres/database.ts';

/** Reads the files that come with the program. */
export function readTerritory(folder: URL = new URL('../../data/territory/', import.meta.url)): Territory {
  const read = (file: string) => readFileSync(new URL(file, folder), 'utf8');
  return new Territory({
    tdsps: read('tdsps.csv'),
    utilities: read('utilities.csv'),
    zips: read('zips.csv'),
    cities: read('cities.csv'),
    placesWithoutChoice: read('places-without-choice.csv'),
    suburbs: read('suburbs.csv'),
  });
}

/** Fills the tables unless they hold this edition of the files. */
export async function storeTerritory(
  database: Database,
  territory: Territory,
  now: Date = new Date(),
): Promise<void> {
  const stored = await database.pool.query<{ checksum: string }>('select checksum from territory_edition');
  if (stored.rows[0]?.checksum === territory.checksum) return;
  await database.transaction(async (connection) => {
    await connection.query('lock table territory_edition in exclusive mode');
    await connection.query(
      `insert into tdsps (duns, code, name, short_name)
       select duns, code, name, short_name
         from json_to_recordset($1) as t (duns text, code text, name text, short_name text)
       on conflict (duns) do update set code = excluded.code, name = excluded.name, short_name = excluded.short_name`,
      [JSON.stringify(territory.tdsps)],
    );
    await connection.query('delete from utilities');
    await copyRows(
      connection,
      'utilities',
      ['name', 'kind', 'has_retail_choice', 'home'],
      territory.utilities.map(({ name, kind, hasChoice, home }) => [name, kind, hasChoice, home]),
    );
    await connection.query('delete from cities');
    await copyRows(
      connection,
      'cities',
      ['slug', 'name', 'county', 'lat', 'lon', 'population', 'tier', 'tdsps', 'zips', 'utilities'],
      territory.cities.map((c) => [
        c.slug,
        c.name,
        c.county,
        c.lat,
        c.lon,
        c.population,
        c.tier,
        c.tdsps,
        c.zips,
        c.utilities,
      ]),
    );
    await connection.query('delete from zip_codes');
    await copyRows(
      connection,
      'zip_codes',
      ['zip', 'city', 'county', 'lat', 'lon', 'tdsps', 'market', 'utilities'],
      [...territory.zips.values()].map((z) => [
        z.zip,
        z.city,
        z.county,
        z.lat,
        z.lon,
        z.tdsps,
        z.market,
        z.utilities,
      ]),
    );
    await connection.query(
      `insert into territory_edition (checksum, loaded_at) values ($1, $2)
       on conflict (only_row) do update set checksum = excluded.checksum, loaded_at = excluded.loaded_at`,
      [territory.checksum, now],
    );
  });
}
