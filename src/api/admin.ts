/** What only callers with the token may do: sync, stop, resume, halt, clear. All of it is written to the audit log. */

import { hash, timingSafeEqual } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Secret } from '../config.ts';
import { WattsyncError } from '../errors.ts';
import type { SyncRequest } from '../planning/request-sync.ts';
import { requestClear } from '../store/cache/cache-clears.ts';
import { readAudit, writeAudit } from '../store/queue/audit-log.ts';
import type { SyncBody } from './bodies.ts';
import { integer, invalidParameters, type RawQuery, readParams, text } from './params.ts';
import { expectPlace } from './place.ts';
import { Problem, type ProblemCode } from './problem.ts';
import type { ApiParts } from './routes.ts';

const CACHE_PARAMS = {
  place: text('A city, a ZIP code, or a TDSP by code or DUNS; all of them if not given.'),
};
const AUDIT_PARAMS = { limit: integer('Most entries; 50 if not given.', 1, 1_000) };

const LONGEST_BODY = 65_536;
const ACTOR = 'admin';

export function adminRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { admin } = parts;
  if (!admin) return;
  const { token, database, engine } = admin;
  const audit = (action: string, details: Record<string, unknown>) =>
    writeAudit(database.pool, { actor: ACTOR, action, details });

  app.register(async (routes) => {
    routes.addHook('onRequest', async (request, reply) => {
      reply.header('cache-control', 'no-store');
      expectToken(request, token);
    });
    const options = { bodyLimit: LONGEST_BODY };

    routes.post('/v1/admin/sync', options, async (request, reply) => {
      const { readBody, SYNC_BODY } = await import('./bodies.ts');
      const sync = readRequest(readBody(SYNC_BODY, request.body), parts);
      const { run_id } = await engine.request(sync).catch(toProblem);
      const { kind, names = [], force = false } = sync;
      await audit('sync_asked', { run_id, kind, names, force });
      return reply.code(202).send({ run_id });
    });

    const readOrder = async (body: unknown) => {
      const { ORDER_BODY, readBody } = await import('./bodies.ts');
      const { reason = null } = readBody(ORDER_BODY, body);
      return { by: ACTOR, reason };
    };
    routes.post('/v1/admin/sync/stop', options, async ({ body }) =>
      engine.changeControl('stopped', await readOrder(body)),
    );
    routes.post('/v1/admin/sync/resume', options, async ({ body }) =>
      engine.changeControl('running', await readOrder(body)),
    );
    routes.post('/v1/admin/sync/emergency', options, async ({ body }) => {
      const halted = await engine.halt(await readOrder(body));
      return { state: 'emergency', ...halted };
    });

    routes.delete('/v1/admin/cache', async (request) => {
      const query = request.query as RawQuery;
      const { place } = readParams(CACHE_PARAMS, query);
      // A variable that was empty by mistake must not clear everything.
      if ('place' in query && place === null) {
        throw invalidParameters([
          { field: 'place', message: 'is empty: name a place, or leave it out to clear all' },
        ]);
      }
      const tdsps = place === null ? null : tdspsOf(place, parts);
      for (const duns of tdsps ?? [null]) await requestClear(database, duns);
      await audit('cache_cleared', { tdsps });
      return { status: 'cleared', tdsps: tdsps ?? parts.territory.tdsps.map(({ duns }) => duns) };
    });

    routes.get('/v1/admin/audit', async (request) => {
      const { limit } = readParams(AUDIT_PARAMS, request.query as RawQuery);
      const data = await readAudit(parts.database.pool, limit ?? 50);
      return { data, meta: { total: data.length } };
    });
  });
}

const digest = (value: string): Buffer => hash('sha256', value, 'buffer');

/** Compared in the same time whatever was given: how much of it is right must not be found out by asking. */
export const isAdminToken = (given: string, token: Secret): boolean =>
  timingSafeEqual(digest(given), digest(token.reveal()));

/** The text after `Bearer` in an Authorization header; empty without one. */
export const bearerOf = (header: string | undefined): string =>
  /^Bearer (.+)$/i.exec(header ?? '')?.[1] ?? '';

function expectToken(request: FastifyRequest, token: Secret): void {
  if (isAdminToken(bearerOf(request.headers.authorization), token)) return;
  throw new Problem('unauthorized', {
    detail: 'This needs the header "Authorization: Bearer …" with the token of ADMIN_TOKEN.',
  });
}

function readRequest({ kind, cities, force }: SyncBody, { places }: ApiParts): SyncRequest {
  const isNamed = kind === 'city' || kind === 'emergency';
  if (isNamed && !cities) {
    throw invalidParameters([
      { field: 'cities', message: `is needed with kind "${kind}": a list such as ["dallas-tx"]` },
    ]);
  }
  if (!isNamed && cities) {
    throw invalidParameters([{ field: 'cities', message: `has no place with kind "${kind}"` }]);
  }
  const found = (cities ?? []).map((name) => expectPlace(places.find(name), 'cities'));
  return {
    kind,
    cities: found.flatMap((place) => (place.kind === 'city' ? [place.city] : [])),
    tdsps: found.flatMap((place) => (place.kind === 'zip' ? place.tdsps : [])),
    names: found.map((place) => (place.kind === 'city' ? place.city.slug : place.zip.zip)),
    force: force ?? kind === 'emergency',
    requested_by: ACTOR,
  };
}

function tdspsOf(text: string, { places, territory }: ApiParts): readonly string[] {
  const tdsp = territory.tdsp(text);
  return tdsp ? [tdsp.duns] : expectPlace(places.find(text), 'place').tdsps;
}

const REFUSALS: readonly ProblemCode[] = ['sync_stopped', 'sync_halted'];

/** @throws always */
function toProblem(error: unknown): never {
  const code = REFUSALS.find((one) => error instanceof WattsyncError && error.code === one);
  if (!code) throw error;
  throw new Problem(code, { detail: (error as Error).message });
}
