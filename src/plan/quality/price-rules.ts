/** Prices that contradict each other, the texts beside them, or what the wires cost. */

import { type BillCurve, billCurve } from '../bill/bill.ts';
import { sumComponents } from '../bill/price-components.ts';
import type { Plan } from '../plan.ts';
import { PUBLISHED_USAGES_KWH } from '../rate.ts';
import { type PlanRule, textOf } from './remark.ts';

const LABEL = '16 TAC §25.475(g): average prices hold all recurring charges, rounded to a tenth of a cent';

export const PRICE_RULES: readonly PlanRule[] = [
  {
    rule: 'bill_falls',
    source: `${LABEL}; 2 of 876 plans of July 2026 cost less at a higher usage`,
    check(plan) {
      const fall = fallOf(plan);
      if (fall === null || explainsABend(plan)) return null;
      const [from, to] = fall;
      const message = `The bill falls from $${money(from.usd)} at ${from.usage} kWh to $${money(to.usd)} at ${to.usage} kWh, and no text says why`;
      return { message, evidence: ratesOf(plan) };
    },
  },
  {
    rule: 'unexplained_bend',
    source: `${LABEL}; a plan without credit, fee or tier is a straight line in dollars`,
    check(plan) {
      const bend = bendOf(plan);
      if (bend === null || Math.abs(bend) <= LINE_TOLERANCE_USD || explainsABend(plan)) return null;
      if (fallOf(plan) !== null || isProven(billCurve(plan))) return null;
      const way = bend > 0 ? 'above' : 'below';
      const message = `The bill at 1000 kWh is $${money(Math.abs(bend))} ${way} the line through the others, and no text says why`;
      return { message, evidence: { ...ratesOf(plan), off_the_line_usd: Number(money(bend)) } };
    },
  },
  {
    rule: 'components_differ',
    source: `${LABEL}; charges that are told must add up to them within $0.05`,
    check(plan) {
      const { price_components: components } = plan;
      if (components === null) return null;
      const worst = pointsOf(plan)
        .map(({ usage, usd }) => ({ usage, usd, sum: sumComponents(components, usage) }))
        .toSorted((a, b) => Math.abs(b.sum - b.usd) - Math.abs(a.sum - a.usd))[0];
      if (!worst || Math.abs(worst.sum - worst.usd) <= COMPONENT_TOLERANCE_USD) return null;
      const { usage, usd, sum } = worst;
      const message = `The charges add up to $${money(sum)} at ${usage} kWh, the published price to $${money(usd)}`;
      const evidence = { usage_kwh: usage, published_usd: Number(money(usd)), sum_usd: Number(money(sum)) };
      return { message, evidence };
    },
  },
  {
    rule: 'stated_credit',
    source: `${LABEL}; a credit between 500 and 2000 kWh that is stated must show in them`,
    check(plan) {
      const stated = STATED_CREDIT.exec(textOf(plan));
      if (stated === null || plan.is_time_of_use === true) return null;
      const { evidence } = billCurve(plan);
      const [text] = stated;
      if (evidence !== 'estimate') return null;
      const message = `A stated credit does not explain the prices: "${text.trim()}"`;
      return { message, evidence: { ...ratesOf(plan), text: text.trim() } };
    },
  },
  {
    rule: 'base_below_delivery',
    source:
      'delivery charges in force from December 2025 to September 2026, tariffs and labels; a credit for automatic payment is up to $10',
    check(plan) {
      const monthly = DELIVERY_USD_PER_MONTH[plan.tdsp_duns];
      const bend = bendOf(plan);
      const isStraight = bend !== null && Math.abs(bend) <= LINE_TOLERANCE_USD;
      if (monthly === undefined || !isStraight || FLAT_CREDIT.test(textOf(plan))) return null;
      const [low, , high] = pointsOf(plan);
      const base = (4 * low!.usd - high!.usd) / 3;
      if (base >= monthly - BASE_SLACK_USD || plan.is_time_of_use === true) return null;
      const message = `The prices leave $${money(base)} a month before any usage, the wires alone cost $${money(monthly)}`;
      return {
        message,
        evidence: { ...ratesOf(plan), base_usd: Number(money(base)), delivery_usd: monthly },
      };
    },
  },
  {
    rule: 'cliff_outside_label',
    source: 'the label shows 500, 1000 and 2000 kWh only: what the bill does below and above is not on it',
    check(plan) {
      const curve = billCurve(plan);
      if (!isProven(curve)) return null;
      for (const usage of SAMPLED_KWH) {
        const [here, there] = [curve.at(usage).total_usd, curve.at(usage + SAMPLE_STEP).total_usd];
        if (here === null || there === null || there > here - CLIFF_USD) continue;
        const message = `The bill falls by $${money(here - there)} between ${usage} and ${usage + SAMPLE_STEP} kWh, outside of what the label shows`;
        return { message, evidence: { from_kwh: usage, to_kwh: usage + SAMPLE_STEP, usd: [here, there] } };
      }
      return null;
    },
  },
];

const COMPONENT_TOLERANCE_USD = 0.05 + 1e-9;
// What rounding to a tenth of a cent leaves of the middle of three points, as in bill.ts.
const LINE_TOLERANCE_USD = 1.005;
// (4 · 0.25 + 1.00) / 3 of rounding, and a dollar for credits nobody mentions.
const BASE_SLACK_USD = 1.67;
const CLIFF_USD = 1;
const SAMPLE_STEP = 50;
const SAMPLED_KWH = [50, 150, 250, 300, 350, 400, 450, 2000, 2100, 2250, 2450, 2500, 2700, 2950];

/** The least monthly charge of each TDSP from December 2025 to September 2026; where none is known, no rule. */
const DELIVERY_USD_PER_MONTH: Readonly<Record<string, number>> = {
  '1039940674000': 4.06,
  '957877905': 4.39,
  '007924772': 3.21,
  '007923311': 3.21,
  '007929441': 7.85,
  '0582138934100': 0,
};

const BEND =
  /credit|cr[eé]dito|fee\b|cargo|tier|minimum|m[ií]nimo|free|gratis|bonus|season|discount|descuento|rebate|reembolso|\bk\s?wh\b|kilowatt|nights?|weekends?/i;
const FLAT_CREDIT = /credit|cr[eé]dito|auto\s?-?pay|autopago|discount|descuento|paperless|bonus|rebate/i;
const STATED_CREDIT =
  /\$\s?\d+(?:\.\d+)?[^|.$]{0,80}(?:credit|cr[eé]dito)[^|$]{0,80}\d[\d,]*\s?(?:kwh|kilowatt)|(?:credit|cr[eé]dito)[^|$]{0,40}\$\s?\d+(?:\.\d+)?[^|$]{0,80}\d[\d,]*\s?(?:kwh|kilowatt)/i;

const explainsABend = (plan: Plan): boolean => plan.is_time_of_use === true || BEND.test(textOf(plan));
const isProven = ({ evidence }: BillCurve): boolean => evidence !== 'estimate' && evidence !== null;

/** USD at the published usages, and by how much rounding may move them. */
const pointsOf = ({ rates_cents_per_kwh: rates }: Plan) =>
  PUBLISHED_USAGES_KWH.flatMap((usage) => {
    const rate = rates[usage];
    return rate === null ? [] : [{ usage, usd: (rate * usage) / 100, slack: usage / 2_000 }];
  });

/** The two neighbours of which the later costs less, rounding left aside. */
function fallOf(plan: Plan) {
  const points = pointsOf(plan);
  for (const [at, from] of points.entries()) {
    const to = points[at + 1];
    if (to && to.usd + to.slack < from.usd - from.slack) return [from, to] as const;
  }
  return null;
}

/** USD by which the bill at 1,000 kWh lies above the line through the two others. */
function bendOf(plan: Plan): number | null {
  const [low, middle, high] = pointsOf(plan);
  return low && middle && high ? middle.usd - (2 * low.usd + high.usd) / 3 : null;
}

const ratesOf = ({ rates_cents_per_kwh }: Plan) => ({ rates_cents_per_kwh });
const money = (usd: number): string => usd.toFixed(2);
