/**
 * One Fastify instance with all routes on it. Errors of any kind leave it as problems, or to people as pages, never as
 * stack traces.
 */

import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { constants } from 'node:zlib';
import compress from '@fastify/compress';
import Fastify, { type FastifyInstance } from 'fastify';
import { adminRoutes } from '../api/admin.ts';
import { forAgentsRoutes } from '../api/description/for-agents.ts';
import { descriptionRoutes } from '../api/description/routes.ts';
import { eventsRoutes } from '../api/events.ts';
import { exportRoutes } from '../api/exports/exports.ts';
import { healthRoutes } from '../api/health.ts';
import { changesRoutes } from '../api/market/changes.ts';
import { feedRoutes } from '../api/market/feeds.ts';
import { marketsRoutes } from '../api/market/markets.ts';
import { placesRoutes } from '../api/market/places.ts';
import { providersRoutes } from '../api/market/providers.ts';
import { searchRoutes } from '../api/market/search.ts';
import { streamRoutes } from '../api/market/stream.ts';
import { metricsRoutes } from '../api/observation/metrics.ts';
import { requestIdOf } from '../api/observation/request-id.ts';
import { otherMethods } from '../api/other-methods.ts';
import { answerParserError } from '../api/parser-errors.ts';
import { PLANS_PATH, PlanAnswers } from '../api/plans/plan-answers.ts';
import { planHistoryRoutes } from '../api/plans/plan-history.ts';
import { plansRoutes } from '../api/plans/plans.ts';
import { PROBLEMS, Problem, sendProblem } from '../api/problem.ts';
import { collectOperations } from '../api/route.ts';
import { type ApiParts, PUBLIC_HEADERS } from '../api/routes.ts';
import { ClientLimits } from '../api/strangers/client-limits.ts';
import { LoopShare } from '../api/strangers/loop-share.ts';
import { STRANGERS } from '../api/strangers/strangers.ts';
import { ViewLimit } from '../api/strangers/view-limit.ts';
import { mcpRoutes } from '../mcp/routes.ts';
import { isForPerson, type PageParts } from '../pages/page-parts.ts';
import { PageStore } from '../pages/page-store.ts';
import { Past } from '../pages/past/past.ts';
import { pagesRoutes, sendWrong } from '../pages/routes.ts';
import { isOutOfReach } from '../store/postgres/out-of-reach.ts';
import { tracedRequest } from '../trace.ts';

/** Which request, for the log. */
interface RequestAbout {
  method: string;
  path: string;
  request_id: string;
}
/** Enough for every filter at once, with dozens of providers. */
const LONGEST_URL = 4_096;

/**
 * @param onError told of every failure nobody expected, and of each call that was refused for its token
 * @param serve takes what answers all requests; left out, a server of its own
 */
export function buildServer(
  parts: ApiParts & Omit<PageParts, 'past' | 'onView'>,
  onError: (error: unknown, request?: RequestAbout) => void,
  serve: (answer: RequestListener) => Server = createServer,
): FastifyInstance {
  const strangers = parts.strangers ?? STRANGERS;
  const answers = new PlanAnswers(parts);
  const views = new ViewLimit(strangers);
  const onView = (city: string, request: IncomingMessage) => {
    if (views.take(request, city)) parts.onEvent(city, 'search', false);
  };
  const pageParts = { ...parts, past: new Past(parts.database), onView };
  const pages = { parts: pageParts, store: new PageStore(pageParts), onError };
  const { counts } = parts;
  const share = new LoopShare();
  const plansAtOnce = counts?.of(PLANS_PATH, 'memory');
  const pagesAtOnce = counts?.of('pages', 'memory');
  const app = Fastify({
    logger: false,
    forceCloseConnections: true,
    genReqId: requestIdOf,
    routerOptions: { maxParamLength: 200, ignoreTrailingSlash: true },
    clientErrorHandler: answerParserError,
    // What cannot be read as an address, such as %zz.
    frameworkErrors: (error, request, reply) => {
      reply.headers(PUBLIC_HEADERS);
      if (isForPerson(request.raw)) return sendWrong(pages, request, reply, { status: 400 });
      return sendProblem(reply, 'bad_request', { detail: `${error.message}.` });
    },
    trustProxy: [...strangers.trustedProxies],
    // Plans and pages that memory holds are answered before the router: it would cost as much as the answer itself.
    serverFactory: (handler) =>
      serve((request, response) =>
        tracedRequest(request, response, () => {
          const isGet = request.method === 'GET' && request.url!.length <= LONGEST_URL;
          const isPlans = isGet && request.url!.startsWith(`${PLANS_PATH}?`);
          const cell = isPlans ? plansAtOnce : pagesAtOnce;
          const startedAt = performance.now();
          if (isGet && (isPlans ? answers : pages.store).answerReady(request, response)) {
            cell?.count(response.statusCode, performance.now() - startedAt);
            return;
          }
          share.run(response, () => {
            if (isPlans && answers.answerAtOnce(request, response)) {
              cell?.count(response.statusCode, performance.now() - startedAt);
            } else handler(request, response);
          });
        }),
      ),
  });

  const clients = new ClientLimits(app, strangers.limits);
  app.decorate('limits', clients);
  app.addHook('onRequest', async (request, reply) => {
    reply.headers(PUBLIC_HEADERS);
    reply.header('x-request-id', request.id);
    await clients.takeQuestion(request);
    if (request.url.length > LONGEST_URL) {
      throw new Problem('uri_too_long', {
        detail: `The address has ${request.url.length} characters; at most ${LONGEST_URL} are read.`,
      });
    }
  });

  app.addHook('onResponse', (request, reply, done) => {
    const route = request.routeOptions.url ?? 'unknown';
    counts?.of(route, counts.layerOf(reply.raw)).count(reply.statusCode, reply.elapsedTime);
    done();
  });

  // Plans and pages are compressed where they are kept; this is for all the rest.
  app.register(compress, {
    threshold: 1_024,
    encodings: ['br', 'gzip'],
    brotliOptions: { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } },
  });
  // What is not JSON is told so, and never read as text.
  app.removeContentTypeParser('text/plain');

  const operations = collectOperations(app);
  const answerOtherMethod = otherMethods(app);
  app.setNotFoundHandler((request, reply) => {
    const answered = answerOtherMethod(request, reply);
    if (answered) return answered;
    return isForPerson(request.raw)
      ? sendWrong(pages, request, reply, { status: 404 })
      : sendProblem(reply, 'not_found', {
          detail: `There is no ${request.method} ${request.url.split('?')[0]}. See /docs.`,
        });
  });

  /** An error as a problem, or to somebody before a browser as a page. */
  const tell: typeof sendProblem = (reply, code, details) => {
    const { request } = reply;
    if (!isForPerson(request.raw) || request.routeOptions.config.operation)
      return sendProblem(reply, code, details);
    const { retry_after_seconds: retryAfterSeconds } = details;
    return sendWrong(pages, request, reply, { status: PROBLEMS[code].status, retryAfterSeconds });
  };
  app.setErrorHandler(async (error: Error & { statusCode?: number; code?: string }, request, reply) => {
    try {
      await clients.takeWrong(request);
    } catch (problem) {
      if (problem instanceof Problem) return tell(reply, problem.code, problem.details);
    }
    const about = { method: request.method, path: request.url.split('?')[0]!, request_id: request.id };
    if (error instanceof Problem) {
      if (error.code === 'unauthorized') onError(error, about);
      return tell(reply, error.code, error.details);
    }
    if (error.statusCode === 413) return tell(reply, 'body_too_large', { detail: error.message });
    if (error.statusCode === 415) {
      return tell(reply, 'unsupported_media_type', {
        detail: 'The body has to be JSON, with the header "Content-Type: application/json".',
      });
    }
    if (error.statusCode && error.statusCode < 500)
      return tell(reply, 'bad_request', { detail: error.message });
    onError(error, about);
    if (isOutOfReach(error)) {
      return tell(reply, 'storage_unavailable', {
        detail: 'The storage does not answer just now. Try again in a few seconds.',
      });
    }
    return tell(reply, 'internal_error', {
      detail: 'This should not have happened, and was written to the log.',
    });
  });

  // Behind what is registered above: it looks at each route as it comes.
  app.register(async (routes) => {
    plansRoutes(routes, parts, answers);
    planHistoryRoutes(routes, parts);
    marketsRoutes(routes, parts);
    changesRoutes(routes, parts);
    streamRoutes(routes, parts);
    feedRoutes(routes, parts);
    exportRoutes(routes, parts);
    placesRoutes(routes, parts);
    providersRoutes(routes, parts);
    searchRoutes(routes, parts);
    eventsRoutes(routes, parts);
    adminRoutes(routes, parts);
    healthRoutes(routes, parts);
    metricsRoutes(routes, parts.metrics);
    descriptionRoutes(routes, parts, operations);
    forAgentsRoutes(routes, parts);
    mcpRoutes(routes, parts);
    pagesRoutes(routes, pages);
  });
  return app;
}
