/** The guard end to end: a file is read, judged and published into PostgreSQL, and then comes the next one. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GuardedPlan } from '../../src/store/plans/guarded-plans.ts';
import { readHeld } from '../../src/store/plans/held-snapshots.ts';
import { rebuildPlanSet } from '../../src/store/plans/plan-revisions.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { readCurrentSnapshot } from '../../src/store/plans/snapshots.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { publishHeld } from '../../src/sync/publish/decide.ts';
import { openApi } from '../support/api.ts';
import { toExport } from '../support/export-file.ts';
import { FedMarket, isTaken, sendDamaged } from '../support/fed-market.ts';
import type { State } from '../support/invented-market.ts';
import { MUTATIONS } from '../support/market-mutations.ts';
import { createTestDatabase, ONCOR, wattsync } from '../support/support.ts';

const { database, url: DATABASE_URL } = await createTestDatabase();
const { get } = openApi(database);

/** Nothing was ever published. */
async function emptied(): Promise<Database> {
  await database.pool.query(
    `truncate plan_snapshots, electricity_plans, plan_revisions, plan_price_history, offers, providers, plan_cache,
       held_snapshots, quarantined_records, sync_results cascade`,
  );
  return database;
}
const eachPlan = (state: State, change: (plan: GuardedPlan) => GuardedPlan): State =>
  new Map([...state].map(([duns, plans]) => [duns, plans.map(change)]));
const inOncor = async () => (await readActivePlanSet(database.pool, ONCOR))!;
const greenOf = ({ plans }: { plans: readonly { name: string; percent_green: number | null }[] }) =>
  new Map(plans.map(({ name, percent_green }) => [name, percent_green]));

test('damage of many kinds is held or repaired, and the honest file after it is published without help', async (t) => {
  // Every ninth; all of them: npm run bench -- guard.
  const kinds = Object.keys(MUTATIONS).filter((_, at) => at % 9 === 2);
  await FedMarket.on(await emptied(), async (market) => {
    const found = await sendDamaged(market, kinds);
    t.diagnostic(kinds.join(', '));
    assert.deepEqual(
      found,
      kinds.map((kind) => ({ kind, passed: 0, stuck: [] })),
    );
  });
});

test('a field that came empty for all plans is kept from before, told so, and can be published as it came', () =>
  emptied().then((empty) =>
    FedMarket.on(empty, async (market) => {
      await market.send(market.state);
      const before = greenOf(await inOncor());
      const blank = () => eachPlan(market.honestDay(), (plan) => ({ ...plan, percent_green: null }));
      const outcome = (await market.send(blank())).get(ONCOR)!;
      assert.equal(outcome.status, 'published');
      assert.match(outcome.message!, /percent_green kept as before: .*lack percent_green/);
      const kept = await inOncor();
      assert.deepEqual(kept.kept_fields, ['percent_green']);
      const { body } = await get('/v1/plans?city=dallas-tx&limit=1');
      assert.deepEqual(body.meta.kept_fields, ['percent_green']);
      for (const { name, percent_green } of kept.plans) {
        assert.equal(percent_green, before.get(name) ?? null, name);
      }
      // The same once more changes nothing, and a later version rebuilt from history says so, too.
      const again = eachPlan(market.state, (plan) => ({ ...plan, percent_green: null }));
      assert.equal((await market.send(again)).get(ONCOR)!.status, 'unchanged');
      const rebuilt = await rebuildPlanSet(database.pool, ONCOR, kept.version);
      assert.ok(rebuilt !== null && rebuilt !== 'not_kept');
      assert.deepEqual(rebuilt.kept_fields, ['percent_green']);
      const status = JSON.parse((await wattsync(['sync', 'status', '--json'], { DATABASE_URL })).stdout);
      const [told] = status.problems.filter(({ check }: { check: string }) => check === 'held');
      assert.match(told.reading, /as they were before: .*Oncor \(percent_green\)/);
      const list = await wattsync(['held'], { DATABASE_URL });
      assert.match(list.stdout, /Oncor: .* \(published, with percent_green as before\), look/);
      const shown = await wattsync(['held', 'show', 'ONCOR', '--json'], { DATABASE_URL });
      assert.ok(JSON.parse(shown.stdout).difference.changed.length > 20, shown.stdout.slice(0, 300));
      // Its body is read as it was published, what was kept then included.
      const replayed = await wattsync(['replay', '--snapshot', `ONCOR@${kept.version}`, '--json'], {
        DATABASE_URL,
      });
      const [one] = JSON.parse(replayed.stdout).replays;
      assert.deepEqual(
        [one.status, one.message],
        ['same', 'kept from an earlier version: percent_green'],
        replayed.stdout.slice(0, 500),
      );
      // The good file comes back by itself.
      assert.ok(isTaken((await market.send(market.honestDay())).get(ONCOR)!));
      assert.equal((await inOncor()).kept_fields, undefined);
      assert.deepEqual(await readHeld(database.pool), []);
      // What came empty may be right: an operator says so.
      await market.send(blank());
      const { publisher } = market;
      const published = await publishHeld({ database, publisher, tdsp_duns: ONCOR, by: 'test' });
      assert.equal(published!.status, 'published');
      assert.deepEqual(new Set(greenOf(await inOncor()).values()), new Set([null]));
      assert.ok(isTaken((await market.send(blank())).get(ONCOR)!));
    }),
  ));

test('fee texts that went missing for the whole market stay as they were told', () =>
  emptied().then((empty) =>
    FedMarket.on(empty, async (market) => {
      const textOf = (name: string) => `A credit of $50 from 1000 kWh of usage for ${name}`;
      const texts = eachPlan(market.state, (plan) => ({ ...plan, fees_text: textOf(plan.name) }));
      await market.send(texts);
      const told = new Set((await inOncor()).plans.map(({ fees_text }) => fees_text));
      assert.ok(told.size > 50 && !told.has(null), `${told.size} texts`);
      const blank = () => eachPlan(market.honestDay(), (plan) => ({ ...plan, fees_text: null }));
      // A second day is compared with what was kept on the first.
      for (const day of [1, 2]) {
        const outcome = (await market.send(blank())).get(ONCOR)!;
        assert.match(outcome.message!, /fees_text kept as before: .*lack fees_text/, `day ${day}`);
        const { plans, kept_fields } = await inOncor();
        assert.deepEqual(kept_fields, ['fees_text']);
        for (const { name, fees_text } of plans) {
          assert.ok(fees_text === null || fees_text === textOf(name), `${name}: ${fees_text}`);
        }
        assert.ok(plans.filter(({ fees_text }) => fees_text !== null).length > plans.length * 0.9);
      }
    }),
  ));

test('a wrong first file gives way to two later ones that agree with each other, a bad one that repeats does not', () =>
  emptied().then((empty) =>
    FedMarket.on(empty, async (market) => {
      const wrong = MUTATIONS['all prices × 1.5']!(market.state);
      assert.ok(isTaken((await market.send(wrong)).get(ONCOR)!));
      assert.equal((await market.send(market.honestDay())).get(ONCOR)!.status, 'held');
      const good = await market.send(market.honestDay());
      assert.ok([...good.values()].every(isTaken), JSON.stringify([...good]));
      assert.equal((await market.send(market.honestDay())).get(ONCOR)!.status, 'published');
      const bad = MUTATIONS['all prices × 0.7']!(market.state);
      for (let day = 0; day < 4; day++) assert.equal((await market.send(bad)).get(ONCOR)!.status, 'held');
      assert.ok(isTaken((await market.send(market.honestDay())).get(ONCOR)!));
    }),
  ));

test('an old file is held, and published if it stays for longer than what came between', () =>
  emptied().then((empty) =>
    FedMarket.on(empty, async (market) => {
      const first = toExport(market.state);
      await market.send(first);
      const between = toExport(market.honestDay());
      await market.send(between);
      await market.send(between, 2);
      const { content_hash } = (await readCurrentSnapshot(database.pool, ONCOR))!;
      assert.equal((await market.send(first, 1)).get(ONCOR)!.status, 'held');
      assert.equal((await market.send(first, 1)).get(ONCOR)!.status, 'held');
      assert.equal((await readCurrentSnapshot(database.pool, ONCOR))!.content_hash, content_hash);
      assert.ok(isTaken((await market.send(first, 2)).get(ONCOR)!));
    }),
  ));

test('plans under a name that no TDSP has are not gone, and the name is told', () =>
  emptied().then((empty) =>
    FedMarket.on(empty, async (market) => {
      await market.send(market.state);
      const before = await inOncor();
      const some = (share: number) => {
        let at = 0;
        const renamed = toExport(market.state)
          .toString()
          .replaceAll('"ONCOR ELECTRIC DELIVERY COMPANY"', (name) =>
            at++ % 10 < share * 10 ? '"ONCOR DIVISION"' : name,
          );
        return market.send(Buffer.from(renamed));
      };
      const few = (await some(0.2)).get(ONCOR)!;
      assert.ok(few.plans!.rejected > 10 && few.plans!.deactivated === 0, JSON.stringify(few));
      assert.equal((await inOncor()).plans.length, before.plans.length);
      for (const share of [0.5, 1]) {
        const held = (await some(share)).get(ONCOR)!;
        assert.equal(held.status, 'held');
        assert.match(held.message!, /"ONCOR DIVISION", which is not the name of a TDSP/);
        assert.doesNotMatch(held.message!, /no plans at all/);
      }
      assert.equal((await inOncor()).plans.length, before.plans.length);
    }),
  ));
