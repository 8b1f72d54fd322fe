/** Whether the PostgreSQL that answers is one the program can work with. */

import pg from 'pg';
import { StoreError } from '../store-error.ts';
import { settingsNotInForce } from './session-settings.ts';

/** What an operator does about a pooler. */
export const POOLER_ADVICE =
  'It forgets what a session sets, locks and listens to. Name PostgreSQL itself in DATABASE_URL ' +
  '(Supabase: the direct connection or port 5432; Neon: the host without "-pooler"), or in DATABASE_URL_DIRECT beside it';

/** What makes PgBouncer in session mode take our connections. */
export const SESSION_POOLER_ADVICE =
  'ignore_startup_parameters = options,idle_in_transaction_session_timeout among its settings';

/** Tables say how their columns are stored, which older ones do not understand. */
const OLDEST = 16;

export const tooOld = (why: string, cause?: unknown): StoreError =>
  new StoreError(
    'database_unsuitable',
    `The PostgreSQL at DATABASE_URL is too old (${why}): expected version ${OLDEST} or newer.`,
    { cause },
  );

/**
 * Whether this connection leads to a database the program can work with.
 * @throws {StoreError} `database_unsuitable` it is too old, or its texts are not UTF-8
 * @throws {StoreError} `database_unsuitable` a pooler drops what the session sets, and its defaults do not do
 * @throws {StoreError} `database_pooled` a pooler answers that hands its connections around by transaction
 */
export async function checkServer(connection: pg.PoolClient, connectionString: string): Promise<void> {
  const { rows } = await connection.query<{ pid: number; encoding: string; name: string; version: string }>(
    `select pg_backend_pid() as pid, pg_encoding_to_char(encoding) as encoding, datname as name,
            current_setting('server_version') as version
       from pg_database where datname = current_database()`,
  );
  const { pid, encoding, name, version } = rows[0]!;
  if (Number.parseInt(version, 10) < OLDEST) throw tooOld(`it is ${version}`);
  if (encoding !== 'UTF8') {
    throw new StoreError(
      'database_unsuitable',
      `The database "${name}" stores texts as ${encoding}, which cannot hold every plan's. ` +
        `Make one that can: createdb --encoding=UTF8 --template=template0 --locale=C ${name}_utf8`,
    );
  }
  // A pooler answers with a number of its own, in session mode as well.
  const { processID } = connection as unknown as { processID: number };
  if (processID === pid) return;
  if (await isShared(connection, connectionString, pid)) {
    throw new StoreError(
      'database_pooled',
      `Behind DATABASE_URL a pooler hands connections around by transaction. ${POOLER_ADVICE}.`,
    );
  }
  await expectSettings(connection);
}

/** A pooler in session mode is as good as none, but it may have dropped what we set as the connection began. */
async function expectSettings(connection: pg.PoolClient): Promise<void> {
  const wrong = await settingsNotInForce(connection);
  if (wrong.length === 0) return;
  const found = wrong.map(({ name, is }) => `${name} is "${is}"`).join(', ');
  const changes = wrong
    .map(({ name, expected }) => `alter role <role> set ${name} = '${expected}'`)
    .join('; ');
  throw new StoreError(
    'database_unsuitable',
    `The pooler at DATABASE_URL does not pass on what a session sets (${found}). Set it for the role: ${changes}`,
  );
}

/** Whether a second connection gets the server's end of the first while that is open, or the first one then gets another. */
async function isShared(first: pg.PoolClient, connectionString: string, pid: number): Promise<boolean> {
  const backendOf = async (one: Pick<pg.PoolClient, 'query'>) =>
    (await one.query<{ pid: number }>('select pg_backend_pid() as pid')).rows[0]!.pid;
  const second = new pg.Client({ connectionString });
  second.on('error', () => {});
  try {
    await second.connect();
    await second.query('begin');
    return (await backendOf(second)) === pid || (await backendOf(first)) !== pid;
  } finally {
    await second.end().catch(() => {});
  }
}

/**
 * Through a pooler nothing can be set for a session: there the defaults of the role have to do.
 * @throws {StoreError} `database_unsuitable` they do not
 */
export async function checkPooled(queryable: Pick<pg.Pool, 'query'>): Promise<void> {
  const { rows } = await queryable.query<{ style: string; conforming: string }>(
    "select current_setting('DateStyle') as style, current_setting('standard_conforming_strings') as conforming",
  );
  const { style, conforming } = rows[0]!;
  if (style.startsWith('ISO') && conforming === 'on') return;
  throw new StoreError(
    'database_unsuitable',
    `Behind the pooler at DATABASE_URL dates come as "${style}", and standard_conforming_strings is ${conforming}. ` +
      "Set what cannot be set through it: alter role <role> set DateStyle = 'ISO'; " +
      'alter role <role> set standard_conforming_strings = on',
  );
}
