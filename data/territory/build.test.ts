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
});
const utility = (zip: string, utility: string, ownership: string) => ({ zip, utility, ownership });

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
    utility('75001', 'Some Elec Coop, Inc', 'Cooperative'),
    utility('75001', 'City of Garland - (TX)', 'Municipal'),
    utility('75002', 'City of Lubbock - (TX)', 'Municipal'),
    utility('78201', 'City of San Antonio - (TX)', 'Municipal'),
    utility('78201', 'City of San Antonio - (TX)', 'Municipal'),
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
    zips: files['zips.csv']!,
    cities: files['cities.csv']!,
    placesWithoutChoice: files['places-without-choice.csv']!,
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
      ['78201', ['CPS Energy']],
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
      utilities: ['CPS Energy'],
    },
  ]));

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
