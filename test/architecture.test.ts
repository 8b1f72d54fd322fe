import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const src = fileURLToPath(new URL('../src/', import.meta.url));
const read = (file: string) => readFileSync(join(src, file), 'utf8');

/** Which folders each folder may import from, itself and the bottom apart. Nothing on the read path names an upstream. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  territory: [],
  plan: ['territory'],
  store: ['plan', 'territory'],
  sources: ['store', 'plan', 'territory'],
  sandbox: ['sources', 'plan', 'territory'],
  cache: ['store', 'plan', 'territory'],
  catalog: ['cache', 'store', 'plan', 'territory'],
  sync: ['sources', 'store', 'plan', 'territory'],
  refresh: ['sync', 'sources', 'catalog', 'cache', 'store', 'plan', 'territory'],
  monitor: ['refresh', 'sync', 'sources', 'catalog', 'cache', 'store', 'plan', 'territory'],
  api: ['monitor', 'refresh', 'catalog', 'cache', 'store', 'plan', 'territory'],
  pages: ['monitor', 'refresh', 'catalog', 'cache', 'store', 'plan', 'territory'],
  cli: ['sandbox', 'monitor', 'refresh', 'catalog', 'cache', 'sync', 'sources', 'store', 'plan', 'territory'],
};
const BOTTOM = ['config.ts', 'errors.ts', 'histogram.ts', 'log.ts', 'metrics.ts', 'periodic.ts'];
/** Know everybody: what binds the parts together. */
const TOP = ['main.ts', 'start.ts', 'start-web.ts', 'engine.ts', 'parts.ts', 'server.ts'];

const files = globSync('**/*.ts', { cwd: src }).filter((file) => !file.endsWith('.test.ts'));

const importsOf = (file: string): string[] =>
  [
    ...read(file).matchAll(
      /^(?:import|export)\s+(?!type\b)[^;]*?from\s+'(\.[^']+)'|(?<!typeof )import\('(\.[^']+)'\)/gm,
    ),
  ].map(([, fixed, lazy]) => normalize(join(dirname(file), fixed ?? lazy!)));

const folderOf = (file: string): string => (file.includes('/') ? file.split('/')[0]! : file);

test('imports point down: no folder imports one above or beside it', () => {
  const wrong: string[] = [];
  for (const file of files) {
    const from = folderOf(file);
    for (const target of importsOf(file)) {
      const to = folderOf(target);
      const isAllowed =
        TOP.includes(from) ||
        to === from ||
        BOTTOM.includes(to) ||
        from.endsWith('-error.ts') ||
        (MAY_IMPORT[from]?.includes(to) ?? false) ||
        (from === 'start.ts' && to.endsWith('.ts'));
      if (!isAllowed && !(BOTTOM.includes(from) && BOTTOM.includes(to))) wrong.push(`${file} → ${target}`);
    }
  }
  assert.deepEqual(wrong, []);
  assert.ok(files.length > 60);
});

test('every folder has its place in the picture', () => {
  const folders = new Set(files.filter((file) => file.includes('/')).map(folderOf));
  assert.deepEqual(
    [...folders].filter((folder) => !(folder in MAY_IMPORT)),
    [],
  );
});

test('only config.ts reads the environment, apart from the line that hands it over', () => {
  const readers = files.filter((file) => /process\.env/.test(read(file)));
  assert.deepEqual(readers, ['cli/program.ts']);
});

test('docs/errors.md lists every error code, and no other', () => {
  const codes = files.flatMap((file) =>
    [...read(file).matchAll(/readonly code = '(\w+)'/g)].map(([, code]) => code!),
  );
  const tables = ['sources/source-error.ts', 'api/problem.ts'].flatMap((file) =>
    [...read(file).matchAll(/^ {2}(\w+): (?:true|false|\{ status)/gm)].map(([, code]) => code!),
  );
  const sandbox = [...read('sandbox/sandbox-error.ts').matchAll(/'(sandbox_\w+)'/g)].map(([, code]) => code!);
  const documented = [...readFileSync(join(src, '../docs/errors.md'), 'utf8').matchAll(/^\| `(\w+)`/gm)].map(
    ([, code]) => code!,
  );
  assert.deepEqual(documented.toSorted(), [...new Set([...codes, ...tables, ...sandbox])].toSorted());
});

test('no file is a drawer for everything: 400 lines at most', () => {
  assert.deepEqual(
    files.filter((file) => read(file).split('\n').length > 400),
    [],
  );
});

test('docs/operations.md explains every line of db:health and every period, and no other', () => {
  const page = readFileSync(join(src, '../docs/operations.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name!);
  const judges = globSync('{monitor/database-health,cli}/*.ts', { cwd: src }).map(read).join('\n');
  const checks = [...judges.matchAll(/(?:judged|fine)\(\s*'(\w+)'/g)].map(([, name]) => name!);
  const periods = [...read('config.ts').matchAll(/'(RETENTION_\w+)'/g)].map(([, name]) => name!);
  assert.deepEqual(rows.toSorted(), [...new Set([...checks, ...periods])].toSorted());
  assert.ok(checks.length > 25);
});
