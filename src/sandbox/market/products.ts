/**
 * What is on sale: the market has a fixed number of slots, and one product after another takes each of them. A slot
 * belongs to one brand and has product names of its own, so no two plans on sale share brand, name and term.
 */

import { EPOCH_MS } from '../virtual-clock.ts';
import { SANDBOX_BRANDS, type SandboxBrand } from './brands.ts';
import { hash32, pick, quantile, stream, unit, weighted } from './chance.ts';
import type { Shape } from './charges.ts';
import { objectId, type UpstreamProduct } from './upstream-plan.ts';

/** How far the wire tells what the price is made of. */
type Evidence = 'components' | 'no_components' | 'stale_components';

export interface SandboxProduct {
  wire: UpstreamProduct;
  brand: SandboxBrand;
  shape: Shape;
  evidence: Evidence;
  /** All-in price at 1000 kWh when the product is new, before what the TDSP and its market add; cents per kWh. */
  level_cents_per_kwh: number;
}

// Shares of July 2026: 12 months a third, then 24, 36 and month to month.
const TERMS = [
  [1, 8],
  [3, 2],
  [5, 5],
  [6, 4],
  [9, 2],
  [10, 2],
  [11, 4],
  [12, 33],
  [13, 2],
  [14, 3],
  [18, 4],
  [24, 16],
  [25, 1],
  [36, 14],
] as const;
const GREEN = [
  [100, 28],
  [24, 20],
  [6, 10],
  [31.5, 9],
  [25, 5],
  [3, 5],
  [37, 4],
  [26.3, 6],
  [15, 3],
  [0, 10],
] as const;
const SHAPES = [
  ['flat', 68],
  ['base_charge', 12],
  ['credit', 8],
  ['two_credits', 2],
  ['minimum_usage_fee', 5],
  ['tiers', 2],
  ['percentage', 3],
] as const;
const LEVEL_CENTS = [
  [0, 9.2],
  [0.1, 10.9],
  [0.5, 13],
  [0.9, 16.6],
  [1, 19.5],
] as const;
// One row per round through the brands; a brand's second plan never takes a name its first one could have.
const NAME_ROWS = [
  ['Steady', 'Everyday', 'Straight Line', 'Plain'],
  ['Saver', 'Smart Cents', 'Budget Keeper', 'Good Deal'],
  ['Meadow', 'Windmill', 'Sunflower', 'Prairie Breeze'],
  ['Porch Light', 'Family Table', 'Homestead', 'Front Yard'],
  ['Choice', 'Select', 'Classic', 'Prime'],
] as const;

const asks = {
  name: stream('product name'),
  term: stream('term'),
  green: stream('percent green'),
  shape: stream('shape of the price'),
  amount: stream('amounts in the shape'),
  level: stream('price level'),
  kind: stream('prepaid or time of use'),
  evidence: stream('evidence'),
  fee: stream('exit fee'),
};

/** The product that took `slot` on the virtual day `bornOn`. */
export function productOf(seed: number, slot: number, bornOn: number): SandboxProduct {
  const draw = (question: number) => unit(seed, question, slot, bornOn);
  const brand = brandOf(slot);
  const kind = weighted(draw(asks.kind), [
    ['usual', 93],
    ['prepaid', 2],
    ['time_of_use', 5],
  ] as const);
  const term = kind === 'prepaid' ? 1 : weighted(draw(asks.term), TERMS);
  const shape = kind === 'usual' ? shapeOf(draw(asks.shape), draw(asks.amount)) : ({ kind: 'flat' } as const);
  const name = [nameOf(slot, draw(asks.name)), nameSuffix(kind, shape), term].filter(Boolean).join(' ');
  const exit = exitFee(term, draw(asks.fee));
  const surcharge =
    (term === 1 ? 2.2 : 0) + (kind === 'prepaid' ? 1.5 : 0) - (shape.kind === 'credit' ? 1.8 : 0);
  return {
    brand,
    shape,
    evidence: weighted(draw(asks.evidence), [
      ['components', 96],
      ['no_components', 2],
      ['stale_components', 2],
    ] as const),
    level_cents_per_kwh: quantile(draw(asks.level), LEVEL_CENTS) + surcharge,
    wire: {
      // Of brand, name and term only: the same product in all TDSPs, and again when it returns.
      _id: objectId(EPOCH_MS, stream(brand.slug), hash32(stream(name), term)),
      brand: brand.wire,
      name,
      term,
      family: term === 1 ? 'Variable' : 'Fixed',
      percent_green: weighted(draw(asks.green), GREEN),
      headline: headline(term, kind),
      description: [describeRate(term, kind), describeShape(shape), exit.text].filter(Boolean).join(' '),
      early_termination_fee: exit.usd,
      is_pre_pay: kind === 'prepaid',
      is_time_of_use: kind === 'time_of_use',
    },
  };
}

type Kind = 'usual' | 'prepaid' | 'time_of_use';

function brandOf(slot: number): SandboxBrand {
  // 7 and 40 share no divisor: forty slots in a row have forty brands.
  return SANDBOX_BRANDS[(slot * 7) % SANDBOX_BRANDS.length]!;
}

function nameOf(slot: number, u: number): string {
  const round = Math.floor(slot / SANDBOX_BRANDS.length);
  const name = pick(u, NAME_ROWS[round % NAME_ROWS.length]!);
  const edition = Math.floor(round / NAME_ROWS.length) + 1;
  return edition > 1 ? `${name} Edition ${edition}` : name;
}

function nameSuffix(kind: Kind, shape: Shape): string {
  if (kind === 'prepaid') return 'Pay Ahead';
  if (kind === 'time_of_use') return 'Free Nights';
  return shape.kind === 'credit' ? 'Bonus' : '';
}

function shapeOf(u: number, amount: number): Shape {
  const kind = weighted(u, SHAPES);
  switch (kind) {
    case 'flat':
      return { kind };
    case 'base_charge':
      return { kind, base_usd: pick(amount, [4.95, 4.95, 9.95, 14.95]) };
    case 'credit':
      return {
        kind,
        base_usd: pick(amount, [0, 0, 4.95]),
        credits: [{ from_kwh: 1000, usd: pick(amount, [30, 50, 75, 100]) }],
      };
    case 'two_credits':
      return {
        kind: 'credit',
        base_usd: 0,
        credits: [
          { from_kwh: 1000, usd: pick(amount, [25, 35, 50]) },
          { from_kwh: 2000, usd: 15 },
        ],
      };
    case 'minimum_usage_fee':
      return { kind, below_kwh: 1000, fee_usd: pick(amount, [9.95, 14.95, 19.95]) };
    case 'tiers':
      return { kind, limit_kwh: 1000, cheaper_by_usd_per_kwh: pick(amount, [0.01, 0.015, 0.02]) };
    case 'percentage':
      return { kind, share: pick(amount, [0.015, 0.02, 0.025]), of: amount < 0.6 ? 'total' : 'energy' };
  }
}

function exitFee(term: number, u: number): { usd: number; text: string } {
  if (term === 1) return { usd: 0, text: '' };
  if (u < 0.2) {
    const perMonth = pick(u * 5, [15, 20]);
    return { usd: perMonth, text: `Early termination fee: $${perMonth} per remaining month.` };
  }
  const usd = pick((u - 0.2) / 0.8, [0, 100, 150, 150, 175, 200, 250, 295, 395]);
  return { usd, text: usd === 0 ? 'No early termination fee.' : `Early termination fee: $${usd}.` };
}

function headline(term: number, kind: Kind): string {
  if (kind === 'prepaid') return 'Pay as you go, no deposit';
  if (kind === 'time_of_use') return `Free nights for ${term === 1 ? 'a month at a time' : `${term} months`}`;
  return term === 1 ? 'Month to month' : `Fixed rate for ${term} months`;
}

function describeRate(term: number, kind: Kind): string {
  const rate =
    term === 1 ? 'Invented for the sandbox. Variable rate.' : 'Invented for the sandbox. Fixed rate.';
  if (kind !== 'time_of_use') return rate;
  return `${rate} Energy is free from 9 pm to 6 am; prices assume 32 % of the usage in these hours.`;
}

function describeShape(shape: Shape): string {
  switch (shape.kind) {
    case 'flat':
      return '';
    case 'base_charge':
      return `Base charge: $${shape.base_usd} per month.`;
    case 'credit':
      return shape.credits
        .map(({ usd, from_kwh }) => `$${usd} bill credit when usage is ${from_kwh} kWh or more.`)
        .join(' ');
    case 'minimum_usage_fee':
      return `Minimum usage fee: $${shape.fee_usd} when usage is below ${shape.below_kwh} kWh.`;
    case 'tiers':
      return `Every kWh above ${shape.limit_kwh} costs $${shape.cheaper_by_usd_per_kwh} less.`;
    case 'percentage':
      return `Processing fee: ${shape.share * 100} % of the ${shape.of === 'total' ? 'total' : 'energy charges'}.`;
  }
}
