/** Is the process alive, and can it answer? */

import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { ApiParts } from './routes.ts';
import { notReady } from './routes.ts';

/** A readiness probe expects its answer within a second. */
const DATABASE_MS = 700;

export function healthRoutes(app: FastifyInstance, parts: ApiParts): void {
  const { catalog, territory, database } = parts;

  app.get('/healthz', async (_request, reply) =>
    reply.header('cache-control', 'no-store').send({ status: 'alive' }),
  );

  app.get('/readyz', async (_request, reply) => {
    reply.header('cache-control', 'no-store');
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
