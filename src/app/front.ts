/**
 * The port, open from the first moment: a first start makes a database and an upgrade may migrate a large one for
 * minutes, and meanwhile the process lives (`/healthz` 200) and can answer nothing else (503).
 */

import { createServer, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { answerParserError } from '../api/parser-errors.ts';
import { PROBLEM_JSON, problemOf } from '../api/problem.ts';
import { WattsyncError } from '../errors.ts';

/** The address to listen on is not available. */
class PortTakenError extends WattsyncError {
  readonly code = 'port_unavailable';
  readonly retryable = false;
}

const STARTING = JSON.stringify(
  problemOf('not_ready', {
    detail: 'The program is starting: PostgreSQL is made ready. Try again in a moment.',
  }),
);

/** @param variable that names the port @returns its address @throws {PortTakenError} */
export async function listenOn(
  server: Server,
  { host, port }: { host: string; port: number },
  variable: string,
): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject).listen(port, host, resolve);
  await promise.catch((cause) => {
    const { code } = cause as NodeJS.ErrnoException;
    if (code !== 'EADDRINUSE' && code !== 'EACCES' && code !== 'EADDRNOTAVAIL') throw cause;
    const why = code === 'EADDRINUSE' ? 'is taken by another program' : 'cannot be opened';
    throw new PortTakenError(
      `${host}:${port} ${why}. Choose another with ${variable} (0 takes any free one) or HOST.`,
      { cause },
    );
  });
  const { address, family, port: given } = server.address() as AddressInfo;
  return `http://${family === 'IPv6' ? `[${address}]` : address}:${given}`;
}

export class Front {
  readonly server: Server;
  #answer: RequestListener = (request, response) => {
    const isAlive = request.url === '/healthz';
    const type = isAlive ? 'application/json; charset=utf-8' : PROBLEM_JSON;
    response
      .writeHead(isAlive ? 200 : 503, {
        'content-type': type,
        'cache-control': 'no-store',
        'retry-after': '1',
      })
      .end(isAlive ? '{"status":"alive"}' : STARTING);
  };

  constructor() {
    this.server = createServer((request, response) => this.#answer(request, response));
    this.server.on('clientError', answerParserError);
  }

  /** @returns its address @throws {PortTakenError} */
  listen(address: { host: string; port: number }): Promise<string> {
    return listenOn(this.server, address, 'PORT');
  }

  /** From now on this answers. */
  open(answer: RequestListener): void {
    this.#answer = answer;
  }

  /** Safe early and twice. */
  async stop(): Promise<void> {
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
