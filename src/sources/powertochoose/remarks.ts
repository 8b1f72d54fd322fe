/**
 * What the free texts of a plan say about two facts that have no reliable column.
 *
 * Read clause by clause, and only where a clause leaves no doubt: one that also negates, offers a choice or speaks of a
 * discount says nothing.
 */

const AUTO_PAY =
  /auto[\s-]?pay(?:ments?)?|automatic (?:bill )?payments?|autopago|pagos? automati(?:co|zado)s?/;
const REQUIRED_AFTER = /\b(?:required|mandatory|requerid[oa]s?|obligatori[oa]s?)\b/;
const REQUIRED_BEFORE =
  /\b(?:requires?|must (?:enroll|sign up|register|use|be enrolled)|(?:se )?requieren?|debe inscribirse|debes inscribirte)\b/;
const DOUBTFUL =
  /\b(?:not?|never|without|sin|nunca|or|o|optional|opcional|if|si|discounts?|descuentos?|credits?|creditos?)\b|n['’]t\b/;

const MINIMUM_USAGE_FEE =
  /\b(?:minimum|low|base) (?:monthly )?us(?:e|age) (?:fee|charge|penalt)|\b(?:cargos?|tarifas?|cuotas?) (?:mensual(?:es)? )?por (?:uso|consumo) (?:minimo|bajo)/;
const MINIMUM_USAGE_NAMED = /\bminimum us(?:e|age)\b|\b(?:uso|consumo) minimo\b/;
// "No base charge, but a minimum usage fee": what is negated is something else.
const TURNED = /\b(?:but|however|except|appl(?:y|ies)|charged|pero|excepto|aplican?|cobrar?)\b|\$/;
const NEGATED_BEFORE = /\b(?:no|not|never|without|zero|sin|nunca|ningun[ao]?)\b/;

/** `true` where a text says that the plan is for customers on automatic payment only; else `null`, unknown. */
export function tellsAutoPayRequired(texts: readonly (string | null)[]): true | null {
  return clauses(texts).some(requiresAutoPay) ? true : null;
}

function requiresAutoPay(clause: string): boolean {
  const found = AUTO_PAY.exec(clause);
  if (!found || DOUBTFUL.test(clause)) return false;
  const before = clause.slice(0, found.index);
  const after = clause.slice(found.index + found[0].length);
  return REQUIRED_BEFORE.test(before) || REQUIRED_AFTER.test(after);
}

/** Whether using little costs extra, as far as the texts tell; `null` where they do not. */
export function tellsMinimumUsageFee(texts: readonly (string | null)[]): boolean | null {
  let told: boolean | null = null;
  for (const clause of clauses(texts)) {
    const fee = MINIMUM_USAGE_FEE.exec(clause) ?? MINIMUM_USAGE_NAMED.exec(clause);
    if (!fee) continue;
    if (!NEGATED_BEFORE.test(clause.slice(0, fee.index))) {
      if (MINIMUM_USAGE_FEE.test(clause)) return true;
    } else if (!TURNED.test(clause)) told = false;
  }
  return told;
}

/** Lower-case pieces without accents, cut where a sentence or a part of it ends; decimal points and addresses stay. */
function clauses(texts: readonly (string | null)[]): string[] {
  return texts
    .join(' | ')
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .split(/[.:](?=\s|$|•)|[|;!?•*]+|:::|\s\/\s/);
}
