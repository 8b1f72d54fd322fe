import { type FieldProblem, WattsyncError } from '../errors.ts';

type SandboxErrorCode = 'sandbox_option_invalid' | 'sandbox_not_listening';

/** The sandbox was told something it cannot do: a fault it does not know, a port that is taken. */
export class SandboxError extends WattsyncError {
  readonly code: SandboxErrorCode;
  readonly retryable = false;
  /** The field at fault, where it is the input. */
  readonly problem: FieldProblem | undefined;

  constructor(
    code: SandboxErrorCode,
    message: string,
    details: { cause?: unknown; problem?: FieldProblem } = {},
  ) {
    super(message, details);
    this.code = code;
    this.problem = details.problem;
  }
}

/** Bad input: which field, what was given, what would be right. */
export function optionInvalid(field: string, message: string): SandboxError {
  return new SandboxError('sandbox_option_invalid', `${field}: ${message}`, { problem: { field, message } });
}
