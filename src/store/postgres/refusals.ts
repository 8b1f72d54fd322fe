/** What PostgreSQL refuses an operator, and what to grant or change: told by SQLSTATE, never by text. */

import { WattsyncError } from '../../errors.ts';
import { isContention, isOutOfReach } from './out-of-reach.ts';

/** PostgreSQL cannot be reached. */
export class DatabaseUnreachableError extends WattsyncError {
  readonly code = 'database_unreachable';
  readonly retryable = true;
}

/** Others hold what is needed, or were quicker: nothing was done. */
class DatabaseBusyError extends WattsyncError {
  readonly code = 'database_busy';
  readonly retryable = true;
}

/** The role has no right to do what is needed. */
class DatabaseDeniedError extends WattsyncError {
  readonly code = 'database_denied';
  readonly retryable = false;
}

/** Every connection the server, the database or the role may have is taken. */
class DatabaseFullError extends WattsyncError {
  readonly code = 'database_full';
  readonly retryable = true;
}

/** The database takes no writes: a standby, or one that is set so. */
class DatabaseReadOnlyError extends WattsyncError {
  readonly code = 'database_read_only';
  readonly retryable = false;
}

/** Not a database this program can work with, whatever is granted: its encoding, its version. */
export class DatabaseUnsuitableError extends WattsyncError {
  readonly code = 'database_unsuitable';
  readonly retryable = false;
}

/** A connection pooler that hands its connections around by transaction stands between. */
export class DatabasePooledError extends WattsyncError {
  readonly code = 'database_pooled';
  readonly retryable = false;
}

export const TOO_MANY_CONNECTIONS = '53300';

/** What the program needs to be allowed, for the owner of the database to say. */
const GRANTS =
  'the database and all its tables should belong to the role of DATABASE_URL: ' +
  '"alter database <name> owner to <role>; reassign owned by <former owner> to <role>"';

/** An error an operator can act on, for one that PostgreSQL answered with; others stay as they are. */
export function explainRefusal(error: unknown): unknown {
  if (error instanceof WattsyncError) return error;
  const { code, message } = (error ?? {}) as { code?: string; message?: string };
  const details = { cause: error };
  if (code === '42501') {
    const what = `PostgreSQL does not let the role of DATABASE_URL do this (${message})`;
    return new DatabaseDeniedError(`${what}. As its owner, or a superuser: ${GRANTS}`, details);
  }
  if (code === TOO_MANY_CONNECTIONS) {
    return new DatabaseFullError(
      `PostgreSQL has no connection left for the role of DATABASE_URL (${message}). ` +
        'Run fewer processes, lower DATABASE_POOL_SIZE, or raise the limit: "alter role <role> connection limit <n>", ' +
        'or max_connections of the server',
      details,
    );
  }
  if (code === '25006') {
    return new DatabaseReadOnlyError(
      `The database takes no writes (${message}): it is a standby, or default_transaction_read_only is on. ` +
        'Name the primary in DATABASE_URL, or: "alter role <role> set default_transaction_read_only = off"',
      details,
    );
  }
  if (isContention(error)) {
    return new DatabaseBusyError(
      `Others held rows or locks this needed (${message}); nothing was done. Try again`,
      details,
    );
  }
  if (isOutOfReach(error)) {
    return new DatabaseUnreachableError(`PostgreSQL did not answer (${message}). Try again`, details);
  }
  return error;
}
