/** A real PgBouncer before a database, handing its connections around by transaction or by session. */

import { spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { until } from './support.ts';

export async function startPgbouncer(
  databaseUrl: string,
  more = '',
  mode = 'transaction',
): Promise<{ url: string }> {
  const { port: serverPort, pathname, username, password } = new URL(databaseUrl);
  const name = pathname.slice(1);
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-pgbouncer-'));
  chmodSync(folder, 0o755);
  const file = join(folder, 'pgbouncer.ini');
  const settings = `[databases]
${name} = host=127.0.0.1 port=${serverPort} dbname=${name} user=${username} password=${password}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = ${port}
unix_socket_dir =
auth_type = any
pool_mode = ${mode}
max_client_conn = 200
default_pool_size = 10
${more}
`;
  writeFileSync(file, settings, { mode: 0o644 });
  // It refuses to run as root.
  const asUser = process.getuid?.() === 0 ? ['-u', 'nobody'] : [];
  const child = spawn('pgbouncer', [...asUser, file], { stdio: 'ignore' });
  after(() => {
    child.kill('SIGINT');
    rmSync(folder, { recursive: true, force: true });
  });
  await until(() => isOpen(port));
  return { url: `postgresql://${username}@127.0.0.1:${port}/${name}` };
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as { port: number };
      server.close(() => resolve(port));
    });
  });
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
}
