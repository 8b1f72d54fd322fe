/** "Tell me when anything beats my plan by $100 a year, after what leaving costs": what that means, and when it is news. Pure. */

import { DAY_MS } from '../units.ts';

export interface WatchQuestion {
  /** The end of the address of its page: `cities/dallas-tx`, `zip/75201`, `markets/1039940674000`. */
  place: string;
  tdsp_duns: string;
  /** As addresses write it: `house`, or twelve numbers of kWh. */
  usage: string;
  /** USD before tax that theirs costs in a year of this usage, on the day `since`. */
  year_usd: number;
  /** USD that leaving costs now. */
  exit_fee_usd: number;
  /** USD a year from which it is worth a message. */
  by_usd: number;
  /** `2027-03-31`; `null`: not told. */
  ends_on: string | null;
  /** `2026-11-29` */
  since: string;
}

/** The plan whose year is known and costs least. */
export interface LowestPlan {
  plan_id: string;
  name: string;
  provider: string;
  term_months: number | null;
  year_usd: number;
}

export interface WatchSum {
  year_usd: number;
  /** What the delivery charge has added to theirs since they asked; negative where it fell. */
  charge_usd: number;
  /** 0 within two weeks of the end. */
  exit_fee_usd: number;
  /** `null`: of no plan the whole year is known. */
  lowest: LowestPlan | null;
  /** What is left of the difference in a year after leaving; negative where theirs is the better one. */
  saving_usd: number | null;
}

/** Providers may not charge for leaving in the last fourteen days of a contract (16 TAC §25.475). */
export const FREE_DAYS = 14;
/** A watch whose contract has ended goes on for this long. */
const DAYS_AFTER_END = 60;
/** One that does not say when its contract ends. */
const DAYS_WITHOUT_END = 400;
/** No two messages within a day. */
export const QUIET_MS = 22 * 3_600_000;
/** Below this share of what was asked for, what was told holds no more. */
const FORGET_SHARE = 0.5;

const dayOf = (text: string): number => Date.parse(`${text}T12:00:00Z`);

const isFreeToLeave = ({ ends_on }: Pick<WatchQuestion, 'ends_on'>, now: Date): boolean =>
  ends_on !== null && now.getTime() >= dayOf(ends_on) - FREE_DAYS * DAY_MS;

/** When a watch that is wanted ends. */
export const endOfWatch = ({ ends_on }: Pick<WatchQuestion, 'ends_on'>, now: Date): Date =>
  new Date(
    ends_on === null
      ? now.getTime() + DAYS_WITHOUT_END * DAY_MS
      : Math.max(now.getTime(), dayOf(ends_on)) + DAYS_AFTER_END * DAY_MS,
  );

/**
 * @param kwh of the year
 * @param chargeCents per kWh by which the delivery charge moved since they asked: every contract passes it on, theirs, too
 */
export function sumOf(
  question: WatchQuestion,
  {
    lowest,
    kwh,
    chargeCents,
    now,
  }: { lowest: LowestPlan | null; kwh: number; chargeCents: number; now: Date },
): WatchSum {
  const { year_usd } = question;
  const exit_fee_usd = isFreeToLeave(question, now) ? 0 : question.exit_fee_usd;
  const charge_usd = Math.round(chargeCents * kwh) / 100;
  const saving_usd =
    lowest === null ? null : Math.round((year_usd + charge_usd - exit_fee_usd - lowest.year_usd) * 100) / 100;
  return { year_usd, charge_usd, exit_fee_usd, lowest, saving_usd };
}

export interface ToldBefore {
  told_at: Date | null;
  told_year_usd: number | null;
  told_end_at: Date | null;
}

export interface Verdict {
  /** The plan is to be told. */
  plan: boolean;
  /** That the contract can be left, or ends soon, is to be told. */
  end: boolean;
  /** What was told holds no more. */
  forget: boolean;
}

/** Prices waver: a plan is told once, then only where another one costs less by as much again, or after it was beaten by none. */
export function decide(question: WatchQuestion, sum: WatchSum, before: ToldBefore, now: Date): Verdict {
  const { told_at, told_year_usd, told_end_at } = before;
  const { saving_usd, lowest } = sum;
  const isQuiet = told_at !== null && now.getTime() - told_at.getTime() < QUIET_MS;
  const beats = saving_usd !== null && lowest !== null && saving_usd >= question.by_usd;
  const isNews =
    told_year_usd === null || (lowest !== null && lowest.year_usd <= told_year_usd - question.by_usd);
  return {
    plan: !isQuiet && beats && isNews,
    end: !isQuiet && told_end_at === null && isFreeToLeave(question, now),
    forget: told_year_usd !== null && (saving_usd ?? 0) < question.by_usd * FORGET_SHARE,
  };
}
