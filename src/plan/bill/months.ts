/** Months of the year that a clause names, in English or Spanish; "June through September" names four. */

const NAMES: readonly RegExp[] = [
  /\b(?:january|jan\b|enero)/,
  /\b(?:february|feb\b|febrero)/,
  /\b(?:march|marzo)/,
  /\b(?:april|abril)/,
  // "You may receive": a month only where one would name a month.
  /\b(?:in|of|during|through|ending in|from|until|april,?|and) may\b|\bmay (?:through|to|and|-|june)|\bmayo\b/,
  /\b(?:june|junio)/,
  /\b(?:july|julio)/,
  /\b(?:august|agosto)/,
  /\b(?:september|sept?\b|septiembre)/,
  /\b(?:october|oct\b|octubre)/,
  /\b(?:november|nov\b|noviembre)/,
  /\b(?:december|dec\b|diciembre)/,
];
const THROUGH = /^[a-z]*,?\s?(?:through|thru|to|until|-|a|hasta)\s/;

/** 1 to 12, in the order of the year. */
export function monthsIn(clause: string): number[] {
  const named = NAMES.flatMap((name, at) => {
    const match = name.exec(clause);
    return match ? [{ month: at + 1, at: match.index, end: match.index + match[0].length }] : [];
  }).toSorted((a, b) => a.at - b.at);
  const [first, second] = named;
  if (named.length === 2 && first && second && THROUGH.test(clause.slice(first.end))) {
    const length = ((second.month - first.month + 12) % 12) + 1;
    const all = Array.from({ length }, (_, index) => ((first.month - 1 + index) % 12) + 1);
    return all.toSorted((a, b) => a - b);
  }
  return named.map(({ month }) => month).sort((a, b) => a - b);
}
