/**
 * Makes the territory files of this folder from the raw facts (see ../README.md for where those come from).
 *
 *   node data/territory/build.ts <folder>…   with tdsps.csv, zips.csv, zip-other-utilities.csv, cities.csv and
 *                                            city-utilities.csv among them
 *
 * The files written have no quoted cells, so that a process can read them at every start by splitting lines.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';
import { joinUtilities, type Row, slugOf, type Utilities } from './utilities.ts';

export interface RawFacts {
  tdsps: Row[];
  zips: Row[];
  utilities: Row[];
  cities: Row[];
  cityUtilities: Row[];
}

/** How the export of August 2017 called them, and the year that name was last seen. */
const OLDER_PTC_NAMES: Readonly<Record<string, string>> = {
  AEP_NORTH: 'AEP TEXAS NORTH DIVISION:2017',
  AEP_CENTRAL: 'AEP TEXAS CENTRAL DIVISION:2017',
};
/** Beside `10` and the EIA number, with which every ESI ID begins: that of a company Oncor took over, in East Texas. */
const OLDER_ESI_PREFIXES: Record<string, string[]> = { ONCOR: ['1017699'] };

/** Cells are joined as they are: a comma or a quote in one of them would break the file, so it stops the build. */
function toCsv(header: string[], rows: string[][]): string {
  for (const cell of rows.flat()) if (/[",\n\r]/.test(cell)) throw new Error(`a cell may not hold ${cell}`);
  const sorted = rows.toSorted((a, b) => (a[0]! < b[0]! ? -1 : 1));
  return `${[header, ...sorted].map((row) => row.join(',')).join('\n')}\n`;
}

const coordinate = (text: string): string => Number(text).toFixed(4);

/** No retail choice, and known why. Other ZIPs without a TDSP are merely unknown. */
const isClosed = (row: Row): boolean => row.tdsps === '' && row.market === 'municipal_or_coop';

/** The files, by name. */
export function buildTerritory(raw: RawFacts): Record<string, string> {
  const utilities = joinUtilities(raw.utilities, raw.cityUtilities);
  const zips = raw.zips
    .map((row) => withMarket(row, utilities))
    .toSorted((a, b) => (a.zip! < b.zip! ? -1 : 1));
  return {
    'tdsps.csv': tdspsCsv(raw.tdsps),
    'utilities.csv': toCsv(
      ['name', 'kind', 'has_retail_choice', 'home', 'sources'],
      utilities.all.map(({ name, kind, choice, home, sources }) => [
        name,
        kind,
        choice ? 'yes' : 'no',
        home,
        sources.join('|'),
      ]),
    ),
    'zips.csv': zipsCsv(zips, utilities),
    'cities.csv': citiesCsv(raw.cities, zips, utilities),
    'places-without-choice.csv': closedPlacesCsv(raw.cities, zips, utilities),
  };
}

/** A ZIP code in which a city-owned utility sells is neither wholly competitive nor unknown. */
function withMarket(row: Row, utilities: Utilities): Row {
  if (utilities.in(row.zip!).length === 0) return row;
  if (row.market === 'competitive') return { ...row, market: 'mixed' };
  return row.market === 'unknown' ? { ...row, market: 'municipal_or_coop' } : row;
}

function tdspsCsv(tdsps: Row[]): string {
  return toCsv(
    ['duns', 'code', 'name', 'short_name', 'ptc_names', 'eia_id', 'older_ptc_names', 'esi_prefixes'],
    tdsps.map((row) => [
      row.duns!,
      row.code!,
      row.name!.replace(',', ''),
      row.short_name!,
      row.ptc_names!,
      row.eia_id!,
      OLDER_PTC_NAMES[row.code!] ?? '',
      [`10${row.eia_id!.padStart(5, '0')}`, ...(OLDER_ESI_PREFIXES[row.code!] ?? [])].join('|'),
    ]),
  );
}

function zipsCsv(zips: Row[], utilities: Utilities): string {
  return toCsv(
    [
      'zip',
      'city',
      'county',
      'lat',
      'lon',
      'market',
      'tdsps',
      'utilities',
      'tdsp_sources',
      'utility_sources',
    ],
    zips.map((row) => [
      row.zip!,
      row.city!,
      row.county!,
      coordinate(row.lat!),
      coordinate(row.lon!),
      row.market!,
      row.tdsps!,
      ownFirst(utilities.in(row.zip!), slugOf(row.city!), utilities).join('|'),
      row.sources!,
      utilities.sourcesOf(row.zip!).join('|'),
    ]),
  );
}

function citiesCsv(cities: Row[], zips: Row[], utilities: Utilities): string {
  const byZip = new Map(zips.map((row) => [row.zip!, row]));
  const zipsNamed = Map.groupBy(zips, (row) => row.city!);
  return toCsv(
    [
      'slug',
      'name',
      'county',
      'lat',
      'lon',
      'population',
      'tier',
      'tdsps',
      'zips',
      'closed_zips',
      'utilities',
      'sources',
    ],
    cities.map((row) => {
      const open = row.zips!.split('|');
      const closed = (zipsNamed.get(row.name!) ?? []).filter(isClosed).map(({ zip }) => zip!);
      return [
        row.slug!,
        row.name!,
        row.county!,
        coordinate(row.lat!),
        coordinate(row.lon!),
        row.population!,
        row.tier!,
        row.tdsps!,
        row.zips!,
        String(closed.length),
        utilitiesIn([...closed, ...open], row.slug!, utilities).join('|'),
        sourcesIn(
          [...closed, ...open].map((zip) => byZip.get(zip)!),
          utilities,
        ),
      ];
    }),
  );
}

function closedPlacesCsv(cities: Row[], zips: Row[], utilities: Utilities): string {
  const competitive = new Set(cities.map((row) => row.name!));
  const without = [...Map.groupBy(zips, (row) => row.city!)].filter(
    ([name, rows]) => !competitive.has(name) && rows.some(isClosed),
  );
  return toCsv(
    ['slug', 'name', 'county', 'zips', 'utilities', 'sources'],
    without.map(([name, rows]) => {
      const slug = slugOf(name);
      const own = rows.map((row) => row.zip!);
      return [
        slug,
        name,
        rows[0]!.county!,
        own.join('|'),
        utilitiesIn(own, slug, utilities).join('|'),
        sourcesIn(rows, utilities),
      ];
    }),
  );
}

const ownFirst = (names: string[], slug: string, { byName }: Utilities): string[] => {
  const isOwn = (name: string) => byName.get(name)!.home === slug;
  return [...names.filter(isOwn), ...names.filter((name) => !isOwn(name))];
};

/** Utilities of some ZIPs: the town's own, then the one with most ZIPs. */
function utilitiesIn(some: string[], slug: string, utilities: Utilities): string[] {
  const { byName } = utilities;
  const names = some.flatMap((zip) => utilities.in(zip));
  const counts = [...Map.groupBy(names, (name) => name)].map(([name, all]) => ({ name, zips: all.length }));
  const ranked = counts.toSorted((a, b) => b.zips - a.zips);
  // Cooperatives are listed generously, so one that reaches into a few ZIPs is left out beside the main seller.
  const kept = ranked.filter(
    ({ name, zips }, row) =>
      row === 0 ||
      zips >= some.length / 2 ||
      byName.get(name)!.kind === 'municipal' ||
      byName.get(name)!.choice,
  );
  return ownFirst(
    kept.map(({ name }) => name),
    slug,
    utilities,
  );
}

/** Where the rows of some ZIPs are known from. */
const sourcesIn = (rows: Row[], utilities: Utilities): string =>
  [...new Set(rows.flatMap((row) => [...row.sources!.split('|'), ...utilities.sourcesOf(row.zip!)]))]
    .sort()
    .join('|');

function main(folders: string[]): void {
  const sources = ['tdsps.csv', 'zips.csv', 'zip-other-utilities.csv', 'cities.csv', 'city-utilities.csv'];
  const pathOf = (file: string) =>
    folders.map((folder) => join(folder, file)).find((path) => existsSync(path));
  const missing = sources.filter((file) => pathOf(file) === undefined);
  if (missing.length > 0) {
    console.error(
      `Usage: node data/territory/build.ts <folder>…\nNone of the folders has ${missing.join(', ')}.`,
    );
    process.exitCode = 2;
    return;
  }
  const [tdsps, zips, utilities, cities, cityUtilities] = sources.map((file): Row[] =>
    parse(readFileSync(pathOf(file)!), { columns: true, bom: true, skip_empty_lines: true }),
  ) as [Row[], Row[], Row[], Row[], Row[]];
  for (const [file, text] of Object.entries(
    buildTerritory({ tdsps, zips, utilities, cities, cityUtilities }),
  )) {
    writeFileSync(new URL(file, import.meta.url), text);
    console.log(`${file}: ${text.split('\n').length - 2} rows`);
  }
}

if (import.meta.main) main(process.argv.slice(2));
