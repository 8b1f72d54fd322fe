/** What surrounds a command where nobody sits at a terminal, and where nothing may be written. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { createTestDatabase, spawnWattsync, until, wattsync } from '../support/support.ts';

const PROGRAM = fileURLToPath(new URL('../../bin/wattsync.js', import.meta.url));
const { PATH = '', HOME = '' } = process.env;

test('without a terminal and with its input closed every kind of command works, and none waits for an answer', async () => {
  const { url: DATABASE_URL } = await createTestDatabase();
  // A session of its own has no terminal to open either.
  const run = (command: string, closed: string) =>
    spawnSync('setsid', ['--wait', 'sh', '-c', `"${process.execPath}" "${PROGRAM}" ${command} ${closed}`], {
      env: { PATH, HOME, DATABASE_URL, LOG_LEVEL: 'error', PLAN_SOURCE: 'sandbox' },
      encoding: 'utf8',
      timeout: 60_000,
    });
  for (const [command, expected] of [
    ['sync full', /succeeded|synced/i],
    ['sync status', /Oncor/],
    ['sync monitor --once', /Oncor/],
    ['db sql "select 41 + 1"', /42/],
  ] as const) {
    const { status, stdout, stderr } = run(command, '<&-');
    assert.match(stdout + stderr, expected, command);
    assert.ok(status === 0 || command.startsWith('sync '), `${command}: ${status} ${stderr}`);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: what only a terminal understands
    assert.doesNotMatch(stdout, /\u001b/, command);
  }
  // With nowhere to write to it ends all the same.
  assert.notEqual(run('sync status', '<&- >&- 2>&-').status, null);
});

test('a data folder on a file system that takes no writes is one sentence, at the first start and later', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-mounted-'));
  const mount = `mount --bind "${folder}" "${folder}" && mount -o remount,ro,bind "${folder}" && exec "$@"`;
  const readOnly = (...command: string[]) => {
    const inside = ['--user', '--map-root-user', '--mount', 'sh', '-c', mount, 'sh'];
    return spawnSync('unshare', [...inside, process.execPath, PROGRAM, ...command], {
      env: { PATH, HOME, WATTSYNC_DATA_DIR: folder, PORT: '0' },
      encoding: 'utf8',
      timeout: 60_000,
    });
  };
  const REFUSED =
    /^Error: The data folder \S+ cannot be used: the file system is read-only\. Name another one with WATTSYNC_DATA_DIR, or set DATABASE_URL\.\n$/;
  for (const command of [['start'], ['db', 'migrate']]) {
    const { status, stderr } = readOnly(...command);
    assert.equal(status, 1);
    assert.match(stderr, REFUSED);
  }
  assert.match(readOnly('sync', 'status').stderr, /There is no database yet/);
  const env = { WATTSYNC_DATA_DIR: folder };
  assert.equal((await wattsync(['db', 'migrate'], env)).code, 0);
  for (const command of [['start'], ['sync', 'status']]) {
    const { status, stderr } = readOnly(...command);
    assert.equal(status, 1);
    assert.match(stderr, REFUSED);
  }
  // Nothing was broken by trying.
  const server = spawnWattsync(['start', '--role', 'web', '--json'], {
    ...env,
    PORT: '0',
    LOG_LEVEL: 'error',
  });
  await until(() => server.seen.stdout.includes('"started"'), 60_000);
  server.child.kill('SIGTERM');
  assert.equal(await server.ended, 0);
});
