/** What shows only among the plans of a TDSP. */

import { nameKey } from '../offer.ts';
import type { Plan } from '../plan.ts';
import { PUBLISHED_USAGES_KWH } from '../rate.ts';
import { type MarketRule, textOf } from './remark.ts';

export const MARKET_RULES: readonly MarketRule[] = [
  {
    rule: 'units',
    source: 'Texas residential prices since 2014: the median at 1000 kWh is between 5 and 40 ¢',
    check(plans) {
      const rates = plans.flatMap(({ rates_cents_per_kwh: rates }) => rates[1000] ?? []);
      if (rates.length === 0) return [];
      const median = rates.toSorted((a, b) => a - b)[Math.floor(rates.length / 2)]!;
      if (median >= 5 && median <= 40) return [];
      const message = `The median price at 1000 kWh is ${median} ¢: dollars and cents may be mixed up`;
      return [{ plan: null, message, evidence: { median_cents_per_kwh: median, plans: rates.length } }];
    },
  },
  {
    rule: 'duplicate',
    source: 'ComparePower 2025 ("Luminous 12" twice), Power to Choose 2026 (one row for each language)',
    check(plans) {
      const groups = Map.groupBy(plans, productOf);
      return [...groups.values()].flatMap((group) =>
        group.length < 2
          ? []
          : group.map((plan) => {
              const others = group.filter((other) => other !== plan);
              const price = others.every((other) => pricesOf(other) === pricesOf(plan))
                ? 'at the same price'
                : 'at another price';
              const message = `Listed twice: ${others.map(({ external_id }) => external_id).join(', ')} has the same provider, name and term, ${price}`;
              return { plan, message, evidence: { same_as: others.map(briefly) } };
            }),
      );
    },
  },
  {
    rule: 'spanish_only',
    source: 'Power to Choose 2026: 3 of 773 Spanish rows had no English row; most were misprints of one',
    check(plans) {
      return plans.filter(isSpanish).map((plan) => {
        const likely = plans.filter(
          (other) =>
            other !== plan &&
            other.provider.id === plan.provider.id &&
            (pricesOf(other) === pricesOf(plan) || other.term_months === plan.term_months),
        );
        const message =
          likely.length === 0
            ? 'Listed in Spanish only'
            : 'Listed in Spanish only; it may be a misprint of another plan';
        return { plan, message, evidence: { may_be: likely.slice(0, 5).map(briefly) } };
      });
    },
  },
];

/** Blanks in a name make no difference here: `TrueClassic 6` is sold beside `True Classic 6`. */
const productOf = ({ provider, name, term_months }: Plan): string =>
  [provider.id, nameKey(name).replaceAll('-', ''), term_months].join('|');
const pricesOf = ({ rates_cents_per_kwh: rates }: Plan): string =>
  PUBLISHED_USAGES_KWH.map((usage) => rates[usage]).join('|');
const briefly = ({ id, external_id, name, term_months, rates_cents_per_kwh }: Plan) => ({
  id,
  external_id,
  name,
  term_months,
  rates_cents_per_kwh,
});

const SPANISH =
  /\b(?:para|los|las|del|una|con|por|su|oferta|clientes?|factura|meses|tarifa|mejor|energ[ií]a)\b/gi;
const ENGLISH = /\b(?:the|and|for|with|your|this|offer|customers?|bill|months?|rate|of)\b/gi;

function isSpanish(plan: Plan): boolean {
  if (plan.translations.es) return false;
  const text = textOf(plan);
  const count = (words: RegExp) => text.match(words)?.length ?? 0;
  return count(SPANISH) > count(ENGLISH);
}
