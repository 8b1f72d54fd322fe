/** No bill is called exact that another arithmetic says is another one: at every usage from 1 to 3,000 kWh. */

import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { billCurve } from '../../src/plan/bill/bill.ts';
import type { PlanDraft } from '../../src/plan/plan.ts';
import { yearOf } from '../../src/plan/profiles/year.ts';
import { parsePowerToChoose } from '../../src/sources/powertochoose/normalise.ts';
import { usageProfiles } from '../../src/store/profiles.ts';
import { readTerritory } from '../../src/store/territory.ts';
import { ONCOR } from '../support/support.ts';
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

/** Real exports, where they lie beside the repository. */
const DATA = new URL('../../../shared/data/', import.meta.url);
const FOLDERS = ['plans/', 'raw/'].map((name) => new URL(name, DATA)).filter((folder) => existsSync(folder));
const territory = readTerritory();
const seen = new Set<string>();

function draftsOf(path: URL): PlanDraft[] {
  const bytes = readFileSync(path);
  const duns = territory.tdsps.map((tdsp) => tdsp.duns);
  const tdspByName = (name: string) => territory.tdspByFeedName(name)?.duns;
  return parsePowerToChoose(bytes, { duns, tdspByName }).tdsps.flatMap(({ plans }) => plans);
}

for (const folder of FOLDERS) {
  for (const file of readdirSync(folder).filter((name) => /powertochoose|raw-2026|rebuilt/.test(name))) {
    test(`no false exact bill in ${file}`, () => {
      let checked = 0;
      for (const draft of draftsOf(new URL(file, folder))) {
        const [a, b, c] = PUBLISHED.map((usage) => draft.rates_cents_per_kwh[usage]);
        if (a == null || b == null || c == null) continue;
        const texts = [draft.fees_text, draft.special_terms];
        const plain = readPlainly(texts, [a * 5, b * 10, c * 20]);
        if (!plain) continue;
        checked += 1;
        // What an earlier file had in the same words at the same prices was checked there.
        const key = JSON.stringify([a, b, c, ...texts, draft.name, draft.is_time_of_use]);
        if (seen.has(key)) continue;
        seen.add(key);
        const curve = billCurve(draft);
        for (let usage = 1; usage <= MOST_KWH; usage++) {
          if (curve.certainty(usage) !== 'exact') continue;
          const error = Math.abs(curve.usd(usage)! - plain(usage));
          assert.ok(
            error <= 2.2,
            `${draft.provider.name}, ${draft.name}: ${curve.usd(usage)} at ${usage} kWh, not ${plain(usage)}`,
          );
        }
      }
      assert.ok(checked > 300, `${checked} plans could be checked`);
    });
  }
}

const JULY = new URL('plans/powertochoose-2026-07-20.csv', DATA);
if (existsSync(JULY)) {
  test('a year at the average Texas home meets the figures of another arithmetic', () => {
    const house = usageProfiles().get('house')!;
    const known = draftsOf(JULY)
      .filter((one) => one.tdsp_duns === ONCOR && one.rate_type === 'fixed' && one.term_months! >= 12)
      .map((draft) => ({ draft, year: yearOf(billCurve(draft), draft, house) }))
      .filter(({ year }) => year.total_usd !== null && year.evidence !== 'estimate')
      .toSorted((a, b) => a.year.total_usd! - b.year.total_usd!);
    const [first] = known;
    assert.equal(first!.draft.name, 'True Value 12');
    assert.equal(Math.round(first!.year.total_usd!), 1601);
    const at = known.findIndex(({ draft }) => draft.name === 'SimpleSaver 12');
    assert.ok(Math.abs(known[at]!.year.total_usd! - 1905) <= 5 && Math.abs(at + 1 - 58) <= 2);
    assert.equal(known[at]!.year.months_missing_credit, 6);
  });
}
