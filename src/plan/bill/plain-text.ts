/**
 * What a plan's text says, in one spelling: lower case, no accents, numbers in figures, dollars as `$9.95`, and cut into
 * clauses. What looks like a usage but is none (phone numbers, addresses, codes) is left out.
 */

const NUMBER_WORDS: Readonly<Record<string, number>> = {
  one: 1,
  two: 2,
  three: 3,
  four: 4,
  five: 5,
  six: 6,
  seven: 7,
  eight: 8,
  nine: 9,
  ten: 10,
  eleven: 11,
  twelve: 12,
  thirteen: 13,
  fourteen: 14,
  fifteen: 15,
  sixteen: 16,
  seventeen: 17,
  eighteen: 18,
  nineteen: 19,
  twenty: 20,
  thirty: 30,
  forty: 40,
  fifty: 50,
  sixty: 60,
  seventy: 70,
  eighty: 80,
  ninety: 90,
  un: 1,
  uno: 1,
  dos: 2,
  tres: 3,
  cuatro: 4,
  cinco: 5,
  seis: 6,
  siete: 7,
  ocho: 8,
  nueve: 9,
  diez: 10,
  once: 11,
  doce: 12,
  quince: 15,
  veinte: 20,
  veinticinco: 25,
  treinta: 30,
  cuarenta: 40,
  cincuenta: 50,
  sesenta: 60,
  setenta: 70,
  ochenta: 80,
  noventa: 90,
  cien: 100,
  ciento: 100,
  doscientos: 200,
  trescientos: 300,
  cuatrocientos: 400,
  quinientos: 500,
  seiscientos: 600,
  setecientos: 700,
  ochocientos: 800,
  novecientos: 900,
};
const SCALES: Readonly<Record<string, number>> = { hundred: 100, thousand: 1000, mil: 1000 };
const NUMBER_WORD = [...Object.keys(NUMBER_WORDS), ...Object.keys(SCALES)].join('|');
const IN_WORDS = new RegExp(
  `\\b(?:${NUMBER_WORD})(?:(?:[ -]|(?<=hundred|thousand|mil) and | y )(?:${NUMBER_WORD}))*\\b(?=(\\s*\\S{0,4}))`,
  'g',
);

/** Texts in one spelling, one clause each. */
export function clausesOf(text: string): string[] {
  return plain(text)
    .split(/[.!?;|•*]+(?=\s|$)|[\n|•;*]+|:{2,}/)
    .map((clause) => clause.trim())
    .filter((clause) => clause !== '');
}

function plain(text: string): string {
  return (
    text
      .normalize('NFKD')
      .replace(/\p{M}/gu, '')
      .toLowerCase()
      .replace(/[\u2010-\u2015]/g, '-')
      .replace(/\b([ap])\. ?m\b\.?/g, '$1m')
      .replace(/≥|&ge;|&gt;=|=>/g, '>=')
      .replace(/≤|&le;|&lt;=|=</g, '<=')
      .replace(/https?:\S+|www\.\S+|\S+@\S+/g, ' ')
      // Phone numbers, also with letters, and ZIP codes after "tx".
      .replace(/(?:\+?1[-. ]*)?\(?\b\d{3}\)?[-. ]{1,2}\d{3}[-. ]\d{4}\b/g, ' ')
      .replace(/\b1-?8\d\d-[a-z0-9-]+/g, ' ')
      .replace(/\b(?:tx|texas),? \d{5}(?:-\d{4})?\b/g, ' ')
      .replace(
        /\b\d{1,6} [a-z]+(?: [a-z]+)? (?:st|street|ave|avenue|blvd|road|rd|drive|dr|suite|lane)\b/g,
        ' ',
      )
      .replace(IN_WORDS, inFigures)
      .replace(/(\d+) (?:dollars?|dolares)(?: (?:and|y|con) (\d+) (?:cents?|centavos))/g, '$$$1.$2')
      .replace(/(?<![\d.,$])(\d+(?:\.\d+)?) ?(?:us dollars?|usd|dollars?|dolares)\b/g, '$$$1')
      .replace(/(?:us|usd) ?\$/g, '$')
      .replace(/\$ ?-? ?(?=[\d.])/g, '$')
      .replace(/-(?=\$\d)/g, '')
      .replace(/\$(\d+),(\d{2})(?!\d)/g, '$$$1.$2')
      .replace(/\$(\d),(\d{3})/g, '$$$1$2')
      .replace(/(?<![\d.,])(\d{1,3}),(\d{3})(?![\d.])/g, '$1$2')
      .replace(/(?<![\d.,$])(\d{1,2})\.(000|\d00)(?=\s?(?:kwh|kilo))/g, '$1$2')
      .replace(/[ \t\u00a0]+/g, ' ')
  );
}

/** "one thousand five hundred": 1500. Small numbers stay words, unless money or energy is counted. */
function inFigures(words: string, next: string): string {
  let [sum, part] = [0, 0];
  for (const word of words.split(/[ -]/)) {
    if (word === 'thousand' || word === 'mil') {
      sum += Math.max(1, part) * 1000;
      part = 0;
    } else if (word === 'hundred') part = Math.max(1, part) * 100;
    else part += NUMBER_WORDS[word] ?? 0;
  }
  const value = sum + part;
  return value >= 100 || /^\s*(?:dol|cent|kwh|kilo)/.test(next) ? String(value) : words;
}
