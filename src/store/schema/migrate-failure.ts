/** Why a migration did not go through, and what the operator of the database does about it. */

import { WattsyncError } from '../../errors.ts';
import type { Connection } from '../postgres/database.ts';
import { LOCKS } from '../postgres/locks.ts';
import type { Migration } from './migration.ts';

/** Other sessions keep locked what a migration has to change. Nothing of it was changed. */
class MigrationBlockedError extends WattsyncError {
  readonly code = 'migration_blocked';
  readonly retryable = true;
}

/** The PostgreSQL at DATABASE_URL has not got an extension, or does not let us create it. */
class ExtensionMissingError extends WattsyncError {
  readonly code = 'extension_missing';
  readonly retryable = false;
}

interface LockHolder {
  pid: number;
  who: string;
  /** Since its last statement ended; 0: it works. Not told of other roles' sessions: 0. */
  idle_seconds: number;
}

/** Who holds the lock of migrations. */
export async function readLockHolder(connection: Connection): Promise<LockHolder | null> {
  const { rows } = await connection.query<LockHolder>(
    `select a.pid, concat_ws(' ', coalesce(nullif(a.application_name, ''), 'a client'), 'of role ' || a.usename,
                             'on ' || host(a.client_addr)) as who,
            case when a.state like 'idle%' then extract(epoch from clock_timestamp() - a.state_change) else 0 end::int
              as idle_seconds
       from pg_locks l join pg_stat_activity a using (pid)
      where l.locktype = 'advisory' and l.granted and l.objid = $1 and l.classid = 0
        and l.database = (select oid from pg_database where datname = current_database())`,
    [LOCKS.migrate],
  );
  return rows[0] ?? null;
}

export const turnTaken = ({ pid, who, idle_seconds }: LockHolder): MigrationBlockedError =>
  new MigrationBlockedError(
    `Process ${pid} of PostgreSQL (${who}) holds the lock of migrations${idle_seconds > 0 ? ` and has done nothing for ${idle_seconds} s` : ''}. ` +
      `Let it end, or end it with "select pg_terminate_backend(${pid})"; then run: npm run db:migrate`,
  );

const LOCK_NOT_AVAILABLE = '55P03';
const DEADLOCK = '40P01';

/** Another session was in the way: the same may go through in a moment. */
export function isInTheWay(error: unknown): boolean {
  const { code } = error as { code?: string };
  return code === LOCK_NOT_AVAILABLE || code === DEADLOCK;
}

export async function blockedBy(
  connection: Connection,
  { name }: Migration,
  cause: unknown,
): Promise<MigrationBlockedError> {
  const { rows } = await connection.query<{ pid: number; who: string; seconds: number; query: string }>(
    `select pid, coalesce(nullif(application_name, ''), 'a client') as who, left(query, 80) as query,
            extract(epoch from now() - xact_start)::int as seconds
       from pg_stat_activity
      where datname = current_database() and pid <> pg_backend_pid() and xact_start is not null
      order by xact_start limit 3`,
  );
  const others = rows.map(
    ({ pid, who, seconds, query }) => `process ${pid} (${who}, since ${seconds} s): ${query}`,
  );
  return new MigrationBlockedError(
    `Migration ${name} did not get its locks: others hold them. Nothing of it was changed. ` +
      `Transactions under way: ${others.join('; ') || 'none now'}. ` +
      'Let them end, or end one with "select pg_terminate_backend(<process>)"; then run: npm run db:migrate',
    { cause },
  );
}

/** SQLSTATEs of a `create extension` that may not be, and of one that cannot be because its files are not there. */
const REFUSED = '42501';
const NOT_INSTALLED = ['0A000', '58P01'];

/** The error itself, or one that says what to do where that is known. */
export function explained(error: unknown, { name, sql }: Migration): unknown {
  const extension = /^\s*create extension (?:if not exists )?(\w+)/im.exec(sql)?.[1];
  const { code = '', message } = error as { code?: string; message: string };
  if (!extension || !message.includes(extension)) return error;
  const needs = `Migration ${name} needs the extension ${extension}. `;
  if (code === REFUSED) {
    return new ExtensionMissingError(
      `${needs}The server does not let this user create it (${message}). Have a superuser run, in this database: ` +
        `create extension ${extension}; then run: npm run db:migrate`,
      { cause: error },
    );
  }
  if (NOT_INSTALLED.includes(code)) {
    return new ExtensionMissingError(
      `${needs}The server has not got it (${message}). Install PostgreSQL's additional modules there ` +
        '(Debian, Ubuntu: postgresql-contrib); then run: npm run db:migrate',
      { cause: error },
    );
  }
  return error;
}
