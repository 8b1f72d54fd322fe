/** `/openapi.json` is true: each operation is described, each example works, and what is accepted is what is said. */

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createConfig, lintFromString } from '@redocly/openapi-core';
import spectralCore, { type RulesetDefinition } from '@stoplight/spectral-core';
import { oas } from '@stoplight/spectral-rulesets';
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import fc from 'fast-check';
import {
  app,
  ask,
  document,
  engine,
  operations,
  type Parameter,
  requestOf,
  shortened,
  text,
  unexpected,
} from '../support/described-api.ts';

test('every example is answered with success, and as the example of its answer says', async () => {
  assert.ok(operations.length >= 23, `${operations.length}`);
  for (const operation of operations) {
    const { statusCode, headers, body } = await ask(requestOf(operation));
    assert.ok(statusCode === 200 || statusCode === 202, `${operation.operationId}: ${body.slice(0, 300)}`);
    const { content } = operation.responses[statusCode] as { content: Record<string, { example?: unknown }> };
    const type = String(headers['content-type']).split(';')[0]!;
    const told = content[type]?.example;
    assert.ok(told, `${operation.operationId} has no example of its answer: npm run examples`);
    // Of a description only the head is told.
    if (operation.operationId === 'getOpenapi' || type === 'application/schema+json') continue;
    if (!type.endsWith('json')) continue;
    expectAlike(told, shortened(JSON.parse(body)), operation.operationId);
  }
  await engine.changeControl('running', { by: 'test', reason: null });
});

/** The same fields at every depth; what is in them is of another day. */
function expectAlike(told: unknown, answered: unknown, where: string): void {
  if (Array.isArray(told) && Array.isArray(answered)) {
    if (told.length > 0 && answered.length > 0) expectAlike(told[0], answered[0], `${where}[]`);
  } else if (isObject(told) && isObject(answered)) {
    const names = (json: object) => Object.keys(json).toSorted();
    assert.deepEqual(names(told), names(answered), `${where}: npm run examples`);
    for (const [name, value] of Object.entries(told)) expectAlike(value, answered[name], `${where}.${name}`);
  }
}
const isObject = (json: unknown): json is Record<string, unknown> =>
  typeof json === 'object' && json !== null && !Array.isArray(json);

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
