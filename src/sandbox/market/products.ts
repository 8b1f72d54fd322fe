/**
 * What is on sale: the market has a fixed number of slots, and one product after another takes each of them. A slot
 * belongs to one brand and has product names of its own, so no two plans on sale share brand, name and term.
 */

import { EPOCH_MS } from '../virtual-clock.ts';
import { SANDBOX_BRANDS } from './brands.ts';
import { hash32, pick, quantile, stream, unit, weighted } from './chance.ts';
import { baseCharge, billCredits, flat, minimumUsageFee, percentage, type Shape, tiers } from './charges.ts';
import { objectId, type UpstreamPlan } from './upstream-plan.ts';

export interface SandboxProduct {
  wire: UpstreamPlan['product'];
  shape: Shape;
  /** How far the wire tells what the price is made of. */
  evidence: (typeof EVIDENCE)[number][0];
  /** All-in price at 1000 kWh when the product is new, before what the TDSP and its market add; cents per kWh. */
  level_cents_per_kwh: number;
}

// Shares of July 2026: 12 months a third, then 24, 36 and month to month.
const MONTHS = {
  1: 8,
  3: 2,
  5: 5,
  6: 4,
  9: 2,
  10: 2,
  11: 4,
  12: 33,
  13: 2,
  14: 3,
  18: 4,
  24: 16,
  25: 1,
  36: 14,
};
const TERMS = Object.entries(MONTHS);
const GREEN = Object.entries({ 100: 28, 24: 20, 6: 10, 31.5: 9, 25: 5, 3: 5, 37: 4, 26.3: 6, 15: 3, 0: 10 });
const EVIDENCE = [
  ['components', 96],
  ['no_components', 2],
  ['stale_components', 2],
] as const;
const LEVEL_CENTS = [
  [0, 9.2],
  [0.1, 10.9],
  [0.5, 13],
  [0.9, 16.6],
  [1, 19.5],
] as const;

/** What sets a product apart: behind its name, in cents per kWh on its level, and on its headline. */
const KINDS = {
  usual: { suffix: '', surcharge: 0, headline: null },
  bonus: { suffix: ' Bonus', surcharge: -1.8, headline: null },
  prepaid: { suffix: ' Pay Ahead', surcharge: 1.5, headline: 'Pay as you go, no deposit' },
  time_of_use: { suffix: ' Free Nights', surcharge: 0, headline: 'Free nights' },
};
type Kind = keyof typeof KINDS;

/** `u`, uniform in [0, 1), decides the sums in it. */
const SHAPES: readonly (readonly [[Kind, (u: number) => Shape], number])[] = [
  [['usual', flat], 63],
  [['usual', (u) => baseCharge(pick(u, [4.95, 4.95, 9.95, 14.95]))], 11],
  [['bonus', (u) => billCredits([1000, pick(u, [30, 50, 75, 100])])], 8],
  [['bonus', (u) => billCredits([1000, pick(u, [25, 35, 50])], [2000, 15])], 2],
  [['usual', (u) => minimumUsageFee(pick(u, [9.95, 14.95, 19.95]))], 5],
  [['usual', (u) => tiers(pick(u, [0.01, 0.015, 0.02]))], 2],
  [['usual', (u) => percentage(pick(u, [0.015, 0.02, 0.025]), u < 0.6 ? 'total' : 'energy charges')], 3],
  [['prepaid', flat], 2],
  [['time_of_use', flat], 5],
];

// Four for each round through the brands: a brand's second plan never takes a name its first one could have.
const NAMES = [
  ['Steady', 'Everyday', 'Straight Line', 'Plain'],
  ['Saver', 'Smart Cents', 'Budget Keeper', 'Good Deal'],
  ['Meadow', 'Windmill', 'Sunflower', 'Prairie Breeze'],
  ['Porch Light', 'Family Table', 'Homestead', 'Front Yard'],
  ['Choice', 'Select', 'Classic', 'Prime'],
];

const asks = {
  name: stream('product name'),
  term: stream('term'),
  green: stream('percent green'),
  shape: stream('shape of the price'),
  amount: stream('amounts in the shape'),
  level: stream('price level'),
  evidence: stream('evidence'),
  fee: stream('exit fee'),
};

/** The product that took `slot` on the virtual day `bornOn`. */
export function productOf(seed: number, slot: number, bornOn: number): SandboxProduct {
  const draw = (question: number) => unit(seed, question, slot, bornOn);
  // 7 and 40 share no divisor: forty slots in a row have forty brands.
  const brand = SANDBOX_BRANDS[(slot * 7) % SANDBOX_BRANDS.length]!;
  const [kind, toShape] = weighted(draw(asks.shape), SHAPES);
  const shape = toShape(draw(asks.amount));
  const { suffix, surcharge, headline } = KINDS[kind];
  const term = kind === 'prepaid' ? 1 : Number(weighted(draw(asks.term), TERMS));
  const isMonthly = term === 1;
  const name = `${nameOf(slot, draw(asks.name))}${suffix} ${term}`;
  const exit = exitFee(isMonthly, draw(asks.fee));
  return {
    shape,
    evidence: weighted(draw(asks.evidence), EVIDENCE),
    level_cents_per_kwh: quantile(draw(asks.level), LEVEL_CENTS) + surcharge + (isMonthly ? 2.2 : 0),
    wire: {
      // Of brand, name and term only: the same product in all TDSPs, and again when it returns.
      _id: objectId(EPOCH_MS, stream(brand.name), hash32(stream(name), term)),
      brand,
      name,
      term,
      family: isMonthly ? 'Variable' : 'Fixed',
      percent_green: Number(weighted(draw(asks.green), GREEN)),
      headline: headline ?? (isMonthly ? 'Month to month' : `Fixed rate for ${term} months`),
      description: [
        `Invented for the sandbox. ${isMonthly ? 'Variable' : 'Fixed'} rate.`,
        kind === 'time_of_use' &&
          'Energy is free from 9 pm to 6 am; prices assume 32 % of it in these hours.',
        shape.text,
        exit.text,
      ]
        .filter(Boolean)
        .join(' '),
      early_termination_fee: exit.usd,
      is_pre_pay: kind === 'prepaid',
      is_time_of_use: kind === 'time_of_use',
    },
  };
}

function nameOf(slot: number, u: number): string {
  const round = Math.floor(slot / SANDBOX_BRANDS.length);
  const name = pick(u, NAMES[round % NAMES.length]!);
  const edition = Math.floor(round / NAMES.length) + 1;
  return edition > 1 ? `${name} Edition ${edition}` : name;
}

function exitFee(isMonthly: boolean, u: number): { usd: number; text: string } {
  if (isMonthly) return { usd: 0, text: '' };
  if (u < 0.2) {
    const usd = pick(u * 5, [15, 20]);
    return { usd, text: `Early termination fee: $${usd} per remaining month.` };
  }
  const usd = pick((u - 0.2) / 0.8, [0, 100, 150, 150, 175, 200, 250, 295, 395]);
  return { usd, text: usd === 0 ? 'No early termination fee.' : `Early termination fee: $${usd}.` };
}
