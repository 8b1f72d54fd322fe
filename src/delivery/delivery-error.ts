import { WattsyncError } from '../errors.ts';

/** A message was not taken by where it was sent. `retryable`: it may be later. */
export class DeliveryError extends WattsyncError {
  readonly code = 'delivery_failed';
  readonly retryable: boolean;

  constructor(message: string, { retryable = true, cause }: { retryable?: boolean; cause?: unknown } = {}) {
    super(message, { cause });
    this.retryable = retryable;
  }
}
