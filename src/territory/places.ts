/** Finds the place a person means: a ZIP code or a city, however it is written. Without an answer it says why. */

import { distance } from 'fastest-levenshtein';
import type { City, ClosedPlace, Territory, Zip } from './territory.ts';

interface Suggestion {
  slug: string;
  name: string;
}

export type Place =
  | { kind: 'city'; city: City; tdsps: string[]; note: string | null }
  | { kind: 'zip'; zip: Zip; tdsps: string[]; note: string | null }
  /** The only seller is the local utility. */
  | { kind: 'no_choice'; slug: string | null; name: string; utilities: string[]; explanation: string }
  | { kind: 'unknown'; asked: string; suggestions: Suggestion[]; explanation: string };

const MOST_SUGGESTIONS = 5;
const MOST_ZIPS_NAMED = 8;
const MOST_REMEMBERED = 5_000;

export class Places {
  readonly #territory: Territory;
  readonly #cities = new Map<string, City>();
  readonly #closed = new Map<string, ClosedPlace>();
  /** The same few texts are asked again and again. */
  readonly #found = new Map<string, Place>();

  constructor(territory: Territory) {
    this.#territory = territory;
    for (const place of territory.closedPlaces) this.#closed.set(placeKey(place.name), place);
    for (const city of territory.cities) {
      this.#cities.set(placeKey(city.name), city);
      this.#cities.set(placeKey(city.slug), city);
    }
  }

  /** A ZIP code, a slug or a name, with or without `-tx`, in any case. */
  find(text: string): Place {
    let place = this.#found.get(text);
    if (!place) {
      place = this.#find(text);
      if (this.#found.size >= MOST_REMEMBERED) this.#found.clear();
      this.#found.set(text, place);
    }
    return place;
  }

  #find(text: string): Place {
    const zip = /^\s*(\d{5})(?:-\d{4})?\s*$/.exec(text)?.[1];
    if (zip) return this.#findZip(zip);
    const key = placeKey(text);
    const city = this.#cities.get(key);
    if (city) return { kind: 'city', city, tdsps: city.tdsps, note: this.#cityNote(city) };
    const closed = this.#closed.get(key);
    if (closed) return noChoice(closed.slug, closed.name, closed.utilities);
    const suggestions = this.#suggest(key);
    const hint =
      suggestions.length > 0
        ? `Did you mean ${suggestions.map(({ name, slug }) => `${name} (${slug})`).join(', ')}?`
        : 'Give the name of a Texas city (dallas-tx) or a five-digit ZIP code (75201).';
    return {
      kind: 'unknown',
      asked: text,
      suggestions,
      explanation: `No Texas city is known as "${text}". ${hint}`,
    };
  }

  #findZip(zip: string): Place {
    const found = this.#territory.zips.get(zip);
    if (found && found.tdsps.length > 0)
      return { kind: 'zip', zip: found, tdsps: found.tdsps, note: this.#zipNote(found) };
    if (found?.market === 'municipal_or_coop')
      return noChoice(null, `ZIP code ${zip} (${found.city})`, found.utilities);
    const isTexan = /^(7[5-9]\d|885|733)/.test(zip);
    const explanation = found
      ? `No plans are offered in ZIP code ${zip} (${found.city}), and we do not know its utility.`
      : isTexan
        ? `We do not know ZIP code ${zip}: it may be for post-office boxes only. Try that of your street address.`
        : `ZIP code ${zip} is not in Texas. Expected a five-digit Texas ZIP code such as 75201.`;
    return { kind: 'unknown', asked: zip, suggestions: [], explanation };
  }

  #cityNote({ name, zips, tdsps, closed_zips, utilities }: City): string | null {
    if (closed_zips > 0) {
      const where =
        zips.length <= MOST_ZIPS_NAMED ? `ZIP codes ${zips.join(', ')}` : `${zips.length} of its ZIP codes`;
      const several = tdsps.length > 1 ? ` ${this.#severalNote(name, tdsps)}` : '';
      return `Only a part of ${name} has a choice of plans (${where}); elsewhere ${nameAll(utilities)} is the only seller.${several}`;
    }
    return this.#notes(name, tdsps, utilities);
  }

  #zipNote({ zip, market, tdsps, utilities }: Zip): string | null {
    return this.#notes(`ZIP code ${zip}`, tdsps, market === 'mixed' ? utilities : []);
  }

  #notes(name: string, tdsps: string[], utilities: string[]): string | null {
    const notes = [this.#severalNote(name, tdsps), otherUtilityNote(name, utilities)].filter(
      (note) => note !== null,
    );
    return notes.length > 0 ? notes.join(' ') : null;
  }

  #severalNote(name: string, tdsps: string[]): string | null {
    if (tdsps.length < 2) return null;
    const names = tdsps.map((duns) => this.#territory.tdsp(duns)?.short_name ?? duns);
    return `${name} is served by ${names.join(' and ')}: the address decides which plans it can get.`;
  }

  #suggest(key: string): Suggestion[] {
    // A third of the letters may be wrong; more is another name.
    const most = Math.max(1, Math.floor(key.length / 3));
    const found: (Suggestion & { edits: number; population: number })[] = [];
    const consider = (name: string, slug: string, population: number) => {
      const edits = distance(key, placeKey(name));
      if (edits <= most) found.push({ slug, name, edits, population });
    };
    for (const { name, slug, population } of this.#territory.cities) consider(name, slug, population ?? 0);
    for (const { name, slug } of this.#territory.closedPlaces) consider(name, slug, 0);
    found.sort((a, b) => a.edits - b.edits || b.population - a.population || (a.slug < b.slug ? -1 : 1));
    return found.slice(0, MOST_SUGGESTIONS).map(({ slug, name }) => ({ slug, name }));
  }
}

function noChoice(slug: string | null, name: string, utilities: string[]): Place {
  const explanation =
    utilities.length === 0
      ? `${name} has no choice of electricity plans: its utility is the only seller.`
      : `${name} has no choice of electricity plans: ${nameAll(utilities)} is the only seller there. ` +
        'Cities and cooperatives that own their wires, and some areas outside the Texas grid, are not part of the competitive market.';
  return { kind: 'no_choice', slug, name, utilities, explanation };
}

function otherUtilityNote(name: string, utilities: string[]): string | null {
  if (utilities.length === 0) return null;
  return `Some addresses in ${name} may belong to ${nameAll(utilities)}, which offers no choice of plans: the address decides.`;
}

const nameAll = (names: string[]): string => (names.length === 0 ? 'the local utility' : names.join(' or '));

/** What all spellings of a name have in common: `Ft. Worth, TX` and `fort-worth-tx` → `fortworth`. */
export function placeKey(text: string): string {
  return text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()
    .replace(/ (tx|texas)$/, '')
    .replace(/^city of /, '')
    .replace(/\b(ft|st|mt)\b/g, (short) => ({ ft: 'fort', st: 'saint', mt: 'mount' })[short] ?? short)
    .replaceAll(' ', '');
}
