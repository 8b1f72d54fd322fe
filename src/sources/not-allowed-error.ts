import { WattsyncError } from '../errors.ts';

/** No upstream call was made, because none is allowed before `until`. */
export abstract class NotAllowedError extends WattsyncError {
  readonly retryable = true;
  readonly until: Date;

  constructor(message: string, until: Date) {
    super(message);
    this.until = until;
  }
}
