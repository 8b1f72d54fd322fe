/**
 * The plans of a set as one run of bytes: columns of what plans are filtered, ordered and counted by, and behind them
 * every plan as JSON texts. A process that has the bytes can answer questions at once; a plan becomes an object when somebody
 * needs it as one. Plans from PostgreSQL are packed, too, before they are asked: all layers answer from the same form.
 *
 *   4 × uint32   mark, plans, bytes of the dictionary, bytes of the name keys
 *   float64      the columns of NUMBERS
 *   uint32       of each plan: lengths of head, tail and rest
 *   uint16       of each plan: codes of its values of FACETS; then codes of providers' keys; then the tie order
 *   JSON         the dictionary: what the codes stand for
 *   JSON         the name key of each plan
 *   text         head, tail and rest of each plan
 *
 * Numbers are in the order of bytes of the machine; the mark tells if that is another one.
 */

import { type BillCurve, billCurve } from '../bill/bill.ts';
import { compareFacetValues, FACET_VALUE, FACETS, type FacetValue } from '../facets.ts';
import { nameKey } from '../offer.ts';
import type { Plan } from '../plan.ts';
import type { PublishedUsageKwh } from '../rate.ts';
import { tieOrder } from '../tie-order.ts';
import { asciiJson } from './ascii-json.ts';
import { idInHead, parsePlan, planTexts } from './plan-texts.ts';

/** Unknown is NaN. */
const NUMBERS = {
  term: (plan: Plan) => plan.term_months,
  green: (plan: Plan) => plan.percent_green,
  exit_fee: (plan: Plan) => plan.early_termination_fee_usd,
  500: (plan: Plan) => plan.rates_cents_per_kwh[500],
  1000: (plan: Plan) => plan.rates_cents_per_kwh[1000],
  2000: (plan: Plan) => plan.rates_cents_per_kwh[2000],
} as const satisfies Record<string, (plan: Plan) => number | null>;
type NumberColumn = 'term' | 'green' | 'exit_fee' | PublishedUsageKwh;
const NUMBER_COLUMNS = ['term', 'green', 'exit_fee', 500, 1000, 2000] as const satisfies NumberColumn[];

/** To be raised with every change of what is in the bytes, a plan's fields included: older ones are then packed anew. */
export const PACKED_FORMAT = 3;
const MARK = 0x57_53_00_00 + PACKED_FORMAT;
const HEADER_BYTES = 16;
const TEXTS = 3;

interface Dictionary {
  /** Of each facet its values, sorted. */
  facets: FacetValue[][];
  /** Names of providers, in the order of their ids among the facet's values. */
  provider_names: string[];
  /** Sorted. */
  provider_keys: string[];
}

export class PackedPlans {
  readonly bytes: Uint8Array;
  readonly count: number;
  /** Of each plan, for each of FACETS, the index of its value among `facetValues`. */
  readonly facetCodes: Uint16Array;
  readonly facetValues: readonly (readonly FacetValue[])[];
  readonly providerNames: readonly string[];
  /** Of each plan the index of its provider's key among `providerKeys`. */
  readonly providerCodes: Uint16Array;
  readonly providerKeys: readonly string[];
  /** The rows of plans that cost the same, the better one first. */
  readonly tieOrder: Uint16Array;
  readonly #numbers: Float64Array;
  /** Where each text starts; the last ends with the bytes. */
  readonly #starts: Uint32Array;
  readonly #all: Buffer;
  readonly #nameKeysAt: number;
  readonly #textAt: number;
  #nameKeys: string[] | undefined;
  #plans: readonly Plan[] | undefined;
  readonly #curves: (BillCurve | undefined)[];

  /**
   * @param plans the same plans as objects, where they are at hand
   * @throws {RangeError} {SyntaxError} not packed plans, or packed by another kind of machine
   */
  constructor(bytes: Uint8Array, plans?: readonly Plan[]) {
    // Columns are read where they are, and must begin where the machine can read them.
    const aligned = bytes.byteOffset % 8 === 0 ? bytes : new Uint8Array(bytes);
    const { buffer, byteOffset, byteLength } = aligned;
    const header = new Uint32Array(buffer, byteOffset, HEADER_BYTES / 4);
    const [mark = 0, count = 0, dictionaryBytes = 0, nameKeyBytes = 0] = header;
    if (mark !== MARK) throw new RangeError('Not packed plans, or packed by another machine or version');
    let at = byteOffset + HEADER_BYTES;
    const column = <T extends Float64Array | Uint32Array | Uint16Array>(
      Kind: { new (buffer: ArrayBufferLike, at: number, length: number): T; BYTES_PER_ELEMENT: number },
      length: number,
    ): T => {
      const values = new Kind(buffer, at, length);
      at += length * Kind.BYTES_PER_ELEMENT;
      return values;
    };
    this.#numbers = column(Float64Array, NUMBER_COLUMNS.length * count);
    const lengths = column(Uint32Array, TEXTS * count);
    this.facetCodes = column(Uint16Array, FACETS.length * count);
    this.providerCodes = column(Uint16Array, count);
    this.tieOrder = column(Uint16Array, count);
    this.#all = Buffer.from(buffer, byteOffset, byteLength);
    const dictionaryAt = at - byteOffset;
    this.#nameKeysAt = dictionaryAt + dictionaryBytes;
    this.#textAt = this.#nameKeysAt + nameKeyBytes;
    this.#starts = new Uint32Array(lengths.length + 1);
    let end = this.#textAt;
    for (let text = 0; text < lengths.length; text++) {
      end += lengths[text]!;
      this.#starts[text + 1] = end;
    }
    this.#starts[0] = this.#textAt;
    if (end !== byteLength) throw new RangeError('Packed plans that are cut short');
    const dictionary = JSON.parse(this.#all.toString('latin1', dictionaryAt, this.#nameKeysAt)) as Dictionary;
    this.bytes = aligned;
    this.count = count;
    this.facetValues = dictionary.facets;
    this.providerNames = dictionary.provider_names;
    this.providerKeys = dictionary.provider_keys;
    this.#plans = plans;
    this.#curves = new Array(count);
  }

  static of(plans: readonly Plan[]): PackedPlans {
    return new PackedPlans(pack(plans), plans);
  }

  numbers(name: NumberColumn): Float64Array {
    const at = NUMBER_COLUMNS.indexOf(name) * this.count;
    return this.#numbers.subarray(at, at + this.count);
  }

  head(row: number): string {
    return this.#text(TEXTS * row);
  }

  tail(row: number): string {
    return this.#text(TEXTS * row + 1);
  }

  id(row: number): string {
    return idInHead(this.head(row));
  }

  providerKey(row: number): string {
    return this.providerKeys[this.providerCodes[row]!]!;
  }

  /** The keys of provider and plan: what is searched. */
  words(row: number): string {
    this.#nameKeys ??= JSON.parse(this.#all.toString('latin1', this.#nameKeysAt, this.#textAt)) as string[];
    return `${this.providerKey(row)}-${this.#nameKeys[row]}`;
  }

  plan(row: number): Plan {
    if (this.#plans) return this.#plans[row]!;
    const rest = this.#text(TEXTS * row + 2);
    return parsePlan({ head: this.head(row), tail: this.tail(row), rest });
  }

  get plans(): readonly Plan[] {
    this.#plans ??= Array.from({ length: this.count }, (_, row) => this.plan(row));
    return this.#plans;
  }

  curve(row: number): BillCurve {
    this.#curves[row] ??= billCurve(this.plan(row));
    return this.#curves[row];
  }

  #text(number: number): string {
    return this.#all.toString('latin1', this.#starts[number], this.#starts[number + 1]);
  }
}

function pack(plans: readonly Plan[]): Uint8Array {
  const count = plans.length;
  const facets = FACETS.map((facet) => [...new Set(plans.map(FACET_VALUE[facet]))].sort(compareFacetValues));
  const keys = plans.map(({ provider }) => nameKey(provider.name));
  const providerKeys = [...new Set(keys)].sort();
  const names = new Map(plans.map(({ provider }) => [provider.id, provider.name]));
  const dictionary: Dictionary = {
    facets,
    provider_names: facets[FACETS.indexOf('provider')]!.map((id) => names.get(String(id))!),
    provider_keys: providerKeys,
  };
  const [dictionaryText, nameKeysText] = [dictionary, plans.map(({ name }) => nameKey(name))].map((one) =>
    asciiJson(JSON.stringify(one)),
  ) as [string, string];
  const texts = plans.map(planTexts);

  const column = (name: NumberColumn) =>
    Float64Array.from(plans, (plan) => NUMBERS[name](plan) ?? Number.NaN);
  const lengths = texts.flatMap(({ head, tail, rest }) => [head.length, tail.length, rest.length]);
  const facetCodes = plans.flatMap((plan) =>
    FACETS.map((facet, at) => facets[at]!.indexOf(FACET_VALUE[facet](plan))),
  );
  const header = Uint32Array.of(MARK, count, dictionaryText.length, nameKeysText.length);
  return Buffer.concat([
    ...[
      header,
      ...NUMBER_COLUMNS.map(column),
      Uint32Array.from(lengths),
      Uint16Array.from(facetCodes),
      Uint16Array.from(keys, (key) => providerKeys.indexOf(key)),
      tieOrder({
        exit_fee: column('exit_fee'),
        term: column('term'),
        green: column('green'),
        id: (row) => plans[row]!.id,
      }),
    ].map((column) => Buffer.from(column.buffer)),
    Buffer.from(`${dictionaryText}${nameKeysText}`, 'latin1'),
    ...texts.map(({ head, tail, rest }) => Buffer.from(head + tail + rest, 'latin1')),
  ]);
}
