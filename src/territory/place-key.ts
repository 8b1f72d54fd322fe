/** What all spellings of the name of a place have in common. */

/** Before a name: `Ft. Worth`, `St. Paul`, `Mt. Pleasant`. Everywhere in it, as nothing else is meant. */
const ABBREVIATIONS: Record<string, string> = { ft: 'fort', st: 'saint', mt: 'mount' };
/** What else a short word may stand for; tried only where the name as written is unknown. */
const MAY_MEAN: Record<string, string[]> = {
  n: ['north'],
  s: ['south'],
  e: ['east'],
  w: ['west'],
  no: ['north'],
  so: ['south'],
  pt: ['port', 'point'],
  ste: ['saint'],
  sn: ['san'],
  sta: ['santa', 'station'],
  stn: ['station'],
  gr: ['grand'],
  lk: ['lake'],
  lkwy: ['lakeway'],
  pk: ['park'],
  pr: ['prairie'],
  spg: ['spring', 'springs'],
  spgs: ['springs'],
  spr: ['spring'],
  sprgs: ['springs'],
  hts: ['heights'],
  hgts: ['heights'],
  hl: ['hill'],
  hls: ['hills'],
  vlg: ['village'],
  vil: ['village'],
  vly: ['valley'],
  jct: ['junction'],
  bch: ['beach'],
  brk: ['brook'],
  br: ['branch'],
  crk: ['creek'],
  ck: ['creek'],
  ctr: ['center'],
  cty: ['city'],
  col: ['college'],
  coll: ['college'],
  rch: ['rich', 'ranch'],
  rdg: ['ridge'],
  rk: ['rock'],
  riv: ['river'],
  is: ['island'],
  isl: ['island'],
  fls: ['falls'],
  grv: ['grove'],
  hbr: ['harbor'],
  mtn: ['mountain'],
  univ: ['university'],
};
/** Of a text of many short words the first readings are enough. */
const MOST_READINGS = 64;

/** The words of a name without state, country and `city of`: `The City of Ft. Worth, TX, USA` → `fort worth`. */
export function placeWords(text: string): string[] {
  let name = text
    .normalize('NFKD')
    .replace(/\p{Mark}/gu, '')
    .toLowerCase()
    .replace(/['’]/g, '')
    .replace(/[^a-z0-9]+/g, ' ')
    .trim()
    .replace(/^tx /, '');
  for (let longer = ''; longer !== name; ) {
    longer = name;
    name = name.replace(/ (?:tx|tex|texas|us|usa|u s|u s a|united states|united states of america)$/, '');
  }
  return name
    .replace(/^(?:the )?(?:city|town|village) of /, '')
    .split(' ')
    .filter(Boolean)
    .map((word) => ABBREVIATIONS[word] ?? word);
}

/** `Ft. Worth, TX` and `fort-worth-tx` → `fortworth`. */
export const placeKey = (text: string): string => placeWords(text).join('');

/** The words as written, then as they may be meant: `N Richland Hls` → also `north richland hills`. */
export function readings(words: readonly string[]): string[][] {
  let all: string[][] = [[]];
  for (const word of words) {
    const meant = [word, ...(MAY_MEAN[word] ?? [])];
    all = all.flatMap((before) => meant.map((one) => [...before, one])).slice(0, MOST_READINGS);
  }
  return all.slice(0, MOST_READINGS);
}
