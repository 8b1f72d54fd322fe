/**
 * One Fastify instance with all routes on it. Errors of any kind leave it as problems, or to people as pages, never as
 * stack traces.
 */

import { createServer, type RequestListener, type Server } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import { adminRoutes } from '../api/admin.ts';
import { descriptionRoutes } from '../api/description/routes.ts';
import { eventsRoutes } from '../api/events.ts';
import { healthRoutes } from '../api/health.ts';
import { marketsRoutes } from '../api/market/markets.ts';
import { placesRoutes } from '../api/market/places.ts';
import { providersRoutes } from '../api/market/providers.ts';
import { searchRoutes } from '../api/market/search.ts';
import { PLANS_PATH, PlanAnswers } from '../api/plans/plan-answers.ts';
import { planHistoryRoutes } from '../api/plans/plan-history.ts';
import { plansRoutes } from '../api/plans/plans.ts';
import { Problem, sendProblem } from '../api/problem.ts';
import { requestIdOf } from '../api/request-id.ts';
import { collectOperations } from '../api/route.ts';
import { type ApiParts, PUBLIC_HEADERS } from '../api/routes.ts';
import type { PageParts } from '../pages/page-parts.ts';
import { PageStore } from '../pages/page-store.ts';
import { Past } from '../pages/past/past.ts';
import { isForPerson, pagesRoutes, sendNotFound } from '../pages/routes.ts';
import { isOutOfReach } from '../store/postgres/out-of-reach.ts';

/** Which request, for the log. */
interface RequestAbout {
  method: string;
  path: string;
  request_id: string;
}

/**
 * @param onError told of every failure nobody expected, and of each call that was refused for its token
 * @param serve takes what answers all requests; left out, a server of its own
 */
export function buildServer(
  parts: ApiParts & Omit<PageParts, 'past'>,
  onError: (error: unknown, request?: RequestAbout) => void,
  serve: (answer: RequestListener) => Server = createServer,
): FastifyInstance {
  const answers = new PlanAnswers(parts);
  const pageParts = { ...parts, past: new Past(parts.database) };
  const pages = { parts: pageParts, store: new PageStore(pageParts), onError };
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    genReqId: requestIdOf,
    routerOptions: { maxParamLength: 200 },
    // Plans and pages that memory holds are answered before the router: it would cost as much as the answer itself.
    serverFactory: (handler) =>
      serve((request, response) => {
        const at =
          request.method === 'GET' && (request.url!.startsWith(`${PLANS_PATH}?`) ? answers : pages.store);
        if (at === false || !at.answerAtOnce(request, response)) handler(request, response);
      }),
  });

  // With a callback: a promise for each request would cost more than the work in it.
  app.addHook('onRequest', (request, reply, done) => {
    reply.headers(PUBLIC_HEADERS);
    reply.header('x-request-id', request.id);
    done();
  });

  app.addHook('preSerialization', async (_request, reply, payload) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'public, max-age=60');
    return payload;
  });

  app.setNotFoundHandler((request, reply) =>
    isForPerson(request)
      ? sendNotFound(pages, request, reply)
      : sendProblem(reply, 'not_found', {
          detail: `There is no ${request.method} ${request.url.split('?')[0]}. See /docs.`,
        }),
  );

  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, request, reply) => {
    const about = { method: request.method, path: request.url.split('?')[0]!, request_id: request.id };
    if (error instanceof Problem) {
      if (error.code === 'unauthorized') onError(error, about);
      return sendProblem(reply, error.code, error.details);
    }
    if (error.statusCode === 413) return sendProblem(reply, 'body_too_large', { detail: error.message });
    if (error.statusCode === 415) {
      return sendProblem(reply, 'unsupported_media_type', {
        detail: 'The body has to be JSON, with the header "Content-Type: application/json".',
      });
    }
    if (error.statusCode && error.statusCode < 500)
      return sendProblem(reply, 'bad_request', { detail: error.message });
    onError(error, about);
    if (isOutOfReach(error)) {
      return sendProblem(reply, 'storage_unavailable', {
        detail: 'The storage does not answer just now. Try again in a few seconds.',
      });
    }
    return sendProblem(reply, 'internal_error', {
      detail: 'This should not have happened, and was written to the log.',
    });
  });

  const operations = collectOperations(app);
  plansRoutes(app, parts, answers);
  planHistoryRoutes(app, parts);
  marketsRoutes(app, parts);
  placesRoutes(app, parts);
  providersRoutes(app, parts);
  searchRoutes(app, parts);
  eventsRoutes(app, parts);
  adminRoutes(app, parts);
  healthRoutes(app, parts);
  descriptionRoutes(app, parts, operations);
  pagesRoutes(app, pages);
  return app;
}
