/** Offers followed through recorded markets where the recordings are at hand, and through invented ones always. */

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'csv-parse/sync';
import { UNKNOWN } from '../../src/plan/fields.ts';
import { offerKey } from '../../src/plan/offer.ts';
import type { PlanDraft } from '../../src/plan/plan.ts';
import { parsePowerToChoose } from '../../src/sources/powertochoose/normalise.ts';
import { readTerritory } from '../../src/store/territory.ts';
import { MarketMemory } from '../support/market-memory.ts';

const recorded = (path: string) => fileURLToPath(new URL(`../../../shared/data/${path}`, import.meta.url));

function draft(external_id: string, some: Partial<PlanDraft> & { cents?: number[] } = {}): PlanDraft {
  const { cents = [15, 14, 13], ...fields } = some;
  return {
    ...UNKNOWN,
    external_id,
    tdsp_duns: '1039940674000',
    provider: { name: 'Pecan Energy', legal_name: null, puct_number: null, phone: null },
    name: 'Saver 12',
    term_months: 12,
    rates_cents_per_kwh: { 500: cents[0]!, 1000: cents[1]!, 2000: cents[2]! },
    ...fields,
  };
}

interface RecordedId {
  tdsp: string;
  state: string;
  id: string;
  provider: string;
  name: string;
  term: string;
  rate_500: string;
  rate_1000: string;
  rate_2000: string;
  etf: string;
  green: string;
}

const COMPAREPOWER = recorded('comparepower/ids-2025.csv');

function toDraft(row: RecordedId): PlanDraft {
  const cents = (usd: string) => Math.round(Number(usd) * 100_000) / 1_000;
  return draft(row.id, {
    tdsp_duns: row.tdsp,
    provider: { name: row.provider, legal_name: null, puct_number: null, phone: null },
    name: row.name,
    term_months: Number(row.term),
    cents: [cents(row.rate_500), cents(row.rate_1000), cents(row.rate_2000)],
    early_termination_fee_usd: Number(row.etf),
    percent_green: Number(row.green),
  });
}

if (existsSync(COMPAREPOWER)) {
  const rows = parse<RecordedId>(readFileSync(COMPAREPOWER), { columns: true });
  const keyOf = ({ provider, name, term }: RecordedId) => [provider, name, term].join('|');

  test('ComparePower 2025: every re-pricing is linked, and no product continues another', () => {
    let pairs = 0;
    let repriced = 0;
    const unlinked: string[] = [];
    const products = new Map<string, Set<string>>();
    for (const [tdsp, ofTdsp] of Map.groupBy(rows, ({ tdsp }) => tdsp)) {
      const memory = new MarketMemory();
      let before = new Map<string, { row: RecordedId; offer: string }[]>();
      for (const [, sent] of Map.groupBy(ofTdsp, ({ state }) => state)) {
        memory.publish(sent.map(toDraft));
        const now = Map.groupBy(
          sent.map((row) => ({ row, offer: memory.offerOf(row.id)! })),
          ({ row }) => keyOf(row),
        );
        for (const [key, [one, ...twins]] of now) {
          const product = `${tdsp} ${one!.offer}`;
          products.set(product, (products.get(product) ?? new Set()).add(key));
          const [was, ...others] = before.get(key) ?? [];
          if (!was || twins.length > 0 || others.length > 0) continue;
          pairs++;
          if (was.row.id !== one!.row.id) repriced++;
          if (was.offer !== one!.offer) unlinked.push(product);
        }
        before = now;
      }
    }
    assert.deepEqual(unlinked, []);
    assert.ok(pairs > 400 && repriced > 250, `${pairs} pairs, ${repriced} new ids`);
    assert.deepEqual(
      [...products.values()].filter((keys) => keys.size > 1),
      [],
    );
  });

  test('ComparePower 2025: whichever two recordings follow each other, the offers are the same', () => {
    let pairs = 0;
    for (const ofTdsp of Map.groupBy(rows, ({ tdsp }) => tdsp).values()) {
      const states = [...Map.groupBy(ofTdsp, ({ state }) => state).values()];
      for (const [at, before] of states.entries()) {
        for (const after of states.slice(at + 1)) {
          const memory = new MarketMemory();
          memory.publish(before.map(toDraft));
          const was = Map.groupBy(before, keyOf);
          const offers = new Map(before.map(({ id }) => [id, memory.offerOf(id)]));
          memory.publish(after.map(toDraft));
          for (const [key, [one, ...twins]] of Map.groupBy(after, keyOf)) {
            const [earlier, ...others] = was.get(key) ?? [];
            if (!earlier || twins.length + others.length > 0) continue;
            assert.equal(memory.offerOf(one!.id), offers.get(earlier.id), key);
            pairs++;
          }
        }
      }
    }
    assert.ok(pairs > 700, `${pairs} pairs`);
  });

  test('ComparePower 2025: of the twin "Luminous 12" the dearer one goes on', () => {
    const memory = new MarketMemory();
    const oncor = Map.groupBy(
      rows.filter(({ tdsp }) => tdsp === 'ONCOR'),
      ({ state }) => state,
    );
    const twinsOf = (state: string) =>
      oncor
        .get(state)!
        .filter(({ name }) => name === 'Luminous 12')
        .toSorted((a, b) => Number(a.rate_1000) - Number(b.rate_1000));
    for (const state of ['A', 'B']) memory.publish(oncor.get(state)!.map(toDraft));
    const [cheap, dear] = twinsOf('B').map(({ id }) => memory.offerOf(id));
    memory.publish(oncor.get('C')!.map(toDraft));
    const left = twinsOf('C').map(({ id }) => memory.offerOf(id));
    assert.notEqual(cheap, dear);
    assert.deepEqual(left, [dear]);
  });
}

const DAYS = ['13', '14', '15', '16', '17', '20'].map((day) =>
  recorded(`raw/ptc-rebuilt-2026-01-${day}.csv`),
);

if (DAYS.every((path) => existsSync(path))) {
  const territory = readTerritory();
  const { tdsps } = territory;
  const days = DAYS.map((path) =>
    parsePowerToChoose(readFileSync(path), {
      duns: tdsps.map(({ duns }) => duns),
      tdspByName: (name) => territory.tdspByFeedName(name)?.duns,
    }),
  );

  test('Power to Choose, January 2026: a stable id is one offer, and 23 re-used ids are two', () => {
    let followed = 0;
    let reused = 0;
    const wrong: string[] = [];
    for (const { duns } of tdsps) {
      const memory = new MarketMemory();
      const seen = new Map<string, { plan: PlanDraft; offer: string }>();
      for (const day of days) {
        const { plans } = day.tdsps.find(({ tdsp_duns }) => tdsp_duns === duns)!;
        memory.publish(plans);
        assert.equal(new Set(plans.map(({ external_id }) => memory.offerOf(external_id))).size, plans.length);
        for (const plan of plans) {
          const { external_id } = plan;
          const offer = memory.offerOf(external_id)!;
          const before = seen.get(external_id);
          const isOther = before !== undefined && offerKey(before.plan) !== offerKey(plan);
          if (isOther) reused++;
          else if (before) followed++;
          if (before && isOther === (before.offer === offer)) wrong.push(`${external_id} ${plan.name}`);
          seen.set(external_id, { plan, offer });
        }
      }
    }
    assert.deepEqual(wrong, []);
    assert.equal(reused, 23);
    assert.ok(followed > 4_000, `${followed} followed`);
  });
}

test('twins that both get new ids keep their order when both move up beyond the old price of the other', () => {
  const memory = new MarketMemory();
  memory.publish([draft('a', { cents: [11, 10, 9] }), draft('b', { cents: [12, 11, 10] })]);
  const [cheap, dear] = [memory.offerOf('a'), memory.offerOf('b')];
  // Taken one by one, the old dear price would meet the new cheap one first.
  memory.publish([draft('d', { cents: [13.1, 12.1, 11.1] }), draft('c', { cents: [12, 11, 10] })]);
  assert.deepEqual([memory.offerOf('c'), memory.offerOf('d')], [cheap, dear]);
});

test('twins at one price go on in the order of their ids, in whatever order the upstream lists them', () => {
  const memory = new MarketMemory();
  memory.publish([draft('a'), draft('b'), draft('c')]);
  const offers = ['a', 'b', 'c'].map((id) => memory.offerOf(id));
  memory.publish([draft('f'), draft('d'), draft('e')]);
  assert.deepEqual(
    ['d', 'e', 'f'].map((id) => memory.offerOf(id)),
    offers,
  );
  assert.deepEqual(memory.history, []);
});

test('a corrected term under one id is one offer with a changed term, under later ids, too', () => {
  const memory = new MarketMemory();
  memory.publish([draft('a', { name: 'Better Rate - 5', term_months: 6 })]);
  const offer = memory.offerOf('a');
  memory.publish([draft('a', { name: 'Better Rate - 5', term_months: 5, cents: [14, 13, 12] })]);
  assert.equal(memory.offerOf('a'), offer);
  const term = memory.history.find(({ field }) => field === 'term_months')!;
  assert.deepEqual([term.event, term.from_value, term.to_value], ['changed', 6, 5]);
  memory.publish([draft('b', { name: 'Better Rate - 5', term_months: 5, cents: [14.5, 13.5, 12.5] })]);
  assert.equal(memory.offerOf('b'), offer);
  assert.ok(memory.history.every(({ event }) => event === 'changed'));
});

test('a term corrected under a new id is one offer, two terms of one product are two', () => {
  const memory = new MarketMemory();
  memory.publish([
    draft('a', { name: 'Better Rate - 5', term_months: 6 }),
    draft('b', { name: 'Free Nights', term_months: 12 }),
    draft('c', { name: 'Simple 12', term_months: 12 }),
  ]);
  const [better, free, simple] = ['a', 'b', 'c'].map((id) => memory.offerOf(id));
  memory.publish([
    draft('d', { name: 'Better Rate - 5', term_months: 5, cents: [15.2, 14.2, 13.2] }),
    draft('e', { name: 'Free Nights', term_months: 24 }),
    draft('f', { name: 'Simple 24', term_months: 24 }),
  ]);
  assert.equal(memory.offerOf('d'), better);
  assert.notEqual(memory.offerOf('e'), free);
  assert.notEqual(memory.offerOf('f'), simple);
  const [change] = memory.history.filter(({ field }) => field === 'term_months');
  assert.deepEqual([change?.event, change?.from_value, change?.to_value], ['changed', 6, 5]);
});
