/**
 * What a plan's text says about its bill, in English or Spanish: credits, fees and the usages they depend on, as they
 * stand together in one clause. A number that no clause ties to an amount moves nothing; it only raises a doubt.
 * The text proposes; `bill.ts` believes it where the three published prices agree.
 */

import { doubtsOf, LIMITED_TIME, SEASON, UNTOLD_TIERS } from './doubts.ts';
import { monthsIn } from './months.ts';
import { clausesOf } from './plain-text.ts';
import { type StatedBlock, takeBlocks } from './stated-blocks.ts';
import { type UsageLimits, usageLimits } from './usage-limits.ts';

/** `usd` is added to the bill from `from_kwh` to `to_kwh`, both included; less than 0 is a credit. */
export interface StatedStep {
  usd: number;
  from_kwh: number;
  /** `null`: without end. */
  to_kwh: number | null;
  /** Of the year, 1 to 12; `null`: all. */
  months: readonly number[] | null;
  /** "Over 1,000 kWh", but perhaps 1,000 counts. */
  careless_kwh: number | null;
}

export interface StatedTerms {
  steps: StatedStep[];
  /** "The same amount whenever usage is below 1,000 kWh": that limit. */
  flat_below_kwh: number | null;
  /** Prices per kWh by usage, where all of them are stated. */
  blocks: StatedBlock[] | null;
  /** Usages at which something changes, whether or not it is known what. */
  knots: number[];
  /** Why the text leaves the bill open, each in a few words; none if it does not. */
  doubts: string[];
  /** USD to be paid once, in the first year. */
  once_usd: number;
}

interface Amount {
  usd: number;
  at: number;
  end: number;
}

const AMOUNT = /\$(\d{1,4}(?:\.\d{1,2})?)(?![\d.]*\d)(?!\s?(?:\/|per|por|a) ?(?:each )?k(?:wh|ilo))/g;
const CREDIT =
  /credit|credito|discount|descuento|rebate|reembolso|bonus|bono|\bsav(?:e|es|ings)\b|ahorr|reduction|\boff\b|\bback\b|\bearn|\breceiv|\brecib|bonific|deduct/g;
const FEE = /\bfees?\b|charg|cargo|cuota|tarifa|penalty|penali|cobr|surcharge|\$\d+(?:\.\d+)? ?<|recargo/g;
const WAIVED =
  /waive|\bnot (?:be )?(?:charge|appl|includ)|no se (?:cobra|aplica|le cobra)|exent|exonera|\bunless\b|\bexcept\b|a menos que|salvo|\bavoid|evit/;
/** A credit that somebody does not get. */
const MISSED =
  /\bnot (?:receive|get|earn|be eligible|qualify|be applied|apply)|no (?:recib|obten|obtendr|aplica|calific)|forfeit|\blose\b|pierde/;
/** Money that a month's bill does not hold. */
const NOT_MONTHLY =
  /terminat|cancel|early exit|deposit|deposito|reward|recompensa|gift|regalo|\bvalue\b|valor|\bvet|visa\b|switch|refer|disconnect|reconnect|late (?:fee|payment)|returned|worth|donat|donacion|contribut|contribucion|emergency|^ ?(?:\/|per|a|each|por|al|cada) ?(?:day|dia|week|semana|year|ano)\b|^ (?:daily|diari|weekly|yearly|annual)/;
const ONCE =
  /one-time|one time|una (?:sola )?vez|unico|first (?:bill|month|invoice|payment)|primer(?:a)? (?:factura|mes|pago)|(?:second|third|1st|2nd|3rd|[4-9]th|\d\dth) (?:bill|month|invoice)|after (?:your |the )?(?:first|\d+|one|two|three|six|twelve) ?-?(?:month|bill)|despues de|sign-?up|enrol?l?ment|inscripcion|set-?up|configuracion|membership|membresia|purchase|compra|activation|activacion|instant/;
const ONCE_PAID =
  /set-?up|configuracion|purchase|compra|membership|membresia|activation|activacion|one-time (?:fee|charge)|enrol?l?ment fee/;
const PRICE_BY_USAGE =
  /¢|\bcents?\b|centavos?|per kwh|por kwh|\/ ?kwh|\bprices?\b|precio|\brates?\b|energy charge|tarifa|\bcosts?\b|\bcuesta/;
const ONLY_AN_EXAMPLE = /average|promedio|based on|shown|muestran?|example|ejemplo|assum|actual price/;
const FLAT =
  /same (?:amount|bill|price)|misma cantidad|mismo (?:monto|importe|precio)|flat (?:monthly )?(?:fee|rate|bill|charge|price|amount)|tarifa plana|fixed (?:monthly )?(?:bill|amount)/;
const WHOLE_BILL = /\bflat\b|tarifa plana|total bill|factura total/;
const ENDS =
  /expire|\bends? (?:on|by)|valid (?:until|through)|\bbefore\b|\bby (?=[a-z]+ \d)|vence|valid[ao] hasta|antes de/;
const NEGATED =
  /\b(?:no|without|never|zero|not? any|sin|ningun[ao]?|ni)\s(?!(?:energy|electric\w*) charge|charges? for (?:power|energy|electric)|cargos? (?:de|por) energia|cargos? (?:por la noche|de noche|(?:en )?los|(?:en )?el))(?:[a-z-]+[\s,/]+(?:or |and |y |ni )?){0,5}?(?:fees?|charges?|minimums?|tiers?|tiered|gimmicks?|penalt\w+|cargos?|minimos?|cuotas?|niveles|requirements?|requisitos?|credito?s?|time[- ]of[- ](?:use|day)|(?:on|off)[- ]peak|peak|teaser|introductory)\b(?:[\s,/]+(?:or |and |ni |o |y )?(?:fees?|charges?|usage|gimmicks?|tiers?|cargos?|rates?|pricing|teaser|introductory))*(?!\s(?:of|de|for)?\s?\$)/g;

/** @param texts what the upstream says about fees, credits and special terms, and the plan's name */
export function statedTerms(texts: readonly (string | null)[]): StatedTerms {
  const found: StatedTerms = {
    steps: [],
    flat_below_kwh: null,
    blocks: null,
    knots: [],
    doubts: [],
    once_usd: 0,
  };
  const loose: UsageLimits[] = [];
  const once = new Set<number>();
  const clauses = new Set(texts.flatMap((text) => (text === null ? [] : clausesOf(text))));
  found.blocks = takeBlocks(clauses);
  for (const clause of clauses) readClause(clause, found, loose, once);
  // "Tiered pricing" tells nothing more where the tiers are told.
  if (found.blocks) found.doubts = found.doubts.filter((doubt) => doubt !== UNTOLD_TIERS);
  for (const { from_kwh } of found.blocks ?? []) if (from_kwh > 1) found.knots.push(from_kwh);
  found.once_usd = [...once].reduce((sum, usd) => sum + usd, 0);
  found.steps = withoutRepeats(found.steps);
  for (const limits of loose) {
    if (isExplained(limits, found)) continue;
    found.knots.push(edgeOf(limits));
    found.doubts.push(`the plan's text names ${edgeOf(limits)} kWh without saying what changes there`);
  }
  for (const { from_kwh, to_kwh } of found.steps) {
    if (from_kwh > 1) found.knots.push(from_kwh);
    if (to_kwh !== null) found.knots.push(to_kwh + 1);
  }
  if (found.flat_below_kwh !== null) found.knots.push(found.flat_below_kwh);
  found.knots = [...new Set(found.knots)].sort((a, b) => a - b);
  return found;
}

function readClause(clause: string, found: StatedTerms, loose: UsageLimits[], once: Set<number>): void {
  // "No minimum usage fee" promises that there is none.
  const plain = clause.replace(NEGATED, (all) => (/\d/.test(all) ? all : ' '));
  found.doubts.push(...doubtsOf(plain));
  const limits = usageLimits(plain);
  const amounts = amountsIn(plain, once);
  if (FLAT.test(plain) && limits.length === 1 && limits[0]!.from_kwh === 1 && amounts.length === 0) {
    found.flat_below_kwh = limits[0]!.to_kwh! + 1;
    return;
  }
  if (limits.length === 0) return;
  if (WHOLE_BILL.test(plain) && amounts.length > 0) {
    found.knots.push(...limits.map(edgeOf));
    found.doubts.push('an amount is stated that may be the whole bill');
    return;
  }
  if (amounts.length === 0) {
    const isAboutMoney = matches(CREDIT, plain) || matches(FEE, plain) || PRICE_BY_USAGE.test(plain);
    const isExample = ONLY_AN_EXAMPLE.test(plain) && !matches(CREDIT, plain);
    if (isAboutMoney && !isExample) loose.push(...limits);
    return;
  }
  const pairs = pair(amounts, limits);
  const season = readSeason(plain);
  if (!pairs || season === 'unclear' || LIMITED_TIME.test(plain)) {
    found.knots.push(...limits.map(edgeOf));
    found.doubts.push(
      pairs
        ? 'a stated amount holds for a part of the time only'
        : 'its amounts and usages cannot be told apart',
    );
    return;
  }
  for (const [amount, condition] of pairs) {
    const step = toStep(plain, amount, condition, season);
    if (step) found.steps.push(step);
    else {
      found.knots.push(edgeOf(condition));
      found.doubts.push(`$${amount.usd} at ${edgeOf(condition)} kWh may be a fee or a credit`);
    }
  }
}

/** The amounts of a clause that a month's bill is made of. */
function amountsIn(clause: string, once: Set<number>): Amount[] {
  const all = [...clause.matchAll(AMOUNT)].map((match) => ({
    usd: Number(match[1]),
    at: match.index,
    end: match.index + match[0].length,
  }));
  return all.filter(({ usd, at, end }, index) => {
    const before = clause.slice(Math.max(all[index - 1]?.end ?? 0, at - 45), at);
    const after = clause.slice(end, Math.min(all[index + 1]?.at ?? clause.length, end + 45));
    // "Ten dollars ($10)" is said twice and paid once.
    if (all[index - 1]?.usd === usd && at - all[index - 1]!.end <= 4) return false;
    if (NOT_MONTHLY.test(before) || NOT_MONTHLY.test(after)) return false;
    if (!ONCE.test(`${before} ${after}`)) return true;
    const isPaid =
      ONCE_PAID.test(`${before} ${after}`) && !/credit|bonus|cover|\bup to\b/.test(`${before} ${after}`);
    if (isPaid) once.add(usd);
    return usageLimits(clause).length > 0 && !isPaid;
  });
}

/** Which amount belongs to which usage; `null` where that is not plain. */
function pair(amounts: readonly Amount[], limits: readonly UsageLimits[]): [Amount, UsageLimits][] | null {
  if (amounts.length === 1) {
    const [first, second] = limits as [UsageLimits, UsageLimits | undefined];
    if (!second) return [[amounts[0]!, first]];
    // "$9.95 below 500 kWh, waived from 500 kWh on": twice the same limit.
    return limits.length === 2 && Math.abs(edgeOf(first) - edgeOf(second)) <= 1
      ? [[amounts[0]!, first]]
      : null;
  }
  if (amounts.length !== limits.length) return null;
  const isAlternating = amounts.every(({ at }, index) => {
    const isAmountFirst = amounts[0]!.at < limits[0]!.at;
    const next = isAmountFirst ? amounts[index + 1]?.at : limits[index + 1]?.at;
    const [low, high] = isAmountFirst ? [at, limits[index]!.at] : [limits[index]!.at, at];
    return low < high && (next === undefined || high < next);
  });
  return isAlternating ? amounts.map((amount, index) => [amount, limits[index]!]) : null;
}

/** `null`: whether it is a fee or a credit, or on which side of the usage, cannot be told. */
function toStep(
  clause: string,
  { usd, at, end }: Amount,
  limits: UsageLimits,
  months: readonly number[] | null,
): StatedStep | null {
  const [credit, fee] = [CREDIT, FEE].map((words) =>
    Math.min(...[...clause.matchAll(words)].map(({ index }) => (index < at ? at - index : index - end + 1))),
  ) as [number, number];
  // Below 1,000 ends at 999; what holds "up to 500 kWh" may be the whole bill.
  const isBelow = limits.from_kwh === 1 && limits.side === 'said' && (limits.to_kwh ?? 0) % 10 === 9;
  // "$9.95 for usage less than 1,000 kWh" says enough; for more usage nobody charges a fee without calling it one.
  const unnamed = isBelow ? 'fee' : 'unknown';
  const kind = credit === Infinity && fee === Infinity ? unnamed : credit <= fee ? 'credit' : 'fee';
  if (kind === 'unknown' || limits.side === 'unclear' || (limits.side === 'at' && kind === 'fee'))
    return null;
  const { careless_kwh } = limits;
  let { from_kwh, to_kwh } = limits;
  if (kind === 'fee' && WAIVED.test(clause) && from_kwh > 1 && to_kwh === null) {
    [from_kwh, to_kwh] = [1, from_kwh - 1];
  } else if (kind === 'credit' && MISSED.test(clause) && from_kwh === 1 && to_kwh !== null) {
    [from_kwh, to_kwh] = [to_kwh + 1, null];
  } else if ((WAIVED.test(clause) && from_kwh === 1) || (MISSED.test(clause) && kind === 'credit'))
    return null;
  return { usd: kind === 'credit' ? -usd : usd, from_kwh, to_kwh, months, careless_kwh };
}

function readSeason(clause: string): readonly number[] | null | 'unclear' {
  const months = monthsIn(clause);
  if (months.length > 0) return ENDS.test(clause) ? 'unclear' : months;
  return SEASON.test(clause) ? 'unclear' : null;
}

/** The same step said twice, perhaps once carelessly, is one step; an amount of 0 is none. */
function withoutRepeats(steps: readonly StatedStep[]): StatedStep[] {
  const kept: StatedStep[] = [];
  for (const step of steps.toSorted(
    (a, b) => Number(a.careless_kwh !== null) - Number(b.careless_kwh !== null),
  )) {
    const isKnown = kept.some(
      (one) =>
        one.usd === step.usd &&
        Math.abs(one.from_kwh - step.from_kwh) <= 1 &&
        Math.abs((one.to_kwh ?? 0) - (step.to_kwh ?? 0)) <= 1 &&
        String(one.months) === String(step.months),
    );
    if (step.usd !== 0 && !isKnown) kept.push(step);
  }
  return kept;
}

const isExplained = (limits: UsageLimits, { steps, flat_below_kwh }: StatedTerms): boolean =>
  [
    flat_below_kwh,
    ...steps.flatMap(({ from_kwh, to_kwh }) => [from_kwh, to_kwh === null ? null : to_kwh + 1]),
  ].some((edge) => edge !== null && edge > 1 && Math.abs(edge - edgeOf(limits)) <= 1);

/** Where the bill is another from. */
const edgeOf = ({ from_kwh, to_kwh }: UsageLimits): number => (from_kwh > 1 ? from_kwh : (to_kwh ?? 0) + 1);

const matches = (words: RegExp, clause: string): boolean => clause.search(words) !== -1;
