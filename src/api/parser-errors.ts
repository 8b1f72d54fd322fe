/** What cannot even be read as HTTP is answered as everything else: with a problem that says why. */

import type { Socket } from 'node:net';
import { PROBLEM_JSON, PROBLEMS, type ProblemCode, problemOf } from './problem.ts';

const CODES: Record<string, ProblemCode> = {
  HPE_HEADER_OVERFLOW: 'headers_too_large',
  ERR_HTTP_REQUEST_TIMEOUT: 'request_timeout',
};
const DETAILS: Partial<Record<ProblemCode, string>> = {
  headers_too_large: 'The address and the headers together have more than 16 kB.',
  request_timeout: 'The request did not come to its end in time.',
};
const REASONS: Record<number, string> = {
  400: 'Bad Request',
  405: 'Method Not Allowed',
  408: 'Request Timeout',
  431: 'Request Header Fields Too Large',
};

/** For `clientError` of a server; safe twice. */
export function answerParserError(error: NodeJS.ErrnoException, socket: Socket): void {
  // Gone, or answered already.
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const code = CODES[error.code ?? ''] ?? 'bad_request';
  endWith(socket, code, DETAILS[code] ?? 'This is not HTTP that can be read.');
}

/** For `connect` of a server: somebody takes it for a proxy. */
export function refuseTunnel(socket: Socket): void {
  socket.on('error', () => {});
  endWith(
    socket,
    'method_not_allowed',
    'This server is not a proxy: it takes no CONNECT.',
    'Allow: GET, HEAD, OPTIONS\r\n',
  );
}

/** @param header one more, with its line break */
function endWith(socket: Socket, code: ProblemCode, detail: string, header = ''): void {
  const { status } = PROBLEMS[code];
  const body = JSON.stringify(problemOf(code, { detail }));
  socket.end(
    `HTTP/1.1 ${status} ${REASONS[status]}\r\nContent-Type: ${PROBLEM_JSON}\r\nContent-Length: ${Buffer.byteLength(body)}\r\n` +
      `${header}Cache-Control: no-store\r\nConnection: close\r\n\r\n${body}`,
  );
}
