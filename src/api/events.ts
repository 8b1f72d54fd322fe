/** What shoppers do, told by the site they do it on. It decides what is synced first, and causes no call by itself. */

import type { FastifyInstance } from 'fastify';
import { expected } from '../errors.ts';
import { invalidParameter } from './params.ts';
import { expectPlace } from './place.ts';
import type { ApiParts } from './routes.ts';

const LONGEST_BODY = 1_024;

export function eventsRoutes(app: FastifyInstance, { places, onEvent }: ApiParts): void {
  app.post('/v1/events', { bodyLimit: LONGEST_BODY }, async (request, reply) => {
    const { EVENT_BODY, readBody } = await import('./bodies.ts');
    const { type, city } = readBody(EVENT_BODY, request.body);
    const place = expectPlace(places.find(city), 'city');
    if (place.kind !== 'city') {
      throw invalidParameter('city', expected('a city, for example dallas-tx', city));
    }
    onEvent(place.city.slug, type);
    return reply.code(202).header('cache-control', 'no-store').send({ status: 'counted' });
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
