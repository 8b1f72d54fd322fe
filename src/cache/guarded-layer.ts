/**
 * A layer behind a deadline and two breakers of its own, so that one that hangs costs a reader a moment three times
 * and then nothing. While it is left alone it is tried in the background: no reader ever waits for such a trial.
 *
 * Reads and writes break apart: a Redis that is full or read-only can still be read.
 */

import {
  BrokenCircuitError,
  CircuitState,
  ConsecutiveBreaker,
  circuitBreaker,
  ExponentialBackoff,
  handleAll,
} from 'cockatiel';
import type { PlanSet } from '../plan/plan-set.ts';
import { traced } from '../trace.ts';
import type { Layer, LayerName } from './layer.ts';
import { LayerUnavailableError } from './layer-error.ts';

/** This many failures in a row open a breaker. */
const FAILURES = 3;
/** When a layer left alone is tried again: at first, and at most. */
const RETRY_MS = { initialDelay: 1_000, maxDelay: 10_000 };
/** A write is waited for by nobody: it may take a few times as long as a read before it counts as lost. */
const WRITE_DEADLINES = 4;

type Breaker = ReturnType<typeof circuitBreaker>;

export class GuardedLayer implements Layer {
  readonly name: LayerName;
  readonly write?: (set: PlanSet) => Promise<number>;
  readonly clear?: (duns: string | null) => Promise<void>;
  readonly #layer: Layer;
  readonly #deadlineMs: number;
  readonly #reads: Breaker;

  constructor(layer: Layer, deadlineMs: number) {
    this.name = layer.name;
    this.#layer = layer;
    this.#deadlineMs = deadlineMs;
    const breaker = () =>
      circuitBreaker(handleAll, {
        breaker: new ConsecutiveBreaker(FAILURES),
        halfOpenAfter: new ExponentialBackoff(RETRY_MS),
      });
    this.#reads = breaker();
    const writes = breaker();
    const longMs = deadlineMs * WRITE_DEADLINES;
    if (layer.write) this.write = (set) => this.#run(writes, () => layer.write!(set), longMs);
    // Not behind the breaker: a clear that is skipped would not come again.
    if (layer.clear) this.clear = (duns) => this.#inTime(() => layer.clear!(duns), longMs);
  }

  /** @throws {LayerUnavailableError} it is left alone, or did not answer in time */
  async read(duns: string): Promise<PlanSet | null> {
    const attempt = () =>
      traced(`cache ${this.name}`, { 'wattsync.tdsp': duns }, () =>
        this.#run(this.#reads, (signal) => this.#layer.read(duns, signal), this.#deadlineMs),
      );
    if (this.#reads.state === CircuitState.Closed) return attempt();
    // Tried only if its time has come, and for the sake of the next reader, not of this one.
    void attempt().catch(() => {});
    throw this.#leftAlone();
  }

  async #run<T>(breaker: Breaker, work: (signal: AbortSignal) => Promise<T>, deadlineMs: number): Promise<T> {
    // cockatiel lets everybody wait for the one trial that is under way; here it counts as not there.
    if (breaker.state === CircuitState.HalfOpen) throw this.#leftAlone();
    try {
      return await breaker.execute(() => this.#inTime(work, deadlineMs));
    } catch (error) {
      throw error instanceof BrokenCircuitError ? this.#leftAlone() : error;
    }
  }

  #inTime<T>(work: (signal: AbortSignal) => Promise<T>, deadlineMs: number): Promise<T> {
    const giveUp = new AbortController();
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        reject(new LayerUnavailableError(`The layer ${this.name} did not answer within ${deadlineMs} ms`));
        giveUp.abort();
      }, deadlineMs);
      timer.unref();
      work(giveUp.signal)
        .then(resolve, reject)
        .finally(() => clearTimeout(timer));
    });
  }

  #leftAlone(): LayerUnavailableError {
    return new LayerUnavailableError(
      `The layer ${this.name} failed several times in a row and is left alone for a few seconds`,
    );
  }
}
