/** The API on a test's database, asked without a socket; each answer is compared with what `/openapi.json` says of it. */

import { after } from 'node:test';
import type { InjectOptions } from 'fastify';
import type { ApiParts } from '../../src/api/routes.ts';
import { STRANGERS } from '../../src/api/strangers/strangers.ts';
import { buildServer } from '../../src/app/server.ts';
import { type Layer, PlanSetCache } from '../../src/cache/plan-set-cache.ts';
import { Catalog } from '../../src/catalog/catalog.ts';
import type { PageParts } from '../../src/pages/page-parts.ts';
import { readCachedPlanSet } from '../../src/store/plans/plan-cache.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { PublishListener } from '../../src/store/postgres/listen.ts';
import { Places } from '../../src/territory/places.ts';
import { type Document, expectDescribed } from './described.ts';
import { territory } from './support.ts';

export function openApi(
  database: Database,
  layers: readonly Layer[] = [
    { name: 'database', read: (duns) => readCachedPlanSet(database.pool, duns) },
    { name: 'active', read: (duns) => readActivePlanSet(database.pool, duns) },
  ],
  more: Partial<ApiParts & PageParts> = {},
) {
  const planSets = new PlanSetCache({ layers });
  const listener = new PublishListener(database, (published) => planSets.announce(published));
  /** What nobody expected to go wrong. */
  const unexpected: unknown[] = [];
  const app = buildServer(
    {
      catalog: new Catalog({ planSets, staleAfterMs: 7_200_000 }),
      database: { pool: database.quick },
      territory,
      places: new Places(territory),
      syncIntervalMs: 3_600_000,
      staleAfterMs: 7_200_000,
      onEvent: () => {},
      admin: null,
      // Tests ask more than a client may; what it may has a test of its own.
      strangers: { ...STRANGERS, limits: { perMinute: 1e6, costlyPerMinute: 1e6, eventsPerMinute: 1e6 } },
      publicUrl: null,
      recentPrices: () => null,
      ...more,
    },
    (error) => unexpected.push(error),
  );
  after(async () => {
    await app.close();
    await listener.stop();
  });
  const inject = app.inject.bind(app) as (options: string | InjectOptions) => ReturnType<typeof app.inject>;
  let check: ReturnType<typeof expectDescribed> | undefined;
  const ask = async (options: string | InjectOptions) => {
    const answer = await inject(options);
    check ??= expectDescribed((await inject('/openapi.json')).json() as Document);
    const { url, method = 'GET' } = typeof options === 'string' ? { url: options } : options;
    check({
      method,
      url: String(url),
      status: answer.statusCode,
      headers: answer.headers,
      body: answer.body,
    });
    return answer;
  };
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const { statusCode: status, headers: answered, body } = await ask({ url, headers });
    return { status, headers: answered, body: body === '' ? null : JSON.parse(body) };
  };
  return { app, ask, get, listener, planSets, unexpected };
}
