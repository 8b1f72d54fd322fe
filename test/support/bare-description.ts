/** The description of all routes, those of operators included: nothing is asked of a database for it. */

import { buildServer } from '../../src/app/server.ts';
import { PlanSetCache } from '../../src/cache/plan-set-cache.ts';
import { Catalog } from '../../src/catalog/catalog.ts';
import { Secret } from '../../src/config.ts';
import { readRules } from '../../src/monitor/alerts/rules.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { readTerritory } from '../../src/store/territory.ts';
import { Places } from '../../src/territory/places.ts';
import type { Description } from './client-types.ts';

export async function describedApi(): Promise<Description> {
  const territory = readTerritory();
  const nothing = () => {
    throw new Error('Only the description is asked for');
  };
  const database = { pool: { query: nothing } } as unknown as Database;
  const app = buildServer(
    {
      catalog: new Catalog({ planSets: new PlanSetCache({ layers: [] }), staleAfterMs: 1 }),
      database,
      territory,
      places: new Places(territory),
      syncIntervalMs: 1,
      staleAfterMs: 1,
      onEvent: nothing,
      exports: { folder: '', packageOf: nothing, remake: nothing },
      admin: {
        tokens: [{ name: 'nobody', role: 'operate', token: new Secret('nobody has this token') }],
        database,
        rules: readRules(),
        engine: {
          request: nothing,
          changeControl: nothing,
          halt: nothing,
          publishHeld: nothing,
          dropHeld: nothing,
        },
      },
      publicUrl: null,
      recentPrices: () => null,
    },
    nothing,
  );
  try {
    return (await app.inject('/openapi.json')).json() as Description;
  } finally {
    await app.close();
  }
}
