/** `npm run examples`: records in src/api/description/examples.json what a server with invented plans answers to each example. */

import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { test } from 'node:test';
import { ask, operations, requestOf, shortened } from './described-api.ts';

const FILE = new URL('../../src/api/description/examples.json', import.meta.url);
/** That of nobody. */
const SECRET = `whsec_${Buffer.from('an example, which signs nothing.').toString('base64')}`;

test('every example of a request has an answer', async () => {
  const examples: Record<string, unknown> = {};
  for (const operation of operations) {
    const { statusCode, body } = await ask(requestOf(operation));
    assert.ok(statusCode === 200 || statusCode === 202, `${operation.operationId}: ${body.slice(0, 300)}`);
    const answered = JSON.parse(body.replace(/whsec_[\w+/=]+/, SECRET));
    const { openapi, info } = answered;
    examples[operation.operationId] =
      operation.operationId === 'getOpenapi' ? { openapi, info } : shortened(answered);
  }
  writeFileSync(FILE, `${JSON.stringify(examples, null, 2)}\n`);
});
