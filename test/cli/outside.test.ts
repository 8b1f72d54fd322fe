/** What programs outside may rely on: schemas of `--json`, completions, the manual page, the package. */

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { globSync, readdirSync, readFileSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import { buildProgram } from '../../src/cli/program.ts';
import { commandTree, withAllBelow } from '../../src/cli/reach/command-tree.ts';
import { completionScript, SHELLS } from '../../src/cli/reach/completions.ts';
import { manPage } from '../../src/cli/reach/man-page.ts';
import { VARIABLES } from '../../src/variables.ts';
import { jsonSchemaOf } from '../support/json-schema-of.ts';
import { publishedManifest, repositoryManifest } from '../support/package-manifest.ts';
import { createTestDatabase, wattsync } from '../support/support.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const tree = commandTree(buildProgram(async () => {}));
const commands = withAllBelow(tree).filter(({ children }) => children.length === 0);
const nameOf = ({ path }: (typeof commands)[number]) => path.join('-');

/** They run on, change what is named, or print what has a schema of its own. */
const WITHOUT_SCHEMA = [
  'start',
  'mcp',
  'sandbox',
  'completion',
  'schema',
  'sync-monitor',
  'sync-redrive',
  'sync-revert',
  'held-show',
  'held-publish',
  'held-drop',
  'alerts-ack',
  'alerts-silence',
  'alerts-test',
  'db-backup',
  'db-restore',
  'db-sql',
  'refresh-rebuild',
  'experiment-start',
  'experiment-stop',
  'webhooks-add',
  'webhooks-show',
  'webhooks-deliveries',
  'webhooks-test',
  'webhooks-pause',
  'webhooks-resume',
  'webhooks-rotate',
  'webhooks-replay',
  'webhooks-remove',
];

const schemaFile = (name: string) =>
  JSON.parse(readFileSync(`${root}docs/schemas/${name}.json`, 'utf8')) as AnySchema & { required: string[] };

test('each command that tells something has a schema of its --json, and no other has', () => {
  const written = readdirSync(`${root}docs/schemas`).map((file) => file.replace('.json', ''));
  const wanted = commands.map(nameOf).filter((name) => !WITHOUT_SCHEMA.includes(name));
  assert.deepEqual(written.toSorted(), wanted.toSorted());
});

test('what commands answer fits their schemas, on a market that has nothing yet', async () => {
  const { url: DATABASE_URL } = await createTestDatabase();
  const looks = ['sync status', 'cache stats', 'production status', 'monitor metrics', 'freshness'];
  await Promise.all(
    looks.map(async (look) => {
      const { stdout } = await wattsync([...look.split(' '), '--json'], { DATABASE_URL });
      const validate = new Ajv2020({ strict: false }).compile(schemaFile(look.replace(' ', '-')));
      assert.ok(validate(JSON.parse(stdout)), `${look}: ${JSON.stringify(validate.errors)}`);
    }),
  );
  const printed = JSON.parse((await wattsync(['schema', 'sync:full'])).stdout);
  assert.deepEqual(printed, schemaFile('sync-full'));
  assert.equal((await wattsync(['schema', 'no such'])).code, 2);
});

test('the fields of the contract are required', () => {
  const fields = [
    'run_id',
    'kind',
    'status',
    'cities',
    'tdsps',
    'api_calls',
    'plans',
    'duration_ms',
    'errors',
  ];
  for (const name of ['sync-full', 'sync-priority', 'sync-city'])
    for (const field of fields) assert.ok(schemaFile(name).required.includes(field), `${name}: ${field}`);
});

test('a schema that was written from samples takes them, and refuses what lacks a field that all have', () => {
  const samples = [
    { a: 1, list: [{ x: 'y' }], by_tdsp: { Oncor: 3 }, since: null },
    { a: 2, list: [], by_tdsp: { TNMP: 4 }, since: 'now', more: true },
  ];
  const validate = new Ajv2020({ strict: false }).compile(jsonSchemaOf(samples) as AnySchema);
  for (const one of samples) assert.ok(validate(one));
  assert.ok(validate({ ...samples[0], by_tdsp: { CenterPoint: 1 } }));
  for (const wrong of [{ ...samples[0], a: 'one' }, { ...samples[0], list: [{}] }, { list: [] }])
    assert.ok(!validate(wrong));
});

test('bash completes commands, their options, and nothing after what it does not know', () => {
  const script = completionScript('bash', tree);
  const complete = (...words: string[]): string[] => {
    const line = `COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')}); COMP_CWORD=${words.length - 1}; _wattsync; echo "\${COMPREPLY[@]}"`;
    return execFileSync('bash', ['-c', `${script}\n${line}`], { encoding: 'utf8' })
      .trim()
      .split(' ');
  };
  assert.deepEqual(complete('wattsync', 'sync', 'st'), ['status', 'stop']);
  assert.deepEqual(complete('wattsync', 'db', '--json', 'he'), ['health']);
  assert.ok(complete('wattsync', 'export', '--').includes('--month'));
  assert.ok(complete('wattsync', 'sync', 'city', 'dallas-tx', '--').includes('--force'));
  assert.ok(complete('wattsync', '').includes('doctor'));
});

test('every command and option is in the completions of all shells and in the manual page', () => {
  const page = manPage(tree, repositoryManifest().version);
  for (const { path, options } of commands) {
    const [last, roff] = [path.at(-1)!, path.join(' ').replaceAll('-', '\\-')];
    assert.ok(page.includes(`.SS "${roff}`), roff);
    for (const { long } of options) {
      assert.ok(page.includes(long.replaceAll('-', '\\-')), long);
      for (const shell of SHELLS) {
        const text = completionScript(shell, tree);
        assert.ok(text.includes(last), `${shell}: ${last}`);
        assert.ok(text.includes(shell === 'fish' ? `-l ${long.slice(2)} ` : long), `${shell}: ${long}`);
      }
    }
  }
  for (const name of Object.keys(VARIABLES)) assert.ok(page.includes(`.B ${name}`), name);
});

test('the package names every package that its code imports, and the built-in modules of Node besides', () => {
  const { dependencies, optionalDependencies } = publishedManifest() as Record<
    string,
    Record<string, string>
  >;
  const named = new Set([...Object.keys(dependencies!), ...Object.keys(optionalDependencies!), 'wattsync']);
  const builtIn = new Set(builtinModules.flatMap((name) => [name, `node:${name}`]));
  const files = globSync('{src,client}/**/*.ts', { cwd: root }).filter((file) => !file.endsWith('.test.ts'));
  const missing = files.flatMap((file) =>
    [
      ...readFileSync(`${root}${file}`, 'utf8').matchAll(
        /^import (?!type\b)[^'";]*?'([^'.][^']*)'|\bimport\('([^'.][^']*)'\)/gm,
      ),
    ]
      .map(([, fixed, lazy]) => fixed ?? lazy!)
      .filter((name) => !builtIn.has(name))
      .map((name) =>
        name
          .split('/')
          .slice(0, name.startsWith('@') ? 2 : 1)
          .join('/'),
      )
      .filter((name) => !named.has(name))
      .map((name) => `${file}: ${name}`),
  );
  assert.deepEqual(missing, []);
});
