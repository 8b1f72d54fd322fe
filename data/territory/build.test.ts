import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Territory } from '../../src/territory/territory.ts';
import { buildTerritory, type RawFacts } from './build.ts';

const ONCOR = '1039940674000';
const where = { county: 'Somewhere', lat: '32.1', lon: '-97.123456' };
const zip = (zip: string, city: string, market: string, tdsps: string) => ({
  ...where,
  zip,
  city,
  market,
  tdsps,
  sources: 'ptc|grid',
});
const utility = (zip: string, eia_id: string, utility: string, ownership: string) => ({
  zip,
  eia_id,
  utility,
  ownership,
});
const cityUtility = (city: string, eia_id: string, utility: string, zips: string, more = {}) => ({
  kind: 'municipal',
  city,
  utility,
  eia_id,
  zips,
  has_retail_choice: 'no',
  certainty: 'H',
  ...more,
});

const facts = (): RawFacts => ({
  tdsps: [
    {
      duns: ONCOR,
      code: 'ONCOR',
      name: 'Oncor Electric Delivery Company, LLC',
      short_name: 'Oncor',
      ptc_names: 'ONCOR|ONCOR ELECTRIC DELIVERY COMPANY',
      eia_id: '44372',
    },
  ],
  zips: [
    zip('75002', 'Openfield', 'competitive', ONCOR),
    zip('75001', 'Openfield', 'municipal_or_coop', ''),
    zip('78201', 'San Closed', 'municipal_or_coop', ''),
    zip('79999', 'Nowhere', 'unknown', ''),
  ],
  utilities: [
    utility('75001', '1', 'Some Elec Coop, Inc', 'Cooperative'),
    utility('75001', '2', 'City of Garland - (TX)', 'Municipal'),
    utility('75002', '3', 'City of Lubbock - (TX)', 'Municipal'),
    utility('78201', '4', 'City of San Antonio - (TX)', 'Municipal'),
    utility('78201', '4', 'City of San Antonio - (TX)', 'Municipal'),
    utility('78201', '5', 'Open Elec Coop, Inc', 'Cooperative'),
  ],
  cityUtilities: [
    cityUtility('Garland', '2', 'Garland Power & Light', '75040'),
    cityUtility('Lubbock', '3', 'Lubbock Power & Light', '75002', { has_retail_choice: 'yes' }),
    cityUtility('San Closed', '6', 'San Closed, Light', '78201'),
    cityUtility('San Antonio', '4', 'CPS Energy', '78299'),
    cityUtility('Nowhere', '', 'City of Nowhere', '79999', { certainty: 'L' }),
    cityUtility('', '5', 'Open Cooperative', '78201', { kind: 'coop_with_choice', has_retail_choice: 'yes' }),
  ],
  cities: [
    {
      ...where,
      slug: 'openfield-tx',
      name: 'Openfield',
      population: '',
      tier: '3',
      tdsps: ONCOR,
      zips: '75002',
    },
  ],
});

function built(raw: RawFacts): Territory {
  const files = buildTerritory(raw);
  return new Territory({
    tdsps: files['tdsps.csv']!,
    utilities: files['utilities.csv']!,
    zips: files['zips.csv']!,
    cities: files['cities.csv']!,
    placesWithoutChoice: files['places-without-choice.csv']!,
    suburbs: 'name,zip\n',
  });
}

test('what is built can be read: TDSPs without the comma of their legal name', () => {
  const { tdsps } = built(facts());
  assert.deepEqual(tdsps, [
    { duns: ONCOR, code: 'ONCOR', name: 'Oncor Electric Delivery Company LLC', short_name: 'Oncor' },
  ]);
});

test('a city knows how many of its ZIP codes are closed, and whose those are', () => {
  const [city, ...others] = built(facts()).cities;
  assert.deepEqual(others, []);
  assert.deepEqual(city, {
    slug: 'openfield-tx',
    name: 'Openfield',
    county: 'Somewhere',
    lat: 32.1,
    lon: -97.1235,
    population: null,
    tier: 3,
    tdsps: [ONCOR],
    zips: ['75002'],
    closed_zips: 1,
    utilities: ['Garland Power & Light', 'Some Electric Coop'],
  });
});

test('ZIP codes are sorted and have their utilities once, municipal ones first, by the names people know', () => {
  const { zips } = built(facts());
  assert.deepEqual(
    [...zips.values()].map((one) => [one.zip, one.utilities]),
    [
      ['75001', ['Garland Power & Light', 'Some Electric Coop']],
      // Lubbock is a TDSP itself, not another utility.
      ['75002', []],
      // Its own first, which no list by ZIP code has.
      ['78201', ['San Closed Light', 'CPS Energy', 'Open Electric Coop']],
      // A guess is left out.
      ['79999', []],
    ],
  );
});

test('a place without choice is one whose reason is known', () =>
  assert.deepEqual(built(facts()).closedPlaces, [
    {
      slug: 'san-closed-tx',
      name: 'San Closed',
      county: 'Somewhere',
      zips: ['78201'],
      utilities: ['San Closed Light', 'CPS Energy', 'Open Electric Coop'],
    },
  ]));

test('a ZIP code in which a city-owned utility sells is not wholly competitive', () => {
  const raw = facts();
  raw.cityUtilities.push(cityUtility('Openfield', '7', 'City of Openfield', '75002'));
  const territory = built(raw);
  assert.deepEqual(
    [territory.zips.get('75002')?.market, territory.zips.get('75002')?.utilities],
    ['mixed', ['City of Openfield']],
  );
  assert.equal(territory.ownUtility('openfield-tx', territory.cities[0]!.utilities), 'City of Openfield');
});

test('each row says where it is known from', () => {
  const zip = built(facts()).zips.get('78201');
  assert.deepEqual(
    [zip?.tdsp_sources, zip?.utility_sources],
    [
      ['ptc', 'grid'],
      ['nrel', 'puct'],
    ],
  );
});

test('a cooperative that opted into choice is known as such', () => {
  assert.equal(built(facts()).utility('Open Electric Coop').hasChoice, true);
  assert.equal(built(facts()).utility('Some Electric Coop').hasChoice, false);
});

test('an ESI ID begins with 10 and the EIA number of the TDSP', () =>
  assert.deepEqual(built(facts()).esiPrefixes(ONCOR), ['1044372', '1017699']));

test('the order of the raw rows makes no difference', () => {
  const raw = facts();
  const files = buildTerritory({
    ...raw,
    zips: raw.zips.toReversed(),
    utilities: raw.utilities.toReversed(),
  });
  assert.deepEqual(files, buildTerritory(raw));
});

test('a comma, a quote or a line break in a cell is refused', () => {
  for (const bad of ['Open, field', 'Open "field"', 'Open\nfield', 'Open\rfield']) {
    const raw = facts();
    raw.zips[0]!.city = bad;
    assert.throws(() => buildTerritory(raw), /a cell may not hold/, JSON.stringify(bad));
  }
});
