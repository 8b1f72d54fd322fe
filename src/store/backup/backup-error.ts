import { WattsyncError } from '../../errors.ts';

/** The file is not a backup, or not whole. */
export class BackupDamagedError extends WattsyncError {
  readonly code = 'backup_damaged';
  readonly retryable = false;
}

/** There is a file of that name already. */
export class BackupExistsError extends WattsyncError {
  readonly code = 'backup_exists';
  readonly retryable = false;
}

/** A backup is restored into an empty database only. */
export class RestoreTargetError extends WattsyncError {
  readonly code = 'restore_target_not_empty';
  readonly retryable = false;
}

/** The backup is whole, and does not fit what the migrations make. */
export class RestoreFailedError extends WattsyncError {
  readonly code = 'restore_failed';
  readonly retryable = false;
}

/** The database has none of the tables of wattsync. */
export class NothingToBackUpError extends WattsyncError {
  readonly code = 'nothing_to_back_up';
  readonly retryable = false;
}
