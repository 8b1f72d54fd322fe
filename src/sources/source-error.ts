import { WattsyncError } from '../errors.ts';

/** Terminal codes stay wrong until somebody acts; retryable ones may heal by themselves. */
const RETRYABLE = {
  /** No answer: refused, reset, name not found, or the deadline passed. */
  upstream_unreachable: true,
  /** 429. */
  upstream_rate_limited: true,
  /** 5xx. */
  upstream_failed: true,
  /** An answer that is not what was asked for: cut off, not JSON, not a list, not the CSV. */
  upstream_unreadable: true,
  /** 401 or 403: the key is missing or wrong. */
  upstream_denied: false,
  /** Any other 4xx: the request itself is wrong, for example a DUNS that does not exist. */
  upstream_rejected: false,
  /** A file or an address from the configuration that cannot be read. */
  source_misconfigured: false,
} as const;

type SourceErrorCode = keyof typeof RETRYABLE;

/** A fetch that brought nothing. */
export class SourceError extends WattsyncError {
  readonly code: SourceErrorCode;
  readonly retryable: boolean;
  /** What the upstream asked us to wait (`Retry-After`). */
  readonly retryAfterMs: number | undefined;

  constructor(
    code: SourceErrorCode,
    message: string,
    details: { cause?: unknown; retryAfterMs?: number } = {},
  ) {
    super(message, details);
    this.code = code;
    this.retryable = RETRYABLE[code];
    this.retryAfterMs = details.retryAfterMs;
  }
}
