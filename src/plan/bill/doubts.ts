/**
 * What a clause says that no function of a month's usage can follow: prices by the hour, tiers without prices, free months,
 * seasons. A straight line through three averages hides all of them, so the words alone decide.
 */

import { monthsIn } from './months.ts';
import { usageLimits } from './usage-limits.ts';

/** Says by itself that the hour decides. */
const HOURS =
  /\bfree (?:nights?|weekends?|days?|hours?|mornings?|afternoons?|evenings?|(?:sun|mon|tues|wednes|thurs|fri|satur)days?)\b|(?:noches|fines? de semana|horas|dias|sabados|domingos) (?:gratis|gratuit)|\b(?:on|off)[- ]peak|hor(?:as|ario) (?:pico|valle)|por horas?\b|fuera de (?:horas )?pico|time[- ]of[- ](?:use|day)|hours? (?:each|a|per|every) day|horas? (?:al|por|cada) dia|bright nights|after dark|\btou\b|hourly (?:pric|rate)|horas? gratis|peak pric|usage days?\b|dias? gratis|\bfree (?:\w+ )?days?\b/;
/** Energy that costs nothing, whenever that is. */
const FREE_ENERGY =
  /\b(?<!\w-|pollution |carbon |emissions? |hassle |worry |risk |tree )(?:free|complimentary|no[- ]cost) (?:electricity|power|energy)\b(?! (?:report|audit|check|survey|effic|tips?|app\b|monitor|assess|plan|cert))|(?:electricidad|energia|luz) (?:gratis|gratuita|sin (?:costo|cargo))/;
/** A part of the day or of the week, and a price for it. */
const PART_OF_DAY =
  /\b(?:nights?|overnight|nightly|weekends?|weekdays?|evenings?|mornings?|afternoons?|midnight|noon|nighttime|daytime|(?:sun|mon|tues|wednes|thurs|fri|satur)days?|noches?|nocturn\w+|fin(?:es)? de semana|sabados?|domingos?|madrugada|medianoche)\b|\d ?(?::\d\d)? ?[ap]\.?m\b/;
const PRICE_OF_PART =
  /\bfree\b|gratis|gratuit|\bno (?:energy |electric\w* )?charges?|\bzero|\bcero\b|\$ ?0(?:\.0+)?(?![.\d])|(?<![\d.])0 ?(?:¢|cents?|centavos)|¢|\bcents?\b|centavos|energy charge|cargo (?:de|por) energia|discount|descuento|\brates?\b|tarifa|cheaper|\bhalf|mitad|waived|\bon (?:us|the house)\b|nothing|complimentary|no cuesta|(?:no|at no) cost|(?:not|n.?t) charge|no (?:le )?cobr|sin (?:costo|cargo)|no pag\w+|\d ?%|\bpric\w+|precio|credited/;
/** Hours in which somebody answers, and nights in which nobody worries. */
const NOT_A_PRICE =
  /\bcall\b|phone|support|customer (?:care|service)|llame|atencion|servicio al cliente|office|\bopen\b|\bhotline|\bchat|sleep|rest (?:easy|assured)|(?:toll|risk|hassle|worry|carbon)[- ]free|free (?:movie|hotel|stay|gift)|day and night|night and day|dia y noche|not (?:just|only)|no solo|24\/7|all the time|any time of|cualquier hora/;

const TIERS =
  /\btier(?:s|ed)?\b|(?:de|por|dos|tres|cuatro|varios) niveles|(?:lower|cheaper|higher) (?:rates?|prices?) (?:at|for|with) (?:higher|lower|more|less) us|\b(?:cheaper|less)(?: per kwh)? the more|escalonad|\bblock rate|\brate block|por bloques?|graduated|volume discount|inclining|declining block|\bthe more (?:\w+ )?you use,? (?:the )?(?:lower|less|more you save)|(?:mientras|entre|cuanto) mas (?:\w+ )?us[ae]|usage[- ]based|\b(?:additional|other|remaining) (?:kwh|usage)\b|kwh adicionales/;
/** The price of a kWh, and not the average price, which always depends on the usage. */
const BY_USAGE =
  /\b(?:prices?|pricing|rates?|charges?|tarifas?|precios?|cargos?)\b(?: \w+){0,4} (?:depends? on|var(?:y|ies) (?:with|by)|lower as|falls? as|decreases? (?:as|with)|depende del?|segun)(?: \w+){0,4} (?:usage|use|uso|consum)/;
const ONLY_THE_AVERAGE = /average|promedio|actual price|efl|facts label|precio real/;
const FREE_KWH =
  /\bfree (?:\w+ )?first \d+ ?kwh|\bkwh (?:are |is |son |for )?(?:free|gratis)|\bfree \d+ ?kwh|\bfree (?:kwh|kilowatt)|\bkwh (?:on us|sin costo)/;
const MONTH_NAMES =
  'january|february|march|april|june|july|august|september|october|november|december|enero|febrero|marzo|abril|mayo|junio|julio|agosto|septiembre|octubre|noviembre|diciembre';
const FREE_MONTH = new RegExp(
  String.raw`\bfree (?:\w+ )?months?\b(?!ly|-)|\b(?:month|bill|${MONTH_NAMES})(?:'s|s)? (?:\w+ ){0,3}(?:is |are )?(?:free\b(?! (?:of|from))|on us\b)|\b(?:mes(?:es)?|factura)(?: \w+){0,4} (?:gratis|sin costo)|\bmes(?:es)? sin pagar|skip an? (?:\w+ )?(?:payment|bill)|\bwe pay (?:your|for)|pagamos su|(?:pay|pague) (?:only|just|solo) (?:\d+|eleven|once) (?:months|meses)|gratis (?:el|un|cada) (?:\w+ )?mes|\b(?:${MONTH_NAMES}) (?:es )?gratis|free (?:energy|electricity|power) (?:in|for) (?:the|your|one|a|every) (?:\w+ )?month`,
);
const CHANGES =
  /(?<!\bnot? (?:an? )?)(?:introductory|teaser)|(?:promotional|intro) (?:rate|price)|(?:precio|tarifa) (?:promocional|introductori[oa]|inicial)|\b(?:rates?|prices?) (?:will )?(?:changes?|escalates?|increases?|rises?|steps? (?:up|down)|goes up|drops?|adjusts?) (?:after|annually|every|each|in (?:month|year)|once|when)|\bincreases? (?:by )?\d|\bthen (?:a )?variable|(?:luego|despues) variable|\bin year (?:two|2)\b|(?:precio|tarifa)\w*(?: \w+){0,3} (?:cambia|sube|baja|aumenta)\b/;
export const LIMITED_TIME =
  /(?:first|primer[oa]s?) (?:\d+|two|three|four|five|six|nine|dos|tres|seis) (?:months?|meses|bill|factura|invoice)|(?<!\bnot? (?:an? )?)(?:introductory|teaser)|promotional (?:rate|price)/;

const PRICE = /¢|\bcents?\b|centavos|\brates?\b|\bpric\w+|precio|tarifa|energy charge/;
const PERCENT =
  /\d ?(?:%|percent|por ciento) (?:off|discount|descuento|de descuento|credit|rebate|bill credit|menos)|(?:discount|descuento|credit) (?:of|de) \d+ ?%/;
const NOT_ENERGY =
  /\bvet|visit|clinic|product|store|movie|hotel|\bpet|purchase|thermostat|travel|dining|renewable|tienda/;
export const SEASON =
  /\b(?:summer|winter|spring|fall\b(?! (?:below|under|short|within|between|above))|autumn|verano|invierno|primavera|otono|season|temporada)/;
/** What a season or a month can have of its own. */
const OF_A_TIME =
  /¢|\bcents?\b|centavos|\brates?\b|\bpric\w+|precio|tarifa|energy charge|cargo (?:de|por) energia|discount|descuento|credit|rebate|bonus|bono|\bhalf\b|mitad|\d ?(?:%|percent)/;
/** Days on which something ends, begins or is charged by others. */
const A_DATE =
  /expire|\bends? (?:on|by)|valid|\bbefore\b|\bby (?=[a-z]+ \d)|vence|valid[ao]|antes de|effective|as of|\bsince\b|\boffer\b|oferta|promocion|enroll|sign[- ]up|inscri|delivery charges?|\btdsp\b|\btdu\b|until|hasta el|avoid|protect|evit|lock|asegur|no (?:summer|winter|season)|regardless|of the season|de la temporada|all (?:seasons|year)|todo el ano|don.?t change|doesn.?t change|no cambia/;

export const UNTOLD_TIERS = 'the price goes in tiers that are not told';

/** Why the words leave the bill open, each in a few words; none if they do not. */
export function doubtsOf(clause: string): string[] {
  const doubts: string[] = [];
  const isPartOfDay = PART_OF_DAY.test(clause) && PRICE_OF_PART.test(clause) && !NOT_A_PRICE.test(clause);
  if ((HOURS.test(clause) && !NOT_A_PRICE.test(clause)) || isPartOfDay) {
    doubts.push('the price depends on the hour');
  }
  if (FREE_ENERGY.test(clause) && doubts.length === 0) doubts.push('some of the energy is free');
  if (FREE_KWH.test(clause)) doubts.push('some kWh are free');
  const isByUsage = BY_USAGE.test(clause) && !ONLY_THE_AVERAGE.test(clause);
  if (TIERS.test(clause) || isByUsage) doubts.push(UNTOLD_TIERS);
  if (FREE_MONTH.test(clause))
    doubts.push('a month is free, and the published prices do not tell which bills that lowers');
  if (CHANGES.test(clause) || (LIMITED_TIME.test(clause) && PRICE.test(clause)))
    doubts.push('the price changes during the term');
  const hasMonths = SEASON.test(clause) || monthsIn(clause).length > 0;
  if (PERCENT.test(clause) && !NOT_ENERGY.test(clause)) {
    const isPartial = usageLimits(clause).length > 0 || hasMonths;
    if (isPartial || LIMITED_TIME.test(clause)) doubts.push('a percentage comes off at some times only');
  } else if (
    hasMonths &&
    usageLimits(clause).length === 0 &&
    OF_A_TIME.test(clause) &&
    !A_DATE.test(clause)
  ) {
    doubts.push('some months have a price or a credit of their own');
  }
  return doubts;
}
