/** The usages that a clause speaks of: "at least 1000 kwh", "below 500", "entre 1000 y 2000 kwh". */

/** A condition holds from one usage to another, both included; `null`: without end. */
export interface UsageLimits {
  from_kwh: number;
  to_kwh: number | null;
  /** "Over 1,000": whether 1,000 itself counts is what people word carelessly. */
  careless_kwh: number | null;
  /** Which side of the usage is meant: said, only "at 1,000 kWh", or in words that are not known. */
  side: 'said' | 'at' | 'unclear';
  /** Where it stands in the clause, and where it ends. */
  at: number;
  end: number;
}

const NUMBER = String.raw`(?<kwh>\d{1,3}(?:,\d{3})+|\d{2,5})(?![\d.]*\d)`;
const UNIT = String.raw`\s?-?(?:kwhs?|k\.w\.h|kilowatt[- ]?hours?|kilowatts?|kilovatios?(?:[- ]horas?)?|kw)\b`;

const BEFORE = {
  from: 'at least|equals? or exceeds?|(?:igual\\w*|alcan\\w+) o (?:exced\\w+|super\\w+)|at or (?:above|over|more than)|(?:at|a) minimum(?: of)?|como minimo|(?:no|not) (?:less|fewer|lower) than|not (?:under|below)|no (?:sea |es |consum\\w+ |us[ae]s? |utili\\w+ )?(?:menos de|menor(?:es)? (?:a|de|que)|inferior(?:es)? a|(?:por )?debajo de)|>=|(?:equal(?: to)? or (?:greater|more|higher)|(?:greater|more|higher) than or equal|equal to and (?:greater|more)) (?:than|to)|(?:a )?minimum (?:usage )?of|meets? or exceeds?|reach(?:es|ed|ing)?|hits?|starting (?:at|from)|al menos|por lo menos|(?:un )?minimo de|igual(?:es)? o (?:superior|mayor)(?:es)?(?: (?:a|que|de))?|(?:mayor|superior) o igual (?:a|que)|alcan(?:ce|za|zan|zar)|llegue a|a partir de',
  to: 'up to|at or (?:below|under|less than)|no mas de|<=|at most|(?:no|not) more than|(?:a )?maximum of|less than or equal to|equal to or less than|(?:does|do|did) not exceed|not exceeding|hasta|no (?:exced[ae]n?|super[ae]n?|sobrepas[ae]n?)|menor o igual (?:a|que)|igual o (?:menor|inferior) (?:a|que)|first|primeros',
  below:
    'less than|under|below|<|fewer than|lower than|short of|beneath|(?:does|do|did|doesn.?t|don.?t) not? ?(?:reach|meet)|fails? to (?:use|reach|meet|hit)|(?:do|does|did)(?: not|n.?t) (?:use|consume|reach)(?: at least| a minimum of)?|no (?:us[ae]s?|consum[ae]s?) (?:al menos|por lo menos)|menos de|menor(?:es)? (?:a|de|que)|(?:por )?debajo de|inferior(?:es)? a|bajo|no (?:alcan(?:ce|cen|za|zan|zar)|lleg(?:a|an|ue|uen|ar)(?: a)?)',
  above:
    'more than|greater than|over|above|exceed(?:s|ed|ing)?|higher than|in excess of|beyond|past|pass(?:es|ing)?|cross(?:es|ing)?|top(?:s|ping)?|north of|surpass(?:es)?|>|mas de|mayor(?:es)? (?:a|de|que)|superior(?:es)? a|exced[ae]n?|super[ae]n?|sobrepas[ae]n?|por encima de',
} as const;
const AFTER_MORE = String.raw`(?:\s?\+|,? ?(?:or|o|u|and|y) (?:more|greater|higher|above|over|up|mas|superior|mayor))`;
const AFTER_LESS =
  ',? ?(?:or|o|and|y) (?:less|lower|fewer|below|under|menos|menor|inferior)(?! (?:than|de|que|a)\\b)';

const ONE = new RegExp(
  String.raw`(?:(?<from>\b(?:${BEFORE.from})|>=)|(?<to>\b(?:${BEFORE.to})|<=)|(?<below>\b(?:${BEFORE.below})|<)|(?<above>\b(?:${BEFORE.above})|>))?\s*(?:(?:a|the|los|las|de|of|usage|total|than)\s)*(?<![\d$.,#-])${NUMBER}(?<unit>${UNIT})?(?:(?<more>${AFTER_MORE})|(?<less>${AFTER_LESS}))?(?<after>\s?\S{0,6})`,
  'g',
);
const RANGE = new RegExp(
  String.raw`(?:\b(?:between|from|entre|desde|de)\s(?:\(?(?:and including)\)? ?)?)?(?<![\d$.,#-])(?<low>\d{1,3}(?:,\d{3})+|\d{1,5})(?:${UNIT})?\s?(?:and|y|to|through|thru|a|hasta|-)\s?(?:\(?(?:and including)\)? ?)?(?<high>\d{1,3}(?:,\d{3})+|\d{3,5})(?<unit>${UNIT})?`,
  'g',
);
const SPEAKS_OF_USAGE =
  /\b(?:usage|use|uses|using|used|consum\w*|uso|usa|uses|usage's)\b|kwh|kilowatt|kilovati/;
const NOT_A_USAGE =
  /^\s?(?:%|¢|cents?|months?|mes|meses|days?|dias?|hours?|horas?|years?|anos?|am\b|pm\b|:\d|percent|por ci|\/)/;
/** What stands before a usage that is meant as it stands; any other word may say something of it. */
const AT =
  /(?:^|[(:=,;-]|\b(?:at|of|for|from|desde|use[sd]?|using|with|when|if|is|de|con|a|al|los|por|us(?:a|e|ar|an|as)|consum\w+|utili\w+|(?:total|monthly) usage))\s*$/;
const TURNED = /\b(?:or|nor|o|ni|not|no|never|nunca|\w+n['’]?t)\s$/;
/** A usage of another time than a month, or of a part of the home. */
const OF_A_DAY =
  /^[\s)]*(?:\/|per|por|al?|each|cada) ?(?:day|dia|week|semana|year|ano|hour|hora|sq|square|person)|^ (?:daily|diari|weekly|yearly|annual)/;
const PER_SO_MANY = /(?:every|each|per|cada)\s$/;
const LEAST_KWH = 10;
const MOST_KWH = 20_000;

/** In the order of the clause; a lower and an upper limit beside each other are one window. */
export function usageLimits(clause: string): UsageLimits[] {
  if (!SPEAKS_OF_USAGE.test(clause)) return [];
  const ranges = [...clause.matchAll(RANGE)].flatMap((match): UsageLimits[] => {
    const [low, high] = [toKwh(match.groups!.low!), toKwh(match.groups!.high!)];
    const isNamed = /^(?:between|entre)/.test(match[0]) || match.groups!.unit !== undefined;
    if (!isNamed || low >= high || high > MOST_KWH || (low > 1 && low < LEAST_KWH)) return [];
    const [at, end] = [match.index, match.index + match[0].length];
    return [{ from_kwh: Math.max(1, low), to_kwh: high, careless_kwh: null, side: 'said', at, end }];
  });
  const rest = [...clause.matchAll(ONE)]
    .filter(({ index, 0: all }) => ranges.every(({ at, end }) => index + all.length <= at || index >= end))
    .flatMap(readOne);
  return joinWindows(
    clause,
    [...ranges, ...rest].toSorted((a, b) => a.at - b.at),
  );
}

function readOne(match: RegExpExecArray): UsageLimits[] {
  const { from, to, below, above, more, less, unit, after } = match.groups!;
  const kwh = toKwh(match.groups!.kwh!);
  const isRelated = [from, to, below, above, more, less].some((one) => one !== undefined);
  if (unit === undefined && (!isRelated || NOT_A_USAGE.test(after ?? ''))) return [];
  if (kwh < LEAST_KWH || kwh > MOST_KWH) return [];
  if (!isRelated && PER_SO_MANY.test(match.input.slice(0, match.index))) return [];
  const end = match.index + match[0].length - (after ?? '').length;
  const limits = (
    from_kwh: number,
    to_kwh: number | null,
    careless_kwh: number | null,
    side: UsageLimits['side'] = 'said',
  ) => [{ from_kwh, to_kwh, careless_kwh, side, at: match.index, end }];
  // "Nor above", "isn't over": what turns a word round, and is not known with it.
  if (OF_A_DAY.test(match.input.slice(end))) return limits(kwh, null, null, 'unclear');
  if (isRelated && TURNED.test(match.input.slice(0, match.index))) return limits(kwh, null, null, 'unclear');
  // What stands behind the number says it last: "over 1,000 kWh or more".
  if (more !== undefined || from !== undefined) return limits(kwh, null, null);
  if (less !== undefined || to !== undefined) return limits(1, kwh, null);
  if (below !== undefined) return limits(1, kwh - 1, null);
  if (above !== undefined) return limits(kwh + 1, null, kwh % 10 === 9 ? null : kwh);
  const before = match.input.slice(0, match.index + match[0].indexOf(match.groups!.kwh!));
  return limits(kwh, null, null, AT.test(before) ? 'at' : 'unclear');
}

function joinWindows(clause: string, limits: readonly UsageLimits[]): UsageLimits[] {
  const joined: UsageLimits[] = [];
  for (const next of limits) {
    const last = joined.at(-1);
    const between = last ? clause.slice(last.end, next.at) : '';
    const isWindow =
      last &&
      last.to_kwh === null &&
      next.from_kwh === 1 &&
      next.to_kwh !== null &&
      next.to_kwh > last.from_kwh;
    if (
      isWindow &&
      last.side === 'said' &&
      /^[\s,]*(?:and|but|y|pero|-|to)?\s*(?:\w+\s?){0,3}$/.test(between)
    ) {
      joined[joined.length - 1] = { ...last, to_kwh: next.to_kwh, end: next.end };
    } else joined.push(next);
  }
  return joined;
}

const toKwh = (figures: string): number => Number(figures.replaceAll(',', ''));
