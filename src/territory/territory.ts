/**
 * Which TDSPs serve a place. Pure: made from the text of the files in data/territory, it never guesses. A place that
 * several TDSPs serve keeps them all, because only the address decides.
 */

import { hash } from 'node:crypto';

export interface Tdsp {
  /** 9 to 13 digits; leading zeros count. */
  duns: string;
  /** `ONCOR`. */
  code: string;
  name: string;
  short_name: string;
}

/** Who delivers electricity beside the six TDSPs. */
export interface Utility {
  name: string;
  kind: 'municipal' | 'investor_owned' | 'cooperative';
  /** Its customers choose a provider, though no plans for its wires are listed here. */
  hasChoice: boolean;
  /** Slug of the town that owns it; `null` for others. */
  home: string | null;
}

export type Market = 'competitive' | 'mixed' | 'municipal_or_coop' | 'unknown';

export interface Zip {
  zip: string;
  city: string;
  county: string;
  lat: number;
  lon: number;
  market: Market;
  /** DUNS, the primary one first; empty without retail choice. */
  tdsps: string[];
  /** Utilities beside the TDSPs that serve (a part of) it, the town's own first. */
  utilities: string[];
  /** Where the TDSPs, or that there are none, are known from: `ptc`, `grid`, `eia`, `nrel` (data/README.md). */
  tdsp_sources: string[];
  /** Where the utilities are known from: `nrel`, `puct`. */
  utility_sources: string[];
}

export interface City {
  slug: string;
  name: string;
  county: string;
  lat: number;
  lon: number;
  /** `null` where unknown. */
  population: number | null;
  tier: number;
  /** DUNS, the one with most ZIP codes first. */
  tdsps: string[];
  /** Those with retail choice. */
  zips: string[];
  /** How many more have none. */
  closed_zips: number;
  utilities: string[];
}

/** A place none of whose ZIP codes has a TDSP. */
export interface ClosedPlace {
  slug: string;
  name: string;
  county: string;
  zips: string[];
  utilities: string[];
}

export interface Suburb {
  name: string;
  zip: string;
}

/** The text of each file in data/territory. */
interface TerritoryFiles {
  tdsps: string;
  utilities: string;
  zips: string;
  cities: string;
  placesWithoutChoice: string;
  suburbs: string;
}

/** How exports called a TDSP until a year. */
interface OlderFeedName {
  name: string;
  last_seen_year: number;
  tdsp: Tdsp;
}

/** `10`, the number of the utility in five digits, and the meter: 17 digits or 22; the first seven tell whose it is. */
const ESI_ID = /^10\d{5,20}$/;

export class Territory {
  readonly tdsps: readonly Tdsp[];
  readonly cities: readonly City[];
  readonly zips: ReadonlyMap<string, Zip>;
  readonly closedPlaces: readonly ClosedPlace[];
  /** Places that share a ZIP code with a larger one and are in no other list. */
  readonly suburbs: readonly Suburb[];
  /** Names this edition of the files. */
  readonly checksum: string;
  readonly #utilities: ReadonlyMap<string, Utility>;
  readonly #esiPrefixes = new Map<string, string[]>();
  readonly #tdspByName = new Map<string, Tdsp>();
  readonly #tdspByFeedName = new Map<string, Tdsp>();
  readonly #olderFeedNames: OlderFeedName[] = [];

  constructor(files: TerritoryFiles) {
    this.checksum = hash('sha256', Object.values(files).join('\0'), 'hex');
    this.tdsps = rowsOf(files.tdsps).map((cells) => {
      const [duns, code, name, short_name, feedNames, , older, prefixes] = cells;
      const tdsp: Tdsp = { duns: duns!, code: code!, name: name!, short_name: short_name! };
      for (const key of [tdsp.duns, tdsp.code, tdsp.short_name]) this.#tdspByName.set(tdspKey(key), tdsp);
      for (const feedName of feedNames!.split('|')) this.#tdspByFeedName.set(feedName, tdsp);
      for (const one of listOf(older)) {
        const [feedName, year] = one.split(':');
        this.#olderFeedNames.push({ name: feedName!, last_seen_year: Number(year), tdsp });
      }
      this.#esiPrefixes.set(tdsp.duns, listOf(prefixes));
      return tdsp;
    });
    this.#utilities = new Map(rowsOf(files.utilities).map((cells) => [cells[0]!, toUtility(cells)]));
    this.zips = new Map(rowsOf(files.zips).map((cells) => [cells[0]!, toZip(cells)]));
    this.cities = rowsOf(files.cities).map(toCity);
    this.closedPlaces = rowsOf(files.placesWithoutChoice).map(([slug, name, county, zips, utilities]) => ({
      slug: slug!,
      name: name!,
      county: county!,
      zips: listOf(zips),
      utilities: listOf(utilities),
    }));
    this.suburbs = rowsOf(files.suburbs).map(([name, zip]) => ({ name: name!, zip: zip! }));
  }

  /** By DUNS, code or short name, in any case. Numbers that merely look like one of the six are unknown. */
  tdsp(text: string): Tdsp | undefined {
    return this.#tdspByName.get(tdspKey(text));
  }

  /**
   * By a name as the state's export spells it, whole: `Oncor NTU LLC` is not Oncor.
   * @param year of an older export: a name of that time is known in it, and unknown in one of today
   */
  tdspByFeedName(name: string, year: number | null = null): Tdsp | undefined {
    const key = name.trim().replace(/\s+/g, ' ').toUpperCase();
    const isOfItsTime = (one: OlderFeedName) =>
      one.name === key && year !== null && year <= one.last_seen_year;
    return this.#tdspByFeedName.get(key) ?? this.#olderFeedNames.find(isOfItsTime)?.tdsp;
  }

  /** With what the ESI ID of a meter begins that this TDSP serves. */
  esiPrefixes(duns: string): readonly string[] {
    return this.#esiPrefixes.get(duns) ?? [];
  }

  /**
   * Whose meter has this ESI ID.
   * @param text the ID, or no more than its first digits; blanks and dashes do not count
   * @returns `null`: not an ESI ID; `undefined`: a meter of none of the six, so of a city or a cooperative
   */
  tdspOfMeter(text: string): Tdsp | undefined | null {
    const digits = text.replace(/[\s-]+/g, '');
    if (!ESI_ID.test(digits)) return null;
    return this.tdsps.find(({ duns }) => this.esiPrefixes(duns).some((prefix) => digits.startsWith(prefix)));
  }

  get utilities(): Utility[] {
    return [...this.#utilities.values()];
  }

  utility(name: string): Utility {
    return this.#utilities.get(name)!;
  }

  /** The utility that a town owns and whose customers have no choice, if it has one. */
  ownUtility(slug: string, utilities: readonly string[]): string | null {
    return utilities.find((name) => this.utility(name).home === slug) ?? null;
  }

  /** Those that serve the cities with the most people first. */
  get tdspsMostWantedFirst(): Tdsp[] {
    const people = new Map<string, number>();
    for (const { tdsps, population } of this.cities) {
      for (const duns of tdsps) people.set(duns, (people.get(duns) ?? 0) + (population ?? 0));
    }
    return this.tdsps.toSorted((one, other) => (people.get(other.duns) ?? 0) - (people.get(one.duns) ?? 0));
  }

  /** The right numbers, for a message about a wrong one. */
  get tdspList(): string {
    return this.tdsps.map(({ duns, code }) => `${duns} (${code})`).join(', ');
  }
}

const tdspKey = (text: string): string =>
  text
    .trim()
    .toUpperCase()
    .replace(/[^A-Z0-9]+/g, '_');

/** The files have no quoted cells, so lines and commas are all there is. */
function rowsOf(csv: string): string[][] {
  const lines = csv.split('\n').slice(1);
  if (lines.at(-1) === '') lines.pop();
  return lines.map((line) => line.split(','));
}

const listOf = (cell: string | undefined): string[] => (cell ? cell.split('|') : []);

function toUtility([name, kind, hasChoice, home]: string[]): Utility {
  return {
    name: name!,
    kind: kind as Utility['kind'],
    hasChoice: hasChoice === 'yes',
    home: home || null,
  };
}

function toZip(cells: string[]): Zip {
  const [zip, city, county, lat, lon, market, tdsps, utilities, tdspSources, utilitySources] = cells;
  return {
    zip: zip!,
    city: city!,
    county: county!,
    lat: Number(lat),
    lon: Number(lon),
    market: market as Market,
    tdsps: listOf(tdsps),
    utilities: listOf(utilities),
    tdsp_sources: listOf(tdspSources),
    utility_sources: listOf(utilitySources),
  };
}

function toCity(cells: string[]): City {
  const [slug, name, county, lat, lon, population, tier, tdsps, zips, closed, utilities] = cells;
  return {
    slug: slug!,
    name: name!,
    county: county!,
    lat: Number(lat),
    lon: Number(lon),
    population: population ? Number(population) : null,
    tier: Number(tier),
    tdsps: listOf(tdsps),
    zips: listOf(zips),
    closed_zips: Number(closed),
    utilities: listOf(utilities),
  };
}
