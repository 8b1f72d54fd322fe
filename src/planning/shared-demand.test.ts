import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readTerritory } from '../store/territory.ts';
import { metrosOf } from '../territory/metros.ts';
import { cityPriority, demandWeight, vouchedWeight } from './priority.ts';
import { shareDemand } from './shared-demand.ts';

const territory = readTerritory();
const search = (city_slug: string, searches: number) => ({
  city_slug,
  searches,
  leads: 0,
  conversions: 0,
  anonymous: 0,
});

test('metros come from coordinates and population: Plano and Frisco are of Dallas, Katy of Houston, El Campo of none', () => {
  const metros = metrosOf(territory.cities);
  const of = (slug: string) => metros.find(({ cities }) => cities.includes(slug))?.name ?? null;
  assert.deepEqual(
    ['plano-tx', 'frisco-tx', 'fort-worth-tx', 'katy-tx', 'lubbock-tx', 'el-campo-tx'].map(of),
    ['Dallas', 'Dallas', 'Dallas', 'Houston', 'Lubbock', null],
  );
  const all = metros.flatMap(({ cities }) => cities);
  assert.equal(new Set(all).size, all.length, 'a town is in one metro at most');
  assert.ok(metros.length >= 8 && metros.length <= 25, `${metros.length} metros`);
});

test('a search in Plano counts for its neighbours by their people, whole for itself, and not for Houston', () => {
  const shared = shareDemand(territory, [search('plano-tx', 100)]);
  const weight = (slug: string) => {
    const one = shared.get(slug);
    return one ? demandWeight(one) : 0;
  };
  assert.equal(weight('plano-tx'), 100);
  assert.ok(weight('dallas-tx') > weight('frisco-tx') && weight('frisco-tx') > 0.5);
  assert.equal(weight('houston-tx'), 0);
  const borrowed = [...shared.values()].reduce((sum, one) => sum + (one.nearby ?? 0), 0);
  assert.ok(borrowed <= 50, `${borrowed} of 100 searches are lent`);
  const frisco = territory.cities.find(({ slug }) => slug === 'frisco-tx')!;
  const { score, reason } = cityPriority(frisco, shared.get('frisco-tx'), 0, 3_600_000);
  assert.match(reason, /searches nearby \d+/);
  assert.ok(score > cityPriority(frisco, undefined, 0, 3_600_000).score);
});

test('what nobody vouches for in one town is vouched for in no other', () => {
  const shared = shareDemand(territory, [{ ...search('plano-tx', 100), anonymous: 100 }]);
  for (const one of shared.values()) assert.ok(vouchedWeight(one) < 1e-9);
});

test('without demand nobody is credited', () => {
  assert.equal(shareDemand(territory, []).size, 0);
});
