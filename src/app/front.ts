/**
 * The port, open from the first moment: a first start makes a database and an upgrade may migrate a large one for
 * minutes, and meanwhile the process lives (`/healthz` 200) and can answer nothing else (503).
 */

import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { REQUEST_ID, TRACEPARENT } from '../api/observation/request-id.ts';
import { answerParserError, refuseTunnel } from '../api/parser-errors.ts';
import { PROBLEM_JSON, problemOf } from '../api/problem.ts';
import { WattsyncError } from '../errors.ts';
import { isForPerson } from '../pages/page-parts.ts';

/** The address to listen on is not available. */
class PortTakenError extends WattsyncError {
  readonly code = 'port_unavailable';
  readonly retryable = false;
}

const notReady = (detail: string) => JSON.stringify(problemOf('not_ready', { detail }));
const STARTING = notReady('The program is starting: PostgreSQL is made ready. Try again in a moment.');
const STOPPING = notReady('The program is stopping: ask another process.');

/** How long answers under way may take once no new connection is let in. */
const DRAIN_MS = 3_000;
const LOOK_MS = 20;

interface FrontOptions {
  /** Longer than balancers keep a connection (60 s mostly): the end that closes first must not be this one. */
  keepAliveMs: number;
  /** How long connections are still let in after `/readyz` has begun to say no: balancers look every few seconds. */
  shutdownDelayMs: number;
}

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

/** The page is loaded with the first browser: most starts see none. */
async function answerStarting({ url }: IncomingMessage, response: ServerResponse): Promise<void> {
  const { startingPage } = await import('../pages/error-page.ts');
  const { headers, body } = startingPage(url!);
  response.writeHead(503, [...headers, 'cache-control', 'no-store', 'retry-after', '1']).end(body);
}

export class Front {
  readonly server: Server;
  readonly #shutdownDelayMs: number;
  #answer: RequestListener = (request, response) => {
    const isAlive = request.url === '/healthz';
    if (!isAlive && isForPerson(request)) return void answerStarting(request, response);
    const type = isAlive ? 'application/json; charset=utf-8' : PROBLEM_JSON;
    response
      .writeHead(isAlive ? 200 : 503, {
        'content-type': type,
        'cache-control': 'no-store',
        'retry-after': '1',
      })
      .end(isAlive ? '{"status":"alive"}' : STARTING);
  };

  constructor({ keepAliveMs, shutdownDelayMs }: FrontOptions) {
    this.#shutdownDelayMs = shutdownDelayMs;
    this.server = createServer({ keepAliveTimeout: keepAliveMs }, (request, response) =>
      this.#answer(request, response),
    );
    this.server.on('clientError', answerParserError);
    this.server.on('connect', (_, socket) => refuseTunnel(socket as Socket));
  }

  /** @returns its address @throws {PortTakenError} */
  listen(address: { host: string; port: number }): Promise<string> {
    return listenOn(this.server, address, 'PORT');
  }

  /** From now on this answers, and a caller's name for its request goes back with the answer. */
  open(answer: RequestListener): void {
    this.#answer = (request, response) => {
      const { 'x-request-id': id, traceparent } = request.headers;
      if (typeof id === 'string' && REQUEST_ID.test(id)) response.setHeader('x-request-id', id);
      if (typeof traceparent === 'string' && TRACEPARENT.test(traceparent)) {
        response.setHeader('traceparent', traceparent);
      }
      answer(request, response);
    };
  }

  /** Tells of a share of the requests, each when it was answered; whether it costs anything is decided here, once. */
  sample(
    share: number,
    onAnswered: (request: IncomingMessage, response: ServerResponse, ms: number) => void,
  ): void {
    if (share === 0) return;
    this.server.on('request', (request, response) => {
      if (Math.random() >= share) return;
      const began = performance.now();
      response.once('close', () => onAnswered(request, response, performance.now() - began));
    });
  }

  /**
   * Lets a balancer go elsewhere, then answers to their end: `/readyz` says no and every answer closes its connection; after the
   * delay nothing new is let in, and what is under way may end. @param isUrgent somebody waits at a terminal: no delay
   */
  async drain(isUrgent: boolean): Promise<void> {
    const answer = this.#answer;
    this.#answer = (request, response) => {
      response.shouldKeepAlive = false;
      if (request.url !== '/readyz') return answer(request, response);
      response.writeHead(503, { 'content-type': PROBLEM_JSON, 'cache-control': 'no-store' }).end(STOPPING);
    };
    if (!isUrgent) await pause(this.#shutdownDelayMs);
    if (!this.server.listening) return;
    let isClosed = false;
    this.server.close(() => {
      isClosed = true;
    });
    const end = performance.now() + DRAIN_MS;
    while (!isClosed && performance.now() < end) {
      await pause(LOOK_MS);
      // An answer that was begun before keeps its connection open.
      this.server.closeIdleConnections();
    }
  }

  /** Safe early and twice. */
  async stop(): Promise<void> {
    this.server.closeAllConnections();
    if (!this.server.listening) return;
    const closed = new Promise((resolve) => this.server.close(resolve));
    this.server.closeAllConnections();
    await closed;
  }
}
