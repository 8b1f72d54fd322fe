/**
 * Makes the territory files of this folder from the raw facts (see ../README.md for where those come from).
 *
 *   node data/territory/build.ts <folder with tdsps.csv, zips.csv, zip-other-utilities.csv and cities.csv>
 *
 * The files written have no quoted cells, so that a process can read them at every start by splitting lines.
 */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parse } from 'csv-parse/sync';

type Row = Record<string, string>;

export interface RawFacts {
  tdsps: Row[];
  zips: Row[];
  utilities: Row[];
  cities: Row[];
}

/** Names people know, for those that the sources list by their legal name. */
/** How the export of August 2017 called them, and the year that name was last seen. */
const OLDER_PTC_NAMES: Readonly<Record<string, string>> = {
  AEP_NORTH: 'AEP TEXAS NORTH DIVISION:2017',
  AEP_CENTRAL: 'AEP TEXAS CENTRAL DIVISION:2017',
};

const KNOWN_AS: Record<string, string> = {
  'City of San Antonio': 'CPS Energy',
  'City of Denton': 'Denton Municipal Electric',
  'City of Garland': 'Garland Power & Light',
  'City of Bryan': 'Bryan Texas Utilities',
  'City of College Station': 'College Station Utilities',
  'El Paso Electric Co': 'El Paso Electric',
  'Southwestern Public Service Co': 'Xcel Energy (Southwestern Public Service)',
  'Southwestern Electric Power Co': 'SWEPCO (Southwestern Electric Power)',
};
/** Is a TDSP itself, whose customers choose since 2024; older lists call it municipal. */
const NOT_ANOTHER_UTILITY = 'City of Lubbock';

function utilityName(raw: string): string {
  const name = raw
    .replace(/ - \(TX\)| \(TX\)/g, '')
    .replace(/,? Inc\.?$/, '')
    .replaceAll(',', '')
    .replace(/\bElec\b/, 'Electric')
    .trim();
  return KNOWN_AS[name] ?? name;
}

/** Cells are joined as they are: a comma or a quote in one of them would break the file, so it stops the build. */
function toCsv(header: string[], rows: string[][]): string {
  for (const cell of rows.flat()) if (/[",\n\r]/.test(cell)) throw new Error(`a cell may not hold ${cell}`);
  return `${[header, ...rows].map((row) => row.join(',')).join('\n')}\n`;
}

const slugOf = (name: string): string =>
  `${name
    .toLowerCase()
    .replace(/['.]/g, '')
    .replace(/[^a-z0-9]+/g, '-')}-tx`;
const coordinate = (text: string): string => Number(text).toFixed(4);

/** No retail choice, and known why. Other ZIPs without a TDSP are merely unknown. */
const isClosed = (row: Row): boolean => row.tdsps === '' && row.market === 'municipal_or_coop';

/** The four files, by name. */
export function buildTerritory({ tdsps, zips, utilities, cities }: RawFacts): Record<string, string> {
  const utilitiesOf = new Map<string, string[]>();
  const rank = (row: Row) => ['Municipal', 'Investor Owned', 'Cooperative'].indexOf(row.ownership!);
  const ranks = new Map(utilities.map((row) => [utilityName(row.utility!), rank(row)]));
  const order = (name: string) => ranks.get(name) ?? 0;
  for (const row of utilities.toSorted((a, b) => rank(a) - rank(b))) {
    const name = utilityName(row.utility!);
    const list = utilitiesOf.get(row.zip!) ?? [];
    if (name !== NOT_ANOTHER_UTILITY && !list.includes(name)) utilitiesOf.set(row.zip!, [...list, name]);
  }
  /** Utilities of some ZIPs, the one with most ZIPs first. */
  const utilitiesIn = (some: string[]): string[] => {
    const counts = new Map<string, number>();
    for (const zip of some)
      for (const name of utilitiesOf.get(zip) ?? []) counts.set(name, (counts.get(name) ?? 0) + 1);
    const ranked = [...counts].toSorted(([a, m], [b, n]) => n - m || order(a) - order(b) || (a < b ? -1 : 1));
    // Cooperatives are listed generously, so one that reaches into a few ZIPs is left out beside the main seller.
    return ranked.filter(([, count], row) => row === 0 || count >= some.length / 2).map(([name]) => name);
  };
  const zipsNamed = Map.groupBy(zips, (row) => row.city!);
  const closedZips = (city: string): string[] =>
    (zipsNamed.get(city) ?? []).filter(isClosed).map((row) => row.zip!);

  const competitive = new Set(cities.map((row) => row.name!));
  const without = [...zipsNamed].filter(([name, rows]) => !competitive.has(name) && rows.some(isClosed));
  const bySlug = (a: string[], b: string[]) => (a[0]! < b[0]! ? -1 : 1);
  return {
    'tdsps.csv': toCsv(
      ['duns', 'code', 'name', 'short_name', 'ptc_names', 'eia_id', 'older_ptc_names'],
      tdsps
        .map((row) => [
          row.duns!,
          row.code!,
          row.name!.replace(',', ''),
          row.short_name!,
          row.ptc_names!,
          row.eia_id!,
          OLDER_PTC_NAMES[row.code!] ?? '',
        ])
        .toSorted(bySlug),
    ),
    'zips.csv': toCsv(
      ['zip', 'city', 'county', 'lat', 'lon', 'market', 'tdsps', 'utilities'],
      zips
        .map((row) => [
          row.zip!,
          row.city!,
          row.county!,
          coordinate(row.lat!),
          coordinate(row.lon!),
          row.market!,
          row.tdsps!,
          (utilitiesOf.get(row.zip!) ?? []).join('|'),
        ])
        .toSorted(bySlug),
    ),
    'cities.csv': toCsv(
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
      ],
      cities
        .map((row) => {
          const closed = closedZips(row.name!);
          const own = [...closed, ...row.zips!.split('|')];
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
            utilitiesIn(closed.length > 0 ? closed : own).join('|'),
          ];
        })
        .toSorted(bySlug),
    ),
    'places-without-choice.csv': toCsv(
      ['slug', 'name', 'county', 'zips', 'utilities'],
      without
        .map(([name, rows]) => {
          const own = rows.map((row) => row.zip!);
          return [slugOf(name), name, rows[0]!.county!, own.join('|'), utilitiesIn(own).join('|')];
        })
        .toSorted(bySlug),
    ),
  };
}

function main(folder: string | undefined): void {
  const read = (file: string): Row[] =>
    parse(readFileSync(join(folder!, file)), { columns: true, bom: true, skip_empty_lines: true });
  const sources = ['tdsps.csv', 'zips.csv', 'zip-other-utilities.csv', 'cities.csv'];
  const missing = sources.filter((file) => folder === undefined || !existsSync(join(folder, file)));
  if (missing.length > 0) {
    console.error(
      `Usage: node data/territory/build.ts <folder>\nThe folder must hold ${missing.join(', ')}.`,
    );
    process.exitCode = 2;
    return;
  }
  const [tdsps, zips, utilities, cities] = sources.map(read) as [Row[], Row[], Row[], Row[]];
  for (const [file, text] of Object.entries(buildTerritory({ tdsps, zips, utilities, cities }))) {
    writeFileSync(new URL(file, import.meta.url), text);
    console.log(`${file}: ${text.split('\n').length - 2} rows`);
  }
}

if (import.meta.main) main(process.argv[2]);
