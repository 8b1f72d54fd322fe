/**
 * One way to declare a route: what it takes, what it answers, what may go wrong. From the same declaration it is
 * registered, its input is read or refused, and it is described at `/openapi.json`: what is accepted is what is described.
 */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { AdminRole } from '../config.ts';
import type { BODIES, BodyOf } from './bodies.ts';
import type { SCHEMAS } from './description/schemas.ts';
import { type Params, readParams, type Values } from './params.ts';
import type { ProblemCode } from './problem.ts';
import { sendRepresentation } from './representation.ts';

/** How the description groups operations, and what it says of each group. */
export const TAGS = {
  Plans: 'What is sold at a place, what it costs at a usage, and what became of each plan',
  Places: 'Cities, ZIP codes and the TDSPs that serve them',
  Markets: 'The market of a TDSP over time',
  Providers: 'Who sells plans, and where',
  Search: 'Cities, providers and plans by words',
  Events: 'What shoppers do, which decides what is synced first',
  Admin: 'For operators with a token; every call is written to the audit log',
  Health: 'For balancers, supervisors and tools',
} as const;

/** How answers are kept: as fresh as the plans, for some seconds (they have a tag then), or not at all. */
type Caching = 'plans' | 'no-store' | { maxAgeSeconds: number };

export interface Operation {
  /** The name that a generated client gives its method. */
  id: string;
  method: 'GET' | 'POST' | 'DELETE';
  /** As OpenAPI writes it: `/v1/plans/{id}`. */
  path: string;
  tag: keyof typeof TAGS;
  summary: string;
  description?: string;
  /** Parameters in the path, all of them required. */
  inPath?: Params;
  /** `any`: the query is not looked at. */
  query?: Params | 'any';
  /** Of these query parameters exactly one has to be given. */
  exactlyOneOf?: readonly string[];
  body?: { schema: keyof typeof BODIES; isOptional?: boolean; maxBytes: number };
  /** The status of success, 200 if not given. */
  status?: 200 | 202;
  /** The name of the schema of its answer. */
  answer: keyof typeof SCHEMAS;
  /** Of an answer that is not JSON: its media type, and its schema says what one message of it is. */
  type?: string;
  /** Of the answer as CSV, for those who prefer it. */
  columns?: readonly { name: string }[];
  caching: Caching;
  /** What may go wrong besides what can go wrong everywhere. */
  problems: readonly ProblemCode[];
  /** What the token of a caller has to allow; left out, no token is needed. */
  role?: AdminRole;
  /** Needs the key of events. */
  isWithKey?: boolean;
  /** Takes long: limited more tightly, and a few at once. With `as_of` or as CSV every question is. */
  isCostly?: boolean;
  /** It goes: when that was announced, and from which day on it may be gone (days in UTC, six months apart at least). */
  deprecated?: { announced: string; goneFrom: string; instead: string };
  /** Answers `Location`. */
  hasLocation?: boolean;
  /** One request that works on any database with plans. */
  example: {
    inPath?: Record<string, string>;
    query?: Record<string, string>;
    body?: Record<string, unknown>;
  };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    operation?: Operation;
  }
}

type ParamsOf<P> = P extends Params ? Values<P> : Record<never, never>;

export interface Asked<O extends Operation> {
  path: ParamsOf<O['inPath']>;
  query: ParamsOf<O['query']>;
  body: O extends { body: { schema: infer Name extends keyof typeof BODIES } } ? BodyOf<Name> : undefined;
  request: FastifyRequest;
  reply: FastifyReply;
}

/**
 * Registers a route.
 * @param answer gives what is sent as JSON, or the reply where it has sent something itself
 */
export function route<const O extends Operation>(
  app: FastifyInstance,
  operation: O,
  answer: (asked: Asked<O>) => unknown,
): void {
  const {
    method,
    path,
    inPath = {},
    query = {},
    body,
    status = 200,
    caching,
    deprecated,
  }: Operation = operation;
  app.route({
    method,
    url: path.replace(/\{(\w+)\}/g, ':$1'),
    config: { operation },
    ...(body && { bodyLimit: body.maxBytes }),
    handler: async (request, reply) => {
      if (caching === 'no-store') reply.header('cache-control', 'no-store');
      if (deprecated) tellDeprecation(reply, deprecated);
      const asked = {
        path: readParams(inPath, request.params),
        query: query === 'any' ? {} : readParams(query, request.query),
        body: body && (await import('./bodies.ts')).readBody(body.schema, request.body),
        request,
        reply,
      };
      // A promise takes a reply for one that ends when its last byte has left: who reads slowly, or not at all, would keep
      // the turn of its question, and after two of those nobody else had one.
      const bare = reply as { then?: unknown };
      // biome-ignore lint/suspicious/noThenProperty: it has one, and must not for a while.
      bare.then = undefined;
      let json: unknown;
      try {
        json = await app.limits.turn(request, async () => answer(asked as unknown as Asked<O>));
      } finally {
        delete bare.then;
      }
      if (json === reply) return reply;
      if (typeof caching === 'object') {
        return sendRepresentation(request, reply, {
          json: json as object,
          maxAgeSeconds: caching.maxAgeSeconds,
        });
      }
      return reply.code(status).send(json);
    },
  });
}

const beginningOf = (day: string): Date => new Date(`${day}T00:00:00Z`);

/** By RFC 9745 and RFC 8594; before everything else, so that answers which are written as bytes carry it, too. */
function tellDeprecation(
  reply: FastifyReply,
  { announced, goneFrom }: NonNullable<Operation['deprecated']>,
): void {
  reply.raw.setHeader('deprecation', `@${beginningOf(announced).getTime() / 1_000}`);
  reply.raw.setHeader('sunset', beginningOf(goneFrom).toUTCString());
}

/** All operations that are registered from now on. */
export function collectOperations(app: FastifyInstance): readonly Operation[] {
  const operations: Operation[] = [];
  app.addHook('onRoute', ({ method, config }) => {
    // A route for HEAD comes along with each for GET.
    if (config?.operation && method !== 'HEAD') operations.push(config.operation);
  });
  return operations;
}
