/** A server with every operation, plans and an operator, and what it says of itself. */

import { after } from 'node:test';
import { Engine } from '../../src/app/engine.ts';
import { readConfig, Secret } from '../../src/config.ts';
import { packageOf } from '../../src/export/data-package.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { refreshMarketViews } from '../../src/sync/work/refresh-views.ts';
import { openApi } from './api.ts';
import { createTestDatabase, syncAll, territory, testGate } from './support.ts';

const TOKEN = 'a token of a test';
const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 30, now: () => new Date('2026-06-01T12:00:00Z') });
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
const engine = new Engine({
  config: readConfig({ COMPAREPOWER_API_URL: sandbox.url }),
  database,
  territory,
  source,
  roles: [],
  onError: (error) => unexpected.push(error),
});
const { app, ask, listener, unexpected } = openApi(database, undefined, {
  exports: { folder: '', packageOf, remake: async () => false },
  admin: {
    tokens: [{ name: 'tester', role: 'operate', token: new Secret(TOKEN) }],
    engine,
    database,
  },
});
await listener.start();
await syncAll(database, source);
await refreshMarketViews(database);
await app.inject('/v1/plans?city=dallas-tx');
// The examples name one.
await database.pool.query(
  `insert into webhooks (name, url, sealed_secret, filter, with_plans, created_by, seq)
   values ('mirror', 'https://127.0.0.1/', 'whsec_AAAA', '{}', false, 'test', 0)`,
);
after(async () => {
  await engine.stop(0);
  await sandbox.stop();
});

export interface Parameter {
  name: string;
  in: 'path' | 'query';
  required?: boolean;
  schema: Record<string, unknown>;
  example?: unknown;
}
interface Operation {
  operationId: string;
  description: string;
  security: unknown[];
  parameters: Parameter[];
  requestBody?: { content: Record<string, { example?: object }> };
  responses: Record<string, unknown>;
}

const text = (await app.inject('/openapi.json')).body;
const document = JSON.parse(text) as { paths: Record<string, Record<string, Operation>> };
const operations = Object.entries(document.paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, about]) => ({ path, method: method.toUpperCase(), ...about })),
);
type Described = (typeof operations)[number];

/** The request of the examples, some of its parameters replaced. */
function requestOf({ path, method, parameters, requestBody }: Described, other: Record<string, string> = {}) {
  const query = new URLSearchParams();
  let at = path;
  for (const { name, in: where, example } of parameters) {
    const value = other[name] ?? (example === undefined ? undefined : String(example));
    if (value === undefined) continue;
    if (where === 'path') at = at.replace(`{${name}}`, encodeURIComponent(value));
    else query.set(name, value);
  }
  const body = Object.values(requestBody?.content ?? {})[0]?.example;
  return {
    method: method as 'GET',
    url: query.size > 0 ? `${at}?${query}` : at,
    headers: { authorization: `Bearer ${TOKEN}` },
    ...(body && { payload: body }),
  };
}

/** What an example keeps of an answer: one of each list, so that it can be read. */
export function shortened(json: unknown): unknown {
  if (Array.isArray(json)) return json.slice(0, 1).map(shortened);
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, shortened(value)]));
}

export { app, ask, database, document, engine, operations, requestOf, text, unexpected };
