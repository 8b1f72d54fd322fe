/**
 * A second, plainer reading of a plan's text, made to check the first: sentence by sentence, one amount and one usage in
 * each, or nothing is said. It shares no code with src/plan/bill.
 */

interface Told {
  usd: number;
  from: number;
  to: number;
}

const LESS = [
  'less than',
  'under ',
  'below ',
  '<',
  'or less',
  'or lower',
  'menos de',
  'menor',
  'o menos',
  'inferior',
];
const MONEY = [
  'credit',
  'crédito',
  'fee',
  'charge',
  'cargo',
  'free',
  'gratis',
  'tier',
  'summer',
  'winter',
  'verano',
];

/** @returns the bill by usage; `null` where this reading is too plain to tell */
export function readPlainly(
  texts: readonly (string | null)[],
  usd: readonly [at500: number, at1000: number, at2000: number],
): ((usage: number) => number) | null {
  const told: Told[] = [];
  for (const text of texts) {
    for (const sentence of (text ?? '')
      .toLowerCase()
      .replaceAll(',', '')
      .split(/\. |\.$|!|\|/)) {
      const one = readSentence(sentence);
      if (one === 'unclear') return null;
      if (one && !told.some((other) => JSON.stringify(other) === JSON.stringify(one))) told.push(one);
    }
  }
  const added = (usage: number) =>
    told.filter(({ from, to }) => usage >= from && usage <= to).reduce((sum, one) => sum + one.usd, 0);
  const [at500, at1000, at2000] = [500, 1000, 2000].map((usage, at) => usd[at]! - added(usage)) as [
    number,
    number,
    number,
  ];
  // From the two upper prices, and checked at the lowest: the other way round than in the program.
  const slope = (at2000 - at1000) / 1000;
  const base = at1000 - slope * 1000;
  if (Math.abs(base + slope * 500 - at500) > 1.6 || slope <= 0) return null;
  return (usage) => base + slope * usage + added(usage);
}

function readSentence(sentence: string): Told | 'unclear' | null {
  const usages = [...sentence.matchAll(/(\d+)\s*(?:kwh|kilowatt)/g)].map((match) => Number(match[1]));
  const amounts = [...sentence.matchAll(/\$\s*(\d+(?:\.\d\d)?)/g)].map((match) => Number(match[1]));
  if (usages.length === 0) {
    const isTrap =
      !MONEY.some((word) => sentence.includes(word)) || /\bno\b|without|sin |zero/.test(sentence);
    return isTrap || amounts.length === 0 ? null : 'unclear';
  }
  if (usages.length > 1 || amounts.length !== 1) return 'unclear';
  if (/summer|winter|verano|july|julio|waived|first|over|greater|more than|mayor|exceed/.test(sentence))
    return 'unclear';
  const [usd, usage] = [amounts[0]!, usages[0]!];
  const isLess = LESS.some((word) => sentence.includes(word));
  const isCredit = /cr[eé]dit/.test(sentence);
  if (isLess) {
    const last = /or less|or lower|o menos/.test(sentence) ? usage : usage - 1;
    return { usd: isCredit ? -usd : usd, from: 1, to: last };
  }
  return isCredit ? { usd: -usd, from: usage, to: Number.POSITIVE_INFINITY } : 'unclear';
}
