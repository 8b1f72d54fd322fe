/**
 * Whether PostgreSQL could not be asked at all: errors of the connection, its deadlines, and refusals of the server
 * itself (classes 08, 53 and 57). Whatever else a statement brings is a mistake of ours.
 */
export function isOutOfReach(error: unknown): boolean {
  const { code = '', message = '' } = (error ?? {}) as { code?: string; message?: string };
  return /^(08|53|57)|^E[A-Z]+$|^layer_unavailable$/.test(code) || /timeout|terminated/i.test(message);
}
