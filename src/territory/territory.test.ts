import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTerritory } from '../store/territory.ts';

const territory = readTerritory();

const TDSPS = {
  ONCOR: '1039940674000',
  CENTERPOINT: '957877905',
  AEP_CENTRAL: '007924772',
  AEP_NORTH: '007923311',
  TNMP: '007929441',
  LPL: '0582138934100',
};
const city = (slug: string) => {
  const found = territory.cities.find((one) => one.slug === slug);
  assert.ok(found, slug);
  return found;
};
const isInTexas = ({ lat, lon }: { lat: number; lon: number }) =>
  lat >= 25.8 && lat <= 36.6 && lon >= -106.7 && lon <= -93.4;

test('there are six TDSPs, each with its own DUNS', () =>
  assert.deepEqual(Object.fromEntries(territory.tdsps.map(({ code, duns }) => [code, duns])), TDSPS));

test('a TDSP is found by its DUNS, code or short name in any case', () => {
  for (const { duns, code, short_name } of territory.tdsps) {
    for (const text of [duns, code, code.toLowerCase(), ` ${short_name.toUpperCase()} `])
      assert.equal(territory.tdsp(text)?.duns, duns, text);
  }
  assert.equal(territory.tdsp('aep central')?.code, 'AEP_CENTRAL');
  assert.equal(territory.tdsp('aep-texas-central')?.code, 'AEP_CENTRAL');
});

test('numbers that circulate for a TDSP and are not its own are unknown', () => {
  for (const wrong of ['103994067400', '007923443', '035717006', '007738114'])
    assert.equal(territory.tdsp(wrong), undefined, wrong);
});

test('the leading zeros of a DUNS count', () => {
  for (const duns of Object.values(TDSPS).filter((one) => one.startsWith('0')))
    assert.equal(territory.tdsp(duns.replace(/^0+/, '')), undefined);
});

test('an empty or blank text is not a TDSP', () => {
  for (const text of ['', ' ', '_', '-']) assert.equal(territory.tdsp(text), undefined);
});

test('a message about a wrong number can name all the right ones', () => {
  for (const [code, duns] of Object.entries(TDSPS))
    assert.ok(territory.tdspList.includes(`${duns} (${code})`));
});

test('the name in the feed of the state is matched whole', () => {
  assert.equal(territory.tdspByFeedName('ONCOR ELECTRIC DELIVERY COMPANY')?.code, 'ONCOR');
  assert.equal(territory.tdspByFeedName(' Oncor  Electric Delivery Company ')?.code, 'ONCOR');
  assert.equal(territory.tdspByFeedName('Oncor NTU LLC'), undefined);
  assert.equal(territory.tdspByFeedName('ONCOR ELECTRIC DELIVERY COMPANY NTU'), undefined);
  assert.equal(territory.tdspByFeedName(''), undefined);
  // A name of 2017 is known in a file of 2017 only.
  assert.equal(territory.tdspByFeedName('AEP TEXAS CENTRAL DIVISION', 2017)?.code, 'AEP_CENTRAL');
  assert.equal(territory.tdspByFeedName('AEP TEXAS CENTRAL DIVISION'), undefined);
  assert.equal(territory.tdspByFeedName('SHARYLAND UTILITIES LP', 2017), undefined);
});

test('every competitive city is there once: at least 881 of them', () => {
  assert.ok(territory.cities.length >= 881, String(territory.cities.length));
  const slugs = territory.cities.map(({ slug }) => slug);
  assert.equal(new Set(slugs).size, slugs.length);
  for (const slug of slugs) assert.match(slug, /^[a-z0-9]+(-[a-z0-9]+)*-tx$/);
});

test('no place is both a city with choice and one without', () => {
  const slugs = new Set(territory.cities.map(({ slug }) => slug));
  for (const { slug } of territory.closedPlaces) assert.ok(!slugs.has(slug), slug);
  assert.equal(new Set(territory.closedPlaces.map(({ slug }) => slug)).size, territory.closedPlaces.length);
});

test('200 cities are of tier 1, 300 of tier 2 and all others of tier 3', () => {
  const tiers = territory.cities.map(({ tier }) => tier);
  const count = (tier: number) => tiers.filter((one) => one === tier).length;
  assert.deepEqual([count(1), count(2), count(3)], [200, 300, tiers.length - 500]);
});

test('a city has the TDSPs of its ZIP codes, all of them and no others', () => {
  for (const { slug, zips, tdsps } of territory.cities) {
    assert.ok(zips.length > 0, slug);
    assert.equal(new Set(zips).size, zips.length, slug);
    const union = new Set(
      zips.flatMap((zip) => {
        const found = territory.zips.get(zip);
        assert.ok(found && found.tdsps.length > 0, `${slug} ${zip}`);
        return found.tdsps;
      }),
    );
    assert.deepEqual(tdsps.toSorted(), [...union].toSorted(), slug);
    assert.equal(new Set(tdsps).size, tdsps.length, slug);
  }
});

test('every DUNS in the files is one of the six', () => {
  const known = new Set(Object.values(TDSPS));
  for (const { tdsps } of territory.zips.values()) for (const duns of tdsps) assert.ok(known.has(duns), duns);
});

test('ZIP codes are five digits, have a market, and TDSPs exactly where there is choice', () => {
  for (const [key, { zip, market, tdsps }] of territory.zips) {
    assert.equal(key, zip);
    assert.match(zip, /^\d{5}$/);
    assert.ok(['competitive', 'mixed', 'municipal_or_coop', 'unknown'].includes(market), zip);
    assert.equal(tdsps.length > 0, market === 'competitive' || market === 'mixed', zip);
  }
});

test('everything lies in Texas', () => {
  for (const one of territory.cities) assert.ok(isInTexas(one), `${one.slug} ${one.lat} ${one.lon}`);
  for (const one of territory.zips.values()) assert.ok(isInTexas(one), `${one.zip} ${one.lat} ${one.lon}`);
});

test('a population is a number of people or unknown, never zero', () => {
  for (const { slug, population } of territory.cities)
    assert.ok(population === null || (Number.isInteger(population) && population > 0), slug);
});

test('well-known cities have the TDSP that serves them', () => {
  const expected: Record<string, keyof typeof TDSPS> = {
    'dallas-tx': 'ONCOR',
    'fort-worth-tx': 'ONCOR',
    'houston-tx': 'CENTERPOINT',
    'corpus-christi-tx': 'AEP_CENTRAL',
    'mcallen-tx': 'AEP_CENTRAL',
    'laredo-tx': 'AEP_CENTRAL',
    'abilene-tx': 'AEP_NORTH',
    'lubbock-tx': 'LPL',
  };
  for (const [slug, code] of Object.entries(expected)) assert.equal(city(slug).tdsps[0], TDSPS[code], slug);
});

test('a city that several TDSPs serve keeps them all', () => {
  const of = (slug: string) => new Set(city(slug).tdsps);
  assert.deepEqual(of('texas-city-tx'), new Set([TDSPS.TNMP, TDSPS.CENTERPOINT]));
  assert.deepEqual(of('denton-tx'), new Set([TDSPS.ONCOR, TDSPS.TNMP]));
  assert.ok(territory.cities.filter(({ tdsps }) => tdsps.length > 1).length >= 50);
});

test('the checksum names the edition: the same files twice are the same one', () => {
  assert.match(territory.checksum, /^[0-9a-f]{64}$/);
  assert.equal(readTerritory().checksum, territory.checksum);
});
