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
    const { statusCode, headers, body } = await ask(requestOf(operation));
    assert.ok(statusCode === 200 || statusCode === 202, `${operation.operationId}: ${body.slice(0, 300)}`);
    examples[operation.operationId] = shortAnswer(
      operation.operationId,
      String(headers['content-type']),
      body.replace(/whsec_[\w+/=]+/, SECRET),
    );
  }
  writeFileSync(FILE, `${JSON.stringify(examples, null, 2)}\n`);
});

function shortAnswer(id: string, type: string, body: string): unknown {
  // Of a feed its first entry.
  if (!/json/.test(type)) return body.replace(/(<\/entry>)[\s\S]*(<\/feed>)/, '$1$2');
  const answered = JSON.parse(body);
  const { openapi, info, title } = answered;
  // Of descriptions, which refer to what is in them, their head.
  if (type.startsWith('application/schema+json')) return { title };
  return id === 'getOpenapi' ? { openapi, info } : shortened(answered);
}
