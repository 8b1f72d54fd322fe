/** No bill is called exact that another arithmetic says is another one: at every usage from 1 to 3,000 kWh. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { regretsOf } from '../../bench/regrets.ts';
import { billCurve } from '../../src/plan/bill/bill.ts';
import { offerKey } from '../../src/plan/offer.ts';
import type { Plan, PlanDraft } from '../../src/plan/plan.ts';
import { yearOf } from '../../src/plan/profiles/year.ts';
import { rememberedText } from '../../src/plan/told-text.ts';
import { parsePowerToChoose } from '../../src/sources/powertochoose/normalise.ts';
import { usageProfiles } from '../../src/store/profiles.ts';
import { readTerritory } from '../../src/store/territory.ts';
import { readPlainly } from './plain-reading.ts';

const MOST_KWH = 3000;
const PUBLISHED = [500, 1000, 2000] as const;

interface Invented {
  text: string;
  base: number;
  cents: number;
  steps: [usd: number, from: number, to: number | null][];
  is_known: boolean;
}
const invented: Invented[] = JSON.parse(
  readFileSync(new URL('../fixtures/stated-bills.json', import.meta.url), 'utf8'),
);

for (const { text, base, cents, steps, is_known } of invented) {
  test(`exact only where it is true: ${text}`, () => {
    const truth = (usage: number) =>
      base +
      (cents / 100) * usage +
      steps.reduce((sum, [usd, from, to]) => sum + (usage >= from && usage <= (to ?? Infinity) ? usd : 0), 0);
    const rate = (usage: number) => Math.round((truth(usage) / usage) * 1000) / 10;
    const curve = billCurve({
      name: 'Invented 12',
      fees_text: text,
      special_terms: null,
      price_components: null,
      is_time_of_use: false,
      has_minimum_usage_fee: null,
      has_fees_or_credits: null,
      rates_cents_per_kwh: { 500: rate(500), 1000: rate(1000), 2000: rate(2000) },
    });
    for (let usage = 1; usage <= MOST_KWH; usage++) {
      const { exact, total_usd, evidence, low_usd, high_usd } = curve.at(usage);
      const error = Math.abs(total_usd! - truth(usage));
      if (exact) assert.ok(error <= 1.01, `${total_usd} at ${usage} kWh, and not ${truth(usage)}`);
      else if (evidence !== 'estimate') assert.ok(error <= 2.5, `${total_usd} at ${usage} kWh`);
      assert.ok(low_usd! <= total_usd! && total_usd! <= high_usd!);
    }
    assert.equal(curve.evidence !== 'estimate', is_known);
  });
}

/** Real exports: those that come with the program, and more where they lie beside the repository. */
const FIXTURES = new URL('../fixtures/', import.meta.url);
const DATA = new URL('../../../shared/data/', import.meta.url);
const filesIn = (folder: URL) =>
  existsSync(folder)
    ? readdirSync(folder)
        .filter((name) => /^(?:oncor|powertochoose-2|ptc-raw|ptc-rebuilt)/.test(name))
        .map((name) => new URL(name, folder))
    : [];
const dayOf = ({ pathname }: URL) => /\d{4}-\d\d(?:-\d\d)?/.exec(pathname)![0];
const FILES = [FIXTURES, new URL('plans/', DATA), new URL('raw/', DATA)].flatMap((folder) =>
  filesIn(folder).toSorted((a, b) => (dayOf(a) < dayOf(b) ? -1 : 1)),
);
const territory = readTerritory();
const seen = new Set<string>();

type Told = PlanDraft & Pick<Plan, 'remembered_text'>;
/** By offer, as it was told last. */
const before = new Map<string, Told & { last_told_at: Date }>();

/** As they are stored once the files before were published. */
function plansOf(path: URL): Told[] {
  const bytes = readFileSync(path);
  const duns = territory.tdsps.map((tdsp) => tdsp.duns);
  const tdspByName = (name: string, year: number | null) => territory.tdspByFeedName(name, year)?.duns;
  const drafts = parsePowerToChoose(bytes, { duns, tdspByName }).tdsps.flatMap(({ plans }) => plans);
  return drafts.map((draft) => {
    const key = `${draft.tdsp_duns} ${offerKey(draft)}`;
    const past = before.get(key);
    const plan = { ...draft, remembered_text: past ? rememberedText(draft, past) : null };
    before.set(key, { ...plan, last_told_at: new Date(dayOf(path)) });
    return plan;
  });
}

for (const file of FILES) {
  test(`no false exact bill in ${file.pathname.split('/').at(-1)}`, () => {
    let checked = 0;
    for (const plan of plansOf(file)) {
      const [a, b, c] = PUBLISHED.map((usage) => plan.rates_cents_per_kwh[usage]);
      if (a == null || b == null || c == null) continue;
      const { fees_text, special_terms } = plan.remembered_text ?? plan;
      const texts = [fees_text, special_terms];
      const plain = readPlainly(texts, [a * 5, b * 10, c * 20]);
      if (!plain) continue;
      checked += 1;
      // What an earlier file had in the same words at the same prices was checked there.
      const key = JSON.stringify([a, b, c, ...texts, plan.name, plan.is_time_of_use]);
      if (seen.has(key)) continue;
      seen.add(key);
      const curve = billCurve(plan);
      for (let usage = 1; usage <= MOST_KWH; usage++) {
        if (curve.certainty(usage) !== 'exact') continue;
        const error = Math.abs(curve.usd(usage)! - plain(usage));
        assert.ok(
          error <= 2.2,
          `${plan.provider.name}, ${plan.name}: ${curve.usd(usage)} at ${usage} kWh, not ${plain(usage)}`,
        );
      }
    }
    assert.ok(checked > 100, `${checked} plans could be checked`);
  });
}

const oncor = () => plansOf(new URL('oncor-2026-07-20.csv', FIXTURES));

test('a year at the average Texas home meets the figures of another arithmetic', () => {
  const house = usageProfiles().get('house')!;
  assert.equal(
    house.months_kwh.reduce((sum, kwh) => sum + kwh),
    13_594,
  );
  const known = oncor()
    .filter((one) => one.rate_type === 'fixed' && one.term_months! >= 12)
    .map((plan) => ({ plan, year: yearOf(billCurve(plan), plan, house) }))
    .filter(({ year }) => year.total_usd !== null && year.evidence !== 'estimate')
    .toSorted((a, b) => a.year.total_usd! - b.year.total_usd!);
  const [first] = known;
  assert.equal(first!.plan.name, 'True Value 12');
  assert.equal(Math.round(first!.year.total_usd!), 1601);
  const at = known.findIndex(({ plan }) => plan.name === 'SimpleSaver 12');
  assert.ok(Math.abs(known[at]!.year.total_usd! - 1905) <= 5, `${known[at]!.year.total_usd}`);
  assert.ok(Math.abs(at + 1 - 58) <= 2 && Math.abs(known.length - 109) <= 6, `${at + 1} of ${known.length}`);
  assert.equal(known[at]!.year.months_missing_credit, 6);
});

test('the plan that the yearly order shows first costs no more than any other', () => {
  const plans = oncor();
  for (const profile of usageProfiles().values()) {
    const { by_year, by_rate_at_1000, plans: compared, read_plainly } = regretsOf(plans, profile)!;
    assert.ok(by_year < 0.005, `${profile.name}: $${by_year} a year`);
    // Else nothing would be learned from it.
    assert.ok(by_rate_at_1000 >= 0 && compared > 100 && read_plainly > 80);
  }
  const apartment = regretsOf(plans, usageProfiles().get('apartment')!)!;
  assert.ok(Math.abs(apartment.by_rate_at_1000 - 606) < 10, `${apartment.by_rate_at_1000}`);
});
