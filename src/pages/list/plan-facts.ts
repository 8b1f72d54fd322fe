/**
 * What is said about a plan at a usage, in words a page can print: how sure its bill is, what it may cost beside the
 * price, when its term ends. Nothing is worked out here that the bill, the year or the remarks do not say.
 */

import type { PlanView } from '../../catalog/catalog.ts';
import type { PlanYear } from '../../catalog/priced-years.ts';
import type { RecentPrice } from '../../plan/past/recent-price.ts';
import type { Plan } from '../../plan/plan.ts';
import { remarksOf } from '../../plan/quality/quality.ts';
import { date, monthOf } from '../format.ts';
import type { Language } from '../language.ts';
import type { Ask } from '../page-parts.ts';
import { LIST, type Season, type Sureness } from '../words/list.ts';
import type { PriceKind } from './list-query.ts';

const MONTHS = 12;
/** A base charge that is worth a word. */
const NOTED_BASE_USD = 8;

/** Known: charges or three prices on one line; worked out: with a stated credit, or beyond the published usages. */
export function sureness({ year }: Pick<PlanYear, 'year'>): Sureness {
  if (year.total_usd === null || year.evidence === null) return 'unknown';
  if (year.evidence === 'estimate') return 'estimate';
  const isFromText = year.evidence === 'stated_credit' || year.evidence === 'remembered_text';
  return year.exact && !isFromText ? 'known' : 'worked_out';
}

/** Whether the price holds for the whole year, for a part of it, or may change any month. */
export function priceKind({ plan, year }: Pick<PlanYear, 'plan' | 'year'>): PriceKind {
  if (plan.rate_type !== 'fixed') return 'changes';
  return (year.covered_months ?? 0) >= MONTHS ? 'fixed' : 'part';
}

interface Credit {
  usd: number;
  at_kwh: number;
  /** A credit that is lost below, rather than a charge that is added there. */
  isCredit: boolean;
}

/** The largest step down: what a month below it goes without, or pays more. */
export function creditOf({ curve }: Pick<PlanYear, 'curve'>): Credit | null {
  const falls = curve.cliffs.filter(({ change }) => change === 'falls');
  const largest = falls.toSorted((a, b) => b.size_usd - a.size_usd)[0];
  if (!largest) return null;
  const { at_kwh, size_usd: usd } = largest;
  const isCredit = curve.lines(at_kwh).some((line) => line.usd <= -usd / 2);
  return { usd, at_kwh, isCredit };
}

export interface Label {
  /** `watch`: it can cost money; `fact`: good to know. */
  kind: 'watch' | 'fact';
  text: string;
}

const remarks = new WeakMap<Plan, ReadonlySet<string>>();

function rulesAgainst(plan: Plan): ReadonlySet<string> {
  let rules = remarks.get(plan);
  if (!rules) {
    rules = new Set(remarksOf(plan).map(({ rule }) => rule));
    remarks.set(plan, rules);
  }
  return rules;
}

/** What the price of each plan of a market did lately, as far as that is in memory. */
export function recentOf({ parts }: Ask, { sets }: PlanView): (row: PlanYear) => RecentPrice | null {
  const recent = new Map(
    sets.flatMap(({ tdsp_duns, version }) => [...(parts.recentPrices(tdsp_duns, version) ?? [])]),
  );
  return ({ plan }) => recent.get(plan.offer_id) ?? null;
}

/** The dearest first. @param recent what the price did in the last 90 days, where that is known */
export function labelsOf(row: PlanYear, recent: RecentPrice | null, language: Language): Label[] {
  const words = LIST[language].labels;
  const { plan, curve, year } = row;
  const labels: Label[] = [];
  const watch = (isTrue: boolean | null, text: () => string) => {
    if (isTrue) labels.push({ kind: 'watch', text: text() });
  };
  const fact = (isTrue: boolean | null, text: () => string) => {
    if (isTrue) labels.push({ kind: 'fact', text: text() });
  };
  const credit = creditOf(row);
  const missing = year.months_missing_credit;
  if (credit) {
    watch(credit.isCredit && missing > 0, () => words.missesCredit(credit.usd, missing));
    watch(credit.isCredit && missing === 0, () => words.needsUsage(credit.usd, credit.at_kwh));
    watch(!credit.isCredit && missing > 0, () => words.dearBelow(credit.usd, credit.at_kwh, missing));
  }
  for (const { at_kwh, size_usd } of curve.cliffs.filter(({ change }) => change === 'rises')) {
    watch(true, () => words.dearFrom(size_usd, at_kwh));
  }
  watch(plan.has_minimum_usage_fee === true && !credit, () => words.minimumUsage);
  watch(plan.is_time_of_use, () => words.timeOfUse);
  const isOpen = curve.evidence === 'estimate' && !plan.is_time_of_use && !plan.has_minimum_usage_fee;
  watch(isOpen && !credit, () => words.openText);
  watch(plan.is_prepaid, () => words.prepaid);
  watch(plan.rate_type === 'variable', () => words.variable);
  watch(plan.rate_type === 'indexed', () => words.indexed);
  watch(plan.rate_type === null, () => words.unknownKind);
  watch(priceKind(row) === 'part' && year.covered_months !== null, () =>
    words.fixedFor(year.covered_months!),
  );
  watch(year.once_usd > 0, () => words.once(year.once_usd));
  watch(plan.requires_auto_pay, () => words.autoPay);
  for (const rule of rulesAgainst(plan)) {
    // That it is not stated is told where it would stand.
    const isTold = rule === 'exit_fee' && plan.early_termination_fee_usd === null;
    const text = isTold ? undefined : words.remarks[rule];
    watch(text !== undefined, () => text!);
  }
  const base = sureness(row) === 'estimate' ? null : curve.usd(1);
  fact(base !== null && base >= NOTED_BASE_USD, () => words.base(base!));
  fact(recent?.moved != null, () => {
    const { from, to, at } = recent!.moved!;
    return words.moved(from, to, date(language, Date.parse(at), 'short'));
  });
  fact(recent?.is_lowest === true, () => words.lowest);
  return labels;
}

const SEASONS: readonly Season[] = ['winter', 'spring', 'summer', 'fall'];

/** When a contract that is signed now ends; `null` where it is month to month or unknown. */
export function termEnd({ term_months }: Plan, language: Language, nowMs: number): string | null {
  if (term_months === null || term_months <= 1) return null;
  const at = new Date(nowMs);
  at.setUTCDate(15);
  at.setUTCMonth(at.getUTCMonth() + term_months);
  const season = SEASONS[Math.floor((monthOf(at.getTime()) % MONTHS) / 3)]!;
  return LIST[language].termEnds(date(language, at, 'month'), LIST[language].seasons[season]);
}
