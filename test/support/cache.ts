/** A real Redis, a proxy that can go silent, and a PostgreSQL that can be frozen. */

import assert from 'node:assert/strict';
import { type ChildProcess, execFileSync, fork, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { Secret } from '../../src/config.ts';
import { attachEmbeddedPostgres } from '../../src/store/embedded/attach.ts';
import { until } from './support.ts';

export async function freePort(): Promise<number> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface RedisServer {
  port: number;
  url: Secret;
  /** To look and to break things with. */
  admin: Redis;
  signal(name: NodeJS.Signals): void;
  kill(): Promise<void>;
  /** Resolves when it answers; with more arguments, as soon as it takes connections. */
  restart(args?: string[]): Promise<void>;
}

/** A Redis of this file's own; gone when its tests are over. */
export async function startRedis(): Promise<RedisServer> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-redis-'));
  let child: ChildProcess;
  const admin = new Redis({
    port,
    lazyConnect: true,
    retryStrategy: () => 50,
    maxRetriesPerRequest: null,
    // One that is loading says so.
    enableReadyCheck: false,
  });
  admin.on('error', () => {});
  const run = async (more: string[] = []) => {
    const args = ['--port', String(port), '--bind', '127.0.0.1', '--save', '', '--dir', folder, ...more];
    child = spawn('redis-server', args, { stdio: 'ignore' });
    await until(() =>
      admin.ping().then(
        () => true,
        () => more.length > 0,
      ),
    );
  };
  const kill = async () => {
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await gone;
  };
  await run();
  after(() => {
    admin.disconnect();
    child.kill('SIGKILL');
    rmSync(folder, { recursive: true, force: true });
  });
  const url = new Secret(`redis://127.0.0.1:${port}`);
  return { port, url, admin, signal: (name) => void child.kill(name), kill, restart: run };
}

/** Between a client and a server: passes everything on, or swallows it, or lets it drip, or cuts it off. */
export async function startProxy(target: number) {
  const pairs = new Set<Socket>();
  /** Sockets that will never carry anything again, though nobody told their ends. */
  const lost = new WeakSet<Socket>();
  const state = {
    isSilent: false,
    /** New connections are closed at once. */
    isRefusing: false,
    delayMs: 0,
    bytesPerSecond: Number.POSITIVE_INFINITY,
    connections: 0,
  };
  const drip = async (chunk: Buffer, to: Socket) => {
    let sent = 0;
    for (; sent < chunk.length && state.bytesPerSecond < Number.POSITIVE_INFINITY; sent++) {
      if (!to.writable) return;
      to.write(chunk.subarray(sent, sent + 1));
      await new Promise((resolve) => setTimeout(resolve, 1_000 / state.bytesPerSecond).unref());
    }
    if (to.writable) to.write(chunk.subarray(sent));
  };
  const server: Server = createServer((near) => {
    state.connections += 1;
    if (state.isRefusing) return void near.destroy();
    const far = connect(target, '127.0.0.1');
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      pairs.add(from);
      from.on('data', (chunk: Buffer) => {
        if (state.isSilent || lost.has(from)) return;
        if (state.bytesPerSecond < Number.POSITIVE_INFINITY) void drip(chunk, to);
        else setTimeout(() => to.writable && to.write(chunk), state.delayMs);
      });
      from.on('error', () => {});
      from.on('close', () => {
        pairs.delete(from);
        if (!state.isSilent) to.destroy();
      });
    }
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  const cut = () => {
    for (const socket of pairs) socket.resetAndDestroy();
  };
  /** The connections there are lead nowhere any more, as when a machine loses its power; new ones work. */
  const vanish = () => {
    for (const socket of pairs) lost.add(socket);
  };
  after(() => {
    cut();
    server.close();
  });
  return { port, url: new Secret(`redis://127.0.0.1:${port}`), state, cut, vanish };
}

/** A PostgreSQL of its own, with all its processes to be frozen at once, or to be broken off and started again. */
export async function startPostgres() {
  const folder = mkdtempSync(join(tmpdir(), 'wattsync-frozen-'));
  let server = await attachEmbeddedPostgres(folder);
  const pidFile = join(folder, 'postgres', 'postmaster.pid');
  const mainPid = () => Number(readFileSync(pidFile, 'utf8').split('\n')[0]);
  const signal = (name: NodeJS.Signals) => {
    const main = mainPid();
    const list = execFileSync('ps', ['-eo', 'pid=,ppid='], { encoding: 'utf8' });
    const own = list.split('\n').flatMap((line) => {
      const [pid, parent] = line.trim().split(/\s+/).map(Number);
      return parent === main ? [pid!] : [];
    });
    // The parent first: frozen, it makes no new ones.
    for (const pid of [main, ...own]) {
      try {
        process.kill(pid, name);
      } catch {
        // Ended in between.
      }
    }
  };
  /** As a crash: nothing is written down, everybody is thrown out. */
  const crash = async () => {
    process.kill(mainPid(), 'SIGQUIT');
    await until(() => !existsSync(pidFile));
  };
  /** At the same address. */
  const restart = async () => {
    const crashed = server;
    server = await attachEmbeddedPostgres(folder);
    assert.equal(server.connectionString, crashed.connectionString);
    await crashed.detach();
  };
  after(async () => {
    signal('SIGCONT');
    await server.detach();
    rmSync(folder, { recursive: true, force: true });
  });
  return { url: server.connectionString, signal, crash, restart };
}

const CHILD = fileURLToPath(new URL('./cache-child.ts', import.meta.url));

/** A process with a cache, a listener and a refresher of its own. */
export async function spawnReader(job: Record<string, unknown>) {
  const child = fork(CHILD, [JSON.stringify(job)], { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  after(() => void child.kill('SIGKILL'));
  const said: Record<string, unknown>[] = [];
  child.on('message', (message) => said.push(message as Record<string, unknown>));
  await until(() => said.some(({ ready }) => ready));
  const answer = async (key: string): Promise<Record<string, unknown>> => {
    await until(() => said.some((one) => key in one), 60_000);
    return said.find((one) => key in one)!;
  };
  /** Resolves once a reader there gets this version or a later one. */
  const sees = (version: number) => {
    child.send({ version });
    return answer(`saw ${version}`);
  };
  return { child, answer, sees, go: () => child.send('go') };
}
