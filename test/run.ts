/**
 * `npm test`: type check, lint, then every test. What the tests need is in the packages that npm installed: a real
 * PostgreSQL comes with them. The last line counts.
 */

import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
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

// The cache is tested against a real Redis, TLS with real certificates, PostgreSQL behind a real pooler, the pages in a real
// browser, the metrics by what reads them: npm brings none of them.
for (const [command, argument, debian] of [
  ['redis-server', '--version', 'redis-server'],
  ['openssl', 'version', 'openssl'],
  ['pgbouncer', '--version', 'pgbouncer'],
  ['chromium', '--version', 'chromium'],
  ['promtool', '--version', 'prometheus'],
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
/** Needs no server and leaves nothing behind: all such files run in one process, which loads the program once. */
const isPure = (file: string) => !/(?:^|\/)test\/[^/]+\//.test(file);

const folder = mkdtempSync(join(tmpdir(), 'wattsync-test-'));
const totals = { passed: 0, failed: 0 };
await run(['--test-isolation=none'], files.filter(isPure));
await run(
  // Twice the cores CI has: with three at once they stood idle for almost half of the time, because a test mostly waits for
  // processes it started.
  ['--test-concurrency=4'],
  files.filter((file) => !isPure(file)),
);
rmSync(folder, { recursive: true, force: true });
console.log(`${totals.passed} passed, ${totals.failed} failed`);
process.exit(totals.failed === 0 && totals.passed > 0 ? 0 : 1);

async function run(options: string[], some: string[]): Promise<void> {
  if (some.length === 0) return;
  const child = spawn(process.execPath, ['--test', '--test-reporter=spec', ...options, ...some], {
    cwd: root,
    stdio: ['ignore', 'pipe', 'inherit'],
    env: {
      ...process.env,
      WATTSYNC_TEST_DIR: folder,
      // Each file is a process that loads the program: compiled once, as `bin/wattsync.js` does.
      NODE_COMPILE_CACHE: join(root, 'node_modules', '.cache', 'wattsync'),
    },
  });
  let said = '';
  child.stdout.on('data', (chunk) => {
    said += chunk;
    process.stdout.write(chunk);
  });
  const [code] = await once(child, 'close');
  const count = (name: string) => Number(new RegExp(`^ℹ ${name} (\\d+)`, 'm').exec(said)?.[1] ?? 0);
  const failed = count('fail') + count('cancelled');
  totals.passed += count('pass');
  // A process that ended before it could count has failed all the same.
  totals.failed += code === 0 ? failed : Math.max(1, failed);
}
