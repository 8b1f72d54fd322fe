/**
 * Plan sets made ready for questions, once for each version: which plan has which value of which facet, what ranks
 * above what, and fragments of JSON. Nothing here depends on the usage that is asked for, and nothing is worked out
 * before it is asked for that a first answer can do without.
 */

import { LRUCache } from 'lru-cache';
import type { BillCurve } from '../plan/bill/bill.ts';
import { compareFacetValues, FACET_INDEX, FACETS, type Facet, type FacetValue } from '../plan/facets.ts';
import { asciiJson } from '../plan/packed/ascii-json.ts';
import type { PackedPlans } from '../plan/packed/packed-plans.ts';
import type { Plan } from '../plan/plan.ts';
import { type PlanSet, packedPlans } from '../plan/plan-set.ts';
import { isPublishedUsage } from '../plan/rate.ts';
import { tieOrder } from '../plan/tie-order.ts';
import { addBits, type Bits, bitsWhere, emptyBits } from './bits.ts';

/** What texts are searched for changes with fashion; searches for nonsense must not fill the memory. */
const SEARCHES_KEPT = 200;
const GREENS_KEPT = 50;

export class PlanIndex {
  readonly count: number;
  /** Every value of every facet, one facet after the other, as JSON up to the count: `{"value":12,"count":`. */
  readonly valueHeads: readonly string[];
  /** Where the values of each facet begin, and where the last one's end. */
  readonly valueStarts: readonly number[];
  /** Of each plan, for each of FACETS, the index of its value in `valueHeads`. */
  readonly codes: Uint16Array;
  readonly everybody: Bits;
  /** How many plans have each value. */
  readonly allCounts: Int32Array;
  /** The rows of plans that cost the same, the better one first. */
  readonly byTieRank: Uint16Array;
  /** What other orders than the price go by; NaN where it is unknown. */
  readonly sortValues: Readonly<Record<'term' | 'green' | 'provider', Float64Array>>;
  /** Where each green step stands among the values of its facet. */
  readonly greenIndexes: ReadonlyMap<number, number>;
  readonly #parts: readonly PackedPlans[];
  /** Of each plan the part it is in, and its row there. */
  readonly #partOf: Uint8Array;
  readonly #rowInPart: Uint16Array;
  readonly #values: readonly (readonly FacetValue[])[];
  /** The plans with the value of a code. */
  readonly #bits: (Bits | undefined)[] = [];
  readonly #heads: string[] = [];
  readonly #tails: string[] = [];
  #greens: LRUCache<number, Bits> | undefined;
  #searches: LRUCache<string, Bits> | undefined;
  #rowsById: ReadonlyMap<string, number> | undefined;

  constructor(sets: readonly PlanSet[]) {
    const parts = sets.map(packedPlans);
    const count = parts.reduce((sum, part) => sum + part.count, 0);
    this.#parts = parts;
    this.count = count;
    this.#partOf = new Uint8Array(count);
    this.#rowInPart = new Uint16Array(count);
    let at = 0;
    for (const [number, part] of parts.entries()) {
      this.#partOf.fill(number, at, at + part.count);
      for (let row = 0; row < part.count; row++) this.#rowInPart[at++] = row;
    }
    this.everybody = bitsWhere(count, () => true);

    const values = FACETS.map((_, facet) => mergeValues(parts.map((part) => part.facetValues[facet]!)));
    this.#values = values;
    const starts = [0];
    for (const one of values) starts.push(starts.at(-1)! + one.length);
    this.valueStarts = starts;
    this.valueHeads = valueHeads(values, parts);
    this.greenIndexes = new Map(
      values[FACET_INDEX.green]!.flatMap((step, at): [number, number][] =>
        step === null ? [] : [[Number(step), at]],
      ),
    );
    this.codes = mergeCodes(parts, values, starts, count);
    this.allCounts = new Int32Array(this.valueHeads.length);
    for (let at = 0; at < this.codes.length; at++) this.allCounts[this.codes[at]!]! += 1;

    const [term, green, exit_fee] = (['term', 'green', 'exit_fee'] as const).map((name) =>
      this.#column((part) => part.numbers(name)),
    ) as [Float64Array, Float64Array, Float64Array];
    this.sortValues = { term, green, provider: this.#providerRanks() };
    this.byTieRank =
      parts.length === 1
        ? parts[0]!.tieOrder
        : tieOrder({ exit_fee, term, green, id: (row) => this.id(row) });
  }

  /** JSON of the plan in a list, up to its bill. ASCII. */
  head(row: number): string {
    this.#heads[row] ??= this.#part(row).head(this.#rowInPart[row]!);
    return this.#heads[row];
  }

  /** What follows the bill. */
  tail(row: number): string {
    this.#tails[row] ??= this.#part(row).tail(this.#rowInPart[row]!);
    return this.#tails[row];
  }

  id(row: number): string {
    return this.#part(row).id(this.#rowInPart[row]!);
  }

  plan(row: number): Plan {
    return this.#part(row).plan(this.#rowInPart[row]!);
  }

  curve(row: number): BillCurve {
    return this.#part(row).curve(this.#rowInPart[row]!);
  }

  /** The average prices of all plans at a usage, NaN where unknown; `null` at a usage where none is published. */
  publishedRates(usageKwh: number): Float64Array | null {
    return isPublishedUsage(usageKwh) ? this.#column((part) => part.numbers(usageKwh)) : null;
  }

  /** Where the plan with this id stands. */
  rowOf(planId: string): number | undefined {
    this.#rowsById ??= new Map(Array.from({ length: this.count }, (_, row) => [this.id(row), row]));
    return this.#rowsById.get(planId);
  }

  /** Plans with exactly this value of a facet. Not to be changed. */
  having(facet: Facet, value: string | number | boolean): Bits {
    const at = this.#values[FACET_INDEX[facet]]!.indexOf(value);
    return at === -1 ? emptyBits(this.count) : this.#withCode(facet, at);
  }

  /** Plans whose value of a facet is wanted; an unknown value never is. */
  withValue(facet: Facet, isWanted: (value: string | number | boolean) => boolean): Bits {
    const found = emptyBits(this.count);
    for (const [at, value] of this.#values[FACET_INDEX[facet]]!.entries()) {
      if (value !== null && isWanted(value)) addBits(found, this.#withCode(facet, at));
    }
    return found;
  }

  atLeastGreen(percent: number): Bits {
    this.#greens ??= new LRUCache({ max: GREENS_KEPT });
    let found = this.#greens.get(percent);
    if (!found) {
      const { green } = this.sortValues;
      found = bitsWhere(green.length, (row) => green[row]! >= percent);
      this.#greens.set(percent, found);
    }
    return found;
  }

  /** Plans of providers with one of these ids or names. */
  ofProviders(wanted: readonly string[]): Bits {
    const ids = this.withValue('provider', (id) => wanted.includes(String(id)));
    addBits(
      ids,
      bitsWhere(this.count, (row) => wanted.includes(this.#part(row).providerKey(this.#rowInPart[row]!))),
    );
    return ids;
  }

  /** Plans whose names hold all words of a `nameKey`. */
  withWords(text: string): Bits {
    this.#searches ??= new LRUCache({ max: SEARCHES_KEPT });
    let found = this.#searches.get(text);
    if (!found) {
      const words = text.split('-');
      found = bitsWhere(this.count, (row) => {
        const own = this.#part(row).words(this.#rowInPart[row]!);
        return words.every((word) => own.includes(word));
      });
      this.#searches.set(text, found);
    }
    return found;
  }

  #part(row: number): PackedPlans {
    return this.#parts[this.#partOf[row]!]!;
  }

  #withCode(facet: Facet, at: number): Bits {
    const code = this.valueStarts[FACET_INDEX[facet]]! + at;
    this.#bits[code] ??= bitsWhere(
      this.count,
      (row) => this.codes[row * FACETS.length + FACET_INDEX[facet]] === code,
    );
    return this.#bits[code];
  }

  #column(of: (part: PackedPlans) => Float64Array): Float64Array {
    if (this.#parts.length === 1) return of(this.#parts[0]!);
    const all = new Float64Array(this.count);
    let at = 0;
    for (const part of this.#parts) {
      all.set(of(part), at);
      at += part.count;
    }
    return all;
  }

  #providerRanks(): Float64Array {
    const keys = [...new Set(this.#parts.flatMap((part) => part.providerKeys))].sort();
    return this.#column((part) => {
      const rankOf = part.providerKeys.map((key) => keys.indexOf(key));
      const ranks = new Float64Array(part.count);
      for (let row = 0; row < ranks.length; row++) ranks[row] = rankOf[part.providerCodes[row]!]!;
      return ranks;
    });
  }
}

function mergeValues(lists: readonly (readonly FacetValue[])[]): readonly FacetValue[] {
  return lists.length === 1 ? lists[0]! : [...new Set(lists.flat())].sort(compareFacetValues);
}

function mergeCodes(
  parts: readonly PackedPlans[],
  values: readonly (readonly FacetValue[])[],
  starts: readonly number[],
  count: number,
): Uint16Array {
  const codes = new Uint16Array(count * FACETS.length);
  let at = 0;
  for (const part of parts) {
    const codeOf = values.map((all, facet) =>
      part.facetValues[facet]!.map((value) => starts[facet]! + all.indexOf(value)),
    );
    for (let from = 0; from < part.facetCodes.length; from += FACETS.length) {
      for (let facet = 0; facet < FACETS.length; facet++) {
        codes[at++] = codeOf[facet]![part.facetCodes[from + facet]!]!;
      }
    }
  }
  return codes;
}

function valueHeads(values: readonly (readonly FacetValue[])[], parts: readonly PackedPlans[]): string[] {
  const names = new Map<FacetValue, string>();
  for (const { facetValues, providerNames } of parts) {
    for (const [at, id] of facetValues[FACET_INDEX.provider]!.entries()) names.set(id, providerNames[at]!);
  }
  return values.flatMap((all, facet) =>
    all.map((value) => {
      const name = facet === FACET_INDEX.provider ? `"name":${JSON.stringify(names.get(value))},` : '';
      return asciiJson(`{"value":${JSON.stringify(value)},${name}"count":`);
    }),
  );
}
