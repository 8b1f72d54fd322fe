/** The plans of an index at one usage: what each costs there, and which ranks above which. */

import { type Bill, compareBills, publishedBill } from '../plan/bill/bill.ts';
import { compareKnown } from '../plan/tie-order.ts';
import { type Bits, bitsWhere } from './bits.ts';
import type { PlanIndex } from './plan-index.ts';
import type { SortKey } from './plan-query.ts';

/** Rows of plans in an index, in an order. */
type Order = Uint16Array;

export class PricedPlans {
  readonly index: PlanIndex;
  readonly bills: readonly Bill[];
  readonly #billJson: (string | undefined)[] = [];
  readonly #orders = new Map<string, Order>();

  constructor(index: PlanIndex, usage_kwh: number) {
    this.index = index;
    const published = index.publishedRates(usage_kwh);
    this.bills = Array.from({ length: index.count }, (_, row) => {
      const known = published?.[row] ?? Number.NaN;
      // At most usages the price is published: no plan has to be looked at as a whole.
      return Number.isNaN(known) ? index.curve(row).at(usage_kwh) : publishedBill(usage_kwh, known);
    });
  }

  billJson(row: number): string {
    this.#billJson[row] ??= JSON.stringify(this.bills[row]);
    return this.#billJson[row];
  }

  /** Plans that cost at most this much, in cents per kWh; an unknown rate is never low enough. */
  atMost(rate: number): Bits {
    return bitsWhere(this.bills.length, (row) => (this.bills[row]!.rate_cents_per_kwh ?? Infinity) <= rate);
  }

  /** Sorting is stable, so plans that are equal stay in the order of ties; by other values, in that of the price. */
  order(sort: SortKey, isDescending: boolean): Order {
    // At one usage both are the same order: a bill is its rate times the usage.
    const key = sort === 'bill' ? 'rate' : sort;
    const name = `${key} ${isDescending}`;
    let order = this.#orders.get(name);
    if (!order) {
      const direction = isDescending ? -1 : 1;
      if (key === 'rate') {
        const bills = this.bills;
        order = this.index.byTieRank.toSorted((a, b) => compareBills(bills[a]!, bills[b]!, direction));
      } else {
        const values = this.index.sortValues[key];
        order = this.order('rate', false).toSorted((a, b) => compareKnown(values[a]!, values[b]!, direction));
      }
      this.#orders.set(name, order);
    }
    return order;
  }
}
