/** The addresses of the pages, in both languages, and how they are answered. A page is made from memory alone. */

import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Problem } from '../api/problem.ts';
import { clientOf } from '../api/strangers/client-limits.ts';
import { isOutOfReach } from '../store/postgres/out-of-reach.ts';
import { beaconRoutes } from './beacon/beacon-routes.ts';
import { viewRoutes } from './beacon/view-routes.ts';
import { comparePage } from './compare/compare-page.ts';
import { badAddressPage, errorPage, type Wrong } from './error-page.ts';
import { homePage } from './find/home-page.ts';
import { suggestRoutes } from './find/suggest.ts';
import { foundRoutes } from './found/found-routes.ts';
import { inLanguage, LANGUAGES, type Language } from './language.ts';
import { cityPage, zipPage } from './list/list-page.ts';
import { marketPage } from './market/market-page.ts';
import { providerPage } from './market/provider-page.ts';
import { texasPage } from './market/texas-page.ts';
import { accessibilityPage, methodPage } from './method/method-page.ts';
import { type Answer, type Ask, addressOf, BadAddress, type PageParts } from './page-parts.ts';
import type { PageStore } from './page-store.ts';
import { planPage } from './plan/plan-page.ts';
import { scriptRoute } from './script.ts';
import { watchRoutes } from './watch/watch-routes.ts';

type Answerer = (ask: Ask) => Answer | Promise<Answer>;

/** A path as the router writes it, in English, and who writes the page. */
const ROUTES: readonly (readonly [path: string, answer: Answerer])[] = [
  ['/', homePage],
  ['/plans/:id', planPage],
  ['/markets/:duns', marketPage],
  ['/providers/:id', providerPage],
  ['/texas', texasPage],
  ['/how-we-rank', methodPage],
  ['/accessibility', accessibilityPage],
  ['/cities/:slug', cityPage],
  ['/zip/:zip', zipPage],
  ['/compare', comparePage],
];

interface PagesOptions {
  parts: PageParts;
  store: PageStore;
  /** Told of every failure nobody expected. */
  onError(error: unknown): void;
}

export function pagesRoutes(app: FastifyInstance, options: PagesOptions): void {
  scriptRoute(app);
  foundRoutes(app, options.parts, (language, request) => toAsk(options.parts, language, request));
  watchRoutes(app, {
    toAsk: (language, request) => toAsk(options.parts, language, request, '/watch'),
    send: (request, reply, ask, made) => answerMade(options, ask, made, request, reply),
  });
  suggestRoutes(app, options.parts);
  viewRoutes(app, options.parts);
  if (options.parts.onVisit) {
    const pages = ROUTES.map(([path]) => path);
    beaconRoutes(app, pages, options.parts.onVisit);
  }
  for (const [path, answer] of ROUTES) {
    for (const language of LANGUAGES) {
      app.get(inLanguage(language, path), (request, reply) =>
        send(options, language, answer, request, reply, path),
      );
    }
  }
}

/** Tells a person what went wrong before a page could be made, as `sendProblem` tells a program. */
export function sendWrong(
  { parts, store }: PagesOptions,
  request: FastifyRequest,
  reply: FastifyReply,
  { status, retryAfterSeconds }: { status: number; retryAfterSeconds?: number | undefined },
): FastifyReply {
  const kind = WRONG[status] ?? (status < 500 ? 'badRequest' : 'unexpected');
  const ask = { ...addressOf(request.url), parts, route: null };
  const detail = kind === 'badRequest' ? { detail: ask.path } : {};
  const made = errorPage(ask, kind, { ...detail, ...(retryAfterSeconds && { retryAfterSeconds }) });
  reply.hijack();
  store.answer(request.raw, reply.raw, made);
  return reply;
}

const WRONG: Partial<Record<number, Wrong>> = {
  404: 'notFound',
  414: 'tooLong',
  429: 'tooMany',
  503: 'notReady',
};

async function send(
  options: PagesOptions,
  language: Language,
  answer: Answerer,
  request: FastifyRequest,
  reply: FastifyReply,
  route: string | null = null,
): Promise<FastifyReply> {
  const ask = toAsk(options.parts, language, request, route);
  // To the router an address with a slash at the end is the same; search engines would keep both.
  const [, bare, search = ''] = /^(\/[^/?][^?]*?)\/+(\?.*)?$/.exec(request.url) ?? [];
  if (bare !== undefined) return reply.redirect(bare + search, 301);
  return answerMade(options, ask, () => answer(ask), request, reply);
}

/** Sends what is made, or what went wrong with it. */
async function answerMade(
  { store, onError }: PagesOptions,
  ask: Ask,
  make: () => Answer | Promise<Answer>,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<FastifyReply> {
  let made: Answer;
  try {
    made = await make();
  } catch (error) {
    // Too many from one client: told as everywhere.
    if (error instanceof Problem) throw error;
    if (error instanceof BadAddress) made = badAddressPage(ask, error);
    else if (isOutOfReach(error)) made = errorPage(ask, 'notReady');
    else {
      onError(error);
      made = errorPage(ask, 'unexpected');
    }
  }
  if ('to' in made) {
    const code = made.isPermanent ? 301 : 302;
    return reply
      .header('cache-control', 'public, max-age=3600')
      .redirect(inLanguage(ask.language, made.to), code);
  }
  reply.hijack();
  store.answer(request.raw, reply.raw, made);
  return reply;
}

function toAsk(
  parts: PageParts,
  language: Language,
  request: FastifyRequest,
  route: string | null = null,
): Ask {
  return {
    ...addressOf(request.url),
    client: clientOf(request),
    parts,
    language,
    route,
    params: request.params as Record<string, string>,
    nowMs: parts.catalog.nowMs(),
  };
}
