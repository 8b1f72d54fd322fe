/**
 * `npm test`: type check, lint, then every test. What the tests need is in the packages that npm installed: a real
 * PostgreSQL comes with them. The last line counts.
 */

import { spawn, spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const bin = (name: string) => join(root, 'node_modules', '.bin', name);

function check(what: string, command: string, args: string[]): void {
  console.log(`# ${what}`);
  const { status } = spawnSync(command, args, { cwd: root, stdio: 'inherit' });
  if (status === 0) return;
  console.log(`${what} failed`);
  console.log('0 passed, 1 failed');
  process.exit(1);
}

// The cache is tested against a real Redis, and TLS with real certificates: npm brings neither.
for (const [command, argument, debian] of [
  ['redis-server', '--version', 'redis-server'],
  ['openssl', 'version', 'openssl'],
] as const) {
  const isThere = () => spawnSync(command, [argument]).status === 0;
  if (isThere()) continue;
  spawnSync('apt-get', ['install', '-y', debian], { stdio: 'ignore' });
  if (isThere()) continue;
  console.log(
    `${command} is missing and could not be installed: install it (Debian, Ubuntu: apt-get install ${debian})`,
  );
  console.log('0 passed, 1 failed');
  process.exit(1);
}

check('types', bin('tsc'), ['--noEmit']);
check('lint', bin('biome'), ['check', '--error-on-warnings', '.']);

const wanted = process.argv.slice(2);
const files = wanted.length > 0 ? wanted : globSync('{src,test,data}/**/*.test.ts', { cwd: root }).toSorted();
const folder = mkdtempSync(join(tmpdir(), 'wattsync-test-'));
const child = spawn(process.execPath, ['--test', '--test-reporter=spec', '--test-concurrency=2', ...files], {
  cwd: root,
  stdio: ['ignore', 'pipe', 'inherit'],
  env: { ...process.env, WATTSYNC_TEST_DIR: folder },
});
let said = '';
child.stdout.on('data', (chunk) => {
  said += chunk;
  process.stdout.write(chunk);
});
child.on('close', (code) => {
  rmSync(folder, { recursive: true, force: true });
  const count = (name: string) => Number(new RegExp(`^ℹ ${name} (\\d+)`, 'm').exec(said)?.[1] ?? 0);
  const failed = count('fail') + count('cancelled');
  console.log(`${count('pass')} passed, ${failed} failed`);
  process.exit(code === 0 && failed === 0 && count('pass') > 0 ? 0 : 1);
});
