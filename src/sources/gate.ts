/**
 * The gate every upstream call passes: call budget, rate limit, concurrency, time-out, retries with back-off, circuit
 * breaker. Each call, failed ones and repeats too, is written to the ledger.
 */

import { performance } from 'node:perf_hooks';
import {
  BrokenCircuitError,
  bulkhead,
  ConsecutiveBreaker,
  circuitBreaker,
  DelegateBackoff,
  handleWhen,
  type IRetryBackoffContext,
  retry,
  wrap,
} from 'cockatiel';
import { RateLimiterMemory, RateLimiterQueue } from 'rate-limiter-flexible';
import { describeError, WattsyncError } from '../errors.ts';
import type { ApiCallRow } from '../store/api-calls.ts';
import type { HttpAnswer } from './http.ts';
import type { FetchContext } from './source.ts';
import { SourceError } from './source-error.ts';

export interface GateOptions {
  maxConcurrentRequests: number;
  rateLimitPerSecond: number;
  callBudgetPerHour: number;
  /** For one call, until its last byte. */
  timeoutMs?: number;
  /** How often one fetch may call, the first time included. */
  attempts?: number;
  /** The longest wait before the second call; it doubles from there. */
  backoffMs?: number;
  now?: () => Date;
}

/** The memory of all calls, shared by all processes. */
export interface CallLedger {
  record(call: ApiCallRow): Promise<void>;
  countSince(time: Date): Promise<number>;
}

export interface UpstreamRequest<T> {
  source: string;
  endpoint: string;
  /** What was asked for. No secrets: it is written down. */
  params: Record<string, string>;
  perform(signal: AbortSignal): Promise<HttpAnswer>;
  /** Makes sense of the answer; what it throws counts as a failed call. */
  read(answer: HttpAnswer): T;
}

/** The calls of an hour are used up. */
export class CallBudgetExhaustedError extends WattsyncError {
  readonly code = 'call_budget_exhausted';
  readonly retryable = true;
}

/** The upstream failed so often in a row that it is left alone for a while. */
export class CircuitOpenError extends WattsyncError {
  readonly code = 'circuit_open';
  readonly retryable = true;
}

const HOUR_MS = 3_600_000;
/** An upstream that wants us to wait longer than this gets no second call in this run. */
const LONGEST_WAIT_MS = 60_000;
/** Twelve: two runs over six TDSPs that fail from the first call to the last. */
const FAILURES_THAT_OPEN = 12;
const OPEN_MS = 60_000;

const isRetryable = (error: unknown): boolean =>
  error instanceof SourceError && error.retryable && (error.retryAfterMs ?? 0) <= LONGEST_WAIT_MS;

export class Gate {
  readonly #options: Required<GateOptions>;
  readonly #ledger: CallLedger;
  readonly #policy;
  readonly #limiter: RateLimiterQueue;
  #inFlight = 0;
  /** Errors after which the caller wants no further attempt. */
  readonly #isLast = new WeakSet<object>();

  constructor(options: GateOptions, ledger: CallLedger) {
    this.#options = { timeoutMs: 15_000, attempts: 3, backoffMs: 1_000, now: () => new Date(), ...options };
    this.#ledger = ledger;
    const { maxConcurrentRequests, rateLimitPerSecond, attempts, backoffMs } = this.#options;
    this.#limiter = new RateLimiterQueue(new RateLimiterMemory({ points: rateLimitPerSecond, duration: 1 }));
    const backoff = new DelegateBackoff<IRetryBackoffContext<unknown>>(({ attempt, result }) => {
      const asked =
        'error' in result && result.error instanceof SourceError ? result.error.retryAfterMs : undefined;
      // Full jitter: callers that failed together must not come back together.
      return asked ?? Math.random() * backoffMs * 2 ** (attempt - 1);
    });
    this.#policy = wrap(
      bulkhead(maxConcurrentRequests, Number.POSITIVE_INFINITY),
      retry(
        handleWhen((error) => isRetryable(error) && !this.#isLast.has(error as object)),
        { maxAttempts: attempts - 1, backoff },
      ),
      // Counts failures in a row: a share of failures would need more calls than we make.
      circuitBreaker(
        handleWhen((error) => error instanceof SourceError && error.retryable),
        { halfOpenAfter: OPEN_MS, breaker: new ConsecutiveBreaker(FAILURES_THAT_OPEN) },
      ),
    );
  }

  /**
   * @throws {SourceError} as the last attempt failed
   * @throws {CallBudgetExhaustedError} {CircuitOpenError} no call was made
   */
  async call<T>(request: UpstreamRequest<T>, context: FetchContext): Promise<T> {
    let attempt = 0;
    try {
      return await this.#policy.execute(() => {
        attempt += 1;
        return this.#attempt(request, context, attempt);
      }, context.signal);
    } catch (error) {
      if (!(error instanceof BrokenCircuitError)) throw error;
      throw new CircuitOpenError(
        `${request.source} failed ${FAILURES_THAT_OPEN} times in a row and is left alone for ${OPEN_MS / 1000} s`,
        { cause: error },
      );
    }
  }

  async #attempt<T>(request: UpstreamRequest<T>, context: FetchContext, attempt: number): Promise<T> {
    // Asked here as well: a stop that comes during the back-off would otherwise still make this call.
    context.signal.throwIfAborted();
    if (!context.isForced) {
      await this.#spend();
      await this.#limiter.removeTokens(1);
    }
    const { source, endpoint, params } = request;
    const called_at = this.#options.now();
    const started = performance.now();
    let answer: HttpAnswer | null = null;
    let error: string | null = null;
    this.#inFlight += 1;
    try {
      answer = await request.perform(
        AbortSignal.any([context.signal, AbortSignal.timeout(this.#options.timeoutMs)]),
      );
      return request.read(answer);
    } catch (cause) {
      error = describeError(cause);
      if (attempt >= (context.attempts ?? attempt + 1) && cause instanceof Error) this.#isLast.add(cause);
      throw cause;
    } finally {
      this.#inFlight -= 1;
      const duration_ms = Math.round(performance.now() - started);
      const { run_id } = context;
      const outcome = {
        status: answer?.status || null,
        bytes: answer?.body.byteLength ?? null,
        duration_ms,
        error,
      };
      await this.#ledger.record({ run_id, source, endpoint, params, attempt, called_at, ...outcome });
    }
  }

  async #spend(): Promise<void> {
    const { callBudgetPerHour, now } = this.#options;
    const used = (await this.#ledger.countSince(new Date(now().getTime() - HOUR_MS))) + this.#inFlight;
    if (used < callBudgetPerHour) return;
    throw new CallBudgetExhaustedError(
      `${used} upstream calls were made within the hour and API_CALL_BUDGET_PER_HOUR is ${callBudgetPerHour}. ` +
        'Wait, raise it, or insist with --force.',
    );
  }
}
