/**
 * The arithmetic of a bill, charge by charge, for some of a home's months side by side, and where each charge is written.
 * It is that of `explain bill`: the lines of the same curve.
 */

import type { BillCurve } from '../../plan/bill/bill.ts';
import type { BillLine, Charge } from '../../plan/bill/shape.ts';
import type { Plan } from '../../plan/plan.ts';

/** What makes up the difference between the charges and the bill. */
type Difference = { kind: 'rounding' } | { kind: 'season' };

export interface ChargeRow {
  charge: Charge | Difference;
  /** USD in each of the months; `null` where the charge does not apply. */
  usd: readonly (number | null)[];
  /** The plan's own words about it, where there are any. */
  quote: string | null;
}

const LEAST_USD = 0.005;
/** Published prices are rounded to a tenth of a cent: no more than this at 2,000 kWh, and a little beyond. */
const MOST_ROUNDING_USD = 2.5;

/** @returns a row for each charge that applies in one of the months or would have, in the order of the bill */
export function arithmeticOf(
  plan: Plan,
  curve: BillCurve,
  months: readonly { month: number; kwh: number }[],
): ChargeRow[] {
  const lines = months.map(({ kwh }) => curve.lines(kwh));
  const keys = [...new Set(lines.flatMap((some) => some.map(keyOf)))];
  const rows = keys.map((key): ChargeRow => {
    const found = lines.map((some) => some.find((line) => keyOf(line) === key));
    const { charge } = found.find((line) => line !== undefined)!;
    return { charge, usd: found.map((line) => line?.usd ?? null), quote: quoteFor(plan, charge) };
  });
  const rest = months.map(({ month, kwh }, at) => {
    const usd = curve.usd(kwh, month);
    return usd === null ? 0 : usd - lines[at]!.reduce((sum, line) => sum + line.usd, 0);
  });
  if (rest.every((usd) => Math.abs(usd) < LEAST_USD)) return rows;
  const kind = rest.every((usd) => Math.abs(usd) <= MOST_ROUNDING_USD) ? 'rounding' : 'season';
  return [...rows, { charge: { kind }, usd: rest, quote: null }];
}

/** The same charge in two months is one row, though the usage in it differs. */
function keyOf({ charge }: BillLine): string {
  if (charge.kind === 'energy') return `energy ${charge.cents_per_kwh}`;
  return charge.kind === 'published' || charge.kind === 'blocks' ? charge.kind : JSON.stringify(charge);
}

const LONGEST_QUOTE = 160;

/** The sentence of the plan that names the amount or the usage. */
function quoteFor(plan: Plan, charge: Charge): string | null {
  const { fees_text, special_terms } = plan.remembered_text ?? plan;
  const wanted =
    charge.kind === 'step'
      ? [amountPattern(Math.abs(charge.step.usd)), ...usagePatterns(charge.step.from_kwh, charge.step.to_kwh)]
      : charge.kind === 'flat'
        ? usagePatterns(charge.below_kwh, null)
        : charge.kind === 'blocks'
          ? charge.blocks.flatMap(({ from_kwh, to_kwh }) => usagePatterns(from_kwh, to_kwh))
          : [];
  if (wanted.length === 0) return null;
  const sentences = [fees_text, special_terms, plan.name].flatMap(
    (text) => text?.match(/[^.!?]+(?:[.!?](?!\s|$)[^.!?]*)*[.!?]?/g) ?? [],
  );
  const score = (sentence: string) => wanted.filter((pattern) => pattern.test(sentence)).length;
  const [best] = sentences.map((sentence) => sentence.trim()).toSorted((a, b) => score(b) - score(a));
  if (best === undefined || score(best) === 0) return null;
  return best.length <= LONGEST_QUOTE ? best : `${best.slice(0, LONGEST_QUOTE - 1).trimEnd()}…`;
}

const amountPattern = (usd: number): RegExp => new RegExp(`\\$ ?${String(usd).replace('.', '\\.')}(?!\\d)`);

function usagePatterns(from_kwh: number, to_kwh: number | null): RegExp[] {
  return [from_kwh, from_kwh - 1, ...(to_kwh === null ? [] : [to_kwh, to_kwh + 1])]
    .filter((kwh) => kwh > 1)
    .map(
      (kwh) =>
        new RegExp(
          `(?<!\\d)${kwh >= 1000 ? `${Math.floor(kwh / 1000)},?${String(kwh % 1000).padStart(3, '0')}` : kwh}(?!\\d)`,
        ),
    );
}
