import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

/** What a native engineer would not write, and what to write instead. The reasons are in docs/style.md. */
const BANNED: [RegExp, string][] = [
  [
    /(?<!\bthere )\b(?:is|are|was|were|be) no (?!longer\b|more\b)[a-z]/i,
    'negate with "not a", or say what was expected',
  ],
  [/\bmend(?:s|ed|ing)?\b/i, 'fix, repair'],
  [/\bin vain\b/i, 'and failed, without success'],
  [/\bwhoever\b/i, 'a machine is "it"; a person is "the operator", "the reader"'],
  [
    /\bso long (?:as|it|a)\b|\bfor so long\b|\bfor so many\b|\bso many (?:times|calls|of)\b/i,
    'until, at most, this long',
  ],
  [/\bblot(?:s|ted)? ?out\b/i, 'redact'],
  [/\bovertak(?:e|en|es|ing)\b/i, 'superseded'],
  [/\bnot stop cleanly\b/i, 'did not shut down cleanly'],
  [/\.\.\.\{ ?[a-z]/, 'a literal, broken where the formatter breaks it'],
];
test('no file says what a native engineer would read twice', () => {
  const files = globSync(['{src,test,bench,data}/**/*.{ts,sql}', 'docs/**/*.md', '*.md'], {
    cwd: root,
  }).filter((file) => file !== 'test/words.test.ts' && file !== 'docs/style.md' && file !== 'CHANGELOG.md');
  const found = files.flatMap((file) =>
    readFileSync(join(root, file), 'utf8')
      .split('\n')
      .flatMap((line, at) =>
        BANNED.filter(([phrase]) => phrase.test(line)).map(
          ([, instead]) => `${file}:${at + 1}: ${line.trim()} → ${instead}`,
        ),
      ),
  );
  assert.deepEqual(found, []);
  assert.ok(files.length > 400);
});
