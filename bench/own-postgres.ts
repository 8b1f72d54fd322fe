/** The embedded PostgreSQL with settings of the benchmark's own, on a port of its own. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import pg from 'pg';
import { Secret } from '../src/config.ts';
import { attachEmbeddedPostgres } from '../src/store/embedded/attach.ts';
import { accountForPostgres, findBinaries, launchAs } from '../src/store/embedded/binaries.ts';
import { type Database, openDatabase } from '../src/store/postgres/database.ts';
import { migrate } from '../src/store/schema/migrate.ts';
import { readTerritory, storeTerritory } from '../src/store/territory.ts';

export interface OwnPostgres {
  /** A database with the territory in it. */
  newDatabase(): Promise<string>;
  /** To the server and all that belongs to it. */
  signal(signal: NodeJS.Signals): void;
}

export async function withOwnPostgres<T>(
  folder: string,
  settings: Record<string, string | number>,
  work: (server: OwnPostgres) => Promise<T>,
): Promise<T> {
  const { connectionString, detach } = await attachEmbeddedPostgres(folder);
  await detach();
  const data = join(folder, 'postgres');
  const port = await freePort();
  const all = { port, jit: 'off', listen_addresses: '127.0.0.1', unix_socket_directories: '', ...settings };
  const { command, args, options } = launchAs(
    accountForPostgres(),
    findBinaries().postgres,
    ['-D', data, ...Object.entries(all).flatMap(([name, value]) => ['-c', `${name}=${value}`])],
    [data],
  );
  const postgres = spawn(command, args, { ...options, stdio: 'ignore' });
  const at = new URL(connectionString);
  at.port = String(port);
  const mainPid = () => Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  try {
    await untilConnects(at.href);
    let databases = 0;
    return await work({
      signal: (name) => signalAll(mainPid(), name),
      async newDatabase() {
        const url = new URL(at);
        url.pathname = `/bench_${++databases}`;
        await withUrl(at.href, ({ pool }) => pool.query(`create database bench_${databases}`));
        await withUrl(url.href, async (database) => {
          await migrate(database);
          await storeTerritory(database, readTerritory());
        });
        return url.href;
      },
    });
  } finally {
    process.kill(mainPid(), 'SIGINT');
    await once(postgres, 'exit');
  }
}

export async function withUrl<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase({ databaseUrl: new Secret(url), dataDir: '', connections: 4 });
  try {
    return await work(database);
  } finally {
    await database.close();
  }
}

function signalAll(main: number, name: NodeJS.Signals): void {
  const children = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' })
    .split('\n')
    .flatMap((line) => {
      const [pid, parent] = line.trim().split(/\s+/).map(Number);
      return parent === main ? [pid!] : [];
    });
  for (const pid of [main, ...children]) {
    try {
      process.kill(pid, name);
    } catch {
      // Ended in between.
    }
  }
}

/** PostgreSQL with room for the connections of a herd, and no more memory than the embedded one has. */
export function withManyConnections<T>(
  folder: string,
  work: (server: OwnPostgres) => Promise<T>,
): Promise<T> {
  return withOwnPostgres(folder, { max_connections: 1_000, shared_buffers: '64MB' }, work);
}

async function untilConnects(url: string): Promise<void> {
  for (let attempt = 0; ; attempt++) {
    const client = new pg.Client({ connectionString: url });
    try {
      await client.connect();
      return;
    } catch (error) {
      if (attempt > 200) throw error;
      await pause(50);
    } finally {
      await client.end().catch(() => {});
    }
  }
}

async function freePort(): Promise<number> {
  const server = createServer();
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };
  server.close();
  return port;
}
