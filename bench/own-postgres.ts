/** A PostgreSQL with room for many connections, that can be frozen. */

import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import pg from 'pg';
import { Secret } from '../src/config.ts';
import { type Database, openDatabase } from '../src/store/database.ts';
import { attachEmbeddedPostgres } from '../src/store/embedded/attach.ts';
import { accountForPostgres, findBinaries, launchAs } from '../src/store/embedded/binaries.ts';
import { migrate } from '../src/store/migrate.ts';
import { readTerritory, storeTerritory } from '../src/store/territory.ts';

const CONNECTIONS = 1_000;

export interface ManyConnections {
  newDatabase(): Promise<string>;
  signal(signal: NodeJS.Signals): void;
}

/** PostgreSQL with room for the connections of a herd. */
export async function withManyConnections<T>(
  folder: string,
  work: (server: ManyConnections) => Promise<T>,
): Promise<T> {
  const { connectionString, detach } = await attachEmbeddedPostgres(folder);
  await detach();
  const data = join(folder, 'postgres');
  const port = await freePort();
  const { command, args, options } = launchAs(
    accountForPostgres(),
    findBinaries().postgres,
    [
      ...['-D', data, '-c', `port=${port}`, '-c', `max_connections=${CONNECTIONS}`, '-c', 'jit=off'],
      ...['-c', 'listen_addresses=127.0.0.1', '-c', 'unix_socket_directories=', '-c', 'shared_buffers=64MB'],
    ],
    [data],
  );
  const postgres = spawn(command, args, { ...options, stdio: 'ignore' });
  const at = new URL(connectionString);
  at.port = String(port);
  const mainPid = () => Number(readFileSync(join(data, 'postmaster.pid'), 'utf8').split('\n')[0]);
  const signal = (name: NodeJS.Signals) => {
    const main = mainPid();
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
  };
  try {
    await untilConnects(at.href);
    let databases = 0;
    return await work({
      signal,
      async newDatabase() {
        const name = `bench_${++databases}`;
        const admin = new pg.Client({ connectionString: at.href });
        await admin.connect();
        await admin.query(`create database ${name}`);
        await admin.end();
        const url = new URL(at);
        url.pathname = `/${name}`;
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

export async function withUrl<T>(url: string, work: (database: Database) => Promise<T>): Promise<T> {
  const database = await openDatabase({ databaseUrl: new Secret(url), dataDir: '', connections: 4 });
  try {
    return await work(database);
  } finally {
    await database.close();
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

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));
