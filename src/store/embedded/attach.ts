/**
 * Several processes share one embedded PostgreSQL: the first one in starts it, the last one out stops it.
 *
 * PostgreSQL itself counts the attached processes: every process keeps one connection open for as long as it is attached.
 * A process that was killed loses its connection with its life, so there is no list that could go wrong.
 */

import { accessSync, constants, existsSync, mkdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import type pg from 'pg';
import { StoreError } from '../store-error.ts';
import { Cluster, type ClusterAccess } from './cluster.ts';

interface Attachment {
  connectionString: string;
  /** Safe to call twice. */
  detach(): Promise<void>;
}

const ATTACHED = 'wattsync attached';
const LEAVING = 'wattsync leaving';
const KEEPER_DEADLINE_MS = 5_000;
const REVIVE_MS = 500;

/** On the way to a PostgreSQL. */
export interface Attaching {
  /**
   * Its address where it runs already: a caller that connects then need not wait until it is known that it stays. Should it
   * stop after all, that connection breaks and the attachment is to another one. `null`: it is being started.
   */
  running: string | null;
  /** What takes long goes on in another process: now is the time to load something. */
  launched: Promise<void>;
  /** @throws {StoreError} `embedded_postgres_failed` it cannot be made or started; the message holds what PostgreSQL said */
  attached: Promise<Attachment>;
}

/**
 * @param mayCreate false: a command that only looks says that there is no database, instead of showing an empty one
 * @throws {StoreError} `embedded_postgres_failed` the folder cannot be used
 */
export function beginAttaching(dataDir: string, mayCreate: boolean): Attaching {
  if (!mayCreate && !existsSync(join(dataDir, 'postgres'))) {
    throw new StoreError(
      'database_missing',
      `There is no database yet: DATABASE_URL is not set, and nothing is under ${dataDir} (WATTSYNC_DATA_DIR). ` +
        'Start the program, which makes one: npm start',
    );
  }
  usable(dataDir);
  const launch = Promise.withResolvers<void>();
  const cluster = new Cluster(dataDir, launch.resolve);
  const access = cluster.access();
  const attached = attach(dataDir, cluster);
  attached.then(
    () => launch.resolve(),
    () => launch.resolve(),
  );
  return { running: access && addressOf(access), launched: launch.promise, attached };
}

/** @throws {StoreError} `embedded_postgres_failed` */
export const attachEmbeddedPostgres = async (dataDir: string, mayCreate = true): Promise<Attachment> =>
  beginAttaching(dataDir, mayCreate).attached;

/** @throws {StoreError} `embedded_postgres_failed` nothing can be kept there */
function usable(dataDir: string): void {
  try {
    makeFolders(dataDir);
    accessSync(dataDir, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = WHY_NOT[code ?? ''] ?? message;
    throw new StoreError(
      'embedded_postgres_failed',
      `The data folder ${dataDir} cannot be used: ${why}. Name another one with WATTSYNC_DATA_DIR, or set DATABASE_URL.`,
    );
  }
}

/** One by one: below `/proc` the recursive way of Node never ends. */
function makeFolders(path: string): void {
  if (!existsSync(path)) {
    makeFolders(dirname(path));
    try {
      mkdirSync(path);
    } catch (error) {
      // Another process was quicker.
      if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
    }
  } else if (!statSync(path).isDirectory()) {
    throw Object.assign(new Error(`${path} is a file`), { code: 'ENOTDIR' });
  }
}

const WHY_NOT: Record<string, string> = {
  ENOTDIR: 'it, or a part of its path, is a file',
  EACCES: 'this user may not read and write there',
  EPERM: 'this user may not make a folder there',
  EROFS: 'the file system is read-only',
  ENOENT: 'no folder can be made there',
  ENOSPC: 'the disk is full',
};

async function attach(dataDir: string, cluster: Cluster): Promise<Attachment> {
  const run = async () => connect(await cluster.ensureRuns());
  const first =
    (await joinOthers(cluster)) ??
    (await locked(dataDir, async () => {
      await cluster.ensureExists();
      return run();
    }));
  const { connectionString } = first;
  let { keeper } = first;

  let leaving: Promise<void> | undefined;
  let reviving: Promise<void> = Promise.resolve();
  /** A PostgreSQL that was killed is started again, on the port the others know, by the first one to notice. */
  const watch = () => {
    keeper.once('end', () => {
      reviving = revive();
    });
  };
  const revive = async () => {
    while (!leaving) {
      await pause(REVIVE_MS);
      const attached = leaving ? null : await locked(dataDir, run).catch(() => null);
      if (!attached) continue;
      keeper = attached.keeper;
      return watch();
    }
  };
  watch();
  const leave = async () => {
    await reviving;
    // Somebody stays: nothing is to be decided. Two that leave at once both see nobody, and decide one after the other.
    if (!(await isLastOneOut(keeper))) return keeper.end().catch(() => {});
    await locked(dataDir, async () => {
      if (await isLastOneOut(keeper)) await cluster.stop();
      await keeper.end().catch(() => {});
    });
  };
  return {
    connectionString,
    detach() {
      leaving ??= leave();
      return leaving;
    },
  };
}

interface Attached {
  connectionString: string;
  keeper: pg.Client;
}

const addressOf = ({ port, password }: ClusterAccess): string =>
  `postgresql://wattsync:${password}@127.0.0.1:${port}/postgres`;

async function connect(access: ClusterAccess): Promise<Attached> {
  const connectionString = addressOf(access);
  const { default: postgres } = await import('pg');
  const keeper = new postgres.Client({
    connectionString,
    application_name: ATTACHED,
    // A server that hangs must not hang a command that is to find out about it.
    connectionTimeoutMillis: KEEPER_DEADLINE_MS,
    query_timeout: KEEPER_DEADLINE_MS,
  });
  // That it is lost is heard as its end.
  keeper.on('error', () => {});
  try {
    await keeper.connect();
  } catch (cause) {
    throw new StoreError(
      'embedded_postgres_failed',
      `The embedded PostgreSQL on port ${access.port} runs and does not let anybody in (${cause instanceof Error ? cause.message : cause}). ` +
        'Its log is postgres.log in the data folder; if it hangs, end its process and run the command again.',
      { cause },
    );
  }
  return { connectionString, keeper };
}

/**
 * The short way in beside somebody who is in and stays: no lock. A process that leaves says so before it counts the others, so
 * an attached process that has not said so will see this one when it does.
 * @returns `null` where nobody is in, or all are leaving
 */
async function joinOthers(cluster: Cluster): Promise<Attached | null> {
  const access = cluster.access();
  const attached = access && (await connect(access).catch(() => null));
  if (!attached) return null;
  const stays = await attached.keeper
    .query<{ stays: boolean }>(
      `select count(*) > 1 as stays from pg_stat_activity
        where backend_type = 'client backend' and application_name = $1`,
      [ATTACHED],
    )
    .then(
      ({ rows }) => rows[0]?.stays === true,
      () => false,
    );
  if (stays) return attached;
  await attached.keeper.end().catch(() => {});
  return null;
}

/**
 * Nobody else is attached and no other client (psql, a backup) is at work. Connections of processes that are just
 * leaving may still be listed: they have said so by their name.
 */
async function isLastOneOut(keeper: pg.Client): Promise<boolean> {
  try {
    await keeper.query(`set application_name = '${LEAVING}'`);
    const { rows } = await keeper.query<{ others: number }>(
      `select count(*)::int as others from pg_stat_activity
        where backend_type = 'client backend' and application_name not in ('wattsync', '${LEAVING}')`,
    );
    return rows[0]?.others === 0;
  } catch {
    // The connection is lost, so nobody can be asked: leave the server to the others.
    return false;
  }
}

/** The lock covers only coming and going, never the work. One left by a killed process is taken over after 5 s. */
async function locked<T>(dataDir: string, work: () => Promise<T>): Promise<T> {
  // Loaded when needed: it takes longer than joining the others.
  const { default: lockfile } = await import('proper-lockfile');
  const release = await lockfile.lock(dataDir, {
    lockfilePath: join(dataDir, 'postgres.lock'),
    stale: 5_000,
    retries: { retries: 1_500, factor: 1, minTimeout: 20, maxTimeout: 60 },
    onCompromised: () => {},
  });
  try {
    return await work();
  } finally {
    await release().catch(() => {});
  }
}
