/** What only callers with a token may do: sync, stop, resume, halt, clear. All of it is written to the audit log. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { AdminToken } from '../config.ts';
import { WattsyncError } from '../errors.ts';
import type { SyncRequest } from '../planning/request-sync.ts';
import { Sealer } from '../seal.ts';
import { requestClear } from '../store/cache/cache-clears.ts';
import { readAudit, writeAudit } from '../store/queue/audit-log.ts';
import { type RunWithResults, readRun } from '../store/queue/sync-runs.ts';
import type { BodyOf, SyncBody } from './bodies.ts';
import { webhookRoutes } from './market/webhooks.ts';
import { alertRoutes } from './observation/admin-alerts.ts';
import { experimentRoutes } from './observation/admin-experiments.ts';
import { integer, invalidParameters, type RawQuery, required, text } from './params.ts';
import { expectPlace } from './place.ts';
import { Problem, type ProblemCode } from './problem.ts';
import { type Operation, route } from './route.ts';
import type { ApiParts } from './routes.ts';
import { adminOf, bearerOf, mayAct } from './strangers/admin-token.ts';
import { clientOf } from './strangers/client-limits.ts';

const LONGEST_BODY = 65_536;

const ADMIN = { tag: 'Admin', caching: 'no-store' } as const;
const OPERATE = { ...ADMIN, role: 'operate' } as const;
const ORDER = { schema: 'Order', isOptional: true, maxBytes: LONGEST_BODY } as const;
const REASON = { body: { reason: 'The upstream announced maintenance' } };

export function adminRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { admin } = parts;
  if (!admin) return;
  app.register(async (routes) => {
    routes.addHook('onRequest', async (request, reply) => {
      reply.header('cache-control', 'no-store');
      // Not for the pages of other sites, whatever they come with.
      reply.removeHeader('access-control-allow-origin');
      request.admin = await expectAdmin(request, app, admin);
    });
    syncRoutes(routes, parts, admin);
    controlRoutes(routes, admin);
    cacheRoutes(routes, parts, admin);
    lookRoutes(routes, parts);
    const { territory } = parts;
    const { sealer = new Sealer(null) } = admin;
    webhookRoutes(routes, { database: admin.database.pool, territory, sealer, nameOf });
    experimentRoutes(routes, admin.database.pool);
    if (admin.rules) {
      alertRoutes(routes, { database: admin.database.pool, rules: admin.rules, nameOf });
    }
  });
}

type Admin = NonNullable<ApiParts['admin']>;

const audit = ({ database }: Admin, actor: string, action: string, details: Record<string, unknown>) =>
  writeAudit(database.pool, { actor, action, details });

function syncRoutes(app: FastifyInstance, parts: ApiParts, admin: Admin): void {
  const operation = {
    ...OPERATE,
    id: 'startSync',
    method: 'POST',
    path: '/v1/admin/sync',
    summary: 'Ask for a sync',
    description:
      'Asks for a sync and answers at once; `Location` is where it can be followed. TDSPs that are fresh, or are being synced already, cost no call.',
    body: { schema: 'SyncRequest', maxBytes: LONGEST_BODY },
    status: 202,
    answer: 'SyncAsked',
    hasLocation: true,
    problems: ['sync_stopped', 'sync_halted', 'unknown_place', 'no_retail_choice', 'plans_not_listed'],
    example: { body: { kind: 'city', cities: ['dallas-tx'] } },
  } as const satisfies Operation;
  route(app, operation, async ({ body, request, reply }) => {
    const by = nameOf(request);
    const sync = readRequest(body, by, parts);
    const { run_id } = await admin.engine.request(sync).catch(toProblem);
    const { kind, names = [], force = false } = sync;
    await audit(admin, by, 'sync_asked', { run_id, kind, names, force });
    reply.header('location', `/v1/admin/runs/${run_id}`);
    return { run_id };
  });
}

function controlRoutes(app: FastifyInstance, { engine }: Admin): void {
  const order = ({ request, body }: { request: FastifyRequest; body: BodyOf<'Order'> }) => ({
    by: nameOf(request),
    reason: body.reason ?? null,
  });
  const stop = {
    ...OPERATE,
    id: 'stopSync',
    method: 'POST',
    path: '/v1/admin/sync/stop',
    summary: 'Let running syncs finish and start no more',
    description: 'Lets running syncs finish and starts no more, in all processes, until they are resumed.',
    body: ORDER,
    answer: 'ControlChanged',
    problems: [],
    example: REASON,
  } as const satisfies Operation;
  route(app, stop, (asked) => engine.changeControl('stopped', order(asked)));

  const resume = {
    ...OPERATE,
    id: 'resumeSync',
    method: 'POST',
    path: '/v1/admin/sync/resume',
    summary: 'Let syncs start again',
    description: 'Lets syncs start again after they were stopped or halted.',
    body: ORDER,
    answer: 'ControlChanged',
    problems: [],
    example: { body: { reason: 'The maintenance is over' } },
  } as const satisfies Operation;
  route(app, resume, (asked) => engine.changeControl('running', order(asked)));

  const halt = {
    ...OPERATE,
    id: 'haltSync',
    method: 'POST',
    path: '/v1/admin/sync/emergency',
    summary: 'Halt all syncs at once',
    description: 'Cancels what is queued or under way, in all processes; nothing syncs until it is resumed.',
    body: ORDER,
    answer: 'SyncHalted',
    problems: [],
    example: { body: { reason: 'The upstream sends wrong prices' } },
  } as const satisfies Operation;
  route(app, halt, async (asked) => {
    const halted = await engine.halt(order(asked));
    return { state: 'emergency', ...halted };
  });
}

function cacheRoutes(app: FastifyInstance, parts: ApiParts, admin: Admin): void {
  const operation = {
    ...OPERATE,
    id: 'clearCache',
    method: 'DELETE',
    path: '/v1/admin/cache',
    summary: 'Make every process forget plan sets',
    description: 'Makes every process forget plan sets and load them again; the plans stay.',
    query: { place: text('A city, a ZIP code, or a TDSP by code or DUNS; all of them if not given.') },
    answer: 'CacheCleared',
    problems: ['unknown_place', 'no_retail_choice', 'plans_not_listed'],
    example: { query: { place: 'dallas-tx' } },
  } as const satisfies Operation;
  route(app, operation, async ({ query: { place }, request }) => {
    // A variable that was empty by mistake must not clear everything.
    if ('place' in (request.query as RawQuery) && !place) {
      throw invalidParameters([
        { field: 'place', message: 'is empty: name a place, or leave it out to clear all' },
      ]);
    }
    const tdsps = place === null ? null : tdspsOf(place, parts);
    for (const duns of tdsps ?? [null]) await requestClear(admin.database, duns);
    await audit(admin, nameOf(request), 'cache_cleared', { tdsps });
    return { status: 'cleared', tdsps: tdsps ?? parts.territory.tdsps.map(({ duns }) => duns) };
  });
}

function lookRoutes(app: FastifyInstance, { database: { pool } }: ApiParts): void {
  const audit = {
    ...ADMIN,
    role: 'read',
    id: 'listAudit',
    method: 'GET',
    path: '/v1/admin/audit',
    summary: 'Who told the program to do what, newest first',
    query: { limit: integer('Most entries; 50 if not given.', 1, 1_000) },
    answer: 'Audit',
    problems: ['storage_unavailable'],
    example: { query: { limit: '20' } },
  } as const satisfies Operation;
  route(app, audit, async ({ query: { limit } }) => {
    const data = await readAudit(pool, limit ?? 50);
    return { data, meta: { total: data.length } };
  });

  const run = {
    ...ADMIN,
    role: 'read',
    id: 'getRun',
    method: 'GET',
    path: '/v1/admin/runs/{id}',
    summary: 'One run, and how far it is',
    inPath: { id: required(integer('The `run_id` of what was asked for.', 1, 999_999_999)) },
    answer: 'RunAnswer',
    problems: ['unknown_run', 'storage_unavailable'],
    example: { inPath: { id: '1' } },
  } as const satisfies Operation;
  route(app, run, async ({ path: { id } }) => {
    const found = await readRun(pool, id);
    if (!found)
      throw new Problem('unknown_run', { detail: `No run has the id ${id}, or it is no longer kept.` });
    return { data: runJson(found) };
  });
}

const runJson = ({ run, results, claimed, waiting }: RunWithResults) => ({
  ...run,
  results: results.map((one) => ({
    tdsp_duns: one.tdsp_duns,
    status: one.status,
    plans: one.plans,
    version: one.snapshot_version,
    error_code: one.error_code,
    message: one.message,
    duration_ms: one.duration_ms,
    finished_at: one.finished_at,
  })),
  claimed,
  waiting,
});

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks, on the routes that need a token. */
    admin?: AdminToken;
  }
}

const nameOf = ({ admin }: FastifyRequest): string => admin!.name;

/** @throws {Problem} no token, a wrong one, or one too many wrong ones */
export async function expectToken(
  request: FastifyRequest,
  { limits }: FastifyInstance,
  admin: Pick<Admin, 'tokens' | 'database'>,
): Promise<AdminToken> {
  await limits.expectFewWrongTokens(request);
  const given = bearerOf(request.headers.authorization);
  const found = adminOf(admin.tokens, given);
  if (!found) {
    if (given !== '') await limits.refuseToken(request, admin.database.pool);
    throw new Problem('unauthorized', {
      detail: 'This needs the header "Authorization: Bearer …" with a token of ADMIN_TOKEN.',
    });
  }
  return found;
}

/** @throws {Problem} as above, or the token does not allow this */
async function expectAdmin(request: FastifyRequest, app: FastifyInstance, admin: Admin): Promise<AdminToken> {
  const found = await expectToken(request, app, admin);
  const { method, url, routeOptions } = request;
  const { role } = routeOptions.config.operation!;
  if (!role || mayAct(found, role)) return found;
  const about = { client: clientOf(request), method, path: url.split('?')[0] };
  await audit(admin, found.name, 'role_refused', about);
  throw new Problem('forbidden', {
    detail: `The token of "${found.name}" has the role ${found.role}; this needs one with the role ${role}.`,
  });
}

function readRequest({ kind, cities, force }: SyncBody, by: string, { places }: ApiParts): SyncRequest {
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
    requested_by: by,
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
