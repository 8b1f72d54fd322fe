/** What shoppers do, told by the site they do it on. It decides what is synced first, and causes no call by itself. */

import type { FastifyInstance } from 'fastify';
import { expected } from '../errors.ts';
import { invalidParameter } from './params.ts';
import { expectPlace } from './place.ts';
import { type Operation, route } from './route.ts';
import type { ApiParts } from './routes.ts';

const RECORD_EVENT = {
  id: 'recordEvent',
  method: 'POST',
  path: '/v1/events',
  tag: 'Events',
  summary: 'Tell what a shopper did in a city',
  description: 'Counts towards the priority of the city and causes no upstream call by itself.',
  body: { schema: 'Event', maxBytes: 1_024 },
  status: 202,
  answer: 'EventCounted',
  caching: 'no-store',
  problems: ['unknown_place', 'no_retail_choice', 'plans_not_listed'],
  example: { body: { type: 'search', city: 'dallas-tx' } },
} as const satisfies Operation;

export function eventsRoutes(app: FastifyInstance, { places, onEvent }: ApiParts): void {
  route(app, RECORD_EVENT, async ({ body: { type, city } }) => {
    const place = expectPlace(places.find(city), 'city');
    if (place.kind !== 'city') {
      throw invalidParameter('city', expected('a city, for example dallas-tx', city));
    }
    onEvent(place.city.slug, type);
    return { status: 'counted' };
  });

  // A browser asks first whether a page of another site may send JSON here.
  app.options('/v1/events', async (_request, reply) =>
    reply
      .code(204)
      .header('access-control-allow-methods', 'POST')
      .header('access-control-allow-headers', 'content-type')
      .header('access-control-max-age', '86400')
      .send(),
  );
}
