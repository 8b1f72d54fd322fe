/** Counts the calls the sandbox got: what a caller is measured by, so never estimated. */

export interface TrafficCounts {
  total: number;
  /** Answered calls by status; `no_answer` for those that were cut off, reset or left. */
  by_status: Record<string, number>;
  /** By DUNS; calls about no TDSP are in `total` only. */
  by_tdsp: Record<string, number>;
  /** The most calls that began within any one second. */
  highest_per_second: number;
  /** ISO 8601, real time; `null` before the first call. */
  first_at: string | null;
  last_at: string | null;
  /** The most calls that were under way at the same moment. */
  concurrent_max: number;
  /** The most that were under way for the same TDSP. */
  concurrent_max_per_tdsp: number;
  /** Under way now. */
  in_flight: number;
}

/** How many calls began within the last second. A call exactly one second old has left the window. */
export class SlidingSecond {
  #times: number[] = [];

  count(nowMs: number): number {
    // Times are in order, so the outdated ones are a prefix.
    const firstInside = this.#times.findIndex((time) => time > nowMs - 1000);
    this.#times = firstInside < 0 ? [] : this.#times.slice(firstInside);
    return this.#times.length;
  }

  add(nowMs: number): number {
    this.#times.push(nowMs);
    return this.count(nowMs);
  }

  /** Milliseconds until the oldest call of the window leaves it. */
  msUntilFree(nowMs: number): number {
    return this.#times.length === 0 ? 0 : Math.max(0, this.#times[0]! + 1000 - nowMs);
  }
}

export class Traffic {
  #counts = none();
  #second = new SlidingSecond();
  #concurrent = 0;
  readonly #concurrentByTdsp = new Map<string, number>();

  begin(nowMs: number, tdsp: string | null): void {
    const counts = this.#counts;
    const at = new Date(nowMs).toISOString();
    counts.total++;
    counts.first_at ??= at;
    counts.last_at = at;
    if (tdsp) counts.by_tdsp[tdsp] = (counts.by_tdsp[tdsp] ?? 0) + 1;
    // The fullest window always ends at a call, so looking at each call finds the highest.
    counts.highest_per_second = Math.max(counts.highest_per_second, this.#second.add(nowMs));
    counts.concurrent_max = Math.max(counts.concurrent_max, ++this.#concurrent);
    if (tdsp) {
      const ofTdsp = (this.#concurrentByTdsp.get(tdsp) ?? 0) + 1;
      this.#concurrentByTdsp.set(tdsp, ofTdsp);
      counts.concurrent_max_per_tdsp = Math.max(counts.concurrent_max_per_tdsp, ofTdsp);
    }
  }

  answered(status: number | 'no_answer'): void {
    this.#counts.by_status[status] = (this.#counts.by_status[status] ?? 0) + 1;
  }

  end(tdsp: string | null): void {
    this.#concurrent--;
    if (tdsp) this.#concurrentByTdsp.set(tdsp, this.#concurrentByTdsp.get(tdsp)! - 1);
  }

  /** Starts counting anew; calls under way stay under way. */
  reset(): void {
    this.#counts = {
      ...none(),
      concurrent_max: this.#concurrent,
      concurrent_max_per_tdsp: Math.max(0, ...this.#concurrentByTdsp.values()),
    };
    this.#second = new SlidingSecond();
  }

  counts(): TrafficCounts {
    return { ...structuredClone(this.#counts), in_flight: this.#concurrent };
  }
}

function none(): TrafficCounts {
  return {
    total: 0,
    by_status: {},
    by_tdsp: {},
    highest_per_second: 0,
    first_at: null,
    last_at: null,
    concurrent_max: 0,
    concurrent_max_per_tdsp: 0,
    in_flight: 0,
  };
}
