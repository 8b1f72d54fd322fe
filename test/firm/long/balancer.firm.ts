/** Three rolling restarts behind a real nginx while ten thousand requests come: none of them may fail. */

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { Agent, get } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { startSandbox } from '../../../src/sandbox/server.ts';
import { freePort } from '../../support/cache.ts';
import { createTestDatabase, spawnWattsync, until, wattsync } from '../../support/support.ts';

const REQUESTS = 10_000;
const CALLERS = 20;
const RESTARTS = 3;

const { url: DATABASE_URL } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 20 });
test.after(() => sandbox.stop());
const env = {
  DATABASE_URL,
  COMPAREPOWER_API_URL: sandbox.url,
  LOG_LEVEL: 'error',
  SHUTDOWN_DELAY_MS: '1500',
};
assert.equal((await wattsync(['sync', 'full'], env)).code, 0);

async function startNginx(ports: readonly number[]): Promise<number> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-nginx-'));
  const config = `
daemon off;
pid ${folder}/nginx.pid;
error_log ${folder}/error.log;
events {}
http {
  access_log off;
  client_body_temp_path ${folder}/a; proxy_temp_path ${folder}/b; fastcgi_temp_path ${folder}/c;
  uwsgi_temp_path ${folder}/d; scgi_temp_path ${folder}/e;
  upstream wattsync {
${ports.map((one) => `    server 127.0.0.1:${one} max_fails=0;`).join('\n')}
    keepalive 16;
    keepalive_timeout 60s;
  }
  server {
    listen 127.0.0.1:${port};
    location / {
      proxy_pass http://wattsync;
      proxy_connect_timeout 1s;
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_set_header X-Request-Id $request_id;
      proxy_next_upstream error timeout http_503;
    }
  }
}
`;
  writeFileSync(join(folder, 'nginx.conf'), config);
  const child = spawn('nginx', ['-c', join(folder, 'nginx.conf'), '-p', folder], { stdio: 'ignore' });
  test.after(() => child.kill('SIGTERM'));
  await until(() =>
    fetch(`http://127.0.0.1:${port}/healthz`).then(
      ({ status }) => status === 200,
      () => false,
    ),
  );
  return port;
}

test(`${REQUESTS} requests over ${RESTARTS} rolling restarts behind nginx: no error`, async () => {
  const ports = [await freePort(), await freePort()];
  const start = async (port: number) => {
    const server = spawnWattsync(['start', '--role', 'web', '--json'], { ...env, PORT: String(port) });
    await until(async () =>
      fetch(`http://127.0.0.1:${port}/readyz`).then(
        ({ status }) => status === 200,
        () => false,
      ),
    );
    return server;
  };
  const servers = await Promise.all(ports.map(start));
  const nginx = await startNginx(ports);
  const agent = new Agent({ keepAlive: true, maxSockets: CALLERS });
  const failures: string[] = [];
  let answered = 0;
  const ask = () =>
    new Promise<void>((resolve) => {
      const failed = (error: Error) => {
        failures.push(error.message);
        resolve();
      };
      get(`http://127.0.0.1:${nginx}/v1/plans?city=dallas-tx`, { agent }, (response) => {
        response.resume().once('error', failed);
        response.once('end', () => {
          answered += 1;
          if (response.statusCode !== 200) failures.push(String(response.statusCode));
          resolve();
        });
      }).once('error', failed);
    });
  let isRestarting = true;
  let asked = 0;
  const callers = Array.from({ length: CALLERS }, async () => {
    // Until both are done: the requests, and the restarts they are to survive.
    while (asked < REQUESTS || isRestarting) {
      asked += 1;
      await ask();
    }
  });
  for (let restart = 0; restart < RESTARTS; restart++) {
    for (const [i, port] of ports.entries()) {
      servers[i]!.child.kill('SIGTERM');
      assert.equal(await servers[i]!.ended, 0);
      servers[i] = await start(port);
    }
  }
  isRestarting = false;
  await Promise.all(callers);
  agent.destroy();
  for (const { child } of servers) child.kill('SIGTERM');
  await Promise.all(servers.map(({ ended }) => ended));
  console.log(`# ${answered} answers, ${failures.length} failures`);
  assert.deepEqual(failures, []);
  assert.ok(answered >= REQUESTS);
});
