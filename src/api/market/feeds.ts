/** Feeds of a TDSP, a provider and a city, for readers of news: Atom and JSON Feed. */

import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { tellEvents } from '../../events/event-json.ts';
import { atomFeed, jsonFeed } from '../../events/feeds.ts';
import type { EventKind } from '../../plan/events/market-event.ts';
import { type EventFilter, readNews } from '../../store/events/event-log.ts';
import { readProvider } from '../../store/market/providers.ts';
import { usageProfiles } from '../../store/profiles.ts';
import { expectPlace } from '../place.ts';
import { Problem } from '../problem.ts';
import { type ApiParts, isNotModified } from '../routes.ts';
import { expectTdsp } from './market-params.ts';

const ENTRIES = 100;
const KINDS: readonly EventKind[] = [
  'offer_listed',
  'offer_relisted',
  'offer_repriced',
  'offer_terms_changed',
  'offer_withdrawn',
  'delivery_charge_changed',
];
const FORMATS = { 'feed.atom': 'application/atom+xml', 'feed.json': 'application/feed+json' } as const;

interface About {
  title: string;
  /** Path of the page about it. */
  page: string;
  filter: EventFilter;
}

export function feedRoutes(app: FastifyInstance, parts: ApiParts & { publicUrl: string | null }): void {
  const { territory, places, database, publicUrl } = parts;
  const { pool } = database;

  const send = async (request: FastifyRequest, reply: FastifyReply, { title, page, filter }: About) => {
    const path = request.url.split('?')[0]!;
    const origin = publicUrl ?? `${request.protocol}://${request.host}`;
    const found = await readNews(pool, { limit: ENTRIES, filter: { ...filter, kinds: KINDS } });
    const events = await tellEvents(pool, found, { profiles: usageProfiles(), withPlans: false });
    const feed = { url: `${origin}${path}`, home: `${origin}${page}`, title, events };
    const name = path.endsWith('.atom') ? 'feed.atom' : 'feed.json';
    const body = name === 'feed.atom' ? atomFeed(feed, new Date(0)) : JSON.stringify(jsonFeed(feed));
    const tag = hash('sha256', body, 'base64url').slice(0, 22);
    reply.headers({ etag: `W/"${tag}"`, 'cache-control': 'public, max-age=300, stale-if-error=86400' });
    if (isNotModified(request.headers['if-none-match'], tag)) return reply.code(304).send();
    return reply.header('content-type', `${FORMATS[name]}; charset=utf-8`).send(body);
  };

  for (const name of Object.keys(FORMATS)) {
    app.get<{ Params: { duns: string } }>(`/v1/markets/:duns/${name}`, async (request, reply) => {
      const { duns, name } = expectTdsp(territory, request.params.duns);
      const about = {
        title: `Electricity plans: ${name}`,
        page: `/markets/${duns}`,
        filter: { tdsps: [duns] },
      };
      return send(request, reply, about);
    });
    app.get<{ Params: { slug: string } }>(`/v1/cities/:slug/${name}`, async (request, reply) => {
      const place = expectPlace(places.find(request.params.slug), 'slug');
      // A suburb, or a ZIP code, is a place as well.
      const [name, page] =
        place.kind === 'city'
          ? [place.city.name, `/cities/${place.city.slug}`]
          : [place.zip.zip, `/zip/${place.zip.zip}`];
      const about = { title: `Electricity plans in ${name}`, page, filter: { tdsps: place.tdsps } };
      return send(request, reply, about);
    });
    app.get<{ Params: { id: string } }>(`/v1/providers/:id/${name}`, async (request, reply) => {
      const provider = await readProvider(pool, request.params.id);
      if (!provider) {
        throw new Problem('unknown_provider', { detail: `There is no provider "${request.params.id}".` });
      }
      const { id, name } = provider;
      const about = { title: `Plans of ${name}`, page: `/providers/${id}`, filter: { provider_id: id } };
      return send(request, reply, about);
    });
  }
}
