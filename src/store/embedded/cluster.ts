/**
 * The files of one embedded PostgreSQL: made once, started and stopped when needed. The caller holds the lock.
 *
 *   postgres/        the cluster (PGDATA)
 *   postgres.json    port and password, readable by the owner only
 *   postgres.log     what PostgreSQL says
 */

import { execFile, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  chownSync,
  closeSync,
  existsSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';
import { StoreError } from '../store-error.ts';
import { accountForPostgres, findBinaries, type Launch, launchAs } from './binaries.ts';

export interface ClusterAccess {
  port: number;
  password: string;
}

const START_DEADLINE_MS = 60_000;
const STOP_DEADLINE_MS = 30_000;
const POLL_MS = 4;

/**
 * One machine, one application: a quarter of the usual memory would do, all of it is more than Texas needs. Each process
 * of the program may open some thirty connections, and there may be several.
 */
const SETTINGS = {
  listen_addresses: '127.0.0.1',
  unix_socket_directories: '',
  max_connections: '200',
  shared_buffers: '64MB',
  max_wal_size: '1GB',
  random_page_cost: '1.1',
  jit: 'off',
  // For db:metrics. Has to be there when the server starts.
  shared_preload_libraries: 'pg_stat_statements',
};

/**
 * The built-in locale provider gives texts the same order on every machine, whatever locales it has. The password is 144
 * random bits: stretching it would only make every connection some milliseconds slower.
 */
const INITDB =
  '-U wattsync -A scram-sha-256 -E UTF8 --locale-provider=builtin --builtin-locale=C.UTF-8 --locale=C -c scram_iterations=1';

export class Cluster {
  readonly #folder: string;
  readonly #data: string;
  readonly #accessFile: string;
  readonly #log: string;
  readonly #onLaunch: () => void;

  /** @param onLaunch called when a program of PostgreSQL was started that takes a while */
  constructor(folder: string, onLaunch: () => void) {
    this.#folder = folder;
    this.#onLaunch = onLaunch;
    this.#data = join(folder, 'postgres');
    this.#accessFile = join(folder, 'postgres.json');
    this.#log = join(folder, 'postgres.log');
  }

  /** Makes the cluster unless it is there. It takes its name only when whole, so a crash leaves nothing half. */
  async ensureExists(): Promise<void> {
    if (existsSync(this.#data) && existsSync(this.#accessFile)) return;
    if (existsSync(this.#data)) {
      throw new StoreError(
        'embedded_postgres_failed',
        `${this.#accessFile} is missing, so nobody knows the password of the database beside it. ` +
          `Restore the file from a backup, or remove ${this.#data} to start with an empty database.`,
      );
    }
    const account = accountForPostgres();
    const fresh = join(this.#folder, 'postgres.new');
    const passwordFile = join(this.#folder, 'postgres.password');
    const password = randomBytes(18).toString('base64url');
    rmSync(fresh, { recursive: true, force: true });
    rmSync(passwordFile, { force: true });
    try {
      mkdirSync(fresh, { mode: 0o700 });
      writeFileSync(passwordFile, password, { mode: 0o600 });
      if (account) for (const path of [fresh, passwordFile]) chownSync(path, account.uid, account.gid);
      const args = ['-D', fresh, `--pwfile=${passwordFile}`, ...INITDB.split(' ')];
      await run(launchAs(account, findBinaries().initdb, args, [this.#data]), this.#onLaunch);
    } finally {
      rmSync(passwordFile, { force: true });
    }
    this.#writeAccess({ port: 0, password });
    renameSync(fresh, this.#data);
  }

  /** Starts PostgreSQL unless it runs, and waits until it takes connections. */
  async ensureRuns(): Promise<ClusterAccess> {
    const access = this.#readAccess();
    const running = this.#postmaster();
    if (running) {
      await this.#untilReady(() => this.#postmaster() !== null);
      return access;
    }
    rmSync(join(this.#data, 'postmaster.pid'), { force: true });
    const port = await freePort(access.port).catch(() => freePort(0));
    if (port !== access.port) this.#writeAccess({ ...access, port });
    await this.#start(port);
    return { ...access, port };
  }

  /** How to reach it, if it runs and takes connections just now. */
  access(): ClusterAccess | null {
    return this.#postmaster()?.status === 'ready' && existsSync(this.#accessFile) ? this.#readAccess() : null;
  }

  /** Stops PostgreSQL the fast way: running statements are rolled back, nothing is lost. */
  async stop(): Promise<void> {
    const postmaster = this.#postmaster();
    if (!postmaster) return;
    process.kill(postmaster.pid, 'SIGINT');
    const deadline = Date.now() + STOP_DEADLINE_MS;
    while (isAlive(postmaster.pid)) {
      if (Date.now() > deadline) {
        throw new StoreError(
          'embedded_postgres_failed',
          `PostgreSQL (process ${postmaster.pid}) does not stop; see ${this.#log}`,
        );
      }
      await pause(POLL_MS);
    }
  }

  async #start(port: number): Promise<void> {
    const settings = Object.entries({ ...SETTINGS, port }).flatMap(([name, value]) => [
      '-c',
      `${name}=${value}`,
    ]);
    const args = ['-D', this.#data, ...settings];
    const launch = launchAs(accountForPostgres(), findBinaries().postgres, args, [this.#data]);
    const log = openSync(this.#log, 'a', 0o600);
    // In a process group of its own: Ctrl-C in the terminal of one user must not stop the database of the others.
    const child = spawn(launch.command, launch.args, {
      ...launch.options,
      detached: true,
      stdio: ['ignore', log, log],
    });
    closeSync(log);
    this.#onLaunch();
    // Where it could not even be started there is no process id.
    child.on('error', () => {});
    await this.#untilReady(
      () => child.pid !== undefined && child.exitCode === null && child.signalCode === null,
    );
    child.unref();
  }

  async #untilReady(isComing: () => boolean): Promise<void> {
    const deadline = Date.now() + START_DEADLINE_MS;
    while (this.#postmaster()?.status !== 'ready') {
      if (!isComing() || Date.now() > deadline) {
        throw new StoreError(
          'embedded_postgres_failed',
          `PostgreSQL did not start. The end of ${this.#log}:\n${tail(this.#log)}`,
        );
      }
      await pause(POLL_MS);
    }
  }

  /** What `postmaster.pid` says, if the process it names is the server of this cluster. */
  #postmaster(): { pid: number; status: string } | null {
    let lines: string[];
    try {
      lines = readFileSync(join(this.#data, 'postmaster.pid'), 'utf8').split('\n');
    } catch {
      return null;
    }
    const pid = Number.parseInt(lines[0] ?? '', 10);
    if (!(pid > 0) || !isAlive(pid) || !isServerOf(pid, this.#data)) return null;
    return { pid, status: lines[7]?.trim() ?? '' };
  }

  #readAccess(): ClusterAccess {
    return JSON.parse(readFileSync(this.#accessFile, 'utf8')) as ClusterAccess;
  }

  #writeAccess(access: ClusterAccess): void {
    const draft = `${this.#accessFile}.new`;
    writeFileSync(draft, `${JSON.stringify(access)}\n`, { mode: 0o600 });
    renameSync(draft, this.#accessFile);
  }
}

async function run({ command, args, options }: Launch, onLaunch: () => void): Promise<void> {
  try {
    const running = promisify(execFile)(command, args, options);
    onLaunch();
    await running;
  } catch (cause) {
    const said = (cause as { stderr?: string }).stderr?.trim();
    throw new StoreError('embedded_postgres_failed', `The database cannot be made:\n${said || cause}`, {
      cause,
    });
  }
}

function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM';
  }
}

/** After a crash the number may belong to another process by now; Linux can tell, elsewhere the number is believed. */
function isServerOf(pid: number, data: string): boolean {
  if (!existsSync('/proc/self/cmdline')) return true;
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0').includes(data);
  } catch {
    return false;
  }
}

/** @throws what the system says, if the wanted one is taken; 0 takes any */
function freePort(wanted: number): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.on('error', reject);
    server.listen(wanted, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}

function tail(file: string): string {
  try {
    return readFileSync(file, 'utf8').trimEnd().split('\n').slice(-8).join('\n');
  } catch {
    return '(nothing)';
  }
}
