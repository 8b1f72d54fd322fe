import assert from 'node:assert/strict';
import { globSync, readFileSync } from 'node:fs';
import { dirname, join, normalize } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { CHECKS } from '../src/monitor/database-health/database-health.ts';
import { VARIABLES } from '../src/variables.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const src = join(root, 'src/');
const read = (file: string) => readFileSync(join(src, file), 'utf8');

/** Which rooms each room may import from, itself and the bottom apart. Nothing on the read path names an upstream. */
const MAY_IMPORT: Record<string, readonly string[]> = {
  html: [],
  territory: [],
  plan: ['territory'],
  store: ['plan', 'territory'],
  sources: ['store', 'plan', 'territory'],
  delivery: [],
  sandbox: ['sources', 'plan', 'territory'],
  cache: ['store', 'plan', 'territory'],
  catalog: ['cache', 'store', 'plan', 'territory'],
  sync: ['sources', 'store', 'plan', 'territory'],
  planning: ['sync', 'sources', 'catalog', 'cache', 'store', 'plan', 'territory'],
  monitor: ['delivery', 'planning', 'sync', 'sources', 'catalog', 'cache', 'store', 'plan', 'territory'],
  /** What happened, told outside. */
  events: ['delivery', 'store', 'plan', 'territory'],
  /** What was published, in files. */
  export: ['events', 'store', 'plan', 'territory'],
  api: [
    'delivery',
    'html',
    'events',
    'export',
    'monitor',
    'planning',
    'catalog',
    'cache',
    'store',
    'plan',
    'territory',
  ],
  /** Tools for agents, who ask the API as any client does. */
  mcp: ['api'],
  /** Asks the catalog whether a plan beats somebody's, and mails it. */
  watch: ['delivery', 'catalog', 'cache', 'store', 'plan', 'territory'],
  /** Knows the shared way to write a page, and no other pages. */
  pages: [
    'html',
    'watch',
    'events',
    'api',
    'monitor',
    'planning',
    'catalog',
    'cache',
    'store',
    'plan',
    'territory',
  ],
  /** Knows the shared way to write a page, and no other pages. */
  ops: [
    'html',
    'events',
    'api',
    'monitor',
    'planning',
    'catalog',
    'cache',
    'sync',
    'store',
    'plan',
    'territory',
  ],
  app: [
    'mcp',
    'watch',
    'events',
    'export',
    'html',
    'pages',
    'ops',
    'api',
    'monitor',
    'planning',
    'sync',
    'sandbox',
    'sources',
    'catalog',
    'cache',
    'store',
    'plan',
    'territory',
  ],
  cli: [
    'mcp',
    'events',
    'export',
    'delivery',
    'html',
    'app',
    'sandbox',
    'monitor',
    'planning',
    'catalog',
    'cache',
    'sync',
    'sources',
    'store',
    'plan',
    'territory',
  ],
};
/** Everybody's, so at the bottom: they import each other only. */
const BOTTOM = [
  'config.ts',
  'errors.ts',
  'histogram.ts',
  'log.ts',
  'metrics.ts',
  'periodic.ts',
  'process-metrics.ts',
  'open-address.ts',
  'readers.ts',
  'seal.ts',
  'trace.ts',
  'units.ts',
  'variable-readers.ts',
  'variables.ts',
];
/** Published for everybody, and knows nothing of the program: only what asks the API as they do uses it. */
const CLIENT = '../client/index.ts';
const USE_CLIENT = ['mcp', 'cli'];
const MOST_FLAT_FILES = 15;

const files = globSync('**/*.ts', { cwd: src }).filter((file) => !file.endsWith('.test.ts'));
const roomOf = (file: string): string => (file.includes('/') ? file.split('/')[0]! : file);

const IMPORT = /^(?:import|export)\s(?:[^;']*?\sfrom\s+)?'(\.[^']+)'|\bimport\('(\.[^']+)'\)/gm;
/** Types included: what cannot be understood without the other belongs to it, whatever is left at runtime. */
const importsOf = (file: string): string[] =>
  [...read(file).matchAll(IMPORT)].map(([, fixed, lazy]) => normalize(join(dirname(file), fixed ?? lazy!)));
const imports = new Map(files.map((file) => [file, importsOf(file)]));

test('imports point down: no room imports one above or beside it', () => {
  const isAllowed = (from: string, to: string) =>
    to === from || (BOTTOM.includes(to) ? true : (MAY_IMPORT[from]?.includes(to) ?? false));
  const wrong = [...imports].flatMap(([file, targets]) =>
    targets
      .filter((target) => !(target === CLIENT && USE_CLIENT.includes(roomOf(file))))
      .filter((target) => file !== 'main.ts' && !isAllowed(roomOf(file), roomOf(target)))
      .map((target) => `${file} → ${target}`),
  );
  assert.deepEqual(wrong, []);
});

test('no file imports itself by way of others, types included', () => {
  const circles: string[] = [];
  const settled = new Set<string>();
  const visit = (file: string, path: readonly string[]): void => {
    if (path.includes(file)) {
      circles.push([...path.slice(path.indexOf(file)), file].join(' → '));
      return;
    }
    if (settled.has(file)) return;
    for (const target of imports.get(file) ?? []) visit(target, [...path, file]);
    settled.add(file);
  };
  for (const file of files) visit(file, []);
  assert.deepEqual(circles, []);
});

test('every room is in the picture, and every room in the picture has files', () => {
  const rooms = new Set(files.filter((file) => file.includes('/')).map(roomOf));
  assert.deepEqual([...rooms].toSorted(), Object.keys(MAY_IMPORT).toSorted());
  const atRoot = files.filter((file) => !file.includes('/'));
  assert.deepEqual(atRoot.toSorted(), [...BOTTOM, 'main.ts'].toSorted());
});

test(`no folder has more than ${MOST_FLAT_FILES} files beside its tests`, () => {
  const byFolder = Map.groupBy(files, (file) => dirname(file));
  const full = [...byFolder].filter(([, inside]) => inside.length > MOST_FLAT_FILES);
  assert.deepEqual(
    full.map(([folder, inside]) => `${folder}: ${inside.length}`),
    [],
  );
});

test('no file is a drawer for everything: 400 lines at most', () => {
  assert.deepEqual(
    files.filter((file) => read(file).split('\n').length > 400),
    [],
  );
});

test('what is exported is used by another file', () => {
  const users = [
    ...files.map((file) => [file, read(file)] as const),
    ...globSync(['src/**/*.test.ts', '{test,bench,data}/**/*.ts'], { cwd: root }).map(
      (file) => [file, readFileSync(join(root, file), 'utf8')] as const,
    ),
  ];
  // A word of a comment is not a use.
  const withoutComments = (text: string) => text.replace(/\/\*[\s\S]*?\*\/|(?:^|\s)\/\/ .*$/gm, '');
  const words = users.map(([file, text]) => [file, new Set(withoutComments(text).match(/[\w$]+/g))] as const);
  const unused = files.flatMap((file) =>
    [
      ...read(file).matchAll(
        /^export (?:abstract |async )?(?:class|const|function\*?|interface|let|type) (\w+)/gm,
      ),
    ]
      .map(([, name]) => name!)
      .filter((name) => !words.some(([user, set]) => user !== file && set.has(name)))
      .map((name) => `${file}: ${name}`),
  );
  assert.deepEqual(unused, []);
});

test('only config.ts reads the environment, apart from the line that hands it over', () => {
  const readers = files.filter((file) => /process\.env/.test(read(file)));
  assert.deepEqual(readers, ['cli/program.ts']);
});

test('docs/errors.md lists every error code, and no other', () => {
  const codes = files.flatMap((file) =>
    [...read(file).matchAll(/readonly code = '(\w+)'/g)].map(([, code]) => code!),
  );
  const tables = ['sources/source-error.ts', 'store/store-error.ts', 'api/problem.ts'].flatMap((file) =>
    [...read(file).matchAll(/^ {2}(\w+): (?:true|false|\{ status)/gm)].map(([, code]) => code!),
  );
  const sandbox = [...read('sandbox/sandbox-error.ts').matchAll(/'(sandbox_\w+)'/g)].map(([, code]) => code!);
  const page = readFileSync(join(root, 'docs/errors.md'), 'utf8');
  const documented = [...page.matchAll(/^\| `(\w+)`/gm)].map(([, code]) => code!);
  assert.deepEqual(documented.toSorted(), [...new Set([...codes, ...tables, ...sandbox])].toSorted());
});

test('docs/operations.md explains every line of db:health and every period, and no other', () => {
  const page = readFileSync(join(root, 'docs/operations.md'), 'utf8');
  const rows = [...page.matchAll(/^\| `(\w+)` +\|/gm)].map(([, name]) => name!);
  // The only line that is not of a check: the server does not answer.
  const checks = ['reachable', ...Object.keys(CHECKS)];
  assert.match(read('cli/db/health.ts'), /bad\(\s*'reachable'/);
  const periods = Object.keys(VARIABLES).filter((name) => name.startsWith('RETENTION_'));
  assert.deepEqual(rows.toSorted(), [...new Set([...checks, ...periods])].toSorted());
  assert.ok(checks.length > 25);
});
