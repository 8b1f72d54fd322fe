/** The plans of one TDSP over a home's year, and what the middle of the market pays: what a single plan is compared with. */

import { LRUCache } from 'lru-cache';
import type { PlanView } from '../../catalog/catalog.ts';
import type { PlanYear } from '../../catalog/priced-years.ts';
import type { UsageProfile } from '../../plan/profiles/profiles.ts';
import { yearRank } from '../../plan/profiles/year.ts';

const PROFILES_PER_VIEW = 8;
/** The usual changes of a usage, and a few that are asked for. */
const USAGES_PER_MARKET = 16;

/** A row whose cost of a year is known: neither an estimate nor a price that ends before the year does. */
export interface KnownRow extends PlanYear {
  year: PlanYear['year'] & { total_usd: number };
}

export const isKnown = (row: PlanYear): row is KnownRow =>
  row.year.total_usd !== null && row.year.evidence !== null && row.year.evidence !== 'estimate';

export class YearMarket {
  readonly profile: UsageProfile;
  /** Every plan, in the order of the year's cost. */
  readonly rows: readonly PlanYear[];
  readonly known: readonly KnownRow[];
  readonly #bills = new Map<number, number | null>();
  readonly #years = new LRUCache<string, { usd: number | null }>({ max: USAGES_PER_MARKET });

  private constructor(view: PlanView, profile: UsageProfile) {
    this.profile = profile;
    this.rows = view.byYear(profile);
    this.known = this.rows.filter(isKnown);
  }

  /** Worked out once for a version of the plans. */
  static of(view: PlanView, profile: UsageProfile): YearMarket {
    let kept = markets.get(view);
    if (!kept) {
      kept = new LRUCache({ max: PROFILES_PER_VIEW });
      markets.set(view, kept);
    }
    const key = profile.months_kwh.join();
    let market = kept.get(key);
    if (!market) {
      market = new YearMarket(view, profile);
      kept.set(key, market);
    }
    return market;
  }

  /** USD a year of the known plan in the middle; `null` where none is known. */
  get middleYear(): number | null {
    return middleOf(this.known.map(({ year }) => year.total_usd));
  }

  /** The bill at a usage, in USD, of the known plan in the middle there; `month` as in `BillCurve.usd`. */
  middleBill(kwh: number, month = 0): number | null {
    const key = kwh * 13 + month;
    let middle = this.#bills.get(key);
    if (middle === undefined) {
      middle = middleOf(this.known.map(({ curve }) => curve.usd(kwh, month) ?? Number.NaN));
      this.#bills.set(key, middle);
    }
    return middle;
  }

  /** USD a year of the known plan in the middle, at another usage. */
  middleYearAt(profile: UsageProfile): number | null {
    const key = profile.months_kwh.join();
    let middle = this.#years.get(key);
    if (!middle) {
      const years = this.known.map(
        ({ curve, plan }) => yearRank(curve, plan, profile).total_usd ?? Number.NaN,
      );
      middle = { usd: middleOf(years) };
      this.#years.set(key, middle);
    }
    return middle.usd;
  }
}

const markets = new WeakMap<PlanView, LRUCache<string, YearMarket>>();

/** The lower of the two in the middle of an even number, so that it is always the figure of a plan. */
function middleOf(values: readonly number[]): number | null {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
