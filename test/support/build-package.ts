/** `npm run build`: the package that is published, in `dist/`. `npm pack ./dist` makes a tarball of it. */

import { execFileSync } from 'node:child_process';
import { chmodSync, cpSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { buildProgram } from '../../src/cli/program.ts';
import { commandTree } from '../../src/cli/reach/command-tree.ts';
import { manPage } from '../../src/cli/reach/man-page.ts';
import { publishedManifest, repositoryManifest } from './package-manifest.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const dist = `${root}dist`;
const tsc = fileURLToPath(import.meta.resolve('typescript/package.json')).replace('package.json', 'bin/tsc');

rmSync(dist, { recursive: true, force: true });
for (const config of ['tsconfig.build.json', 'tsconfig.client.json']) {
  execFileSync(process.execPath, [tsc, '-p', config], { cwd: root, stdio: 'inherit' });
}
writeFileSync(
  `${dist}/src/main.d.ts`,
  '/** Runs the command line as `wattsync …` does and sets the exit code; never throws. */\nexport declare function main(argv: string[]): Promise<void>;\n',
);
// What is read as it is: styles, scripts of pages, SQL, data.
const isRead = (path: string) => !/\.ts$/.test(path);
cpSync(`${root}src`, `${dist}/src`, { recursive: true, filter: isRead });
cpSync(`${root}data`, `${dist}/data`, { recursive: true, filter: isRead });
cpSync(`${root}docs`, `${dist}/docs`, { recursive: true, filter: (path) => !path.includes('/pictures') });
for (const file of ['README.md', 'LICENSE', 'CHANGELOG.md']) cpSync(`${root}${file}`, `${dist}/${file}`);
mkdirSync(`${dist}/bin`);
const bin = readFileSync(`${root}bin/wattsync.js`, 'utf8').replace('../src/main.ts', '../src/main.js');
writeFileSync(`${dist}/bin/wattsync.js`, bin);
chmodSync(`${dist}/bin/wattsync.js`, 0o755);
mkdirSync(`${dist}/man`);
writeFileSync(
  `${dist}/man/wattsync.1`,
  manPage(commandTree(buildProgram(async () => {})), repositoryManifest().version),
);
writeFileSync(`${dist}/package.json`, `${JSON.stringify(publishedManifest(), null, 2)}\n`);
