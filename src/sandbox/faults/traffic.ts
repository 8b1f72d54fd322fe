/** Counts the calls the sandbox got: what a caller is measured by, so never estimated. */

/** How many calls began within the last second. A call exactly one second old has left the window. */
export class SlidingSecond {
  #times: number[] = [];

  count(nowMs: number): number {
    this.#times = this.#times.filter((time) => time > nowMs - 1000);
    return this.#times.length;
  }

  add(nowMs: number): number {
    this.#times.push(nowMs);
    return this.count(nowMs);
  }

  /** Milliseconds until the oldest call of the window leaves it. */
  msUntilFree(nowMs: number): number {
    return Math.max(0, (this.#times[0] ?? -Infinity) + 1000 - nowMs);
  }
}

export class Traffic {
  #counts = none();
  #second = new SlidingSecond();
  /** Calls under way, by TDSP; the key `null` has those about none. */
  readonly #underWay = new Map<string | null, number>();

  /** @returns to be told the status when the call ends; it counts once */
  begin(nowMs: number, tdsp: string | null): (status: number | 'no_answer') => void {
    const counts = this.#counts;
    const at = new Date(nowMs).toISOString();
    counts.total++;
    counts.first_at ??= at;
    counts.last_at = at;
    if (tdsp) counts.by_tdsp[tdsp] = (counts.by_tdsp[tdsp] ?? 0) + 1;
    // The fullest window always ends at a call, so looking at each call finds the highest.
    counts.highest_per_second = Math.max(counts.highest_per_second, this.#second.add(nowMs));
    this.#move(tdsp, 1);
    this.#noteConcurrency();
    let ended = false;
    return (status) => {
      if (ended) return;
      ended = true;
      this.#counts.by_status[status] = (this.#counts.by_status[status] ?? 0) + 1;
      this.#move(tdsp, -1);
    };
  }

  /** Starts counting anew; calls under way stay under way. */
  reset(): void {
    this.#counts = none();
    this.#second = new SlidingSecond();
    this.#noteConcurrency();
  }

  counts(): TrafficCounts {
    return { ...structuredClone(this.#counts), in_flight: this.#inFlight() };
  }

  #move(tdsp: string | null, by: number): void {
    this.#underWay.set(tdsp, (this.#underWay.get(tdsp) ?? 0) + by);
  }

  #inFlight(): number {
    return [...this.#underWay.values()].reduce((sum, calls) => sum + calls, 0);
  }

  #noteConcurrency(): void {
    const counts = this.#counts;
    const byTdsp = [...this.#underWay].filter(([tdsp]) => tdsp !== null).map(([, calls]) => calls);
    counts.concurrent_max = Math.max(counts.concurrent_max, this.#inFlight());
    counts.concurrent_max_per_tdsp = Math.max(counts.concurrent_max_per_tdsp, ...byTdsp);
  }
}

const none = () => ({
  total: 0,
  /** Answered calls by status; `no_answer` for those that were cut off, reset or left. */
  by_status: {} as Record<string, number>,
  /** By DUNS; calls about no TDSP are in `total` only. */
  by_tdsp: {} as Record<string, number>,
  /** The most calls that began within any one second. */
  highest_per_second: 0,
  /** ISO 8601, real time; `null` before the first call. */
  first_at: null as string | null,
  last_at: null as string | null,
  /** The most calls that were under way at the same moment, and the most for the same TDSP. */
  concurrent_max: 0,
  concurrent_max_per_tdsp: 0,
});

/** `in_flight`: under way now. */
type TrafficCounts = ReturnType<typeof none> & { in_flight: number };
