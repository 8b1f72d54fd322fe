import { WattsyncError } from '../errors.ts';

/** A layer did not answer in time, or is left alone because it did not lately. */
export class LayerUnavailableError extends WattsyncError {
  readonly code = 'layer_unavailable';
  readonly retryable = true;
}
