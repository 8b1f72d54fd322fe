/**
 * The Spanish row of a plan finds its English row.
 *
 * The export lists every plan once per language, each row with an id of its own and nothing that links them.
 * Measured on 20 July and 1 August 2026 (773 and 839 Spanish rows of the six TDSPs): the name pairs 705 and 763,
 * the prices 64 and 72, the misprinted term 1 and 1; 3 each have no English row.
 */

import { nameKey, providerId } from '../../plan/offer.ts';
import type { PlanDraft } from '../../plan/plan.ts';

/**
 * What two rows of one plan have in common, best evidence first; `null`: the rule cannot tell. A rule pairs only what is
 * unique in both languages, of the rows that no rule before it has paired.
 */
const PAIRING_RULES: readonly ((plan: PlanDraft) => unknown[] | null)[] = [
  (plan) => [nameKey(plan.name), plan.term_months],
  // Names get translated (`Smart & Fixed - 36`, `Tarifa Fija y Inteligente – 36`).
  (plan) => [plan.term_months, ...prices(plan), plan.percent_green],
  // One of the terms is misprinted: `Power Perks - 12` for 12 months in English and 60 in Spanish.
  (plan) => [nameKey(plan.name), ...prices(plan), plan.percent_green],
  // One of the prices is misprinted as well, or one of the rows is older: a blank (`TrueClassic 6`, `True Classic 6`), or
  // a term; then only a name that states a number is the name of one product.
  (plan) => [nameKey(plan.name).replaceAll('-', ''), plan.term_months],
  (plan) => (numbersIn(plan).length > 0 ? [nameKey(plan.name), plan.percent_green] : null),
  // The name is translated, price and rate type are misprinted (`SoFed Better Rate 12`, fixed, and `SoFed Mejor Tarifa – 12`,
  // variable): number, term, green share and exit fee agree.
  (plan) =>
    numbersIn(plan).includes(String(plan.term_months))
      ? [
          numbersIn(plan),
          plan.term_months,
          plan.percent_green,
          plan.early_termination_fee_usd,
          plan.early_termination_fee_per_month_usd,
          plan.is_prepaid,
          plan.is_time_of_use,
        ]
      : null,
];

const numbersIn = ({ name }: PlanDraft): string[] => nameKey(name).match(/\d+/g) ?? [];

/**
 * Pairs the rows of one TDSP.
 * @returns the Spanish row of an English one, and the Spanish rows that have none
 */
export function pairLanguages(english: readonly PlanDraft[], spanish: readonly PlanDraft[]) {
  const pairs = new Map<PlanDraft, PlanDraft>();
  let spanishOnly = spanish;
  for (const rule of PAIRING_RULES) {
    const freeEnglish = english.filter((plan) => !pairs.has(plan));
    const spanishByKey = uniqueByKey(spanishOnly, rule);
    for (const [key, plan] of uniqueByKey(freeEnglish, rule)) {
      const partner = spanishByKey.get(key);
      if (plan && partner) pairs.set(plan, partner);
    }
    const paired = new Set(pairs.values());
    spanishOnly = spanishOnly.filter((plan) => !paired.has(plan));
  }
  return { pairs, spanishOnly };
}

/** The English plan with its Spanish texts. Where the two disagree on a fact, the English row has the say. */
export function withTranslation(english: PlanDraft, spanish: PlanDraft): PlanDraft {
  const { name, fees_text, special_terms, documents, enroll_url } = spanish;
  return {
    ...english,
    spanish_external_id: spanish.external_id || null,
    // Both are read from texts, and now and then only one of the two texts tells.
    requires_auto_pay: english.requires_auto_pay ?? spanish.requires_auto_pay,
    has_minimum_usage_fee: english.has_minimum_usage_fee ?? spanish.has_minimum_usage_fee,
    translations: { es: { name, fees_text, special_terms, documents, enroll_url } },
  };
}

export function haveSamePrices(english: PlanDraft, spanish: PlanDraft): boolean {
  return prices(english).join() === prices(spanish).join();
}

/** `null` for a key that several plans share: any choice between them would be a guess. */
function uniqueByKey(
  plans: readonly PlanDraft[],
  rule: (plan: PlanDraft) => unknown[] | null,
): Map<string, PlanDraft | null> {
  const byKey = new Map<string, PlanDraft | null>();
  for (const plan of plans) {
    const shared = rule(plan);
    if (shared === null) continue;
    const key = JSON.stringify([providerId(plan.provider.name), ...shared]);
    byKey.set(key, byKey.has(key) ? null : plan);
  }
  return byKey;
}

function prices({ rates_cents_per_kwh }: PlanDraft): (number | null)[] {
  return [rates_cents_per_kwh[500], rates_cents_per_kwh[1000], rates_cents_per_kwh[2000]];
}
