import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readConfig } from '../config.ts';
import { readTerritory } from '../store/territory.ts';
import type { City } from '../territory/territory.ts';
import { marketWeights } from './market-weights.ts';
import { type PlanningInput, planTargets, type Wanted } from './plan-targets.ts';
import { cityPriority, demandWeight } from './priority.ts';

const territory = readTerritory();
const allDuns = territory.tdsps.map(({ duns }) => duns);
const HOUR_MS = 3_600_000;
const now = new Date('2026-06-01T12:00:00Z');

const demandOf = fc.record({
  searches: fc.double({ min: 0, max: 1e6, noNaN: true }),
  leads: fc.double({ min: 0, max: 1e4, noNaN: true }),
  conversions: fc.double({ min: 0, max: 1e3, noNaN: true }),
  anonymous: fc.constant(0),
});
/** What strangers may tell, whatever their number. */
const strangers = fc.record({
  searches: fc.integer({ min: 0, max: 1e9 }),
  leads: fc.nat(),
  conversions: fc.nat(),
});
const ageMs = fc.option(fc.integer({ min: 0, max: 100 * HOUR_MS }), { nil: null });
const cities = fc.uniqueArray(fc.constantFrom(...territory.cities), { maxLength: 40 });

const situations: fc.Arbitrary<PlanningInput> = fc.record({
  now: fc.constant(now),
  observedAt: fc
    .array(fc.tuple(fc.constantFrom(...allDuns), fc.integer({ min: 0, max: 48 * HOUR_MS })), { maxLength: 6 })
    .map((pairs) => new Map(pairs.map(([duns, age]) => [duns, new Date(now.getTime() - age)]))),
  demand: fc
    .array(fc.tuple(fc.constantFrom(...territory.cities), demandOf), { maxLength: 20 })
    .map((pairs) => new Map(pairs.map(([city, demand]) => [city.slug, demand]))),
  open: fc.array(
    fc.oneof(
      fc.record({
        tdsp_duns: fc.constantFrom(...allDuns),
        state: fc.constant('waiting' as const),
        is_forced: fc.boolean(),
        job_id: fc.constant(null),
      }),
      fc.record({
        tdsp_duns: fc.constantFrom(...allDuns),
        state: fc.constant('claimed' as const),
        is_forced: fc.boolean(),
        job_id: fc.uuid(),
      }),
    ),
    { maxLength: 8 },
  ),
  freshForMs: fc.constantFrom(0, HOUR_MS / 2, 24 * HOUR_MS),
  targetMs: fc.constant((tier: number) => tier * HOUR_MS),
  wholeState: fc.constantFrom(null, allDuns),
});
const needs: fc.Arbitrary<Wanted> = fc.record({
  cities,
  tdsps: fc.uniqueArray(fc.constantFrom(...allDuns)),
  force: fc.boolean(),
});
const law = (check: (needs: Wanted, situation: PlanningInput) => void) =>
  fc.assert(fc.property(needs, situations, check));
const wanted = ({ cities, tdsps }: Wanted) => new Set([...tdsps, ...cities.flatMap((city) => city.tdsps)]);

test('every TDSP that is wanted is planned once, and no other unless it comes with the same call', () =>
  law((asked, situation) => {
    const planned = planTargets(asked, situation).map(({ tdsp_duns }) => tdsp_duns);
    assert.equal(new Set(planned).size, planned.length);
    for (const duns of wanted(asked)) assert.ok(planned.includes(duns));
    if (situation.wholeState === null) assert.equal(planned.length, wanted(asked).size);
  }));

test('what is fresh needs no call, unless somebody insists', () =>
  law((asked, situation) => {
    for (const { tdsp_duns, decision, is_forced } of planTargets(asked, situation)) {
      const at = situation.observedAt.get(tdsp_duns);
      const isFresh = at !== undefined && now.getTime() - at.getTime() < situation.freshForMs;
      assert.equal(decision === 'fresh', isFresh && !is_forced);
      assert.equal(is_forced, asked.force && wanted(asked).has(tdsp_duns));
    }
  }));

test('what waits or runs already gets no job of its own; what runs without force does not answer force', () =>
  law((asked, situation) => {
    for (const { tdsp_duns, decision, job_id, is_forced } of planTargets(asked, situation)) {
      const open = situation.open.filter((one) => one.tdsp_duns === tdsp_duns);
      const isRunning = open.some(({ state }) => state === 'claimed');
      if (decision === 'queued') assert.ok(!open.some(({ state }) => state === 'waiting'));
      if (decision === 'queued' && !is_forced) assert.ok(!isRunning);
      if (decision === 'joined') assert.ok(!is_forced && open.some((one) => one.job_id === job_id));
      if (decision !== 'joined') assert.equal(job_id, null);
    }
  }));

test('the most urgent goes first, force before all, and every decision says why', () =>
  law((asked, situation) => {
    const planned = planTargets(asked, situation);
    for (const [at, target] of planned.entries()) {
      if (at > 0) assert.ok(planned[at - 1]!.priority >= target.priority);
      assert.equal(target.is_forced, target.priority >= 1_000);
      assert.notEqual(target.reason, '');
    }
  }));

test('a TDSP is as urgent as the most urgent of its cities', () =>
  law((asked, situation) => {
    const planned = planTargets({ ...asked, force: false, tdsps: [] }, situation);
    const scores = (duns: string) =>
      asked.cities
        .filter(({ tdsps }) => tdsps.includes(duns))
        .map((city) => {
          const at = situation.observedAt.get(duns);
          const age = at ? now.getTime() - at.getTime() : null;
          const demand = situation.demand.get(city.slug);
          return cityPriority(city, demand, age, situation.targetMs(city.tier)).score;
        });
    for (const { tdsp_duns, priority } of planned) {
      assert.equal(priority, Math.max(0, ...scores(tdsp_duns)));
    }
  }));

test('more demand, more age and a higher tier never make a city less urgent', () => {
  const city = (tier: number): Pick<City, 'tier' | 'name'> => ({ tier, name: 'Waco' });
  fc.assert(
    fc.property(demandOf, demandOf, ageMs, ageMs, fc.constantFrom(2, 3), (one, more, age, older, tier) => {
      const both = {
        searches: one.searches + more.searches,
        leads: one.leads + more.leads,
        conversions: one.conversions + more.conversions,
        anonymous: 0,
      };
      const score = (...given: Parameters<typeof cityPriority>) => cityPriority(...given).score;
      assert.ok(score(city(tier), both, age, HOUR_MS) >= score(city(tier), one, age, HOUR_MS));
      assert.ok(score(city(tier - 1), one, age, HOUR_MS) >= score(city(tier), one, age, HOUR_MS));
      const [young, old] = [age, older].toSorted((a, b) => (a ?? Infinity) - (b ?? Infinity));
      assert.ok(score(city(tier), one, old!, HOUR_MS) >= score(city(tier), one, young!, HOUR_MS));
      assert.ok(score(city(1), both, null, HOUR_MS) <= 900);
    }),
  );
});

test('a small town with many leads goes before a large city that nobody looks for', () => {
  const town = territory.cities.find(({ tier }) => tier === 3)!;
  const large = territory.cities.find(({ tier }) => tier === 1)!;
  const demand = { searches: 20, leads: 5, conversions: 1, anonymous: 0 };
  const { score, reason } = cityPriority(town, demand, 0, HOUR_MS);
  assert.ok(score > cityPriority(large, undefined, 0, HOUR_MS).score);
  assert.match(
    reason,
    /tier 3 100 \+ 20 searches, 5 leads, 1 conversion \d+ \+ 0 min since the last sync 0 = \d+/,
  );
});

test('strangers without number do not lift a hamlet above Houston, whatever is asked for in Houston', () => {
  const [houston, hamlet] = ['houston-tx', 'blue-ridge-tx'].map((slug) =>
    territory.cities.find((city) => city.slug === slug),
  ) as [(typeof territory.cities)[0], (typeof territory.cities)[0]];
  fc.assert(
    fc.property(demandOf, strangers, ageMs, (vouched, told, age) => {
      const alone = { ...told, anonymous: demandWeight(told) };
      const lifted = cityPriority(hamlet, alone, age, HOUR_MS).score;
      assert.ok(lifted < cityPriority(houston, undefined, age, HOUR_MS).score);
      const both = {
        searches: vouched.searches + told.searches,
        leads: vouched.leads + told.leads,
        conversions: vouched.conversions + told.conversions,
        anonymous: alone.anonymous,
      };
      const own = cityPriority(hamlet, vouched, age, HOUR_MS).score;
      assert.ok(cityPriority(hamlet, both, age, HOUR_MS).score <= Math.max(own + 1, lifted));
    }),
  );
});

test('strangers without number do not make the market of a hamlet count as much as that of Houston', () => {
  const weigh = (...demand: [slug: string, searches: number, anonymous: number][]) => {
    const bySlug = demand.map(
      ([slug, searches, anonymous]) => [slug, { searches, leads: 0, conversions: 0, anonymous }] as const,
    );
    return marketWeights(territory.cities, allDuns, new Map(bySlug));
  };
  const at = (name: string) =>
    allDuns.indexOf(territory.tdsps.find(({ short_name }) => short_name === name)!.duns);
  const slugIn = (duns: string) =>
    territory.cities.find(({ tier, tdsps }) => tier === 3 && tdsps[0] === duns)!.slug;
  const quiet = weigh();
  for (const [market, duns] of allDuns.entries()) {
    const crowd = weigh([slugIn(duns), 1e9, 1e9]);
    assert.ok(crowd[market]! <= Math.max(0.25, 1.25 * quiet[market]!) + 1e-9);
    for (const [other, weight] of crowd.entries())
      assert.ok(weight >= Math.min(quiet[other]!, Math.max(0.25, 0.75 * quiet[other]!)) - 1e-9);
  }
  const lubbock = slugIn(allDuns[at('LP&L')]!);
  assert.ok(weigh([lubbock, 1e9, 1e9])[at('LP&L')]! < weigh()[at('CenterPoint')]!);
  // What is vouched for decides, and strangers do not count beside it.
  assert.deepEqual(weigh([lubbock, 1e9, 1e9], ['houston-tx', 1, 0]), weigh(['houston-tx', 1, 0]));
  assert.ok(weigh([lubbock, 5, 0])[at('LP&L')]! > weigh()[at('CenterPoint')]!);
});

test('all 975 cities come down to six TDSPs', () => {
  const planned = planTargets(
    { cities: territory.cities, tdsps: [], force: false },
    {
      now,
      observedAt: new Map(),
      demand: new Map(),
      open: [],
      freshForMs: 0,
      wholeState: null,
      targetMs: () => HOUR_MS,
    },
  );
  assert.deepEqual(planned.map(({ tdsp_duns }) => tdsp_duns).toSorted(), allDuns.toSorted());
  assert.ok(planned.every(({ decision }) => decision === 'queued'));
});

test('a week under the default schedules makes fewer than seven calls an hour', () => {
  const { schedules, syncIntervalMs, freshnessTargetHours } = readConfig({});
  assert.deepEqual([schedules.priority, schedules.full], ['0 * * * *', '0 2 * * *']);
  const observedAt = new Map<string, Date>();
  const priority = territory.cities.filter(({ tier }) => tier === 1);
  let calls = 0;
  for (let hour = 0; hour < 7 * 24; hour++) {
    const kinds = hour % 24 === 2 ? [territory.cities, priority] : [priority];
    for (const [at, cities] of kinds.entries()) {
      const time = new Date(now.getTime() + hour * HOUR_MS + at * 3_000);
      const planned = planTargets(
        { cities, tdsps: [], force: false },
        {
          now: time,
          observedAt,
          demand: new Map(),
          open: [],
          freshForMs: syncIntervalMs / 2,
          targetMs: (tier) => freshnessTargetHours[tier as 1 | 2 | 3] * HOUR_MS,
          wholeState: null,
        },
      );
      for (const { tdsp_duns, decision } of planned) {
        if (decision !== 'queued') continue;
        calls += 1;
        observedAt.set(tdsp_duns, new Date(time.getTime() + 2_000));
      }
    }
  }
  // Every wires company serves a large city, so each hour needs all six; the full sync finds them fresh.
  assert.equal(calls / (7 * 24), 6);
});
