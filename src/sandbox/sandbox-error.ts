import { WattsyncError } from '../errors.ts';

type SandboxErrorCode = 'sandbox_option_invalid' | 'sandbox_not_listening';

/** The sandbox was told something it cannot do: a fault it does not know, a port that is taken. */
export class SandboxError extends WattsyncError {
  readonly code: SandboxErrorCode;
  readonly retryable = false;
  /** The field at fault; `null` where it is not the input. */
  readonly field: string | null;

  constructor(code: SandboxErrorCode, message: string, field: string | null, cause?: unknown) {
    super(message, { cause });
    this.code = code;
    this.field = field;
  }
}

/** Bad input: which field, what was given, what would be right. */
export function optionInvalid(field: string, message: string, cause?: unknown): SandboxError {
  return new SandboxError('sandbox_option_invalid', `${field}: ${message}`, field, cause);
}
