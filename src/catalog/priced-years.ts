/** The plans of an index over a year of one usage profile: what each costs, and which ranks above which. */

import type { BillCurve } from '../plan/bill/bill.ts';
import { asciiJson } from '../plan/packed/ascii-json.ts';
import type { Plan } from '../plan/plan.ts';
import type { UsageProfile } from '../plan/profiles/profiles.ts';
import { type Year, yearOf, yearRank } from '../plan/profiles/year.ts';
import { compareKnown } from '../plan/tie-order.ts';
import type { PlanIndex } from './plan-index.ts';

/** A plan, and what a year of it costs at one profile. */
export interface PlanYear {
  plan: Plan;
  curve: BillCurve;
  year: Year;
}

export class PricedYears {
  readonly #index: PlanIndex;
  readonly #profile: UsageProfile;
  #ranked: readonly PlanYear[] | undefined;
  readonly #json: (string | undefined)[] = [];
  readonly #orders = new Map<1 | -1, Uint16Array>();

  constructor(index: PlanIndex, profile: UsageProfile) {
    this.#index = index;
    this.#profile = profile;
  }

  /** `"year":{…}`, in ASCII. */
  yearJson(row: number): string {
    this.#json[row] ??= asciiJson(`"year":${JSON.stringify(this.#planYear(row).year)}`);
    return this.#json[row];
  }

  /** Every plan, in the order of the year's cost. */
  get ranked(): readonly PlanYear[] {
    this.#ranked ??= Array.from(this.order(false), (row) => this.#planYear(row));
    return this.#ranked;
  }

  /**
   * Known years, then estimates, then unknown ones, in either direction; at one cost the better known comes first, then
   * as ties go everywhere: the lower exit fee, the shorter term, the greener plan.
   */
  order(isDescending: boolean): Uint16Array {
    const direction = isDescending ? -1 : 1;
    let order = this.#orders.get(direction);
    if (!order) {
      const ranks = Array.from({ length: this.#index.count }, (_, row) =>
        yearRank(this.#index.curve(row), this.#index.plan(row), this.#profile),
      );
      const cents = ranks.map(({ total_usd }) =>
        total_usd === null ? Number.NaN : Math.round(total_usd * 100),
      );
      order = this.#index.byTieRank.toSorted(
        (a, b) =>
          Math.floor(ranks[a]!.rank) - Math.floor(ranks[b]!.rank) ||
          compareKnown(cents[a]!, cents[b]!, direction) ||
          ranks[a]!.rank - ranks[b]!.rank,
      );
      this.#orders.set(direction, order);
    }
    return order;
  }

  #planYear(row: number): PlanYear {
    const [plan, curve] = [this.#index.plan(row), this.#index.curve(row)];
    return { plan, curve, year: yearOf(curve, plan, this.#profile) };
  }
}
