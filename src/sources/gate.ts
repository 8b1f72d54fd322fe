/**
 * The gate every upstream call passes: call budget, rate limit, concurrency, circuit breaker, deadlines, and retries
 * with back-off, which happen here and nowhere else. Limits and breaker hold for all processes together: a permit comes
 * from PostgreSQL. Each call, failed ones and repeats too, is written to the ledger.
 */

import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { bulkhead } from 'cockatiel';
import type { Secret } from '../config.ts';
import { describeError, type WattsyncError } from '../errors.ts';
import { limiterWaitSeconds, limiterWaits, upstreamCalls, upstreamRefusals } from '../process-metrics.ts';
import { keepPayload, type Payload, toPayload } from '../store/plans/source-payloads.ts';
import type { Database } from '../store/postgres/database.ts';
import { SyncHaltedError } from '../store/queue/sync-control-error.ts';
import { callOutcome } from '../store/upstream/api-calls.ts';
import {
  type CallEnd,
  finishPermit,
  noteCertificate,
  type Permit,
  requestPermit,
} from '../store/upstream/permits.ts';
import { traced } from '../trace.ts';
import { HOUR_MS } from '../units.ts';
import { callReserve } from './call-reserve.ts';
import { certificateEnd, watchCertificates } from './certificates.ts';
import { type HttpAnswer, type Moved, readAge, redactSecrets } from './http.ts';
import { NotAllowedError } from './not-allowed-error.ts';
import type { FetchContext } from './source.ts';
import { SourceError } from './source-error.ts';

export interface GateOptions {
  maxConcurrentRequests: number;
  rateLimitPerSecond: number;
  callBudgetPerHour: number;
  /** How many of these may be forced; left out, all of them. */
  emergencyBudgetPerHour?: number;
  /** Calls that may follow each other closely; left out, any number. */
  batchSize?: number;
  /** The pause between two batches. */
  batchDelayMs?: number;
  /** For one call, until its last byte. */
  timeoutMs?: number;
  /** For all attempts and all waiting in between. */
  totalMs?: number;
  /** How often one fetch may call, the first time included. */
  attempts?: number;
  /** The longest wait before the second call; it doubles from there, up to a limit. */
  backoffMs?: number;
  failuresThatOpen?: number;
  /** For tests; the database's clock otherwise. */
  now?: () => Date;
}

interface UpstreamRequest<T> {
  source: string;
  endpoint: string;
  /** What was asked for. No secrets: it is written down. */
  params: Record<string, string>;
  /** @param moved where the last answer sent us */
  perform(signal: AbortSignal, moved: Moved | null): Promise<HttpAnswer>;
  /** Makes sense of the answer; what it throws counts as a failed call. */
  read(answer: HttpAnswer): T;
  /** Where the plans come from: without secrets, as in `PlanSource.origin`. */
  origin: string;
  /** Who has answered, where that may be another than `source`. */
  sourceOf?(answer: HttpAnswer): string;
  /** Redacted wherever an answer repeats them. */
  secrets?: readonly Secret[];
}

export interface GateEvents {
  onCallFailed?: (call: {
    run_id: number;
    source: string;
    endpoint: string;
    attempt: number;
    error: string;
  }) => void;
  onCircuit?: (source: string, state: 'open' | 'closed') => void;
}

type Called<T> = { value: T } | { moved: Moved } | { error: unknown };

/** An address that moved once or twice. Each of them is a call, with a permit of its own. */
const MOST_REDIRECTS = 3;

type Granted = Extract<Permit, { id: number }>;

/** The calls of an hour are used up. */
export class CallBudgetExhaustedError extends NotAllowedError {
  readonly code = 'call_budget_exhausted';
}

/** The upstream failed so often in a row that it is left alone for a while. */
export class CircuitOpenError extends NotAllowedError {
  readonly code = 'circuit_open';
}

/** A call that ends this long after its own deadline was held up here: the process was frozen, the upstream may be well. */
const FROZEN_MS = 2_000;
const LONGEST_BACKOFF_MS = 10_000;
/** What an upstream asks us to wait is honoured up to this; a longer time is a mistake of theirs. */
const LONGEST_WAIT_MS = HOUR_MS;
const DEFAULTS = { timeoutMs: 15_000, totalMs: 60_000, attempts: 3, backoffMs: 1_000, failuresThatOpen: 5 };
// An upstream that is back is noticed within ten minutes, five on average, at fewer than 200 calls a day.
const BREAKER = { firstOpenMs: 30_000, longestOpenMs: 560_000, calmMs: 1_800_000 };

export class Gate {
  readonly #options: GateOptions & typeof DEFAULTS;
  readonly #limits;
  readonly #database: Database;
  readonly #events: GateEvents;
  /** Of this process: callers that would be refused a permit for now wait here. */
  readonly #bulkhead;
  #certificateEnds: number | null = null;

  constructor(given: GateOptions, database: Database, events: GateEvents = {}) {
    this.#events = events;
    const options = { ...DEFAULTS, ...given };
    this.#options = options;
    this.#limits = {
      perSecond: options.rateLimitPerSecond,
      perHour: options.callBudgetPerHour,
      reservePerHour: callReserve(options.callBudgetPerHour),
      forcedPerHour: options.emergencyBudgetPerHour ?? options.callBudgetPerHour,
      perBatch: options.batchSize ?? 1,
      betweenBatchesMs: options.batchSize === undefined ? 0 : (options.batchDelayMs ?? 0),
      atOnce: options.maxConcurrentRequests,
      callMs: options.timeoutMs + 5_000,
    };
    this.#database = database;
    watchCertificates();
    this.#bulkhead = bulkhead(options.maxConcurrentRequests, Number.POSITIVE_INFINITY);
  }

  /**
   * @throws {SourceError} as the last attempt failed
   * @throws {CallBudgetExhaustedError} {CircuitOpenError} no call was made
   */
  async call<T>(request: UpstreamRequest<T>, context: FetchContext): Promise<T> {
    const deadline = AbortSignal.timeout(this.#options.totalMs);
    const signal = AbortSignal.any([context.signal, deadline]);
    try {
      return await this.#bulkhead.execute(() => this.#attempts(request, { ...context, signal }), signal);
    } catch (error) {
      if (!deadline.aborted || context.signal.aborted || error instanceof SourceError) throw error;
      throw new SourceError(
        'upstream_unreachable',
        `${request.source} gave no answer within ${this.#options.totalMs / 1000} s, all attempts and waiting included`,
        { cause: error },
      );
    }
  }

  async #attempts<T>(request: UpstreamRequest<T>, context: FetchContext): Promise<T> {
    const most = Math.min(this.#options.attempts, context.attempts ?? Number.POSITIVE_INFINITY);
    let moved: Moved | null = null;
    let redirects = 0;
    for (let attempt = 1; ; attempt++) {
      context.signal.throwIfAborted();
      const permit = await this.#permit(request, context);
      const about = { 'wattsync.source': request.source, 'wattsync.attempt': attempt };
      const called: Called<T> = await traced('upstream call', about, () =>
        this.#attempt(request, context, { attempt, permit, moved }),
      );
      if ('value' in called) return called.value;
      if ('moved' in called && redirects < MOST_REDIRECTS) {
        redirects += 1;
        moved = called.moved;
        attempt -= 1;
        continue;
      }
      if ('moved' in called) {
        throw new SourceError(
          'upstream_unreachable',
          `${request.source} redirects more than ${MOST_REDIRECTS} times`,
        );
      }
      moved = null;
      const waitMs = this.#waitAfter(called.error, attempt);
      if (attempt >= most || permit.isProbe || waitMs === null) throw called.error;
      await pause(waitMs, null, { signal: context.signal });
    }
  }

  /** How long to wait before the next attempt; `null`: there shall be none. */
  #waitAfter(error: unknown, attempt: number): number | null {
    if (!(error instanceof SourceError) || !error.retryable) return null;
    const { backoffMs, totalMs } = this.#options;
    // Full jitter: callers that failed together must not come back together.
    const backoff = Math.random() * Math.min(LONGEST_BACKOFF_MS, backoffMs * 2 ** (attempt - 1));
    const waitMs = Math.max(error.retryAfterMs ?? 0, backoff);
    return waitMs < totalMs ? waitMs : null;
  }

  async #permit(
    { source, origin }: { source: string; origin: string },
    { isForced, signal }: FetchContext,
  ): Promise<Granted> {
    let mayProbe = isForced;
    for (;;) {
      const caller = { source, origin, isForced, mayProbe };
      const permit = await requestPermit(this.#database, caller, this.#limits, this.#now());
      if ('id' in permit) return permit;
      if ('isProbing' in permit) mayProbe = false;
      if ('waitMs' in permit) {
        const waitMs = permit.waitMs * (1 + Math.random() * 0.2);
        limiterWaits.add(source);
        limiterWaitSeconds.of(source).value += waitMs / 1_000;
        await pause(waitMs, null, { signal });
        continue;
      }
      upstreamRefusals.add(source, permit.refused);
      if ('control' in permit) throw new SyncHaltedError(permit.control);
      throw refusal(source, permit, this.#limits, isForced);
    }
  }

  /** One call, and what is remembered of it; one that failed is written down like any other. */
  async #attempt<T>(
    request: UpstreamRequest<T>,
    context: FetchContext,
    { attempt, permit, moved }: { attempt: number; permit: Granted; moved: Moved | null },
  ): Promise<Called<T>> {
    const { source, endpoint, params } = request;
    const { timeoutMs, failuresThatOpen } = this.#options;
    const called_at = this.#now() ?? new Date();
    const started = performance.now();
    let answer: HttpAnswer | null = null;
    let payload: Payload | null = null;
    let called: Called<T>;
    try {
      const signal = AbortSignal.any([context.signal, AbortSignal.timeout(timeoutMs)]);
      answer = redactSecrets(await request.perform(signal, moved), request.secrets ?? []);
      payload = toPayload(answer.body);
      context.onPayload?.(payload?.hash ?? null);
      // In here, because an answer that makes no sense is a failed call.
      called = answer.moved ? { moved: answer.moved } : { value: request.read(answer) };
    } catch (error) {
      called = { error };
    }
    const tookMs = performance.now() - started;
    const isOurs = context.signal.aborted || tookMs > timeoutMs + FROZEN_MS;
    const call = {
      run_id: context.run_id,
      source,
      endpoint,
      params,
      attempt,
      called_at,
      payload_hash: payload?.hash ?? null,
      age_seconds: readAge(answer?.headers.get('age') ?? null),
      status: answer?.status || null,
      bytes: answer?.body.byteLength ?? null,
      duration_ms: Math.round(tookMs),
      error: 'error' in called ? describeError(called.error) : null,
    };
    upstreamCalls.add(source, callOutcome(call));
    const end = 'error' in called ? endOf(called.error, isOurs) : 'answered';
    if (call.error !== null && !isOurs) {
      const { run_id } = context;
      this.#events.onCallFailed?.({ run_id, source, endpoint, attempt, error: call.error });
    }
    const [circuit] = await Promise.all([
      finishPermit(
        this.#database,
        Object.assign({ origin: request.origin, call }, permit),
        end,
        { ...BREAKER, failuresThatOpen },
        this.#now(),
      ),
      answer && payload && this.#keep(request, answer, payload, called_at),
      this.#noteCertificate(request),
    ]);
    if (circuit) this.#events.onCircuit?.(source, circuit);
    return called;
  }

  /** Only when another one was seen; where that fails, the next call does it. */
  async #noteCertificate({ source, origin }: UpstreamRequest<unknown>): Promise<void> {
    const endsAt = certificateEnd(origin);
    if (endsAt === null || this.#certificateEnds === endsAt.getTime()) return;
    await noteCertificate(this.#database.pool, source, endsAt).then(
      () => {
        this.#certificateEnds = endsAt.getTime();
      },
      () => {},
    );
  }

  /** Keeps the answer; where that fails, the answer is still used. */
  async #keep(
    { source, origin, endpoint, params, sourceOf }: UpstreamRequest<unknown>,
    answer: HttpAnswer,
    payload: Payload,
    seen_at: Date,
  ): Promise<void> {
    await keepPayload(this.#database.pool, payload, {
      source: sourceOf?.(answer) ?? source,
      origin,
      request: { endpoint, params },
      seen_at,
      status: answer.status || null,
      content_type: answer.headers.get('content-type'),
    }).catch(() => {});
  }

  /** `null`: the database's clock. */
  #now(): Date | null {
    return this.#options.now?.() ?? null;
  }
}

/**
 * What a failed call says about the upstream: that it is ill, that it wants to be left alone, or that it is well.
 * @param isOurs the call was given up or held up on this side, which says nothing
 */
function endOf(error: unknown, isOurs: boolean): CallEnd {
  if (isOurs) return 'abandoned';
  if (!(error instanceof SourceError) || !error.retryable) return 'answered';
  if (error.code !== 'upstream_rate_limited') return 'failed';
  return { waitMs: Math.min(LONGEST_WAIT_MS, error.retryAfterMs ?? 0) };
}

function refusal(
  source: string,
  { refused, until, used, cause }: Extract<Permit, { until: Date }>,
  { perHour, reservePerHour, forcedPerHour }: Record<'perHour' | 'reservePerHour' | 'forcedPerHour', number>,
  isForced: boolean,
): WattsyncError {
  const at = `${until.toISOString().slice(0, 19)}Z`;
  const exhausted = (calls: string, limit: string, advice: string) =>
    new CallBudgetExhaustedError(
      `${used} ${calls} of ${source} were made within the hour; ${limit}. The next is possible at ${at}. Wait, raise it, or ${advice}.`,
      until,
    );
  if (refused === 'emergency_budget') {
    return exhausted(
      'forced calls',
      `EMERGENCY_CALL_BUDGET_PER_HOUR is ${forcedPerHour}`,
      'sync without --force',
    );
  }
  if (refused === 'budget') {
    const limit = `API_CALL_BUDGET_PER_HOUR is ${perHour}, ${reservePerHour} of them kept for forced calls`;
    return exhausted('calls', limit, 'insist with --force');
  }
  const why =
    refused === 'circuit' ? 'failed several times in a row and is left alone' : 'asked to be left alone';
  const advice = isForced ? 'It was just tried and failed; wait.' : 'Wait, or insist with --force.';
  const last = cause ? ` (the last time: ${cause})` : '';
  return new CircuitOpenError(`${source} ${why} until ${at}${last}. ${advice}`, until);
}
