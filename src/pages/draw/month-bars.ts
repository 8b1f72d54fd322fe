/** Twelve bills as bars. What a missed credit costs is hollow, so that the loss has an area. */

import { type Html, html } from '../../html/html.ts';
import { across, drawing, line, linePath, words } from './frame.ts';

const HEIGHT = 276;
const TOP = 22;
const BASE = 236;
const MONTHS = 12;
/** Of the figure over a bar. */
const SUM_HEIGHT = 20;
/** Of the width a month has. */
const BAR = 0.8;

interface MonthBar {
  /** `Dec`. */
  name: string;
  /** As it is printed. */
  kwh: string;
  usd: number;
  /** Of it, what is paid because a credit was missed; 0 if none was. */
  missed_usd: number;
  /** `null` where the market is not known. */
  median_usd: number | null;
}

/** @param label what there is to see; the figures are in a table beside it */
export function drawMonthBars(months: readonly MonthBar[], label: string): Html {
  const most = Math.max(1, ...months.map(({ usd, median_usd }) => Math.max(usd, median_usd ?? 0)));
  const heightOf = (usd: number) => Math.max(0, ((BASE - TOP) * usd) / most);
  const left = (at: number) => (at + (1 - BAR) / 2) / MONTHS;
  const middle = (at: number) => (at + 0.5) / MONTHS;
  const bars = months.map(({ usd, missed_usd }, at) => {
    const missed = heightOf(Math.min(usd, missed_usd));
    const whole = heightOf(usd);
    const place = { x: across(left(at)), width: across(BAR / MONTHS) };
    return html`${missed > 0 && html`<rect class="miss" x="${place.x}" y="${y(BASE - whole + 1)}" width="${place.width}" height="${y(missed)}"/>`}<rect class="bar" x="${place.x}" y="${y(BASE - whole + missed)}" width="${place.width}" height="${y(whole - missed)}"/>`;
  });
  const context = months.map(({ median_usd }, at) =>
    median_usd === null
      ? null
      : line(
          'c',
          linePath([
            [at / MONTHS + 0.004, BASE - heightOf(median_usd)],
            [(at + 1) / MONTHS - 0.004, BASE - heightOf(median_usd)],
          ]),
        ),
  );
  return drawing(
    { height: HEIGHT, label, look: 'bars' },
    [],
    [
      ...bars,
      html`<svg viewBox="0 0 1000 ${HEIGHT}" width="100%" height="${HEIGHT}" preserveAspectRatio="none">${context}${line(
        'axis',
        linePath([
          [0, BASE],
          [1, BASE],
        ]),
      )}</svg>`,
      ...months.flatMap(({ name, kwh, usd, missed_usd, median_usd }, at) => [
        sumOf(
          middle(at),
          heightOf(usd),
          median_usd === null ? null : heightOf(median_usd),
          usd,
          missed_usd > 0,
        ),
        words(middle(at), BASE + 18, name, { anchor: 'middle' }),
        words(middle(at), BASE + 35, kwh, { look: missed_usd > 0 ? 'g' : 'g wide', anchor: 'middle' }),
      ]),
    ],
  );
}

/** Above its bar; inside of it where the middle of the market runs through there. */
function sumOf(x: number, height: number, median: number | null, usd: number, isMissed: boolean): Html {
  const isInside =
    median !== null && median > height - 2 && median < height + SUM_HEIGHT && height > 2 * SUM_HEIGHT;
  const look = `sum${isMissed ? ' bad' : isInside ? ' in' : ''}`;
  return words(x, BASE - height + (isInside ? 16 : -5), String(Math.round(usd)), { look, anchor: 'middle' });
}

const y = (value: number): string => String(Math.round(value * 10) / 10);
