/** Is the process alive, and can it answer? */

import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import { type Operation, route } from './route.ts';
import type { ApiParts } from './routes.ts';
import { notReady } from './routes.ts';

/** A readiness probe expects its answer within a second. */
const DATABASE_MS = 700;

/** Probes may add what they like to the query. */
const PROBE = {
  method: 'GET',
  tag: 'Health',
  query: 'any',
  caching: 'no-store',
  example: {},
} as const;

const CHECK_HEALTH = {
  ...PROBE,
  id: 'checkHealth',
  path: '/healthz',
  summary: 'The process lives',
  answer: 'Liveness',
  problems: [],
} as const satisfies Operation;

const CHECK_READINESS = {
  ...PROBE,
  id: 'checkReadiness',
  path: '/readyz',
  summary: 'Plans of all TDSPs can be answered',
  description: 'Plans of all TDSPs can be answered; `degraded` where some are stale or PostgreSQL is away.',
  answer: 'Readiness',
  problems: ['not_ready'],
} as const satisfies Operation;

export function healthRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { catalog, territory, database } = parts;

  route(app, CHECK_HEALTH, () => ({ status: 'alive' }));

  route(app, CHECK_READINESS, async () => {
    const all = territory.tdsps.map(({ duns }) => duns);
    const missing = await catalog.missing(all);
    if (missing.length > 0) throw notReady(parts, missing);
    const tdsps = await Promise.all(
      territory.tdsps.map(async ({ duns, short_name }) => {
        const freshness = await catalog.freshness([duns]);
        if ('notReady' in freshness) throw notReady(parts, [duns]);
        const { age_seconds, isStale: stale, version } = freshness;
        return { duns, name: short_name, age_seconds, stale, version };
      }),
    );
    const hasDatabase = await Promise.race([
      database.pool.query('select 1').then(
        () => true,
        () => false,
      ),
      setTimeout(DATABASE_MS, false, { ref: false }),
    ]);
    const isDegraded = !hasDatabase || tdsps.some(({ stale }) => stale);
    return { status: isDegraded ? 'degraded' : 'ready', database: hasDatabase ? 'up' : 'down', tdsps };
  });
}
