/** A stranger's server: what is committed, `NODE_ENV=production npm ci && npm start`, with the Node that the machine has. */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { until } from '../../support/support.ts';

const root = fileURLToPath(new URL('../../..', import.meta.url));
/** Without the pinned Node, which npm puts before the one of the machine. */
const PATH = process.env
  .PATH!.split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter);
const env = { PATH, HOME: process.env.HOME!, NODE_ENV: 'production' };

test('NODE_ENV=production npm ci && npm start serves plans, with one screen that is about them', async (t) => {
  // Closed to all other users, as a clone below /root is.
  const folder = mkdtempSync(join(process.env.WATTSYNC_TEST_DIR ?? tmpdir(), 'production-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  execFileSync('git', ['-C', root, 'checkout-index', '--all', `--prefix=${folder}/`]);
  const node = execFileSync('node', ['--version'], { env, encoding: 'utf8' }).trim();
  console.log(`# with Node ${node}`);
  const installed = spawn('npm', ['ci', '--prefer-offline'], { cwd: folder, env, stdio: 'ignore' });
  assert.deepEqual(await once(installed, 'exit'), [0, null]);
  assert.ok(!existsSync(join(folder, 'node_modules', 'typescript')), 'nothing that only developers need');

  const server = spawn('npm', ['start'], {
    cwd: folder,
    env: { ...env, PORT: '0', WATTSYNC_DATA_DIR: join(folder, 'data'), LOG_LEVEL: 'warn' },
    detached: true,
  });
  const ended = once(server, 'exit');
  t.after(() => {
    if (server.exitCode === null && server.signalCode === null) process.kill(-server.pid!, 'SIGKILL');
  });
  let said = '';
  for (const stream of [server.stdout, server.stderr]) {
    stream.on('data', (chunk) => {
      said += chunk;
    });
  }
  await until(() => /http:\/\/[\w.:]+/.test(said) && said.includes('serves on'), 120_000).catch(() =>
    assert.fail(said),
  );
  const [url] = /http:\/\/[\w.:]+/.exec(said)!;
  await until(async () => (await fetch(`${url}/readyz`)).status === 200, 120_000);
  const { data } = (await (await fetch(`${url}/v1/plans?city=dallas-tx`)).json()) as { data: unknown[] };
  assert.ok(data.length > 0);
  assert.equal((await fetch(`${url}/cities/dallas-tx`)).status, 200);
  assert.doesNotMatch(said, /warning|deprecat|experimental|EBADENGINE/i);
  process.kill(server.pid!, 'SIGTERM');
  await ended;
  // npm does not wait for what it started; that ends all the same, and nobody is left on the port.
  await until(() =>
    fetch(`${url}/healthz`).then(
      () => false,
      () => true,
    ),
  );
});
