/** `/openapi.json` is true: each operation is described, each example works, and what is accepted is what is said. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectralCore, { type RulesetDefinition } from '@stoplight/spectral-core';
import { oas } from '@stoplight/spectral-rulesets';
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import { Engine } from '../../src/app/engine.ts';
import { readConfig, Secret } from '../../src/config.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { refreshMarketViews } from '../../src/sync/work/refresh-views.ts';
import { openApi } from '../support/api.ts';
import { createTestDatabase, syncAll, territory, testGate } from '../support/support.ts';

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
test.after(async () => {
  await engine.stop(0);
  await sandbox.stop();
});

interface Parameter {
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

test('every example is answered with success', async () => {
  assert.ok(operations.length >= 23, `${operations.length}`);
  for (const operation of operations) {
    const { statusCode, body } = await ask(requestOf(operation));
    assert.ok(statusCode === 200 || statusCode === 202, `${operation.operationId}: ${body.slice(0, 300)}`);
  }
  await engine.changeControl('running', { by: 'test', reason: null });
});

test('redocly finds nothing to say', async () => {
  const config = await createConfig({ extends: ['recommended-strict'] });
  const found = await lintFromString({ source: text, config });
  assert.deepEqual(
    found.map(({ ruleId, message, location }) => `${ruleId}: ${message} (${location[0]?.pointer})`),
    [],
  );
});

test('spectral finds nothing to say', async () => {
  const spectral = new spectralCore.Spectral();
  spectral.setRuleset({ extends: [oas] } as RulesetDefinition);
  const found = await spectral.run(text);
  assert.deepEqual(
    found.map(({ code, message, path }) => `${code}: ${message} (${path.join('.')})`),
    [],
  );
});

test('the methods of a generated client have names a person would choose', () => {
  const names = operations.map(({ operationId }) => operationId);
  assert.equal(new Set(names).size, names.length);
  for (const name of names) assert.match(name, /^[a-z]+([A-Z][a-z]+)*$/);
});

test('that exactly one of city, zip and tdsp is needed is said where it counts', () => {
  const { description, parameters } = document.paths['/v1/plans']!.get!;
  const said = /Exactly one of `city`, `zip` and `tdsp` has to be given/;
  assert.match(description, said);
  const one = parameters.filter((parameter) => said.test(JSON.stringify(parameter)));
  assert.deepEqual(
    one.map(({ name }) => name),
    ['city', 'zip', 'tdsp'],
  );
});

const ajv = new Ajv2020({ strict: false, coerceTypes: 'array' });
addFormats.default(ajv);

/** Texts that are near to what a parameter takes, and far from it. */
const NASTY = [
  '1000.0',
  '1.2e1',
  '0',
  '1',
  '12',
  '1.5',
  '-1',
  '+1',
  ' 7',
  '1e3',
  '0x10',
  '.5',
  '5.',
  '1,5',
  'true',
  'TRUE',
  'null',
  '01',
];
const texts = fc.oneof(
  fc.constantFrom(
    ...NASTY,
    'constructor',
    '__proto__',
    'toString',
    'a\u0000b',
    '\u202e',
    '%',
    "'",
    '"',
    ';',
    '💡',
  ),
  fc.integer({ min: -10, max: 200_000 }).map(String),
  fc.double({ noNaN: true, min: 0, max: 2_000 }).map(String),
  fc.string({ minLength: 1, maxLength: 130 }),
);

/** A number, a truth value or a choice, written as JSON does. */
function isPlain({ type, enum: choices }: Parameter['schema'], value: string): boolean {
  if (type === 'integer' || type === 'number') return /^\d{1,15}(\.\d{1,25})?(e[+-]?\d{1,3})?$/i.test(value);
  return type === 'boolean' ? value === 'true' || value === 'false' : choices !== undefined;
}

test('a parameter takes what its schema allows and refuses the rest with its name', async () => {
  for (const operation of operations) {
    for (const { name, in: where, schema } of operation.parameters) {
      const choices = [(schema.items as Parameter['schema'])?.enum, schema.enum]
        .flat()
        .filter(Boolean)
        .map(String);
      const given = choices.length > 0 ? fc.oneof(texts, fc.constantFrom(...choices)) : texts;
      const allows = ajv.compile({ type: 'object', properties: { value: schema } } as AnySchema);
      await fc.assert(
        fc.asyncProperty(given, async (value) => {
          if (where === 'path' && /^\.{1,2}$|^$|\//.test(value)) return;
          const { statusCode, body } = await app.inject(requestOf(operation, { [name]: value }));
          assert.ok(statusCode < 500, `${operation.operationId} ${name}=${JSON.stringify(value)}: ${body}`);
          const isRefused =
            statusCode === 400 &&
            JSON.parse(body).errors?.some((one: { field: string }) => one.field === name);
          const isAllowed = allows({ value: schema.type === 'array' ? value.split(',') : value });
          // Of what a look-up decides about, the schema tells the form only.
          if (isAllowed && isPlain(schema, value)) {
            assert.ok(
              !isRefused,
              `${operation.operationId} refuses ${name}=${JSON.stringify(value)}: ${body}`,
            );
          }
          if (!isAllowed)
            assert.ok(
              isRefused,
              `${operation.operationId} takes ${name}=${JSON.stringify(value)}, which its schema forbids`,
            );
        }),
        { numRuns: 25 },
      );
    }
  }
});

test('the page of the description shows every operation, loads nothing from elsewhere and is light', async () => {
  const page = await app.inject('/docs');
  const assets = await Promise.all(['/docs/docs.css', '/docs/docs.js'].map((url) => app.inject(url)));
  for (const { statusCode } of assets) assert.equal(statusCode, 200);
  for (const { operationId, path } of operations) {
    assert.ok(page.body.includes(`<details id="${operationId}">`), operationId);
    assert.ok(page.body.includes(`data-path="${path}"`), path);
  }
  assert.match(String(page.headers['content-security-policy']), /default-src 'none'.*frame-ancestors 'none'/);
  assert.equal(page.headers['referrer-policy'], 'no-referrer');
  const bytes = [page, ...assets].reduce((sum, { body }) => sum + Buffer.byteLength(body), 0);
  assert.ok(bytes < 200_000, `${bytes} bytes`);
  const links = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map(([, to]) => to!);
  for (const to of links) assert.match(to, /^[/#](?!\/)/);
  const ids = new Set([...page.body.matchAll(/ id="([^"]+)"/g)].map(([, id]) => id));
  for (const to of links) if (to.startsWith('#')) assert.ok(ids.has(to.slice(1)), to);
});

test('nothing unexpected happened on the way', () => assert.deepEqual(unexpected, []));
