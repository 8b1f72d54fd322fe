/** `npm run firm`: everything in this folder, the long parts with a real balancer and a clock that is set included. */

import { spawnSync } from 'node:child_process';
import { globSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
for (const [command, argument, debian] of [
  ['redis-server', '--version', 'redis-server'],
  ['openssl', 'version', 'openssl'],
  ['pgbouncer', '--version', 'pgbouncer'],
  ['nginx', '-v', 'nginx-light'],
] as const) {
  if (spawnSync(command, [argument]).status === 0) continue;
  console.log(`${command} is missing: install it (Debian, Ubuntu: apt-get install ${debian})`);
  process.exit(1);
}
const wanted = process.argv.slice(2);
const files =
  wanted.length > 0 ? wanted : globSync('test/firm/**/*.{test,firm}.ts', { cwd: root }).toSorted();
const folder = mkdtempSync(join(tmpdir(), 'wattsync-firm-'));
const { status } = spawnSync(
  process.execPath,
  ['--test', '--test-reporter=spec', '--test-concurrency=1', ...files],
  { cwd: root, stdio: 'inherit', env: { ...process.env, WATTSYNC_TEST_DIR: folder } },
);
rmSync(folder, { recursive: true, force: true });
process.exit(status ?? 1);
