/** The API on a test's database, asked without a socket, and its answers compared with the OpenAPI document. */

import assert from 'node:assert/strict';
import { after } from 'node:test';
import { Ajv2020 } from 'ajv/dist/2020.js';
import { SCHEMAS } from '../../src/api/schemas.ts';
import { buildServer } from '../../src/app/server.ts';
import { type Layer, PlanSetCache } from '../../src/cache/plan-set-cache.ts';
import { Catalog } from '../../src/catalog/catalog.ts';
import { readCachedPlanSet } from '../../src/store/plans/plan-cache.ts';
import { readActivePlanSet } from '../../src/store/plans/plans.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { PublishListener } from '../../src/store/postgres/listen.ts';
import { Places } from '../../src/territory/places.ts';
import { territory } from './support.ts';

export function openApi(
  database: Database,
  layers: readonly Layer[] = [
    { name: 'database', read: (duns) => readCachedPlanSet(database.pool, duns) },
    { name: 'active', read: (duns) => readActivePlanSet(database.pool, duns) },
  ],
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
      publicUrl: null,
    },
    (error) => unexpected.push(error),
  );
  after(async () => {
    await app.close();
    await listener.stop();
  });
  const get = async (url: string, headers: Record<string, string> = {}) => {
    const { statusCode: status, headers: answered, body } = await app.inject({ url, headers });
    return { status, headers: answered, body: body === '' ? null : JSON.parse(body) };
  };
  return { app, get, listener, planSets, unexpected };
}

const ajv = new Ajv2020({ strict: false, validateFormats: false });
ajv.addSchema({ $id: 'api', components: { schemas: SCHEMAS } });

export function expectSchema(name: keyof typeof SCHEMAS, body: unknown): void {
  const ref = `api#/components/schemas/${name}`;
  const validate = ajv.getSchema(ref);
  assert.ok(validate?.(body), JSON.stringify(validate?.errors?.slice(0, 3)));
}
