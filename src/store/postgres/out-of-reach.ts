/** SQLSTATE classes: the connection, a lack of resources (too many connections), an intervention of the operator. */
const REFUSALS = /^(08|53|57)...$/;
const SOCKET_CODES = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'EHOSTDOWN',
  'ENETUNREACH',
  'ENETDOWN',
  'ENOTFOUND',
  'EAI_AGAIN',
]);
/** What pg says without a code, when a connection or its deadline ends; a test compares it with pg. */
export const PG_MESSAGES: ReadonlySet<string> = new Set([
  'timeout expired',
  'timeout exceeded when trying to connect',
  'Query read timeout',
  'Connection terminated',
  'Connection terminated unexpectedly',
  'Connection terminated due to connection timeout',
  'Client has encountered a connection error and is not queryable',
  'Client was closed and is not queryable',
]);

/** Serialisation failure, deadlock, lock not available: others were at the same rows, and will be gone. */
const CONTENTION = new Set(['40001', '40P01', '55P03']);

/** Whether others were in the way: nothing was done, and the same goes through in a moment. */
export const isContention = (error: unknown): boolean =>
  CONTENTION.has(String((error as { code?: unknown } | null)?.code));

/** Whether the same may go through later: it says nothing about what was asked. */
export const isPassing = (error: unknown): boolean => isContention(error) || isOutOfReach(error);

/** Whether PostgreSQL could not be asked at all. Whatever else a statement brings is a mistake of ours. */
export function isOutOfReach(error: unknown): boolean {
  const { code, message = '' } = (error ?? {}) as { code?: string; message?: string };
  if (code === undefined) return PG_MESSAGES.has(message);
  return REFUSALS.test(code) || SOCKET_CODES.has(code) || code === 'layer_unavailable';
}
