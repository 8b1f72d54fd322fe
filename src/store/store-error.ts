import { WattsyncError } from '../errors.ts';

/** Whether the same may go through later, without anybody doing anything. */
const RETRYABLE = {
  /** PostgreSQL cannot be reached. */
  database_unreachable: true,
  /** Others hold what is needed, or were quicker: nothing was done. */
  database_busy: true,
  /** The role has no right to do what is needed. */
  database_denied: false,
  /** Every connection the server, the database or the role may have is taken. */
  database_full: true,
  /** The database takes no writes: a standby, or one that is set so. */
  database_read_only: false,
  /** Not a database this program can work with, whatever is granted: its encoding, its version. */
  database_unsuitable: false,
  /** A connection pooler that hands its connections around by transaction stands between. */
  database_pooled: false,
  /** There is no embedded database yet, and the command would only look. */
  database_missing: false,
  /** The embedded PostgreSQL cannot be made or started. */
  embedded_postgres_failed: false,
  /** The file is not a backup, or not whole. */
  backup_damaged: false,
  /** There is a file of that name already. */
  backup_exists: false,
  /** The database has none of the tables of wattsync. */
  nothing_to_back_up: false,
  /** A backup is restored into an empty database only. */
  restore_target_not_empty: false,
  /** The backup is whole, and does not fit what the migrations make. */
  restore_failed: false,
} as const;

type StoreErrorCode = keyof typeof RETRYABLE;

/** What the store refuses, or cannot do, and what an operator does about it. */
export class StoreError extends WattsyncError {
  readonly code: StoreErrorCode;
  readonly retryable: boolean;

  constructor(code: StoreErrorCode, message: string, details: { cause?: unknown } = {}) {
    super(message, details);
    this.code = code;
    this.retryable = RETRYABLE[code];
  }
}
