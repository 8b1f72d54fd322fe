import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { test } from 'node:test';
import { isOutOfReach, PG_MESSAGES } from './out-of-reach.ts';

const failure = (code: string | undefined, message = 'x') => Object.assign(new Error(message), { code });

test('a PostgreSQL that is away, full or shutting down is out of reach', () => {
  for (const code of ['08006', '53300', '57P01', '57P03', 'ECONNREFUSED', 'EAI_AGAIN', 'layer_unavailable'])
    assert.equal(isOutOfReach(failure(code)), true, code);
  for (const message of PG_MESSAGES) assert.equal(isOutOfReach(new Error(message)), true, message);
});

test('mistakes of ours are not, whatever their text says', () => {
  for (const code of ['42P01', '23505', 'ENOENT', 'EACCES', 'EMFILE', 'ERR_INVALID_ARG_TYPE'])
    assert.equal(isOutOfReach(failure(code, 'timeout, terminated')), false, code);
  for (const error of [
    new Error('the timeout is wrong'),
    new Error('terminated'),
    null,
    undefined,
    'timeout',
  ])
    assert.equal(isOutOfReach(error), false);
});

test('pg still says it in these words', () => {
  const require = createRequire(import.meta.url);
  const sources = ['pg/lib/client.js', 'pg-pool'].map((path) => readFileSync(require.resolve(path), 'utf8'));
  for (const message of PG_MESSAGES) assert.ok(sources.join().includes(`'${message}'`), message);
});
