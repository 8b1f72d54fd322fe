/** Feeds of a TDSP, a provider and a city, for readers of news: Atom and JSON Feed. */

import { hash } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { tellEvents } from '../../events/event-json.ts';
import { atomFeed, entryOf, jsonFeed } from '../../events/feeds.ts';
import type { EventKind } from '../../plan/events/market-event.ts';
import { type EventFilter, readNews } from '../../store/events/event-log.ts';
import { readProvider } from '../../store/market/providers.ts';
import { usageProfiles } from '../../store/profiles.ts';
import { type Params, required, text } from '../params.ts';
import { expectPlace } from '../place.ts';
import { Problem } from '../problem.ts';
import { type Operation, route } from '../route.ts';
import { type ApiParts, isNotModified } from '../routes.ts';
import { expectTdsp } from './market-params.ts';
import { EXAMPLE_PROVIDER_ID } from './providers.ts';

const ENTRIES = 100;
const KINDS: readonly EventKind[] = [
  'offer_listed',
  'offer_relisted',
  'offer_repriced',
  'offer_terms_changed',
  'offer_withdrawn',
  'delivery_charge_changed',
];
const MAX_AGE_SECONDS = 300;
const FORMATS = { 'feed.atom': 'application/atom+xml', 'feed.json': 'application/feed+json' } as const;
type FormatName = keyof typeof FORMATS;
const FORMAT_NAMES = Object.keys(FORMATS) as FormatName[];

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
    const home = `${origin}${page}`;
    const entries = events.map((event) => entryOf(event, home));
    const feed = { url: `${origin}${path}`, home, title, entries };
    const name = path.endsWith('.atom') ? 'feed.atom' : 'feed.json';
    const body = name === 'feed.atom' ? atomFeed(feed, new Date(0)) : JSON.stringify(jsonFeed(feed));
    const tag = hash('sha256', body, 'base64url').slice(0, 22);
    reply.headers({
      etag: `W/"${tag}"`,
      'cache-control': `public, max-age=${MAX_AGE_SECONDS}, stale-if-error=86400`,
      vary: 'accept-encoding',
    });
    if (isNotModified(request.headers['if-none-match'], tag)) return reply.code(304).send();
    return reply.header('content-type', `${FORMATS[name]}; charset=utf-8`).send(body);
  };

  for (const name of FORMAT_NAMES) {
    route(app, operationOf('markets', name), async ({ path, request, reply }) => {
      const { duns, name } = expectTdsp(territory, String(path.duns));
      const about = {
        title: `Electricity plans: ${name}`,
        page: `/markets/${duns}`,
        filter: { tdsps: [duns] },
      };
      return send(request, reply, about);
    });
    route(app, operationOf('cities', name), async ({ path, request, reply }) => {
      const place = expectPlace(places.find(String(path.slug)), 'slug');
      // A suburb, or a ZIP code, is a place as well.
      const [name, page] =
        place.kind === 'city'
          ? [place.city.name, `/cities/${place.city.slug}`]
          : [place.zip.zip, `/zip/${place.zip.zip}`];
      const about = { title: `Electricity plans in ${name}`, page, filter: { tdsps: place.tdsps } };
      return send(request, reply, about);
    });
    route(app, operationOf('providers', name), async ({ path, request, reply }) => {
      const provider = await readProvider(pool, String(path.id));
      if (!provider) {
        throw new Problem('unknown_provider', { detail: `There is no provider "${path.id}".` });
      }
      const { id, name } = provider;
      const about = { title: `Plans of ${name}`, page: `/providers/${id}`, filter: { provider_id: id } };
      return send(request, reply, about);
    });
  }
}

const OF = {
  markets: {
    inPath: { duns: required(text('DUNS or code of a TDSP.', 20)) },
    example: { duns: 'ONCOR' },
    what: 'a TDSP',
    one: 'Market',
    problems: ['unknown_tdsp'],
  },
  cities: {
    inPath: { slug: required(text('A city or a ZIP code, such as dallas-tx.')) },
    example: { slug: 'dallas-tx' },
    what: 'a city',
    one: 'City',
    problems: ['unknown_place', 'no_retail_choice', 'plans_not_listed'],
  },
  providers: {
    inPath: { id: required(text('Id of a provider.')) },
    example: { id: EXAMPLE_PROVIDER_ID },
    what: 'a provider',
    one: 'Provider',
    problems: ['unknown_provider'],
  },
} as const;

function operationOf(of: keyof typeof OF, name: FormatName) {
  const { inPath, example, what, one, problems } = OF[of];
  const isAtom = name === 'feed.atom';
  return {
    id: `get${one}${isAtom ? 'Atom' : 'Json'}Feed`,
    method: 'GET',
    path: `/v1/${of}/{${Object.keys(inPath)[0]}}/${name}`,
    tag: 'Markets',
    summary: `The news of ${what} as ${isAtom ? 'an Atom feed' : 'a JSON feed'}, the newest first`,
    inPath: inPath as Params,
    answer: isAtom ? 'AtomFeed' : 'JsonFeed',
    type: FORMATS[name],
    caching: { maxAgeSeconds: MAX_AGE_SECONDS },
    problems: [...problems, 'storage_unavailable'],
    example: { inPath: example },
  } satisfies Operation;
}
