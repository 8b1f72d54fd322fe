import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readTerritory } from '../store/territory.ts';
import { NICKNAMES } from './nicknames.ts';
import { placeKey } from './place-key.ts';
import { Places } from './places.ts';

const territory = readTerritory();
const places = new Places(territory);

/** The slug or ZIP of what is found, with its kind before it. */
function found(text: string): string {
  const place = places.find(text);
  if (place.kind === 'city') return `city ${place.city.slug}`;
  if (place.kind === 'zip') return `zip ${place.zip.zip}`;
  return place.kind === 'unknown' ? 'unknown' : `${place.kind} ${place.slug}`;
}

const VARIANTS: Record<string, string[]> = {
  'city dallas-tx': [
    'dallas',
    'DALLAS-TX',
    'Dallas, TX',
    'dallas-tx',
    '  Dallas  ',
    'Dallas Texas',
    'city of dallas',
    'City of Dallas, Texas',
    'Dállas',
    'Dallas TX USA',
    'Dallas, Texas, United States of America',
    'dallas, tx, u.s.a.',
    'The City of Dallas',
  ],
  'city fort-worth-tx': [
    'Ft. Worth',
    'ft worth',
    'Fort Worth',
    'FORT-WORTH-TX',
    'Ft. Worth, TX',
    'fortworth',
  ],
  'city corpus-christi-tx': ['Corpus  Christi', 'corpus_christi', 'Corpus Christi, Texas'],
  'city north-richland-hills-tx': ['N Richland Hills', 'N. Richland Hls., TX'],
  'city south-padre-island-tx': ['S. Padre Island', 'So. Padre Is.'],
  'city port-aransas-tx': ['Pt. Aransas'],
  'no_choice college-station-tx': ['College Sta', 'Coll. Station'],
  'not_listed sarita-tx': ['Sarita'],
  'city texas-city-tx': ['Texas City', 'texas-city-tx'],
  'city saint-paul-tx': ['St. Paul', 'Saint Paul', 'st paul tx'],
  'no_choice mount-pleasant-tx': ['Mt. Pleasant', 'Mount Pleasant, TX'],
  'zip 75201': ['75201', '75201-1234', ' 75201 ', 'Dallas, TX 75201', '12345 Main St, Dallas, TX 75201-1234'],
};

for (const [expected, variants] of Object.entries(VARIANTS)) {
  test(`${variants.join(' | ')} is ${expected}`, () => {
    for (const text of variants) assert.equal(found(text), expected, text);
  });
}

test('every city is found by its slug and its name, with and without the state, in any case', () => {
  for (const { slug, name } of territory.cities) {
    for (const text of [slug, slug.toUpperCase(), name, `${name}, TX`, `${name} Texas`, `City of ${name}`])
      assert.equal(found(text), `city ${slug}`, text);
  }
});

test('every place without choice is found by its slug and its name', () => {
  for (const { slug, name } of territory.closedPlaces) {
    for (const text of [slug, name, `${name}, TX`]) assert.match(found(text), new RegExp(` ${slug}$`), text);
  }
});

test('every ZIP code with a TDSP is found, with and without its four more digits', () => {
  for (const { zip, tdsps } of territory.zips.values()) {
    if (tdsps.length === 0) continue;
    const place = places.find(`${zip}-0001`);
    assert.ok(place.kind === 'zip');
    assert.deepEqual([place.zip.zip, place.tdsps], [zip, tdsps]);
  }
});

test('the key of a place has only letters and digits, whatever is written', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => assert.match(placeKey(text), /^[a-z0-9]*$/)),
  ));

test('any text is answered, and what is unknown with an explanation', () =>
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme' }), (text) => {
      const place = places.find(text);
      if (place.kind === 'unknown') assert.ok(place.explanation.length > 20);
    }),
  ));

test('a text far longer than a name is answered at once', () => {
  for (const part of ['n ', 'and ', 'houston ', 'x', '/']) {
    const started = performance.now();
    assert.equal(places.find(part.repeat(5_000)).kind, 'unknown');
    assert.ok(performance.now() - started < 500, part);
  }
});

test('a city without choice names its utility', () => {
  const expected = { 'San Antonio': 'CPS Energy', 'El Paso': 'El Paso Electric', Amarillo: 'Xcel Energy' };
  for (const [name, utility] of Object.entries(expected)) {
    const place = places.find(name);
    assert.ok(place.kind === 'no_choice', name);
    assert.ok(place.utilities[0]?.startsWith(utility), name);
    assert.match(place.explanation, new RegExp(`^${name} has no choice of electricity plans: ${utility}`));
  }
});

test('a ZIP code without choice names its utility, too', () => {
  const place = places.find('78201');
  assert.ok(place.kind === 'no_choice');
  assert.deepEqual([place.slug, place.utilities], [null, ['CPS Energy']]);
  assert.match(place.explanation, /78201 \(San Antonio\) has no choice of electricity plans: CPS Energy/);
});

test('Austin says which part of it has a choice, and whose the rest is', () => {
  const place = places.find('Austin');
  assert.ok(place.kind === 'city');
  assert.match(place.note ?? '', /Only a part of Austin .*78717.* its own utility, Austin Energy/);
  assert.equal(places.find('78701').kind, 'no_choice');
});

test('a place that two TDSPs serve says that the address decides', () => {
  const place = places.find('Texas City');
  assert.ok(place.kind === 'city');
  assert.equal(place.tdsps.length, 2);
  assert.match(
    place.note ?? '',
    /served by (TNMP and CenterPoint|CenterPoint and TNMP): the address decides/,
  );
});

test('a suburb without a row of its own is answered from its ZIP code, which is named', () => {
  const closed = { 'Alamo Heights': 'CPS Energy', Lakeway: 'Austin Energy', 'Live Oak, TX': 'CPS Energy' };
  for (const [name, utility] of Object.entries(closed)) {
    const place = places.find(name);
    assert.ok(place.kind === 'no_choice', name);
    assert.equal(place.utilities[0], utility);
    assert.match(place.explanation, /^(?:Alamo Heights|Lakeway|Live Oak) \(ZIP code 78\d{3}, /);
  }
  assert.equal(found('Westworth Village'), 'zip 76114');
  for (const { name, zip } of territory.suburbs) {
    assert.ok(territory.zips.has(zip), name);
    assert.notEqual(places.find(name).kind, 'unknown', name);
    const key = placeKey(name);
    const others = [...territory.cities, ...territory.closedPlaces];
    assert.ok(!others.some((one) => placeKey(one.name) === key), `${name} has a row of its own`);
  }
});

test('a place with nothing to explain has no note', () => {
  const place = places.find('75201');
  assert.ok(place.kind === 'zip');
  assert.equal(place.note, null);
});

const MEANT: Record<string, string[]> = {
  corpus: ['corpus-christi-tx'],
  DFW: ['dallas-tx', 'fort-worth-tx'],
  'the DFW metro area': ['dallas-tx', 'fort-worth-tx'],
  'Dallas/Ft. Worth': ['dallas-tx', 'fort-worth-tx'],
  'Dallas-Fort Worth, TX': ['dallas-tx', 'fort-worth-tx'],
  'Bryan & College Station': ['bryan-tx', 'college-station-tx'],
  'Dallas Ft Worth area': ['dallas-tx', 'fort-worth-tx'],
  'Wise and Parker Counties': ['decatur-tx'],
  'South Austin': ['austin-tx'],
  'Ft. Sam': ['jbsa-fort-sam-houston-tx'],
  christi: ['corpus-christi-tx'],
  'Midland and Odessa': ['midland-tx', 'odessa-tx'],
  NRH: ['north-richland-hills-tx'],
  'Port A': ['port-aransas-tx', 'port-arthur-tx'],
  'N Richl': ['north-richland-hills-tx'],
  'Collin County': ['plano-tx', 'mckinney-tx', 'frisco-tx'],
  'collin co., texas': ['plano-tx'],
  Tarrant: ['fort-worth-tx', 'arlington-tx'],
  'County of Bexar': ['san-antonio-tx'],
  houstn: ['houston-tx'],
  hosuton: ['houston-tx'],
  'downtown Dallas': ['dallas-tx'],
  'Greater Houston': ['houston-tx'],
  'the valley': ['mcallen-tx', 'brownsville-tx'],
  'San Antone': ['san-antonio-tx'],
  'S.A.': ['san-antonio-tx'],
  'the burbs of Houston': ['houston-tx'],
  'Houston Heights': ['houston-tx'],
  'The Heights': ['houston-tx'],
  'Ft. Bend': ['sugar-land-tx', 'missouri-city-tx'],
  'fort bend co': ['sugar-land-tx'],
  'Ft Bend Cty': ['sugar-land-tx'],
  Woodlands: ['the-woodlands-tx'],
  Mckiney: ['mckinney-tx'],
  Pflugervile: ['pflugerville-tx'],
  'Grand Prarie': ['grand-prairie-tx'],
  'Galveston Island': ['galveston-tx'],
  'Crystal Beach': ['port-bolivar-tx'],
  SPI: ['south-padre-island-tx'],
  'Mac Allen': ['mcallen-tx'],
  Wichita: ['wichita-falls-tx'],
  'W Falls': ['wichita-falls-tx'],
  Abeline: ['abilene-tx'],
  'Killeen/Ft Hood': ['killeen-tx', 'fort-hood-tx'],
  'Temple/Belton': ['temple-tx', 'belton-tx'],
  BCS: ['bryan-tx', 'college-station-tx'],
  'Humble/Kingwood': ['humble-tx', 'kingwood-tx'],
  'Cy-Fair': ['cypress-tx', 'houston-tx'],
  'Leage City': ['league-city-tx'],
  Brazosport: ['lake-jackson-tx'],
  'Corpus Christie': ['corpus-christi-tx'],
  Larado: ['laredo-tx'],
  Fredricksburg: ['fredericksburg-tx'],
  Lubock: ['lubbock-tx'],
  Ammarillo: ['amarillo-tx'],
  Tylar: ['tyler-tx'],
  Nacadoches: ['nacogdoches-tx'],
  'Oak Cliff': ['dallas-tx'],
  'Deep Ellum': ['dallas-tx'],
  'Mid-Cities': ['hurst-tx', 'euless-tx', 'bedford-tx'],
  'N. Ft. Worth': ['fort-worth-tx'],
  'Energy Corridor': ['houston-tx'],
  'West U': ['west-university-place-tx'],
  Georgtown: ['georgetown-tx'],
  Waxahatchie: ['waxahachie-tx'],
  Rockwal: ['rockwall-tx'],
  'Ellis county texas': ['waxahachie-tx'],
  'Tom Green': ['san-angelo-tx'],
  McLennan: ['waco-tx'],
};

for (const [text, slugs] of Object.entries(MEANT)) {
  test(`"${text}" may mean ${slugs.join(', ')}`, () => {
    const place = places.find(text);
    assert.ok(place.kind === 'unknown');
    assert.deepEqual(
      place.suggestions.slice(0, slugs.length).map(({ slug }) => slug),
      slugs,
    );
    for (const slug of slugs) assert.ok(place.explanation.includes(`(${slug})`));
  });
}

test('the name of every county leads to its towns', () => {
  for (const county of new Set(territory.cities.map((city) => city.county))) {
    const place = places.find(`${county} County, TX`);
    assert.ok(place.kind === 'unknown', county);
    assert.ok(place.suggestions.length > 0, county);
    assert.match(place.explanation, /is the name of a county/);
  }
});

test('a nickname leads only to places that are in the list', () => {
  const keys = new Set([...territory.cities, ...territory.closedPlaces].map(({ name }) => placeKey(name)));
  for (const [nickname, meant] of NICKNAMES)
    assert.ok(
      meant.some((key) => keys.has(key)),
      nickname,
    );
});

test('a place that may well exist is said not to be in our list, never not to exist', () => {
  for (const text of ['Lajitas Hills', 'Zzyzx', 'Luckenbach Ranch Estates']) {
    const place = places.find(text);
    assert.ok(place.kind === 'unknown', text);
    assert.match(place.explanation, /is not in our list of Texas places/);
  }
});

test('a misspelling suggests the city that was meant', () => {
  const meant: Record<string, string> = {
    dalas: 'dallas-tx',
    huston: 'houston-tx',
    'fort wroth': 'fort-worth-tx',
    'San Antino': 'san-antonio-tx',
    'corpus cristi': 'corpus-christi-tx',
    'mc alen': 'mcallen-tx',
  };
  for (const [text, slug] of Object.entries(meant)) {
    const place = places.find(text);
    assert.ok(place.kind === 'unknown', text);
    assert.equal(place.suggestions[0]?.slug, slug, text);
    assert.ok(place.explanation.includes(`(${slug})`), text);
    assert.ok(place.suggestions.length <= 5);
  }
});

test('a city with one letter left out is suggested, unless that is the name of another place', () =>
  fc.assert(
    fc.property(
      fc.constantFrom(...territory.cities.filter(({ name }) => /^[A-Za-z]{7,}$/.test(name))),
      fc.nat(),
      ({ name, slug }, at) => {
        const letter = 1 + (at % (name.length - 1));
        const place = places.find(name.slice(0, letter) + name.slice(letter + 1));
        if (place.kind !== 'unknown') return;
        assert.ok(place.suggestions.some((one) => one.slug === slug));
      },
    ),
  ));

test('a name that resembles nothing gets no suggestion but an example', () => {
  const place = places.find('zzzzqqq');
  assert.ok(place.kind === 'unknown');
  assert.deepEqual(place.suggestions, []);
  assert.match(place.explanation, /dallas-tx.*75201/);
});

test('a ZIP code outside of Texas, and one of post-office boxes, is explained', () => {
  const explained = (zip: string) => {
    const place = places.find(zip);
    assert.ok(place.kind === 'unknown', zip);
    assert.deepEqual([place.asked, place.suggestions], [zip, []]);
    return place.explanation;
  };
  assert.match(explained('10001'), /10001 is not in Texas/);
  assert.match(explained('99999'), /not in Texas/);
  assert.match(explained('75999'), /post-office boxes/);
});
