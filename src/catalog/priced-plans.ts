/** The plans of an index at one usage: what each costs there, and which ranks above which. */

import { type Bill, CERTAINTY_RANK } from '../plan/bill/bill.ts';
import { asciiJson } from '../plan/packed/ascii-json.ts';
import { compareKnown } from '../plan/tie-order.ts';
import { type Bits, bitsWhere } from './bits.ts';
import type { PlanIndex } from './plan-index.ts';
import type { SortKey } from './plan-query.ts';

/** Rows of plans in an index, in an order. */
type Order = Uint16Array;

/** In the place of an exact bill; one that is extrapolated loses a tie against it. */
const EXTRAPOLATED = 0.5;

export class PricedPlans {
  readonly index: PlanIndex;
  readonly #usageKwh: number;
  /** Cents per kWh; NaN where unknown. */
  readonly #rates: Float64Array;
  /** 0 exact, 0.5 extrapolated, then as CERTAINTY_RANK. */
  readonly #ranks: Float32Array;
  readonly #billJson: (string | undefined)[] = [];
  readonly #orders = new Map<string, Order>();

  constructor(index: PlanIndex, usageKwh: number) {
    this.index = index;
    this.#usageKwh = usageKwh;
    this.#rates = new Float64Array(index.count);
    this.#ranks = new Float32Array(index.count);
    const published = index.publishedRates(usageKwh);
    for (let row = 0; row < index.count; row++) {
      const known = published?.[row] ?? Number.NaN;
      // At most usages the price is published: no plan has to be looked at as a whole.
      if (!Number.isNaN(known)) {
        this.#rates[row] = known;
        continue;
      }
      const curve = index.curve(row);
      const certainty = curve.certainty(usageKwh);
      this.#rates[row] = curve.rate(usageKwh) ?? Number.NaN;
      this.#ranks[row] = certainty === 'extrapolated' ? EXTRAPOLATED : CERTAINTY_RANK[certainty];
    }
  }

  bill(row: number): Bill {
    return this.index.curve(row).at(this.#usageKwh);
  }

  billJson(row: number): string {
    this.#billJson[row] ??= asciiJson(JSON.stringify(this.bill(row)));
    return this.#billJson[row];
  }

  /** Plans known to cost at most this much, in cents per kWh; an estimate is never low enough. */
  atMost(rate: number): Bits {
    return bitsWhere(this.index.count, (row) => this.#ranks[row]! < 1 && this.#rates[row]! <= rate);
  }

  /** Sorting is stable, so plans that are equal stay in the order of ties; by other values, in that of the price. */
  order(sort: Exclude<SortKey, 'year'>, isDescending: boolean): Order {
    // At one usage both are the same order: a bill is its rate times the usage.
    const key = sort === 'bill' ? 'rate' : sort;
    const name = `${key} ${isDescending}`;
    let order = this.#orders.get(name);
    if (!order) {
      const direction = isDescending ? -1 : 1;
      if (key === 'rate') {
        order = this.index.byTieRank.toSorted((a, b) => this.#compare(a, b, direction));
      } else {
        const values = this.index.sortValues[key];
        order = this.order('rate', false).toSorted((a, b) => compareKnown(values[a]!, values[b]!, direction));
      }
      this.#orders.set(name, order);
    }
    return order;
  }

  /** Known bills, then estimates, then unknown ones, in either direction; at one price the better known comes first. */
  #compare(a: number, b: number, direction: 1 | -1): number {
    const [one, other] = [this.#ranks[a]!, this.#ranks[b]!];
    return (
      Math.floor(one) - Math.floor(other) ||
      compareKnown(this.#rates[a]!, this.#rates[b]!, direction) ||
      one - other
    );
  }
}
