/** Which of the faults meets which call. The same seed and the same order of calls meet the same faults. */

import { stream, unit } from '../market/chance.ts';
import type { Fault, FaultKind } from './faults.ts';

const MEETS = stream('fault meets call');
const DEFAULT_LATENCY_MS = 1000;
/** Faults that spoil a list of plans, and so leave every other call alone. */
const OF_PLAN_LISTS: readonly FaultKind[] = ['wrong_types', 'empty', 'shrunk', 'cents', 'stuck_etag'];

interface Call {
  /** DUNS, where the call is about a TDSP. */
  tdsp: string | null;
  isPlanList: boolean;
}

export class FaultDeck {
  readonly #seed: number;
  #faults: { fault: Fault; calls: number }[] = [];

  constructor(seed: number) {
    this.#seed = seed;
  }

  /** Replaces all faults; each counts its calls from 0. */
  set(faults: readonly Fault[]): void {
    this.#faults = faults.map((fault) => ({ fault: { ...fault }, calls: 0 }));
  }

  list(): Fault[] {
    return this.#faults.map(({ fault }) => ({ ...fault }));
  }

  /** Latencies add up; of everything else, the first fault that meets the call decides the answer. */
  draw(call: Call): { delayMs: number; fault: Fault | null } {
    let delayMs = 0;
    let met: Fault | null = null;
    for (const [index, entry] of this.#faults.entries()) {
      const { fault } = entry;
      if (met && fault.kind !== 'latency') continue;
      if (fault.tdsp !== undefined && fault.tdsp !== call.tdsp) continue;
      if (OF_PLAN_LISTS.includes(fault.kind) && !call.isPlanList) continue;
      const number = entry.calls++;
      if (number >= (fault.times ?? Infinity)) continue;
      if (unit(this.#seed, MEETS, index, number) >= (fault.probability ?? 1)) continue;
      if (fault.kind === 'latency') delayMs += fault.ms ?? DEFAULT_LATENCY_MS;
      else met = fault;
    }
    return { delayMs, fault: met };
  }
}
