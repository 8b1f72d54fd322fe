import { WattsyncError } from '../../errors.ts';

/** The embedded PostgreSQL cannot be made or started. */
export class EmbeddedPostgresError extends WattsyncError {
  readonly code = 'embedded_postgres_failed';
  readonly retryable = false;
}

/** Nothing is there yet, and the command would only look. */
export class DatabaseMissingError extends WattsyncError {
  readonly code = 'database_missing';
  readonly retryable = false;
}
