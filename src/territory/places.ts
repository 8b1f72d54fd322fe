/** Finds the place a person means: a ZIP code or a city, however it is written. Without an answer it says why. */

import { middleOf, nearestWithChoice } from './nearest.ts';
import { placeWords, readings } from './place-key.ts';
import {
  type ClosedFacts,
  closedExplanation,
  type NearPlace,
  notListedExplanation,
  openNote,
} from './place-notes.ts';
import { type Suggested, type Suggestion, Suggestions } from './suggestions.ts';
import type { City, ClosedPlace, Suburb, Territory, Zip } from './territory.ts';

interface WithoutPlans {
  slug: string | null;
  name: string;
  utilities: string[];
  nearest: NearPlace[];
  explanation: string;
}

export type Place =
  | { kind: 'city'; city: City; tdsps: string[]; note: string | null }
  | { kind: 'zip'; zip: Zip; tdsps: string[]; note: string | null }
  /** Its utilities offer no choice. */
  | ({ kind: 'no_choice' } & WithoutPlans)
  /** Some of its people may choose, but plans for their wires are not listed here. */
  | ({ kind: 'not_listed' } & WithoutPlans)
  | {
      kind: 'unknown';
      asked: string;
      /** The text names a region, a county or several places, and is not merely like a name. */
      isPlain: boolean;
      suggestions: Suggestion[];
      explanation: string;
    };

/**
 * What a place without plans is counted as: its slug where the territory files know it, and one name, empty, for every other
 * text. `null`: it has plans.
 */
export function missedPlace(place: Place): string | null {
  if (place.kind === 'unknown') return '';
  return place.kind === 'no_choice' || place.kind === 'not_listed' ? (place.slug ?? '') : null;
}

const MOST_REMEMBERED = 5_000;
/** No name of a place is longer, nor are several that somebody types. */
const LONGEST_NAME = 100;
const ZIP_ALONE = /^\s*(\d{5})(?:-\d{4})?\s*$/;
const ZIP_WITHIN = /(?<!\d)(\d{5})(?:-\d{4})?(?!\d)/g;

export class Places {
  readonly #territory: Territory;
  readonly #cities = new Map<string, City>();
  readonly #closed = new Map<string, ClosedPlace>();
  /** The ZIP code of a place that has no row of its own. */
  readonly #suburbs: ReadonlyMap<string, Suburb>;
  readonly #suggestions: Suggestions;
  /** The same few texts are asked again and again. */
  readonly #found = new Map<string, Place>();

  constructor(territory: Territory) {
    this.#territory = territory;
    this.#suggestions = new Suggestions(territory);
    const keyOf = (name: string) => placeWords(name).join('');
    this.#suburbs = new Map(territory.suburbs.map((suburb) => [keyOf(suburb.name), suburb]));
    for (const place of territory.closedPlaces) {
      this.#closed.set(keyOf(place.name), place);
      this.#closed.set(keyOf(place.slug), place);
    }
    for (const city of territory.cities) {
      this.#cities.set(keyOf(city.name), city);
      this.#cities.set(keyOf(city.slug), city);
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
    const zip = ZIP_ALONE.exec(text)?.[1];
    if (zip) return this.#findZip(zip);
    const name = text.slice(0, LONGEST_NAME);
    for (const words of readings(placeWords(name))) {
      const place = this.#named(words.join(''));
      if (place) return place;
    }
    // `Dallas, TX 75201`: the last one, because a street number may come first.
    const zips = [...text.matchAll(ZIP_WITHIN)].map(([, digits]) => digits!);
    const known = zips.findLast((one) => this.#territory.zips.has(one));
    if (known !== undefined) return this.#findZip(known);
    const suggested = this.#suggestions.for(name);
    return {
      kind: 'unknown',
      asked: text,
      isPlain: suggested.because !== 'alike',
      suggestions: suggested.suggestions,
      explanation: unknownExplanation(text, suggested),
    };
  }

  #named(key: string): Place | undefined {
    const city = this.#cities.get(key);
    if (city) return { kind: 'city', city, tdsps: city.tdsps, note: this.#cityNote(city) };
    const suburb = this.#suburbs.get(key);
    if (suburb) return this.#findZip(suburb.zip, suburb.name);
    const closed = this.#closed.get(key);
    if (!closed) return undefined;
    const { slug, name, utilities, zips } = closed;
    const nearest = nearestWithChoice(this.#territory, middleOf(this.#territory, zips));
    return this.#withoutPlans(slug, { name, town: name, slug, utilities, nearest });
  }

  /** @param suburb what was asked for, where that is not the ZIP code itself */
  #findZip(zip: string, suburb: string | null = null): Place {
    const found = this.#territory.zips.get(zip);
    if (found && found.tdsps.length > 0)
      return { kind: 'zip', zip: found, tdsps: found.tdsps, note: this.#zipNote(found) };
    if (found?.market === 'municipal_or_coop') {
      const { city: town, utilities } = found;
      const name = suburb ? `${suburb} (ZIP code ${zip}, ${town})` : `ZIP code ${zip} (${town})`;
      const nearest = nearestWithChoice(this.#territory, found);
      return this.#withoutPlans(null, { name, town, slug: this.#slugOf(town), utilities, nearest });
    }
    const isTexan = /^(7[5-9]\d|885|733)/.test(zip);
    const explanation = found
      ? `No plans are offered in ZIP code ${zip} (${found.city}), and we do not know its utility: your bill names it.`
      : isTexan
        ? `ZIP code ${zip} is not in our list: it may be for post-office boxes only. Try that of your street address.`
        : `ZIP code ${zip} is not in Texas. Expected a five-digit Texas ZIP code such as 75201.`;
    return { kind: 'unknown', asked: zip, isPlain: false, suggestions: [], explanation };
  }

  #withoutPlans(slug: string | null, facts: ClosedFacts): Place {
    const territory = this.#territory;
    const mayChoose = facts.utilities.some((one) => territory.utility(one).hasChoice);
    return {
      kind: mayChoose ? 'not_listed' : 'no_choice',
      slug,
      name: facts.name,
      utilities: [...facts.utilities],
      nearest: [...facts.nearest],
      explanation: mayChoose ? notListedExplanation(territory, facts) : closedExplanation(territory, facts),
    };
  }

  #cityNote({ name, slug, zips, tdsps, closed_zips, utilities }: City): string | null {
    return openNote(this.#territory, {
      name,
      town: name,
      slug,
      tdsps,
      utilities,
      partlyOpen: closed_zips > 0 ? zips : null,
      isDisputed: utilities.length === 0 && zips.every((zip) => this.#isDisputed(zip)),
    });
  }

  #zipNote({ zip, city, tdsps, utilities }: Zip): string | null {
    return openNote(this.#territory, {
      name: `ZIP code ${zip}`,
      town: city,
      slug: this.#slugOf(city),
      tdsps,
      utilities,
      partlyOpen: null,
      isDisputed: this.#isDisputed(zip),
    });
  }

  /** Mixed without another utility: only that sources disagree can be the reason. */
  #isDisputed(zip: string): boolean {
    const found = this.#territory.zips.get(zip);
    return found?.market === 'mixed' && found.utilities.length === 0;
  }

  /** Empty for the name of a ZIP code that is not a place of its own. */
  #slugOf(town: string): string {
    const key = placeWords(town).join('');
    return (this.#cities.get(key) ?? this.#closed.get(key))?.slug ?? '';
  }
}

function unknownExplanation(asked: string, { because, suggestions }: Suggested): string {
  const named = suggestions.map(({ name, slug }) => `${name} (${slug})`).join(', ');
  if (because === 'county')
    return `"${asked}" is the name of a county, and the town decides. Choose one of ${named}, or give a ZIP code.`;
  if (because === 'several')
    return `"${asked}" may mean more than one place. Choose one of ${named}, or give a ZIP code.`;
  const notListed = `"${asked}" is not in our list of Texas places.`;
  return suggestions.length > 0
    ? `${notListed} Did you mean ${named}? Otherwise give the ZIP code of the address.`
    : `${notListed} Give the name of a Texas city (dallas-tx) or a five-digit ZIP code (75201).`;
}
