/**
 * `npm run package:check`: builds the package, lets publint and attw look at it, installs its tarball in an empty folder and runs
 * it there, on each Node that is named (`-- 20.19.0 22 24`; the one at hand if none is). Takes minutes, and a registry.
 */

import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'wattsync-package-'));
const failures: string[] = [];
const run = (command: string, args: readonly string[], cwd: string): string =>
  execFileSync(command, args, { cwd, encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
const say = (line: string) => console.log(`  ${line}`);

try {
  console.log('# build');
  run(process.execPath, ['test/support/build-package.ts'], root);
  const [packed] = JSON.parse(run('npm', ['pack', join(root, 'dist'), '--json'], folder)) as [
    { filename: string; size: number; unpackedSize: number; entryCount: number },
  ];
  const tarball = join(folder, packed.filename);
  say(
    `${packed.filename}: ${packed.entryCount} files, ${packed.size} bytes, ${packed.unpackedSize} unpacked`,
  );

  console.log('# publint');
  const manifest = JSON.parse(readFileSync(join(root, 'dist/package.json'), 'utf8'));
  const { messages } = await publint({ pkgDir: join(root, 'dist'), strict: true });
  for (const message of messages) failures.push(`publint: ${formatMessage(message, manifest)}`);

  console.log('# are the types wrong?');
  const checked = await checkPackage(createPackageFromTarballData(readFileSync(tarball)));
  if (!checked.types) failures.push('attw: there are no types');
  else {
    // ES modules only: what CommonJS and the resolution of Node 10 make of it is as it has to be.
    const accepted = ['CJSResolvesToESM', 'NoResolution'];
    for (const problem of checked.problems) {
      const isOld = 'resolutionKind' in problem && ['node10', 'node16-cjs'].includes(problem.resolutionKind);
      if (!(isOld && accepted.includes(problem.kind))) failures.push(`attw: ${JSON.stringify(problem)}`);
    }
  }

  console.log('# install');
  const place = join(folder, 'place');
  execFileSync('mkdir', [place]);
  writeFileSync(join(place, 'package.json'), '{"private":true,"type":"module"}');
  run('npm', ['install', '--no-audit', '--no-fund', '--omit=optional', tarball], place);
  writeFileSync(
    join(place, 'use.ts'),
    `import { createClient, type Plan } from 'wattsync/client';
const client = createClient({ baseUrl: 'http://localhost:1' });
const first = async (): Promise<Plan | undefined> => (await client.listPlans({ zip: '75201' })).data[0];
console.log(typeof first, typeof client.getPlan);
`,
  );
  writeFileSync(
    join(place, 'tsconfig.json'),
    '{"compilerOptions":{"strict":true,"noEmit":true,"module":"nodenext","target":"es2022","lib":["es2022","dom"],"types":[],"skipLibCheck":false},"files":["use.ts"]}',
  );
  const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace(
    'package.json',
    'bin/tsc',
  );
  run(process.execPath, [tsc, '-p', place], place);

  const [, , ...versions] = process.argv;
  for (const version of versions.length > 0 ? versions : [process.versions.node]) {
    const node =
      version === process.versions.node
        ? process.execPath
        : run(
            'npm',
            ['exec', '--yes', '--package', `node@${version}`, '--', 'node', '-p', 'process.execPath'],
            folder,
          ).trim();
    const bin = join(place, 'node_modules/wattsync/bin/wattsync.js');
    const told = run(node, [bin, '--version'], place).trim();
    const help = run(node, [bin, 'db', 'health', '--help'], place);
    const script = run(node, [bin, 'completion', 'bash'], place);
    if (told !== manifest.version) failures.push(`Node ${version}: --version says "${told}"`);
    if (!help.includes('Usage: wattsync db health')) failures.push(`Node ${version}: no help`);
    if (!script.includes('complete -o default')) failures.push(`Node ${version}: no completion`);
    say(`Node ${run(node, ['--version'], place).trim()}: wattsync ${told}`);
  }
} finally {
  rmSync(folder, { recursive: true, force: true });
}
for (const failure of failures) console.error(`✗ ${failure}`);
console.log(failures.length === 0 ? 'The package is fine.' : `${failures.length} failures`);
process.exitCode = failures.length === 0 ? 0 : 1;
