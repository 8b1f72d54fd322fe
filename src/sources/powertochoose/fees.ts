/**
 * What leaving a plan early costs: free text in two languages, `175` as well as `20 por cada mes restante`.
 *
 * Read by rule: one amount, and around it only words that can stand there. A text with any other word is unknown,
 * because "$150 before month 6" read as 150 would be a promise nobody made.
 */

interface ExitFee {
  /** USD, the most that leaving can cost; `null` where unknown. */
  early_termination_fee_usd: number | null;
  /** USD for each remaining month of the term; `null` where the fee is not of that kind, or unknown. */
  early_termination_fee_per_month_usd: number | null;
}

const UNKNOWN: ExitFee = { early_termination_fee_usd: null, early_termination_fee_per_month_usd: null };

// Fees of summer 2026 are 0 to 395 USD flat, or 15 to 20 a month. Beyond these bounds it is a typing error.
const CREDIBLE_FLAT_USD = 2_000;
const CREDIBLE_PER_MONTH_USD = 200;

// Not inside a longer number, and not behind a minus sign.
const AMOUNT = /(?<![\d.,-])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?(?![\d.,]*\d)/g;
// A sign that is not mere punctuation counts as a word, and as one that fits nowhere: `5%`, `150-200`, `<150`.
const WORD_OR_SIGN = /\p{L}+|[^\p{L}\s$/.,:;()*×'"-]/gu;
const NO_FEE =
  /^(?:none|no fee|no (?:early )?(?:termination|cancell?ation) fee|ninguno|ninguna|sin (?:cargo|costo))$/;

const MONEY_WORDS = 'usd dollar dollars dolar dolares';
const FEE_WORDS =
  'fee etf early termination cancellation cancelation cargo tarifa cancelacion anticipada terminacion';
// A home has one meter, whatever it is called.
const METER_WORDS = 'per each esiid esi id meter premise service address location account medidor cuenta';
const FLAT_WORDS = words(MONEY_WORDS, FEE_WORDS, METER_WORDS, 'flat one time fijo fija unico unica de por');
// What can be said beside a 0 without taking it back: no "if", "after", "unless" or "first".
const ZERO_WORDS = words(
  MONEY_WORDS,
  FEE_WORDS,
  'no none exit fees cancel cancell cancelling anytime any time at penalty penalties charge charges required contract',
  'without free plan you can may leave month to term commitment fees',
  'sin por cancelacion ninguna ninguno cargos costo penalidad multa contrato cancele cancelar en cualquier momento salida puede',
);
const PER_MONTH_WORDS = words(
  MONEY_WORDS,
  FEE_WORDS,
  'a per each every for x times left in on of the term contract',
  'por cada el la del de que quede queden falte falten dejado dejados contrato plazo',
);
// `mo`, `mth`, `month(s)`, `mes(es)`.
const MONTH = /^(?:mos?|mths?|months?|mes|meses)$/;
// `remaining` and how it gets typed: remaning, remaing, remainning; `restante(s)`.
const REMAINING = /^(?:rem[aein]*ing|rest[an]+tes?)$/;

/** @param termMonths for the sum over all months; 1 is month to month, `null` is unknown */
export function readExitFee(text: string | null, termMonths: number | null): ExitFee {
  const plain = (text ?? '')
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase();
  const amounts = plain.match(AMOUNT) ?? [];
  if (amounts.length === 0 && NO_FEE.test(plain.replace(/[^a-z]+/g, ' ').trim())) return flat(0);
  if (amounts.length !== 1) return UNKNOWN;
  const amount = Math.round(Number(amounts[0]!.replaceAll(',', '')) * 100) / 100;
  const around: string[] = plain.replace(AMOUNT, ' ').match(WORD_OR_SIGN) ?? [];
  if (around.every((word) => FLAT_WORDS.has(word))) return flat(amount);
  if (amount === 0 && around.every((word) => ZERO_WORDS.has(word))) return flat(0);
  const isMonth = (word: string) => MONTH.test(word);
  const isFitting = (word: string) => PER_MONTH_WORDS.has(word) || isMonth(word) || REMAINING.test(word);
  return around.some(isMonth) && around.every(isFitting) ? perMonth(amount, termMonths) : UNKNOWN;
}

function flat(amountUsd: number): ExitFee {
  if (amountUsd > CREDIBLE_FLAT_USD) return UNKNOWN;
  return { early_termination_fee_usd: amountUsd, early_termination_fee_per_month_usd: null };
}

function perMonth(amountUsd: number, termMonths: number | null): ExitFee {
  if (amountUsd > CREDIBLE_PER_MONTH_USD) return UNKNOWN;
  // A plan from month to month has none left: the text was copied from another plan, and whether the fee would be
  // charged for the current month is unknown.
  const isSummable = termMonths !== null && termMonths > 1;
  return {
    early_termination_fee_usd: isSummable ? Math.round(amountUsd * termMonths * 100) / 100 : null,
    early_termination_fee_per_month_usd: amountUsd,
  };
}

function words(...lists: string[]): Set<string> {
  return new Set(lists.flatMap((list) => list.split(' ')));
}
