/** Walks all ZIP codes and places and holds what is said about each against who is known to serve it. */

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { readTerritory } from '../store/territory.ts';
import { type Place, Places } from './places.ts';

const territory = readTerritory();
const places = new Places(territory);

/** Who serves which town, from other lists than the files by ZIP code: see data/README.md. */
const facts = readFileSync(new URL('../../test/fixtures/city-utilities.csv', import.meta.url), 'utf8')
  .trim()
  .split('\n')
  .slice(1)
  .map((line) => {
    const [kind, city, utility, choice, certainty, zips] = line.split(',');
    return {
      kind: kind!,
      city: city!,
      utility: utility!,
      hasChoice: choice === 'yes',
      isGuess: certainty === 'L',
      zips: zips!.split('|'),
    };
  });
const closing = facts.filter(({ isGuess, hasChoice }) => !isGuess && !hasChoice);
const owners = closing.filter(({ kind }) => kind === 'municipal');
const optedIn = facts.filter(({ kind }) => kind === 'coop_with_choice');

const said = (place: Place): string =>
  ('note' in place ? place.note : 'explanation' in place ? place.explanation : null) ?? '';
const all = [
  ...[...territory.zips.keys()].map((zip) => [zip, places.find(zip)] as const),
  ...[...territory.cities, ...territory.closedPlaces].map(({ slug }) => [slug, places.find(slug)] as const),
];

test('everything in the files is walked, and found', () => {
  assert.deepEqual([territory.zips.size, territory.cities.length, owners.length], [2127, 975, 71]);
  for (const [name, place] of all) {
    if (place.kind !== 'unknown') continue;
    assert.equal(territory.zips.get(name)?.market, 'unknown', name);
    assert.match(place.explanation, /we do not know its utility/);
  }
});

test('nothing is called the only seller', () => {
  for (const [name, place] of all) assert.doesNotMatch(said(place), /only seller/i, name);
});

test('no statement contradicts another one about the same place', () => {
  for (const [name, place] of all) {
    const text = said(place);
    if (place.kind === 'city' || place.kind === 'zip') {
      assert.ok(place.tdsps.length > 0, name);
      assert.doesNotMatch(text, /has no choice of electricity plans/, name);
    }
    if (place.kind === 'no_choice') {
      assert.match(text, /has no choice of electricity plans/, name);
      assert.doesNotMatch(text, /members choose/, name);
    }
    const only = /only addresses that (.*?) serves can choose/.exec(text)?.[1];
    if (only !== undefined && /members choose/.test(text)) assert.match(only, /Nueces/, name);
    if (place.kind === 'not_listed') assert.doesNotMatch(text, /has no choice of electricity plans/, name);
    for (const { utility } of optedIn)
      assert.doesNotMatch(text, new RegExp(`${utility.slice(0, 20)}[^.;]*which offers no choice`), name);
  }
});

test('every town that owns its utility names it first, and as its own', () => {
  for (const { city, utility } of owners) {
    const place = places.find(city);
    assert.ok(place.kind === 'city' || place.kind === 'no_choice', city);
    const utilities = place.kind === 'city' ? place.city.utilities : place.utilities;
    assert.equal(utilities[0], utility, city);
    assert.ok(said(place).includes(utility), city);
    assert.match(said(place), /own utility/, city);
  }
});

test('every ZIP code in which a utility without choice sells names it', () => {
  for (const { city, utility, zips } of closing) {
    for (const zip of zips) {
      const place = places.find(zip);
      assert.ok(said(place).includes(utility), `${zip} ${city}`);
      assert.ok(territory.zips.get(zip)?.utilities.includes(utility), `${zip} ${city}`);
      assert.notEqual(territory.zips.get(zip)?.market, 'competitive', zip);
    }
  }
});

test('a cooperative that opted into choice is never said to offer none', () => {
  for (const { zips } of optedIn) {
    for (const zip of zips) {
      const place = places.find(zip);
      assert.ok(place.kind === 'zip' || place.kind === 'not_listed', zip);
      assert.match(said(place), /Nueces Electric Cooperative[^.]*, whose members choose a provider too/, zip);
    }
  }
});

test('a ZIP code of which another utility serves a part says so, and how to tell', () => {
  for (const { zip, market, utilities, tdsps } of territory.zips.values()) {
    const place = places.find(zip);
    if (market === 'mixed') {
      assert.match(said(place), /How to tell: your bill names .* your ESI ID belongs to/, zip);
      for (const duns of tdsps)
        for (const prefix of territory.esiPrefixes(duns)) assert.ok(said(place).includes(prefix));
      if (utilities.length === 0) assert.match(said(place), /Sources disagree/, zip);
      else assert.ok(said(place).includes(utilities[0]!), zip);
    }
    if (market === 'competitive') assert.equal(utilities.length, 0, zip);
    if (market === 'municipal_or_coop' && utilities.length > 0)
      assert.ok(said(place).includes(utilities[0]!), zip);
    if (market === 'municipal_or_coop' && utilities.length === 0)
      assert.match(said(place), /do not know which utility/, zip);
  }
});

test('a place without plans leads to the nearest that have choice', () => {
  for (const [name, place] of all) {
    if (place.kind !== 'no_choice' && place.kind !== 'not_listed') continue;
    assert.equal(place.nearest.length, 5, name);
    const distances = place.nearest.map((one) => one.distance_miles);
    assert.deepEqual(
      distances,
      distances.toSorted((a, b) => a - b),
    );
    for (const { slug } of place.nearest) {
      const near = places.find(slug);
      assert.ok(near.kind === 'city', slug);
      assert.doesNotMatch(near.note ?? '', /own utility|Only a part/, slug);
    }
  }
  const near = places.find('El Paso');
  assert.ok(near.kind === 'no_choice');
  assert.ok(near.nearest[0]!.distance_miles > 100);
});

test('towns that other lists take for open name their own utility: Electra, Goldsmith, Seymour', () => {
  for (const town of ['Electra', 'Goldsmith', 'Seymour']) {
    const place = places.find(town);
    assert.ok(place.kind === 'city', town);
    assert.match(
      said(place),
      new RegExp(`has its own utility, City of ${town}, whose customers have no choice`),
    );
    assert.equal(territory.zips.get(place.city.zips[0]!)?.market, 'mixed');
  }
});

test('each row says where it is known from', () => {
  for (const { zip, tdsp_sources, utility_sources, utilities } of territory.zips.values()) {
    assert.ok(tdsp_sources.length > 0, zip);
    for (const one of tdsp_sources) assert.ok(['ptc', 'grid', 'eia', 'nrel'].includes(one), zip);
    assert.equal(utility_sources.length > 0, utilities.length > 0, zip);
    for (const one of utility_sources) assert.ok(['nrel', 'puct'].includes(one), zip);
  }
});
