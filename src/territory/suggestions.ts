/** What a text that names no place exactly may mean: nicknames, counties, several names, beginnings, misspellings. */

import { distance } from 'fastest-levenshtein';
import { NICKNAMES } from './nicknames.ts';
import { placeKey, placeWords, readings } from './place-key.ts';
import type { Territory } from './territory.ts';

export interface Suggestion {
  slug: string;
  name: string;
}

export interface Suggested {
  /** `county`: the text is the name of a county; `several`: of a region, or more than one name; else a likeness. */
  because: 'county' | 'several' | 'alike';
  suggestions: Suggestion[];
}

interface Known extends Suggestion {
  county: string;
  key: string;
  words: string[];
  initials: string;
  /** People, or as many as its ZIP codes usually have. */
  people: number;
}

const MOST_SUGGESTIONS = 5;
const PEOPLE_OF_A_ZIP = 15_000;

const COUNTY = /^(?:county of (.+)|(.+) (?:county|counties|co|cnty|cty))$/;
const FILLERS = new Set(['the', 'area', 'metro', 'metroplex', 'region', 'greater', 'tx', 'texas']);
const JOINED = /\s*(?:[/&+;|,–—-]|\band\b|\bor\b|\by\b)\s*/i;

export class Suggestions {
  /** The most people first. */
  readonly #known: Known[];
  readonly #byKey: ReadonlyMap<string, Known>;
  readonly #byCounty: ReadonlyMap<string, Known[]>;

  constructor(territory: Territory) {
    const toKnown = (
      place: { slug: string; name: string; county: string; zips: string[] },
      people: number | null,
    ): Known => {
      const words = placeWords(place.name);
      return {
        slug: place.slug,
        name: place.name,
        county: place.county,
        key: words.join(''),
        words,
        initials: words.map((word) => word[0]).join(''),
        people: people ?? (place.zips.length > 1 ? place.zips.length * PEOPLE_OF_A_ZIP : 0),
      };
    };
    this.#known = [
      ...territory.cities.map((city) => toKnown(city, city.population)),
      ...territory.closedPlaces.map((place) => toKnown(place, null)),
    ].sort((a, b) => b.people - a.people || (a.slug < b.slug ? -1 : 1));
    this.#byKey = new Map(this.#known.map((one) => [one.key, one]));
    this.#byCounty = Map.groupBy(this.#known, ({ county }) => placeKey(county));
  }

  for(text: string): Suggested {
    const words = placeWords(text);
    const county = this.#county(words);
    if (county) return toSuggested('county', county);
    const several = this.#nicknamed(words) ?? this.#severalNames(text) ?? this.#namesInARow(words);
    if (several) return toSuggested(several.length > 1 ? 'several' : 'alike', several);
    const alike = this.#alike(words.join(''));
    const [sure, unsure] = [alike.filter(({ edits }) => edits <= 1), alike.filter(({ edits }) => edits > 1)];
    // The bare name of a county: a town of that name would have been found.
    const bare = this.#byCounty.get(words.join('')) ?? [];
    if (bare.length > 0 && sure.length === 0) return toSuggested('county', bare);
    // Names that begin so are likelier than misspelt ones, but do not push out one that lacks a letter.
    const found = [
      ...this.#initials(words),
      ...this.#holding(words, (word, own) => own === word),
      ...readings(words).flatMap((reading) => this.#beginning(reading)),
    ];
    return toSuggested('alike', [
      ...found.slice(0, 2),
      ...sure.map(({ one }) => one),
      ...found.slice(2),
      ...this.#held(words),
      ...this.#holding(words, (word, own) => own.startsWith(word)),
      ...unsure.map(({ one }) => one),
      ...bare,
    ]);
  }

  #county(words: string[]): Known[] | undefined {
    const [, after, before] = COUNTY.exec(words.join(' ')) ?? [];
    const name = after ?? before;
    return name === undefined ? undefined : this.#byCounty.get(placeKey(name));
  }

  #nicknamed(words: string[]): Known[] | undefined {
    const key = words.join('');
    const bare = words.filter((word) => !FILLERS.has(word)).join('');
    const meant = NICKNAMES.get(key) ?? NICKNAMES.get(bare);
    const places = meant?.flatMap((one) => this.#byKey.get(one) ?? []);
    return places && places.length > 0 ? places : undefined;
  }

  /** `Dallas/Ft. Worth`, `Bryan & College Station`, `Midland-Odessa`, `Wise and Parker counties`. */
  #severalNames(text: string): Known[] | undefined {
    const parts = text.split(JOINED).filter((part) => placeKey(part) !== '');
    if (parts.length < 2) return undefined;
    const inCounties = COUNTY.test(placeWords(text).join(' '));
    const most = Math.ceil(MOST_SUGGESTIONS / parts.length);
    const places = parts.flatMap((part) => {
      const words = placeWords(part);
      const county = this.#county(words) ?? (inCounties ? this.#byCounty.get(words.join('')) : undefined);
      if (county) return county.slice(0, most);
      const read = readings(words).flatMap((reading) => this.#byKey.get(reading.join('')) ?? []);
      return read.length > 0 ? read : (this.#nicknamed(words) ?? this.#namesInARow(words) ?? []);
    });
    return places.length > 0 ? places : undefined;
  }

  /** `dallas ft worth area`: nothing but names. */
  #namesInARow(words: readonly string[]): Known[] | undefined {
    const rest = words.filter((word) => !FILLERS.has(word));
    const places: Known[] = [];
    for (let at = 0; at < rest.length; ) {
      let end = rest.length;
      while (end > at && !this.#byKey.has(rest.slice(at, end).join(''))) end -= 1;
      if (end === at) return undefined;
      places.push(this.#byKey.get(rest.slice(at, end).join(''))!);
      at = end;
    }
    return places.length > 0 ? places : undefined;
  }

  /** Names each of whose first words begins as a word of the text does: `corpus`, `port a`. */
  #beginning(words: readonly string[]): Known[] {
    const key = words.join('');
    if (key.length < 2) return [];
    return this.#known.filter(
      (one) =>
        one.key.startsWith(key) ||
        (words.length <= one.words.length && words.every((word, at) => one.words[at]!.startsWith(word))),
    );
  }

  /** `NRH`, `F.W.` */
  #initials(words: readonly string[]): Known[] {
    const key = words.join('');
    return this.#known.filter(({ words: own, initials }) => own.length > 1 && initials === key);
  }

  /** Of three letters one may be wrong; more is another name. */
  #alike(key: string): { one: Known; edits: number }[] {
    const most = Math.max(1, Math.floor((key.length + 1) / 3));
    return this.#known
      .filter((one) => Math.abs(one.key.length - key.length) <= most)
      .map((one) => ({ one, edits: edits(key, one.key) }))
      .filter((near) => near.edits <= most)
      .sort((a, b) => a.edits - b.edits);
  }

  /** Names that the text holds: `downtown dallas`. */
  #held(words: readonly string[]): Known[] {
    return this.#known
      .filter(
        (one) =>
          one.words.length < words.length &&
          words.some((_, at) => one.words.every((word, next) => words[at + next] === word)),
      )
      .sort((a, b) => b.words.length - a.words.length);
  }

  /** Names some of whose words are those of the text, or begin so: `christi`, `ft sam`. */
  #holding(words: readonly string[], isSame: (word: string, own: string) => boolean): Known[] {
    if (words.join('').length < 4) return [];
    return this.#known.filter((one) =>
      one.words.some((_, at) =>
        words.every((word, next) => at + next < one.words.length && isSame(word, one.words[at + next]!)),
      ),
    );
  }
}

/** Two neighbours exchanged are one mistake: `dlalas`. */
function edits(asked: string, key: string): number {
  const plain = distance(asked, key);
  if (plain !== 2 || asked.length !== key.length) return plain;
  const at = [...asked].findIndex((letter, row) => letter !== key[row]);
  const isExchange =
    asked[at] === key[at + 1] && asked[at + 1] === key[at] && asked.slice(at + 2) === key.slice(at + 2);
  return isExchange ? 1 : plain;
}

const toSuggested = (because: Suggested['because'], found: readonly Known[]): Suggested => ({
  because,
  suggestions: [...new Set(found)].slice(0, MOST_SUGGESTIONS).map(({ slug, name }) => ({
    slug,
    name,
  })),
});
