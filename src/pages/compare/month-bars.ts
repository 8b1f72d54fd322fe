/** Twelve bills as bars on one scale: what a missed credit adds is the hollow part, so that the loss has an area. */

import type { PlanYear } from '../../catalog/priced-years.ts';
import { type Html, html, trusted } from '../../html/html.ts';
import type { UsageProfile } from '../../plan/profiles/profiles.ts';
import { creditOf } from '../list/plan-facts.ts';

const [WIDTH, HEIGHT, GAP] = [120, 76, 1];
const MONTHS = 12;

interface MonthBill {
  /** 1 to 12 */
  month: number;
  kwh: number;
  usd: number;
  missed_usd: number;
}

/** The bills of a year, from a month on; empty where one cannot even be estimated. */
export function monthBills(row: PlanYear, profile: UsageProfile, firstMonth: number): MonthBill[] {
  const credit = creditOf(row);
  const bills = Array.from({ length: MONTHS }, (_, at) => {
    const month = ((firstMonth - 1 + at) % MONTHS) + 1;
    const kwh = profile.months_kwh[month - 1]!;
    const usd = row.curve.usd(kwh, month);
    return { month, kwh, usd, missed_usd: credit?.isCredit && kwh < credit.at_kwh ? credit.usd : 0 };
  });
  return bills.every((bill): bill is MonthBill => bill.usd !== null) ? bills : [];
}

/** @param most_usd what the whole height stands for */
export function monthBars(bills: readonly MonthBill[], most_usd: number): Html {
  const each = WIDTH / MONTHS;
  const y = (usd: number) => Math.round((HEIGHT - (usd / most_usd) * HEIGHT) * 10) / 10;
  const bar = (at: number, from: number, to: number) =>
    `M${at * each} ${y(from)}V${y(to)}H${at * each + each - GAP}V${y(from)}Z`;
  const solid = bills.map(({ usd, missed_usd }, at) => bar(at, 0, Math.max(0, usd - missed_usd))).join('');
  const hollow = bills
    .map(({ usd, missed_usd }, at) => (missed_usd > 0 ? bar(at, Math.max(0, usd - missed_usd), usd) : ''))
    .join('');
  return html`<svg class="mb" aria-hidden="true" viewBox="0 0 ${WIDTH} ${HEIGHT}" preserveAspectRatio="none"><path d="${trusted(solid)}"/>${hollow !== '' && html`<path class="ms" d="${trusted(hollow)}"/>`}</svg>`;
}
