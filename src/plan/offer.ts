/**
 * An offer is a product of a REP in one TDSP through all its re-pricings.
 *
 * Upstream ids are not identities: ComparePower mints a new one at every re-pricing, and a REP on Power to Choose may
 * put another product under an old one. What stays is who sells what for how long, so that is the key.
 */

import type { Plan, PlanDraft } from './plan.ts';

const WORDS: Record<string, string> = { '+': ' plus ', '&': ' and ', '%': ' percent ' };

/**
 * Lower-case words joined by `-`: what two spellings of one name have in common. `Free Nights™ 12+` → `free-nights-12-plus`.
 * Signs that tell products apart become words. A name without any letter or digit stays as it is.
 */
export function nameKey(name: string): string {
  const key = name
    // Before the decomposition, which would make letters of it: "TM".
    .replace(/[™®©℠]/g, ' ')
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/[+&%]/g, (sign) => WORDS[sign] ?? sign)
    // Possessives and thousands are spelled with and without the sign.
    .replace(/(?<=\p{L})['’](?=\p{L})|(?<=\d),(?=\d{3})/gu, '')
    .replace(/[^\p{L}\p{N}]+/gu, '-')
    .replace(/^-+|-+$/g, '');
  return key === '' ? name.trim() : key;
}

// `L.L.C.` has become `l-l-c`.
const LEGAL_FORM = /(?<=.)-(?:llc|l-l-c|lp|l-p|inc|incorporated|ltd|limited|corp|corporation|co|company)$/;

/** The id of a provider, made from its name without the legal form: `TXU Energy`, `TXU ENERGY LLC` → `txu-energy`. */
export function providerId(name: string): string {
  let id = nameKey(name);
  for (let shorter = id.replace(LEGAL_FORM, ''); shorter !== id; shorter = id.replace(LEGAL_FORM, ''))
    id = shorter;
  return id;
}

/** What a plan must share with an offer of its TDSP to be a new price of it. */
export function offerKey({
  provider,
  name,
  term_months,
}: Pick<PlanDraft | Plan, 'provider' | 'name' | 'term_months'>): string {
  return `${providerId(provider.name)}|${nameKey(name)}|${term_months ?? ''}`;
}
