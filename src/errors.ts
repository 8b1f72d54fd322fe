/**
 * Errors that operation can bring. Each has a stable `code` (listed in docs/errors.md), says what was given, what
 * would be right and, for operators, what to do next. Only the edges turn them into problem+json, exit codes and
 * log lines.
 */

interface ErrorDetails {
  cause?: unknown;
}

/** Base of every expected failure. `retryable`: the same call may go through later. */
export abstract class WattsyncError extends Error {
  abstract readonly code: string;
  abstract readonly retryable: boolean;

  constructor(message: string, details: ErrorDetails = {}) {
    super(message, details);
    this.name = new.target.name;
  }
}

/** One field of bad input: which one, what was wrong, what would be right. */
export interface FieldProblem {
  field: string;
  message: string;
}

const secrets = new Set<string>();
/** Shorter ones are words, and stand in texts that tell nothing. */
const LEAST_SECRET = 6;

/** From now on no described error shows this text. */
export function keepSecret(text: string): void {
  if (text.length >= LEAST_SECRET) secrets.add(text);
}

/** The text of any thrown thing, causes included, for a person to read; secrets in it are stars. */
export function describeError(error: unknown): string {
  let text = textOf(error);
  for (const secret of secrets) text = text.replaceAll(secret, '***');
  return text;
}

function textOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  const cause = error.cause instanceof Error ? error.cause.message : undefined;
  return cause && !error.message.includes(cause) ? `${error.message} (${cause})` : error.message;
}

/** The stable code of any thrown thing; `internal_error` for what nobody expected. */
export function errorCode(error: unknown): string {
  return error instanceof WattsyncError ? error.code : 'internal_error';
}

/** The one wording for input that cannot be used: `expected a whole number from 1 to 9, got "x"`. */
export const expected = (what: string, got: unknown): string =>
  `expected ${what}, got ${got === undefined ? 'nothing' : JSON.stringify(got)}`;
