/**
 * Where a browser tells that a page is looked at which it had fetched ahead: that request was not yet somebody who looks
 * (Speculation Rules, `Sec-Purpose`). It counts as a request of the page would, and within the same limits.
 */

import type { FastifyInstance } from 'fastify';
import { invalidParameter } from '../../api/params.ts';
import { expected } from '../../errors.ts';
import type { PageParts } from '../page-parts.ts';

const LONGEST_BODY = 128;

export function viewRoutes(
  app: FastifyInstance,
  { places, onView }: Pick<PageParts, 'places' | 'onView'>,
): void {
  app.post<{ Body: { city?: unknown } | null }>(
    '/views',
    { bodyLimit: LONGEST_BODY },
    ({ body, raw }, reply) => {
      const city = body?.city;
      const place = typeof city === 'string' ? places.find(city) : null;
      if (place?.kind !== 'city')
        throw invalidParameter('city', expected('a city, for example dallas-tx', city));
      onView(place.city.slug, raw);
      return reply.code(204).header('cache-control', 'no-store').send();
    },
  );
}
