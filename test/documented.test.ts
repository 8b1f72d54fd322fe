/** What docs say is tried, is tried by a file that is there. */

import assert from 'node:assert/strict';
import { existsSync, globSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

test('every test that docs/security.md and docs/operations.md name is there, and every part of npm run firm is named', () => {
  const pages = ['docs/security.md', 'docs/operations.md']
    .map((page) => readFileSync(root + page, 'utf8'))
    .join();
  const named = [...pages.matchAll(/`((?:test|src)\/[\w./-]+\.ts)`/g)].map(([, file]) => file!);
  assert.ok(named.length > 40);
  assert.deepEqual(
    named.filter((file) => !existsSync(root + file)),
    [],
  );
  const parts = globSync('test/firm/**/*.{test,firm}.ts', { cwd: root });
  assert.deepEqual(
    parts.filter((file) => !named.includes(file)),
    [],
  );
});
