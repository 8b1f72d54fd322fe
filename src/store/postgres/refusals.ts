/** What PostgreSQL refuses an operator, and what to grant or change: told by SQLSTATE, never by text. */

import { WattsyncError } from '../../errors.ts';
import { StoreError } from '../store-error.ts';
import { isContention, isOutOfReach } from './out-of-reach.ts';

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
    return new StoreError('database_denied', `${what}. As its owner, or a superuser: ${GRANTS}`, details);
  }
  if (code === TOO_MANY_CONNECTIONS) {
    return new StoreError(
      'database_full',
      `PostgreSQL has no connection left for the role of DATABASE_URL (${message}). ` +
        'Run fewer processes, lower DATABASE_POOL_SIZE, or raise the limit: "alter role <role> connection limit <n>", ' +
        'or max_connections of the server',
      details,
    );
  }
  if (code === '25006') {
    return new StoreError(
      'database_read_only',
      `The database takes no writes (${message}): it is a standby, or default_transaction_read_only is on. ` +
        'Name the primary in DATABASE_URL, or: "alter role <role> set default_transaction_read_only = off"',
      details,
    );
  }
  if (isContention(error)) {
    return new StoreError(
      'database_busy',
      `Others held rows or locks this needed (${message}); nothing was done. Try again`,
      details,
    );
  }
  if (isOutOfReach(error)) {
    return new StoreError(
      'database_unreachable',
      `PostgreSQL did not answer (${message}). Try again`,
      details,
    );
  }
  return error;
}
