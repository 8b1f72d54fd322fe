/** What search engines and shared links ask for: maps of the site, robots.txt, pictures. */

import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { LRUCache } from 'lru-cache';
import { Problem } from '../../api/problem.ts';
import { type KeptText, keepText, sendKept } from '../../api/representation.ts';
import { isNotModified } from '../../api/routes.ts';
import { clientOf } from '../../api/strangers/client-limits.ts';
import { inLanguage, LANGUAGES } from '../language.ts';
import type { Ask, PageParts } from '../page-parts.ts';
import {
  cityPicture,
  marketPicture,
  type Pictured,
  Pictures,
  PicturesBusy,
  planPicture,
  sitePicture,
  texasPicture,
} from './pictures.ts';
import { entriesOf, readSiteState, robotsTxt, SITEMAPS, sitemapIndexXml, sitemapXml } from './sitemap.ts';

const XML = 'application/xml; charset=utf-8';
/** Search engines come by the hour at the most. */
const MAX_AGE = 'public, max-age=3600, stale-if-error=86400';
const MOST_MAPS = 12;
/** Who asks for these is in no hurry. */
const AGAIN_SECONDS = 10;
type MapName = 'index' | (typeof SITEMAPS)[number];

const PICTURES: readonly (readonly [path: string, of: (ask: Ask) => Pictured | null])[] = [
  ['/pictures/site.png', sitePicture],
  ['/pictures/texas.png', texasPicture],
  ['/pictures/plans/:id(^[0-9a-f-]+).png', (ask) => planPicture(ask, ask.params.id!)],
  ['/pictures/markets/:duns(^\\d+).png', (ask) => marketPicture(ask, ask.params.duns!)],
  ['/pictures/cities/:slug(^[a-z0-9-]+).png', (ask) => cityPicture(ask, ask.params.slug!)],
];

/** @param toAsk as for a page */
export function foundRoutes(
  app: FastifyInstance,
  parts: PageParts,
  toAsk: (language: (typeof LANGUAGES)[number], request: FastifyRequest) => Ask,
): void {
  const pictures = new Pictures();
  const maps = new LRUCache<string, KeptText>({ max: MOST_MAPS });

  app.get('/robots.txt', (request, reply) =>
    reply
      .header('cache-control', MAX_AGE)
      .type('text/plain; charset=utf-8')
      .send(robotsTxt(originOf(parts, request))),
  );

  const mapOf = async (name: MapName, request: FastifyRequest): Promise<KeptText> => {
    const state = await readSiteState(parts, clientOf(request));
    if (!state) {
      throw new Problem('not_ready', {
        detail: 'The plans of some TDSPs are not here yet, and a map without them would be wrong.',
        retry_after_seconds: AGAIN_SECONDS,
      });
    }
    const origin = originOf(parts, request);
    const key = `${name} ${origin} ${[...state.published].flat().join()} ${state.views.map(({ version }) => version).join('+')}`;
    let kept = maps.get(key);
    if (!kept) {
      const xml =
        name === 'index'
          ? sitemapIndexXml(origin, parts, state)
          : sitemapXml(origin, entriesOf(name, parts, state));
      kept = keepText(xml);
      maps.set(key, kept);
    }
    return kept;
  };
  const mapRoute = (path: string, name: MapName) =>
    app.get(path, { config: { isCostly: true } }, async (request, reply) => {
      // Where no address is set, each name a caller gives this server makes a map of its own.
      const kept = await app.limits.turn(request, () => mapOf(name, request));
      const headers = { type: XML, vary: 'accept-encoding, host', 'cache-control': MAX_AGE };
      return sendKept(request, reply, kept, headers);
    });
  mapRoute('/sitemap.xml', 'index');
  for (const name of SITEMAPS) mapRoute(`/sitemaps/${name}.xml`, name);

  for (const [path, of] of PICTURES) {
    for (const language of LANGUAGES) {
      app.get(inLanguage(language, path), async (request, reply) => {
        const pictured = of(toAsk(language, request));
        if (!pictured) throw noPicture(parts);
        const tag = hash('sha256', `${request.url} ${pictured.version}`, 'base64url').slice(0, 22);
        const headers = { etag: `"${tag}"`, 'cache-control': MAX_AGE };
        if (isNotModified(request.headers['if-none-match'], tag))
          return reply.headers(headers).code(304).send();
        try {
          const png = await pictures.png(`${request.url.split('?')[0]} ${pictured.version}`, () =>
            pictured.picture(),
          );
          return reply.headers(headers).type('image/png').send(png);
        } catch (error) {
          if (!(error instanceof PicturesBusy)) throw error;
          throw new Problem('busy', {
            detail: 'Too many pictures are asked for at once.',
            retry_after_seconds: AGAIN_SECONDS,
          });
        }
      });
    }
  }
}

/** What a picture would show may only not be here yet. */
function noPicture({ territory, catalog }: PageParts): Problem {
  const isAllHere = territory.tdsps.every(({ duns }) => catalog.look([duns]) !== null);
  if (isAllHere) return new Problem('not_found', { detail: 'No page with a picture is at this address.' });
  return new Problem('not_ready', {
    detail: 'The plans of some TDSPs are not here yet.',
    retry_after_seconds: AGAIN_SECONDS,
  });
}

/** As set, else as the caller wrote it: then nothing is kept for others that names it. */
function originOf({ publicUrl }: PageParts, { protocol, host }: FastifyRequest): string {
  return publicUrl ?? `${protocol}://${/^[\w.:[\]-]{1,200}$/.test(host) ? host : 'localhost'}`;
}
