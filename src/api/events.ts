/** What shoppers do, told by the site they do it on. It decides what is synced first, and causes no call by itself. */

import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Secret } from '../config.ts';
import { expected } from '../errors.ts';
import type { Queryable } from '../store/postgres/database.ts';
import { invalidParameter } from './params.ts';
import { expectPlace } from './place.ts';
import { Problem } from './problem.ts';
import { type Operation, route } from './route.ts';
import type { ApiParts } from './routes.ts';
import { bearerOf, isSecret } from './strangers/admin-token.ts';
import { STRANGERS } from './strangers/strangers.ts';

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

export function eventsRoutes(app: FastifyInstance, { places, onEvent, strangers, database }: ApiParts): void {
  const { eventsKey } = strangers ?? STRANGERS;
  const operation = { ...RECORD_EVENT, isWithKey: eventsKey !== null } as const;
  route(app, operation, async ({ body: { type, city }, request }) => {
    if (eventsKey) await expectKey(request, app, eventsKey, database.pool);

    const place = expectPlace(places.find(city), 'city');
    if (place.kind !== 'city') {
      throw invalidParameter('city', expected('a city, for example dallas-tx', city));
    }
    await app.limits.takeEvent(request, eventsKey ? null : place.city.slug);
    onEvent(place.city.slug, type, eventsKey !== null);
    return { status: 'counted' };
  });
}

/** @throws {Problem} the key is missing or wrong, or too many were */
async function expectKey(
  request: FastifyRequest,
  { limits }: FastifyInstance,
  key: Secret,
  auditLog: Queryable,
): Promise<void> {
  await limits.expectFewWrongTokens(request);
  const given = bearerOf(request.headers.authorization);
  if (isSecret(given, key)) return;
  if (given !== '') await limits.refuseToken(request, auditLog);
  throw new Problem('unauthorized', {
    detail: 'Events need the header "Authorization: Bearer …" with the key of EVENTS_KEY.',
  });
}
