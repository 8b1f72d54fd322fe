/** Providers. */

import type { FastifyInstance } from 'fastify';
import { readProviders } from '../../store/market/providers.ts';
import { readParams } from '../params.ts';
import type { ApiParts } from '../routes.ts';

export function providersRoutes(app: FastifyInstance, { database }: ApiParts): void {
  app.get('/v1/providers', async (request) => {
    readParams({}, request.query);
    const data = await readProviders(database.pool);
    return { data, meta: { total: data.length } };
  });
}
