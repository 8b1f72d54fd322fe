/** `/v1/admin/experiments`: refresh strategies tried against each other. For callers with a token. */

import type { FastifyInstance } from 'fastify';
import { listExperiments } from '../../planning/experiment/experiments.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { integer } from '../params.ts';
import { type Operation, route } from '../route.ts';

const LIST = {
  tag: 'Admin',
  caching: 'no-store',
  problems: [],
  role: 'read',
  method: 'GET',
  id: 'listExperiments',
  path: '/v1/admin/experiments',
  summary: 'Refresh strategies tried against each other by the day, the newest first',
  description:
    'With what was written down before each began, what its days were like, and what they say so far.',
  query: { limit: integer('Most experiments; 20 if not given.', 1, 100) },
  answer: 'Experiments',
  example: { query: { limit: '5' } },
} as const satisfies Operation;

/** @param routes behind the token already */
export function experimentRoutes(routes: FastifyInstance, database: Queryable): void {
  route(routes, LIST, async ({ query: { limit } }) => {
    const data = await listExperiments(database, { limit: limit ?? 20 });
    return { data, meta: { total: data.length } };
  });
}
