/** One Fastify instance with all routes on it. Errors of any kind leave it as problems, never as stack traces. */

import { createServer, type RequestListener, type Server } from 'node:http';
import Fastify, { type FastifyInstance } from 'fastify';
import { adminRoutes } from '../api/admin.ts';
import { eventsRoutes } from '../api/events.ts';
import { healthRoutes } from '../api/health.ts';
import { marketsRoutes } from '../api/market/markets.ts';
import { placesRoutes } from '../api/market/places.ts';
import { providersRoutes } from '../api/market/providers.ts';
import { searchRoutes } from '../api/market/search.ts';
import { metricsRoutes } from '../api/observation/metrics.ts';
import { openapiRoutes } from '../api/openapi.ts';
import { PLANS_PATH, PlanAnswers } from '../api/plans/plan-answers.ts';
import { planHistoryRoutes } from '../api/plans/plan-history.ts';
import { plansRoutes } from '../api/plans/plans.ts';
import { Problem, sendProblem } from '../api/problem.ts';
import { type ApiParts, PUBLIC_HEADERS } from '../api/routes.ts';
import { isOutOfReach } from '../store/postgres/out-of-reach.ts';

/**
 * @param onError told of every failure nobody expected
 * @param serve takes what answers all requests; left out, a server of its own
 */
export function buildServer(
  parts: ApiParts,
  onError: (error: unknown) => void,
  serve: (answer: RequestListener) => Server = createServer,
): FastifyInstance {
  const answers = new PlanAnswers(parts);
  const { counts } = parts;
  const atOnce = counts?.of(PLANS_PATH, 'memory');
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    routerOptions: { maxParamLength: 200 },
    // Plans that memory holds are answered before the router: it would cost as much as the answer itself.
    serverFactory: (handler) =>
      serve((request, response) => {
        const isPlans = request.method === 'GET' && request.url!.startsWith(`${PLANS_PATH}?`);
        const startedAt = isPlans ? performance.now() : 0;
        if (isPlans && answers.answerAtOnce(request, response))
          atOnce?.count(response.statusCode, performance.now() - startedAt);
        else handler(request, response);
      }),
  });

  // With a callback: a promise for each request would cost more than the work in it.
  app.addHook('onRequest', (_request, reply, done) => {
    reply.headers(PUBLIC_HEADERS);
    done();
  });

  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    counts?.of(route, counts.layerOf(reply.raw)).count(reply.statusCode, reply.elapsedTime);
    done();
  });

  app.addHook('preSerialization', async (_request, reply, payload) => {
    if (!reply.hasHeader('cache-control')) reply.header('cache-control', 'public, max-age=60');
    return payload;
  });

  app.setNotFoundHandler((request, reply) =>
    sendProblem(reply, 'not_found', {
      detail: `There is no ${request.method} ${request.url.split('?')[0]}. See /docs.`,
    }),
  );

  app.setErrorHandler((error: Error & { statusCode?: number; code?: string }, _request, reply) => {
    if (error instanceof Problem) return sendProblem(reply, error.code, error.details);
    if (error.statusCode === 413) return sendProblem(reply, 'body_too_large', { detail: error.message });
    if (error.statusCode && error.statusCode < 500)
      return sendProblem(reply, 'bad_request', { detail: error.message });
    onError(error);
    if (isOutOfReach(error)) {
      return sendProblem(reply, 'storage_unavailable', {
        detail: 'The storage does not answer just now. Try again in a few seconds.',
      });
    }
    return sendProblem(reply, 'internal_error', {
      detail: 'This should not have happened, and was written to the log.',
    });
  });

  plansRoutes(app, parts, answers);
  planHistoryRoutes(app, parts);
  marketsRoutes(app, parts);
  placesRoutes(app, parts);
  providersRoutes(app, parts);
  searchRoutes(app, parts);
  eventsRoutes(app, parts);
  adminRoutes(app, parts);
  healthRoutes(app, parts);
  metricsRoutes(app, parts.metrics);
  openapiRoutes(app);
  return app;
}
