import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { makeDrafts } from '../../bench/drafts.ts';
import { UNKNOWN } from '../../src/plan/fields.ts';
import type { Plan, PlanDraft } from '../../src/plan/plan.ts';
import { readFirstVersionAfter } from '../../src/store/market/changes.ts';
import { readVersionsAt, rebuildPlanSet } from '../../src/store/plans/plan-revisions.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import { storable } from '../../src/store/postgres/copy.ts';
import { SnapshotHeldError } from '../../src/sync/publish/guard/guard.ts';
import { publish } from '../../src/sync/publish/publish.ts';
import { Publisher } from '../../src/sync/publish/publisher.ts';
import { assertLogTellsAll } from '../support/replay-log.ts';
import { allDuns, createTestDatabase, ONCOR } from '../support/support.ts';

const { database } = await createTestDatabase();
const CENTERPOINT = allDuns.find((duns) => duns !== ONCOR)!;

const PRODUCTS = ['Saver', 'Saver Plus', 'Free Nights', 'Basic'];
/** Two spellings of one provider, and another one. */
const PROVIDERS = ['Pecan Energy', 'PECAN ENERGY', 'Mesa Power'];

/** A record of an upstream, as far as it varies. */
interface Sold {
  id: string;
  product: number;
  provider: number;
  cents: number;
  /** Anything at all, NUL and halves of surrogate pairs included. */
  text: string;
  isExact: boolean;
}

function draftOf({ id, product, provider, cents, text, isExact }: Sold, tdsp_duns: string): PlanDraft {
  const name = PROVIDERS[provider]!;
  const component = {
    min_kwh: null,
    max_kwh: 1000,
    amount: cents / 100,
    is_per_kwh: true,
    is_tdsp_charge: false,
  };
  return {
    ...UNKNOWN,
    external_id: id,
    tdsp_duns,
    provider: { name, legal_name: `${name} LLC`, puct_number: null, phone: null },
    name: PRODUCTS[product]!,
    term_months: 12,
    percent_green: cents % 100,
    rates_cents_per_kwh: { 500: null, 1000: cents / 10, 2000: cents / 10 - 1 },
    price_components: isExact ? [{ ...component, is_compound: false, is_percentage: false }] : null,
    early_termination_fee_usd: 150.5,
    is_prepaid: isExact,
    fees_text: text,
    promotion: text,
    documents: { efl: 'https://a.example/efl', tos: null, yrac: null },
    translations: isExact
      ? {
          es: {
            name: text,
            fees_text: null,
            special_terms: null,
            documents: { efl: null, tos: null, yrac: null },
            enroll_url: null,
          },
        }
      : {},
  };
}

/** What an upstream sends at one time. */
interface Sent {
  duns: string;
  sold: Sold[];
  rejected: (string | null)[];
  force: boolean;
}

const ids = ['a', 'b', 'c', 'd', 'e', 'f', 'g'];
const sold = fc.record({
  id: fc.constantFrom(...ids),
  product: fc.nat(PRODUCTS.length - 1),
  provider: fc.nat(PROVIDERS.length - 1),
  cents: fc.constantFrom(90, 101, 123, 145),
  text: fc.oneof(fc.constantFrom('base charge', '5 % off'), fc.string({ unit: 'binary' })),
  isExact: fc.boolean(),
});
const sent: fc.Arbitrary<Sent> = fc
  .record({
    duns: fc.constantFrom(ONCOR, ONCOR, CENTERPOINT),
    sold: fc.uniqueArray(sold, { selector: ({ id }) => id, minLength: 1, maxLength: ids.length }),
    rejected: fc.array(fc.constantFrom(...ids, null), { maxLength: 2 }),
    force: fc.boolean(),
  })
  .map((all) => ({ ...all, sold: all.sold.filter(({ id }) => !all.rejected.includes(id)) }));

let clock = Date.parse('2026-06-01T00:00:00Z');

async function send({ duns, sold, rejected, force }: Sent): Promise<void> {
  clock += 60_000;
  const now = new Date(clock);
  const plans = sold.map((one) => draftOf(one, duns));
  const from = { source: 'sandbox', origin: 'test', observed_at: now, run_id: 1 };
  await publish(
    database,
    { tdsp_duns: duns, plans, rejected, ...from },
    { now, cacheTtlMs: 3_600_000, passed_as: force ? 'overridden' : 'judged' },
  ).catch((error) => {
    if (!(error instanceof SnapshotHeldError)) throw error;
  });
}

const text = (plans: readonly Plan[]) => JSON.stringify(plans);

async function emptied(): Promise<void> {
  await database.pool.query(
    'truncate electricity_plans, plan_revisions, offers, providers, plan_price_history, plan_snapshots, plan_cache, market_events, held_snapshots cascade',
  );
}

test('every version that was ever served can be rebuilt to the byte, and follows from the event log', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(sent, { minLength: 2, maxLength: 9 }), async (all) => {
      await emptied();
      /** By TDSP and version: what readers got then, and when that was. */
      const served = new Map<string, { plans: string; at: Date }>();
      for (const one of all) {
        await send(one);
        for (const duns of [ONCOR, CENTERPOINT]) {
          const set = await readActivePlanSet(database.pool, duns);
          if (!set) continue;
          const key = `${duns} ${set.version}`;
          const before = served.get(key);
          // What a publish of another TDSP does to shared providers must not show.
          if (before) assert.equal(text(set.plans), before.plans);
          else served.set(key, { plans: text(set.plans), at: new Date(clock) });
        }
      }
      for (const [key, { plans, at }] of served) {
        const [duns, version] = key.split(' ') as [string, string];
        const set = await rebuildPlanSet(database.pool, duns, Number(version));
        assert.ok(set !== null && set !== 'not_kept', `${key} is ${set}`);
        assert.equal(text(set.plans), plans);
        const [then] = await readVersionsAt(database.pool, [duns], at);
        assert.equal(then?.version, Number(version));
      }
      assert.equal(await assertLogTellsAll(database.pool), served.size);
    }),
    { numRuns: 60 },
  );
});

test('several publishes of one TDSP at once become versions one after the other, each whole', async () => {
  await emptied();
  const some = (cents: number): Sent => ({
    duns: ONCOR,
    sold: ids.map((id, product) => ({
      id,
      product: product % PRODUCTS.length,
      provider: 0,
      cents: cents + product,
      text: '',
      isExact: true,
    })),
    rejected: [],
    force: true,
  });
  // Also the first one: there is no snapshot yet that they could wait for.
  await Promise.all([90, 100].map((cents) => send(some(cents))));
  await Promise.all([110, 120, 130].map((cents) => send(some(cents))));
  const { rows } = await database.pool.query<{ version: number }>(
    'select version from plan_snapshots where tdsp_duns = $1 order by version',
    [ONCOR],
  );
  assert.deepEqual(
    rows.map(({ version }) => version),
    [1, 2, 3, 4, 5],
  );
  const seen = new Set<string>();
  for (const { version } of rows) {
    const set = await rebuildPlanSet(database.pool, ONCOR, version);
    assert.ok(set !== null && set !== 'not_kept', `version ${version} is ${set}`);
    const base = Math.round(set.plans[0]!.rates_cents_per_kwh[1000]! * 10);
    // All of one publish and nothing of another.
    assert.deepEqual(
      set.plans.map((plan) => Math.round(plan.rates_cents_per_kwh[1000]! * 10) - base),
      [0, 1, 2, 3, 4, 5, 6],
    );
    seen.add(String(base));
  }
  assert.equal(seen.size, 5);
});

test('a snapshot that is published late, with a clock that is behind, does not seem to have been there before', async () => {
  await emptied();
  const one = { id: 'a', product: 0, provider: 0, cents: 90, text: '', isExact: true };
  await send({ duns: ONCOR, sold: [one], rejected: [], force: false });
  const [first] = await readVersionsAt(database.pool, [ONCOR], new Date(clock));
  clock -= 300_000;
  await send({ duns: ONCOR, sold: [{ ...one, cents: 101 }], rejected: [], force: false });
  clock += 300_000;
  assert.deepEqual(
    await readVersionsAt(database.pool, [ONCOR], new Date(first!.published_at.getTime() - 1)),
    [],
  );
  const [then] = await readVersionsAt(database.pool, [ONCOR], first!.published_at);
  assert.equal(then?.version, 1);
  const [next] = await readVersionsAt(database.pool, [ONCOR], new Date(first!.published_at.getTime() + 1));
  assert.equal(next?.version, 2);
});

test('a version that a clock ahead by a day put into the future is never what was current then, nor passed over', async () => {
  await emptied();
  const one = { id: 'a', product: 0, provider: 0, cents: 90, text: '', isExact: true };
  const publishAt = async (hours: number, cents: number) => {
    clock += hours * 3_600_000;
    await send({ duns: ONCOR, sold: [{ ...one, cents }], rejected: [], force: true });
    return new Date(clock);
  };
  const first = await publishAt(0, 90);
  const ahead = await publishAt(25, 101);
  const third = await publishAt(-24, 123);
  const fourth = await publishAt(1, 145);
  const current = async (time: Date, after: number) =>
    (await readVersionsAt(database.pool, [ONCOR], new Date(time.getTime() + after)))[0]?.version;
  assert.deepEqual(
    await Promise.all([current(first, 1), current(third, 1), current(fourth, 1), current(ahead, 1)]),
    [1, 3, 4, 4],
  );
  const next = (time: Date, after: number) =>
    readFirstVersionAfter(database.pool, ONCOR, new Date(time.getTime() + after));
  assert.deepEqual(
    await Promise.all([next(first, -1), next(first, 0), next(third, 1), next(fourth, 1), next(ahead, 1)]),
    [1, 2, 4, 5, 5],
  );
  clock = ahead.getTime();
});

test('a set of which somebody changed a row by hand is not handed out, and a version that never was is none', async () => {
  await emptied();
  const one = { id: 'a', product: 0, provider: 0, cents: 90, text: '', isExact: true };
  await send({ duns: ONCOR, sold: [one], rejected: [], force: false });
  await database.pool.query('update electricity_plans set rate_1000kwh = rate_1000kwh + 1');
  assert.equal(await rebuildPlanSet(database.pool, ONCOR, 1), 'not_kept');
  assert.equal(await rebuildPlanSet(database.pool, ONCOR, 9), null);
});

test('in an emergency nothing is published or confirmed', async () => {
  await emptied();
  const one = { id: 'a', product: 0, provider: 0, cents: 90, text: '', isExact: true };
  const at = (cents: number): Sent => ({ duns: ONCOR, sold: [{ ...one, cents }], rejected: [], force: true });
  await send(at(90));
  const state = async () =>
    (await database.pool.query('select version, observed_at from plan_snapshots')).rows;
  const before = await state();
  await database.pool.query("update sync_control set state = 'emergency'");
  for (const cents of [90, 101]) await assert.rejects(send(at(cents)), { code: 'sync_halted' });
  assert.deepEqual(await state(), before);
  await database.pool.query("update sync_control set state = 'running'");
  await send(at(101));
  assert.equal((await state()).length, 2);
});

test('many plans at once are stored as they were sent, whatever stands in their texts', async () => {
  const special = fc.constantFrom('NULL', '{}', '"', '\\', ',', '{"a",NULL}', '\t\n', '', ' ');
  const texts = fc.array(fc.oneof(special, fc.string({ unit: 'binary' })), { minLength: 45, maxLength: 60 });
  await fc.assert(
    fc.asyncProperty(texts, async (all) => {
      await emptied();
      const sold = all.map((text, n) => ({
        id: `${n}`,
        product: n % PRODUCTS.length,
        provider: n % PROVIDERS.length,
        cents: 90 + n,
        text,
        isExact: n % 2 === 0,
      }));
      await send({ duns: ONCOR, sold, rejected: [], force: true });
      const set = (await readActivePlanSet(database.pool, ONCOR))!;
      for (const plan of set.plans) {
        const sent = draftOf(sold[Number(plan.external_id)]!, ONCOR);
        const { fees_text, translations, price_components, percent_green } = storable(sent);
        assert.deepEqual(
          [plan.fees_text, plan.translations, plan.price_components, plan.percent_green],
          [fees_text, translations, price_components, percent_green],
        );
      }
      const rebuilt = await rebuildPlanSet(database.pool, ONCOR, set.version);
      assert.ok(rebuilt !== null && rebuilt !== 'not_kept');
      assert.equal(text(rebuilt.plans), text(set.plans));
    }),
    { numRuns: 15 },
  );
});

test('a market that grows while it is published is known to the planner as it grows', async () => {
  const { database: fresh } = await createTestDatabase();
  const known = async (): Promise<number> =>
    (await fresh.pool.query("select reltuples::int as n from pg_class where relname = 'electricity_plans'"))
      .rows[0].n;
  await fresh.pool.query('alter table electricity_plans set (autovacuum_enabled = false)');
  const publisher = new Publisher({ database: fresh, cacheTtlMs: 7_200_000, tuneDatabase: true });
  const send = async (tdsp_duns: string, plans: PlanDraft[]) => {
    const from = {
      source: 'sandbox',
      origin: 'test',
      payload_hash: null,
      validators: null,
      by: 'sync',
    } as const;
    const fetched = { tdsp_duns, plans, rejections: [] };
    const outcome = await publisher.publishFetched(
      fetched,
      { ...from, observed_at: new Date() },
      { run_id: 1, base: null },
    );
    assert.equal(outcome.status, 'published', outcome.message ?? '');
  };
  await send(allDuns[0]!, makeDrafts(allDuns[0]!, 400, 1));
  assert.equal(await known(), -1, 'what is small is planned for well enough');
  await send(allDuns[1]!, makeDrafts(allDuns[1]!, 400, 2));
  assert.equal(await known(), 800);
  await send(allDuns[2]!, makeDrafts(allDuns[2]!, 700, 3));
  assert.equal(await known(), 800);
  await send(allDuns[3]!, makeDrafts(allDuns[3]!, 100, 4));
  assert.equal(await known(), 1_600, 'twice as many as before');
});
