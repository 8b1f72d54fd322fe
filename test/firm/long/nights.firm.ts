/**
 * The nights of 23 and 25 hours, with the whole program and its PostgreSQL under a clock that is set: what names a time of day
 * comes once in each of them.
 */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { globSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/support.ts';

const PROGRAM = fileURLToPath(new URL('../../../bin/wattsync.js', import.meta.url));
const [LIBRARY] = globSync('/usr/lib/**/faketime/libfaketimeMT.so.1');
assert.ok(LIBRARY, 'libfaketime is missing: install it (Debian, Ubuntu: apt-get install libfaketime)');
const folder = mkdtempSync(join(tmpdir(), 'wattsync-nights-'));

/** The program as it would run from this moment on; and what it said of its schedule until it was stopped. */
async function runFrom(utc: string, schedule: string, seconds: number, isExpected: boolean): Promise<number> {
  const child = spawn(process.execPath, [PROGRAM, 'start', '--role', 'worker,scheduler', '--json'], {
    env: {
      PATH: process.env.PATH,
      HOME: process.env.HOME,
      TZ: 'UTC',
      LD_PRELOAD: LIBRARY,
      FAKETIME: `@${utc}`,
      DONT_FAKE_MONOTONIC: '1',
      WATTSYNC_DATA_DIR: folder,
      SYNC_SCHEDULE_FULL: schedule,
      SYNC_SCHEDULE_PRIORITY: 'off',
      MAINTENANCE_SCHEDULE: 'off',
      LOG_LEVEL: 'info',
    },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: true,
  });
  test.after(() => {
    if (child.exitCode === null) process.kill(-child.pid!, 'SIGKILL');
  });
  let said = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  const asked = () => said.split('"a scheduled sync was asked for"').length - 1;
  await until(() => said.includes('"synced"'), 90_000);
  if (isExpected) await until(() => asked() > 0, 200_000);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  process.kill(-child.pid!, 'SIGTERM');
  await new Promise((resolve) => child.once('exit', resolve));
  return asked();
}

test('the night to summer time: "0 2 * * *" comes as the clock jumps over it, and the next night at two', async () => {
  assert.equal(await runFrom('2026-03-08 07:58:40', '0 2 * * *', 3, true), 1);
  assert.equal(await runFrom('2026-03-09 06:58:40', '0 2 * * *', 3, true), 1);
});

test('the night back: "0 1 * * *" comes the first time the clock shows it, and not the second time', async () => {
  assert.equal(await runFrom('2026-11-01 05:58:40', '0 1 * * *', 3, true), 1);
  // Past 01:00 of the second time.
  assert.equal(await runFrom('2026-11-01 06:59:40', '0 1 * * *', 40, false), 0);
});
