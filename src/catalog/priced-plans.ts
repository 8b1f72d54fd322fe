/** The plans of an index at one usage: what each costs there, and who ranks above whom. */

import { type Bill, publishedBill } from '../plan/bill/bill.ts';
import { type Bits, bitsWhere } from './bits.ts';
import type { PlanIndex } from './plan-index.ts';
import type { SortKey } from './plan-query.ts';

/** Places of plans in an index, in an order. */
export type Order = Uint16Array;

// A place in an order is one number, so that numbers are sorted and no function is called: 2 bits of what is known
// about the bill, 33 of its rate in thousandths of a cent, 16 of the tie rank: 51, and a double holds 53.
const RATES = 2 ** 33;
const RATE_OFFSET = 2 ** 31;
const PLANS = 2 ** 16;

export class PricedPlans {
  readonly index: PlanIndex;
  readonly usage_kwh: number;
  /** Cents per kWh at the usage; NaN where it is unknown. */
  readonly rates: Float64Array;
  readonly #isExact: Uint8Array;
  readonly #totals: Float64Array;
  readonly #billJson: (string | undefined)[] = [];
  readonly #orders = new Map<SortKey, { up: Order | null; down: Order | null }>();

  constructor(index: PlanIndex, usage_kwh: number) {
    const { count } = index;
    this.index = index;
    this.usage_kwh = usage_kwh;
    this.rates = new Float64Array(count);
    this.#isExact = new Uint8Array(count);
    this.#totals = new Float64Array(count);
    const published = index.publishedRates(usage_kwh);
    for (let place = 0; place < count; place++) {
      const known = published?.[place] ?? Number.NaN;
      // At most usages the price is published: no plan has to be looked at as a whole.
      const bill = Number.isNaN(known) ? index.curve(place).at(usage_kwh) : publishedBill(usage_kwh, known);
      this.rates[place] = bill.rate_cents_per_kwh ?? Number.NaN;
      this.#totals[place] = bill.total_usd ?? Number.NaN;
      this.#isExact[place] = Number(bill.exact);
    }
  }

  bill(place: number): Bill {
    const [total, rate] = [this.#totals[place]!, this.rates[place]!];
    return {
      usage_kwh: this.usage_kwh,
      total_usd: Number.isNaN(total) ? null : total,
      rate_cents_per_kwh: Number.isNaN(rate) ? null : rate,
      exact: this.#isExact[place] === 1,
    };
  }

  billJson(place: number): string {
    let json = this.#billJson[place];
    if (json === undefined) {
      json = JSON.stringify(this.bill(place));
      this.#billJson[place] = json;
    }
    return json;
  }

  /** Plans that cost at most this much, in cents per kWh; an unknown rate is never low enough. */
  atMost(rate: number): Bits {
    return bitsWhere(this.rates.length, (place) => this.rates[place]! <= rate);
  }

  order(sort: SortKey, isDescending: boolean): Order {
    // At one usage both are the same order: a bill is its rate times the usage.
    const key = sort === 'bill' ? 'rate' : sort;
    let known = this.#orders.get(key);
    if (!known) {
      known = { up: null, down: null };
      this.#orders.set(key, known);
    }
    const direction = isDescending ? 'down' : 'up';
    known[direction] ??= key === 'rate' ? this.#byBill(isDescending) : this.#byValue(key, isDescending);
    return known[direction];
  }

  /**
   * Known bills, then estimates, then unknown ones, in either direction, so that an estimate never ranks above a known
   * bill; within each by rate, and at the same rate by tie rank.
   */
  #byBill(isDescending: boolean): Order {
    const { tieRanks, byTieRank } = this.index;
    const keys = new Float64Array(this.rates.length);
    for (let place = 0; place < keys.length; place++) {
      const rate = this.rates[place]!;
      const rank = Number.isNaN(rate) ? 2 : this.#isExact[place] === 1 ? 0 : 1;
      const thousandths = Number.isNaN(rate) ? 0 : Math.round(rate * 1000) + RATE_OFFSET;
      const steps = Math.min(RATES - 1, Math.max(0, isDescending ? RATES - 1 - thousandths : thousandths));
      keys[place] = (rank * RATES + steps) * PLANS + tieRanks[place]!;
    }
    return placesIn(keys.sort(), byTieRank);
  }

  /** By a value that does not depend on the usage, unknown last in either direction; then as the cheapest come first. */
  #byValue(key: 'term' | 'green' | 'provider', isDescending: boolean): Order {
    const values = this.index.sortValues[key];
    const cheapest = this.order('rate', false);
    const keys = new Float64Array(cheapest.length);
    for (let rank = 0; rank < cheapest.length; rank++) {
      const value = values[cheapest[rank]!]!;
      const thousandths = Math.round(value * 1000);
      const steps = Number.isNaN(value) ? RATES : isDescending ? RATES - 1 - thousandths : thousandths;
      keys[rank] = steps * PLANS + rank;
    }
    return placesIn(keys.sort(), cheapest);
  }
}

/** Of sorted keys, whose last part is a rank, the places those ranks stand for. */
function placesIn(keys: Float64Array, ranked: Order): Order {
  // A loop: `from` with a function costs more than the sorting.
  const order = new Uint16Array(keys.length);
  for (let at = 0; at < order.length; at++) order[at] = ranked[keys[at]! % PLANS]!;
  return order;
}
