/**
 * The sandbox: an HTTP server of our own that speaks the ComparePower API, to develop, demonstrate and test against.
 * All its plans are invented, or replayed from recorded days; every answer says so in `x-wattsync-sandbox: 1`.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expected } from '../errors.ts';
import {
  type Answer,
  errorJson,
  json,
  send,
  substituteFor,
  tooManyRequests,
  unauthorized,
} from './answer.ts';
import { answerControl, readFaults, SandboxControl } from './control.ts';
import { FaultDeck } from './faults/fault-deck.ts';
import type { Fault } from './faults/faults.ts';
import { SlidingSecond, Traffic } from './faults/traffic.ts';
import { type Market, planSet } from './market/market.ts';
import { ReplayMarket, type ReplaySnapshot } from './market/replay.ts';
import { Shelf } from './market/shelf.ts';
import { optionInvalid, SandboxError } from './sandbox-error.ts';
import { answerApi, isPlanList, notFound, tdspOf, unlessKnown } from './upstream-api.ts';
import { VirtualClock } from './virtual-clock.ts';

/** Virtual seconds per real second. */
const FASTEST = 10_000_000;

export interface SandboxOptions {
  /** Default 127.0.0.1. */
  host?: string | undefined;
  /** 0, the default, is a free port. */
  port?: number | undefined;
  /** Decides the whole market and which calls meet a fault. Default 1. */
  seed?: number | undefined;
  /** About how many plans a TDSP has; the larger have more, Lubbock fewer. Default 150. */
  plansPerTdsp?: number | undefined;
  /** Virtual seconds per real second, default 1; 0 stands still. */
  speed?: number | undefined;
  /** When set, `X-API-Key` must be this, else 401. */
  apiKey?: string | undefined;
  /** Calls in any second; beyond it 429 with `Retry-After`. Default: no limit. */
  rateLimitPerSecond?: number | undefined;
  /** Waited before every answer of the API. Default 0. */
  latencyMs?: number | undefined;
  /** Objects, or what `parseFault` made of texts. */
  faults?: Fault[] | undefined;
  now?: () => Date;
  /** Recorded days instead of the invented market: one step every 24 hours of virtual time. */
  replay?: ReplaySnapshot[] | undefined;
}

export interface Sandbox {
  /** Without a slash at the end: `http://127.0.0.1:41234`. */
  url: string;
  /** Closes the port and all connections, hanging ones too. Safe twice. */
  stop(): Promise<void>;
  control: SandboxControl;
}

/**
 * Starts a sandbox; resolves when it listens.
 * @throws {SandboxError} an option is wrong or the port is taken
 */
export async function startSandbox(options: SandboxOptions = {}): Promise<Sandbox> {
  const { host = '127.0.0.1', port = 0, seed = 1, plansPerTdsp = 150, speed = 1, latencyMs = 0 } = options;
  const now = options.now ?? (() => new Date());
  checkRange('port', port, 0, 65_535);
  checkRange('seed', seed, 0, 0xffff_ffff);
  checkRange('plansPerTdsp', plansPerTdsp, 1, 5_000);
  checkRange('latencyMs', latencyMs, 0, 600_000);
  if (!(speed >= 0 && speed <= FASTEST))
    throw optionInvalid('speed', expected(`a number from 0 to ${FASTEST}`, speed));
  if (options.rateLimitPerSecond !== undefined) {
    checkRange('rateLimitPerSecond', options.rateLimitPerSecond, 1, 1_000_000);
  }

  const clock = new VirtualClock({ now, speed });
  const deck = new FaultDeck(seed);
  deck.set(readFaults(options.faults ?? []));
  const traffic = new Traffic();
  const replay = options.replay ? new ReplayMarket(options.replay, clock) : null;
  const market: Market = replay ?? {
    version: () => clock.day(),
    plansOf: (tdsp, day) => planSet(seed, tdsp, day, plansPerTdsp),
  };
  const control = new SandboxControl({
    seed,
    clock,
    deck,
    traffic,
    replay: () => replay?.position() ?? null,
  });
  const upstream = new Upstream({ ...options, latencyMs, now, deck, traffic, shelf: new Shelf(market) });

  const server = createServer((request, response) => {
    response.setHeader('x-wattsync-sandbox', '1');
    const left = new AbortController();
    response.once('close', () => left.abort());
    answer(request, response, left.signal).catch((error: unknown) => {
      if (left.signal.aborted || response.headersSent) response.destroy();
      else void send(response, errorJson(500, String(error)), null, left.signal);
    });
  });

  async function answer(
    request: IncomingMessage,
    response: ServerResponse,
    left: AbortSignal,
  ): Promise<void> {
    const url = URL.parse(request.url ?? '/', 'http://sandbox');
    if (!url) return send(response, errorJson(400, 'The path is unreadable'), null, left);
    if (url.pathname.startsWith('/_sandbox/')) {
      return send(response, await answerControl(control, request, url.pathname), null, left);
    }
    if (url.pathname === '/health') {
      const virtual_time = new Date(clock.nowMs()).toISOString();
      return send(response, json(200, { status: 'ok', sandbox: true, virtual_time }), null, left);
    }
    if (!url.pathname.startsWith('/api/')) return send(response, notFound(url.pathname), null, left);
    return upstream.answer(request, response, url, left);
  }

  const url = await listen(server, host, port);
  let stopping: Promise<void> | undefined;
  const stop = () => {
    stopping ??= new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
    return stopping;
  };
  return { url, stop, control };
}

interface UpstreamParts {
  apiKey?: string | undefined;
  rateLimitPerSecond?: number | undefined;
  latencyMs: number;
  now: () => Date;
  deck: FaultDeck;
  traffic: Traffic;
  shelf: Shelf;
}

/** Everything below `/api/`: counted, guarded by key and limit, and met by faults. */
class Upstream {
  readonly #parts: UpstreamParts;
  readonly #admitted = new SlidingSecond();

  constructor(parts: UpstreamParts) {
    this.#parts = parts;
  }

  async answer(
    request: IncomingMessage,
    response: ServerResponse,
    url: URL,
    left: AbortSignal,
  ): Promise<void> {
    const { traffic, deck, latencyMs, now } = this.#parts;
    const tdsp = tdspOf(url.searchParams)?.wire.duns_number ?? null;
    traffic.begin(now().getTime(), tdsp);
    countEnd(response, traffic, tdsp);

    const refusal = this.#refuse(request);
    if (refusal) return send(response, refusal, null, left);
    const { delayMs, fault } = deck.draw({ tdsp, isPlanList: isPlanList(url.pathname) });
    const waitMs = latencyMs + delayMs;
    if (waitMs > 0) await sleep(waitMs, undefined, { signal: left });
    if (fault?.kind === 'timeout') return;
    if (fault?.kind === 'reset') {
      request.socket.resetAndDestroy();
      return;
    }
    if (fault?.kind === 'redirect') {
      response.writeHead(302, { location: request.url }).end();
      return;
    }
    const substitute = fault && substituteFor(fault);
    const whole = substitute ?? answerApi(this.#parts.shelf, url, fault);
    // A call that is to meet a fault meets it, whatever the caller has.
    const isConditional = !fault || fault.kind === 'stuck_etag';
    const answer = isConditional ? unlessKnown(whole, request.headers['if-none-match']) : whole;
    return send(response, answer, fault, left);
  }

  #refuse(request: IncomingMessage): Answer | null {
    const { apiKey, rateLimitPerSecond, now } = this.#parts;
    if (request.method !== 'GET') {
      return errorJson(405, 'The API is read with GET', { allow: 'GET' });
    }
    if (apiKey !== undefined && request.headers['x-api-key'] !== apiKey) return unauthorized();
    if (rateLimitPerSecond === undefined) return null;
    const nowMs = now().getTime();
    // Refused calls do not count: a caller that backs off gets through again.
    if (this.#admitted.count(nowMs) >= rateLimitPerSecond) {
      return tooManyRequests(Math.max(1, Math.ceil(this.#admitted.msUntilFree(nowMs) / 1000)));
    }
    this.#admitted.add(nowMs);
    return null;
  }
}

/** `finish` comes with the last byte, `close` alone where the call was cut off or left. */
function countEnd(response: ServerResponse, traffic: Traffic, tdsp: string | null): void {
  let ended = false;
  const end = () => {
    if (ended) return;
    ended = true;
    traffic.answered(response.writableFinished ? response.statusCode : 'no_answer');
    traffic.end(tdsp);
  };
  response.once('finish', end);
  response.once('close', end);
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw optionInvalid(name, expected(`a whole number from ${min} to ${max}`, value));
}

function listen(server: Server, host: string, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const taken =
        cause.code === 'EADDRINUSE' ? `port ${port} is taken; choose another, or 0 for a free one` : '';
      reject(
        new SandboxError('sandbox_not_listening', `${host}:${port}: ${taken || cause.message}`, { cause }),
      );
    });
    server.listen(port, host, () => {
      const bound = server.address() as AddressInfo;
      const wildcard = bound.address === '0.0.0.0' || bound.address === '::';
      const name = wildcard ? '127.0.0.1' : bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
      resolve(`http://${name}:${bound.port}`);
    });
  });
}
