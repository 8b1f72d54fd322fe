import { WattsyncError } from '../errors.ts';

/** The command was given something it cannot work with. */
export class UsageError extends WattsyncError {
  readonly code = 'bad_usage';
  readonly retryable = false;
}
