/** Small drawings of what a bill does as usage rises: ink for the plan, grey for the middle of the market. */

import type { PlanYear } from '../../catalog/priced-years.ts';
import { type Html, trusted } from '../../html/html.ts';
import type { BillCurve } from '../../plan/bill/bill.ts';

const MOST_KWH = 3000;
const STEP_KWH = 250;
/** Published are prices from here to there: beyond, a line is dotted. */
const [FIRST_PUBLISHED, LAST_PUBLISHED] = [500, 2000];
const USAGES = Array.from({ length: MOST_KWH / STEP_KWH + 1 }, (_, at) => Math.max(1, at * STEP_KWH));

const medians = new WeakMap<readonly PlanYear[], readonly (number | null)[]>();

/** USD a month in the middle plan of the market, at each of some usages. */
function marketMedian(rows: readonly PlanYear[]): readonly (number | null)[] {
  let median = medians.get(rows);
  if (!median) {
    median = USAGES.map((usage) => {
      const bills = rows.flatMap(({ curve }) => curve.usd(usage) ?? []).sort((a, b) => a - b);
      return bills.length === 0 ? null : bills[Math.floor((bills.length - 1) / 2)]!;
    });
    medians.set(rows, median);
  }
  return median;
}

/** Where a drawing stands in its box, and what its height stands for. */
interface Box {
  width: number;
  height: number;
  most_usd: number;
}

const SPARK: Box = { width: 72, height: 30, most_usd: 480 };

const place = ({ width, height, most_usd }: Box, usage: number, usd: number): string => {
  const x = (usage / MOST_KWH) * width;
  const y = height - (Math.min(usd, most_usd) / most_usd) * height;
  return `${round(x)} ${round(y)}`;
};
const round = (value: number): number => Math.round(value * 10) / 10;

const lineThrough = (box: Box, points: readonly (readonly [usage: number, usd: number])[]): string =>
  points.map(([usage, usd], at) => `${at === 0 ? 'M' : 'L'}${place(box, usage, usd)}`).join('');

/** The middle of the market: drawn once on a page, and used by every row. */
export function medianPath(rows: readonly PlanYear[], box: Box = SPARK): string {
  const median = marketMedian(rows);
  return lineThrough(
    box,
    USAGES.flatMap((usage, at) => (median[at] == null ? [] : [[usage, median[at]] as const])),
  );
}

/** Lines with a gap where the bill jumps; what lies beyond the published prices apart, to be dotted. */
export function curvePaths(curve: BillCurve, box: Box = SPARK): { solid: string; dotted: string } {
  const edges = curve.cliffs.map(({ at_kwh }) => at_kwh).filter((kwh) => kwh < MOST_KWH);
  const stops = [...new Set([1, FIRST_PUBLISHED, 1000, LAST_PUBLISHED, MOST_KWH, ...edges])].sort(
    (a, b) => a - b,
  );
  let [solid, dotted] = ['', ''];
  for (const [at, from] of stops.slice(0, -1).entries()) {
    const next = stops[at + 1]!;
    // Up to the last kWh before the jump.
    const to = edges.includes(next) ? next - 1 : next;
    const [start, end] = [curve.usd(from), curve.usd(to)];
    if (start === null || end === null) continue;
    const piece = lineThrough(box, [
      [from, start],
      [to, end],
    ]);
    if (from >= FIRST_PUBLISHED && next <= LAST_PUBLISHED) solid += joined(solid, piece);
    else dotted += joined(dotted, piece);
  }
  return { solid, dotted };
}

/** A piece that begins where the last one ended goes on. */
function joined(path: string, piece: string): string {
  const [, start, rest] = /^M([^L]+)(L.+)$/.exec(piece)!;
  return path.endsWith(`L${start}`) ? rest! : piece;
}

export function sparkline(curve: BillCurve): Html {
  const { solid, dotted } = curvePaths(curve);
  return trusted(
    `<svg aria-hidden="true"><use href="#m"/>${dotted && `<path class="k da" d="${dotted}"/>`}<path class="k" d="${solid}"/></svg>`,
  );
}
