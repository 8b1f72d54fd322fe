/**
 * What one client may ask in a minute, in this process. Plans of now that memory holds are answered before any of this
 * and are not limited: they cost less than counting them.
 */

import rateLimit from '@fastify/rate-limit';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Queryable } from '../../store/postgres/database.ts';
import { writeAudit } from '../../store/queue/audit-log.ts';
import { Problem } from '../problem.ts';
import { CSV_TYPE } from '../representation.ts';
import { FairGate } from './fair-gate.ts';
import type { LimitOptions } from './strangers.ts';

/** Clients remembered at once for each limit: the longest silent are forgotten first. */
export const CLIENTS = 20_000;
/** Half of the connections that questions share stay for those about now. */
const TURNS = { atOnce: 2, atOncePerClient: 1, waiting: 200, waitingPerClient: 16 };
/** A shopper looks at a city once or twice; more in an hour is a program that wants to move it up. */
export const EVENTS_OF_A_CITY_PER_HOUR = 20;
/** People ask for one or two; more is somebody who has others mailed. */
const WATCHES_PER_HOUR = 10;
/** Of all clients, times what one may: what a whole state of shoppers does not reach. */
export const EVENTS_OF_ALL = 100;
const WRONG_TOKENS_PER_MINUTE = 10;
/** Written to the audit log a minute, of all clients: an attack must not fill the database. */
const AUDITED_PER_MINUTE = 30;
export const MINUTE_MS = 60_000;

type Limiter = ReturnType<FastifyInstance['createRateLimit']>;

declare module 'fastify' {
  interface FastifyInstance {
    limits: ClientLimits;
  }
  interface FastifyContextConfig {
    /** As of an operation, for other routes. */
    isCostly?: boolean;
  }
  interface FastifyRequest {
    /** What an event is about. */
    eventCity: string;
  }
}

/** An address; of IPv6 the network of 64 bits, which is what one client has. */
export const addressOf = (ip: string): string => rateLimit.normalizeIP(ip, 64);
export const clientOf = ({ ip }: FastifyRequest): string => addressOf(ip);

export class ClientLimits {
  readonly #options: LimitOptions;
  readonly #app: FastifyInstance;
  readonly #turns = new FairGate(TURNS);
  #limiters: Record<LimiterName, Limiter> | undefined;

  constructor(app: FastifyInstance, options: LimitOptions) {
    this.#app = app;
    this.#options = options;
    app.register(rateLimit, { global: false, cache: CLIENTS });
    app.decorateRequest('eventCity', '');
  }

  /** Counts a question. @throws {Problem} `too_many_requests` */
  async takeQuestion(request: FastifyRequest): Promise<void> {
    if (isCostly(request)) await this.#take('costly', request);
    if (!isAboutNow(request)) await this.#take('all', request);
  }

  /** Counts a wrong question about the plans of now: right ones are free. @throws {Problem} `too_many_requests` */
  async takeWrong(request: FastifyRequest): Promise<void> {
    if (isAboutNow(request)) await this.#take('all', request);
  }

  /** @throws {Problem} `too_many_requests` `busy` */
  turn<T>(request: FastifyRequest, work: () => Promise<T>): Promise<T> {
    return isCostly(request) ? this.#turns.run(clientOf(request), work) : work();
  }

  /**
   * Counts an event.
   * @param city `null` where the caller proved who it is: then only the sum of all is bounded
   * @throws {Problem} `too_many_requests`
   */
  async takeEvent(request: FastifyRequest, city: string | null): Promise<void> {
    if (city !== null) {
      request.eventCity = city;
      await this.#take('events', request);
      await this.#take('cityEvents', request);
    }
    await this.#take('allEvents', request);
  }

  /** Counts a price watch by mail that somebody asks for. @throws {Problem} `too_many_requests` */
  async takeWatch(request: FastifyRequest): Promise<void> {
    await this.#take('watches', request);
  }

  /** @throws {Problem} `too_many_requests` after too many wrong tokens, whatever comes next */
  async expectFewWrongTokens(request: FastifyRequest): Promise<void> {
    const found = await this.#limiter('wrongTokens')(request, { increment: false });
    if (!found.isAllowed && found.remaining === 0) throw tooMany('wrongTokens', found);
  }

  /**
   * Counts a wrong token or key.
   * @param auditLog told of the first of a client, and of the one too many
   */
  async refuseToken(request: FastifyRequest, auditLog: Queryable): Promise<void> {
    if (!(await this.#isNews(request))) return;
    const { method, url } = request;
    const details = { client: clientOf(request), method, path: url.split('?')[0] };
    await writeAudit(auditLog, { actor: 'unknown', action: 'token_refused', details });
  }

  async #isNews(request: FastifyRequest): Promise<boolean> {
    const found = await this.#limiter('wrongTokens')(request);
    const count = found.isAllowed ? 0 : found.max - found.remaining;
    const isNews = count === 1 || count === WRONG_TOKENS_PER_MINUTE;
    if (!isNews) return false;
    const audited = await this.#limiter('audited')(request);
    return !audited.isAllowed && !audited.isExceeded;
  }

  async #take(name: LimiterName, request: FastifyRequest): Promise<void> {
    const found = await this.#limiter(name)(request);
    if (!found.isAllowed && found.isExceeded) throw tooMany(name, found);
  }

  #limiter(name: LimiterName): Limiter {
    // Made with the first request: the plugin is loaded then.
    this.#limiters ??= this.#makeLimiters();
    return this.#limiters[name];
  }

  #makeLimiters(): Record<LimiterName, Limiter> {
    const { perMinute, costlyPerMinute, eventsPerMinute } = this.#options;
    const make = (max: number, keyGenerator: (request: FastifyRequest) => string, timeWindow = MINUTE_MS) =>
      this.#app.createRateLimit({ max, timeWindow, keyGenerator });
    const everybody = () => '';
    return {
      all: make(perMinute, clientOf),
      costly: make(costlyPerMinute, clientOf),
      events: make(eventsPerMinute, clientOf),
      cityEvents: make(
        EVENTS_OF_A_CITY_PER_HOUR,
        (request) => `${clientOf(request)} ${request.eventCity}`,
        60 * MINUTE_MS,
      ),
      watches: make(WATCHES_PER_HOUR, clientOf, 60 * MINUTE_MS),
      allEvents: make(EVENTS_OF_ALL * eventsPerMinute, everybody),
      wrongTokens: make(WRONG_TOKENS_PER_MINUTE, clientOf),
      audited: make(AUDITED_PER_MINUTE, everybody),
    };
  }
}

const WHAT = {
  all: 'questions a minute from one client',
  costly: 'questions a minute from one client about the past, the index, words or as CSV',
  events: 'events a minute from one client without the key of EVENTS_KEY',
  cityEvents: 'events an hour of one city from one client without the key of EVENTS_KEY',
  watches: 'price watches an hour from one client',
  allEvents: 'events a minute from all clients',
  wrongTokens: 'wrong tokens a minute from one client',
  audited: 'entries a minute',
} as const;
type LimiterName = keyof typeof WHAT;

function tooMany(name: LimiterName, { max, ttlInSeconds }: { max: number; ttlInSeconds: number }): Problem {
  return new Problem('too_many_requests', {
    detail: `At most ${max} ${WHAT[name]}. Try again in ${ttlInSeconds} s.`,
    retry_after_seconds: Math.max(1, ttlInSeconds),
  });
}

/** What takes long or reads much: it is limited more tightly, and takes turns. */
function isCostly({ routeOptions, query, headers }: FastifyRequest): boolean {
  const { operation, isCostly: isCostlyPage = false } = routeOptions.config;
  if (!operation) return isCostlyPage;
  if (operation.isCostly || 'as_of' in (query as object)) return true;
  return operation.columns !== undefined && (headers.accept ?? '').includes(CSV_TYPE);
}

/** Plans of now come from memory. */
const isAboutNow = (request: FastifyRequest): boolean =>
  request.routeOptions.config.operation?.id === 'listPlans' && !isCostly(request);
