/**
 * The bill by usage, from nothing to 3,000 kWh. Where it jumps there is a gap with its dollars, never a steep line; where
 * it is not known it is dotted, with what it may be behind it.
 */

import type { Html } from '../../html/html.ts';
import { html } from '../../html/html.ts';
import type { BillCurve } from '../../plan/bill/bill.ts';
import { drawing, line, linePath, niceTicks, type Point, words } from './frame.ts';

export const MOST_KWH = 3000;
const STEP_KWH = 50;
const HEIGHT = 300;
const TOP = 16;
const BOTTOM = 276;
const MOST_GAPS_NAMED = 3;
const UPPER_NAME_KWH = 2300;
const LOWER_NAME_KWH = 1500;

interface CurveWords {
  label: string;
  plan: string;
  median: string;
  yours: string;
  usd(value: number): string;
  kwh(value: number): string;
  /** The two lines beside a gap: how large it is, and where. */
  gap(size_usd: number, at_kwh: number): readonly [string, string];
}

interface Stretch {
  /** As it is drawn: known, or not. */
  isKnown: boolean;
  points: [kwh: number, usd: number][];
}

/** The curve in pieces that can be drawn in one go: cut where it jumps, and where what is known begins or ends. */
export function stretchesOf(curve: Pick<BillCurve, 'usd' | 'certainty' | 'cliffs'>): Stretch[] {
  const edges = curve.cliffs.map(({ at_kwh }) => at_kwh).filter((kwh) => kwh > 1 && kwh <= MOST_KWH);
  const usages = new Set([1, ...Array.from({ length: MOST_KWH / STEP_KWH }, (_, at) => (at + 1) * STEP_KWH)]);
  for (const edge of edges) usages.add(edge).add(edge - 1);
  const sorted = [...usages].sort((a, b) => a - b);
  const stretches: Stretch[] = [];
  for (const [at, from] of sorted.slice(0, -1).entries()) {
    const to = sorted[at + 1]!;
    if (edges.includes(to)) continue;
    const [start, end] = [curve.usd(from), curve.usd(to)];
    if (start === null || end === null) continue;
    // Published prices are known even of a plan that is an estimate, so the middle decides.
    const middle = Math.min(to, Math.max(from, Math.round((from + to) / 2)));
    const isKnown =
      curve.certainty(middle) === 'exact' || (to - from === 1 && curve.certainty(from) === 'exact');
    const last = stretches.at(-1);
    if (last?.isKnown === isKnown && last.points.at(-1)![0] === from) last.points.push([to, end]);
    else
      stretches.push({
        isKnown,
        points: [
          [from, start],
          [to, end],
        ],
      });
  }
  return stretches;
}

/**
 * @param median USD at a usage; `null` where the market is not known
 * @param yours usages that are marked below
 */
export function drawBillCurve(
  curve: BillCurve,
  median: (kwh: number) => number | null,
  yours: readonly number[],
  say: CurveWords,
): Html {
  const most = Math.max(
    curve.usd(MOST_KWH) ?? 0,
    median(MOST_KWH) ?? 0,
    ...curve.cliffs.map(({ at_kwh }) => (at_kwh > MOST_KWH ? 0 : (curve.usd(at_kwh - 1) ?? 0))),
  );
  const ticks = niceTicks(0, Math.max(most, 1), 5);
  const top = ticks.at(-1)!;
  const x = (kwh: number) => kwh / MOST_KWH;
  const y = (usd: number) => BOTTOM - ((BOTTOM - TOP) * usd) / top;
  const at = ([kwh, usd]: readonly [number, number]): Point => [x(kwh), y(usd)];

  const grid = ticks.slice(1).map((usd) =>
    line(
      'h',
      linePath([
        [0, y(usd)],
        [1, y(usd)],
      ]),
    ),
  );
  const context = Array.from({ length: MOST_KWH / STEP_KWH }, (_, n) => (n + 1) * STEP_KWH).flatMap(
    (kwh): Point[] => {
      const usd = median(kwh);
      return usd === null ? [] : [at([kwh, usd])];
    },
  );
  const stretches = stretchesOf(curve);
  const own = stretches.map(({ isKnown, points }) => line(isKnown ? 'k' : 'k da', linePath(points.map(at))));
  const gaps = curve.cliffs.filter(({ at_kwh }) => at_kwh <= MOST_KWH).slice(0, MOST_GAPS_NAMED);
  const jumps = gaps.map(({ at_kwh }) => [at_kwh, curve.usd(at_kwh - 1), curve.usd(at_kwh)] as const);
  const drops = jumps.map(([kwh, before, after]) =>
    line('gap', linePath([at([kwh, before ?? 0]), [x(kwh) + 1e-6, y(after ?? 0)]])),
  );
  const strokes = yours
    .filter((kwh) => kwh <= MOST_KWH)
    .map((kwh) =>
      line(
        'u',
        linePath([
          [x(kwh), BOTTOM],
          [x(kwh) + 1e-6, BOTTOM - 9],
        ]),
      ),
    );

  return drawing(
    { height: HEIGHT, label: say.label, look: 'cv' },
    [
      ...grid,
      bandOf(curve, at),
      line(
        'axis',
        linePath([
          [0, BOTTOM],
          [1, BOTTOM],
        ]),
      ),
      line('c', linePath(context)),
      ...drops,
      ...own,
      ...strokes,
    ],
    [
      ...ticks.map((usd) => words(0, y(usd) + 4, say.usd(usd), { look: 'g', anchor: 'end', dx: -8 })),
      ...[0, 500, 1000, 2000].map((kwh) =>
        words(x(kwh), BOTTOM + 20, kwh === 0 ? '0' : say.kwh(kwh).replace(/\D+$/, ''), {
          look: 'g',
          anchor: 'middle',
        }),
      ),
      words(1, BOTTOM + 20, say.kwh(MOST_KWH), { look: 'g', anchor: 'end' }),
      ...gaps.flatMap(({ at_kwh, size_usd }, n) => gapWords(jumps[n]!, say.gap(size_usd, at_kwh), x, y, say)),
      ...nameWords(curve, median, x, y, say),
      yours.length === 0
        ? null
        : words(x(Math.max(...yours.filter((kwh) => kwh <= MOST_KWH), 0)), BOTTOM - 3, say.yours, {
            look: 'yours',
            dx: 8,
          }),
    ],
  );
}

/** What an estimate may be, as an area; nothing for a bill that is known. */
function bandOf(curve: BillCurve, at: (point: readonly [number, number]) => Point): Html | null {
  const kwhs = Array.from({ length: MOST_KWH / STEP_KWH }, (_, n) => (n + 1) * STEP_KWH);
  const open = kwhs.flatMap((kwh) => {
    const bounds = curve.bounds(kwh);
    return bounds && bounds[1] - bounds[0] > 0 ? [{ kwh, low: bounds[0], high: bounds[1] }] : [];
  });
  if (curve.evidence !== 'estimate' || open.length < 2) return null;
  const upper = linePath(open.map(({ kwh, high }) => at([kwh, high])));
  const lower = linePath(open.map(({ kwh, low }) => at([kwh, low])).reverse());
  return html`<path class="band" d="${upper}${lower.replace('M', 'L')}Z"/>`;
}

/** Beside the gap, on the side with more room. */
function gapWords(
  [kwh, before, after]: readonly [number, number | null, number | null],
  [size, where]: readonly [string, string],
  x: (kwh: number) => number,
  y: (usd: number) => number,
  say: CurveWords,
): Html[] {
  const [from, to] = [y(before ?? 0), y(after ?? 0)];
  const isLeft = kwh > 450;
  const put = (top: number, text: string, look = '') =>
    words(x(kwh), top, text, { look, anchor: isLeft ? 'end' : 'start', dx: isLeft ? -8 : 8 });
  const top = Math.max(TOP + 10, Math.min(from, to) - 26);
  return [
    put(top, size, 'bad'),
    put(top + 16, where, 'bad'),
    words(x(kwh), Math.max(from, to) + 16, say.usd(Math.round(Math.min(before ?? 0, after ?? 0))), { dx: 4 }),
  ];
}

/** Where there is room however wide the drawing is: the upper line's name before it, the lower one's at the right below it. */
function nameWords(
  curve: BillCurve,
  median: (kwh: number) => number | null,
  x: (kwh: number) => number,
  y: (usd: number) => number,
  say: CurveWords,
): (Html | null)[] {
  const [own, other] = [curve.usd(UPPER_NAME_KWH), median(UPPER_NAME_KWH)];
  if (own === null) return [];
  const isAbove = other === null || own >= other;
  const upper = (usd: number, text: string, look: string) =>
    words(x(UPPER_NAME_KWH), y(usd) - 12, text, { look, anchor: 'end' });
  const lower = (usd: number, text: string, look: string) =>
    words(1, Math.min(BOTTOM - 26, y(usd) + 22), text, { look, anchor: 'end' });
  if (other === null) return [upper(own, say.plan, 'name')];
  if (isAbove) return [upper(own, say.plan, 'name'), lower(median(LOWER_NAME_KWH) ?? other, say.median, 'g')];
  return [upper(other, say.median, 'g'), lower(curve.usd(LOWER_NAME_KWH) ?? own, say.plan, 'name')];
}
