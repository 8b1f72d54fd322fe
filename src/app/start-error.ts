import { WattsyncError } from '../errors.ts';

/** The address to listen on cannot be had. */
export class PortTakenError extends WattsyncError {
  readonly code = 'port_unavailable';
  readonly retryable = false;
}
