/**
 * The sandbox: an HTTP server of our own that speaks the ComparePower API, to develop, demonstrate and test against.
 * All its plans are invented, or replayed from recorded days; every answer says so in `x-wattsync-sandbox: 1`.
 */

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expected } from '../errors.ts';
import { type Answer, errorJson, json, send } from './answer.ts';
import { answerControl, readFaults, type SandboxControl, sandboxControl } from './control.ts';
import { FaultDeck } from './faults/fault-deck.ts';
import type { Fault } from './faults/faults.ts';
import { Traffic } from './faults/traffic.ts';
import { calendarVersion, timeOfVersion } from './market/calendar.ts';
import { planSet } from './market/market.ts';
import { type ReplaySnapshot, replayMarket } from './market/replay.ts';
import { type Market, Shelf } from './market/shelf.ts';
import { optionInvalid, SandboxError } from './sandbox-error.ts';
import { notFound, upstreamApi } from './upstream.ts';
import { VirtualClock } from './virtual-clock.ts';

const HOST = '127.0.0.1';
/** Virtual seconds per real second. */
const FASTEST = 10_000_000;

export interface SandboxOptions {
  /** 0, the default, is a free port. */
  port?: number | undefined;
  /** Decides the whole market and which calls meet a fault. Default 1. */
  seed?: number | undefined;
  /** About how many plans a TDSP has; the larger have more, Lubbock fewer. Default 150. */
  plansPerTdsp?: number | undefined;
  /** Virtual seconds per real second, default 1; 0 stands still. */
  speed?: number | undefined;
  /** Prices move on business days, at moments within the day, instead of all at virtual midnight. */
  calendar?: boolean | undefined;
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
  const { port = 0, seed = 1, plansPerTdsp = 150, speed = 1, latencyMs = 0, calendar = false } = options;
  const { apiKey, rateLimitPerSecond, replay, now = () => new Date() } = options;
  checkRange('port', port, 0, 65_535);
  checkRange('seed', seed, 0, 0xffff_ffff);
  checkRange('plansPerTdsp', plansPerTdsp, 1, 5_000);
  checkRange('latencyMs', latencyMs, 0, 600_000);
  checkRange('rateLimitPerSecond', rateLimitPerSecond ?? 1, 1, 1_000_000);
  if (!(speed >= 0 && speed <= FASTEST))
    throw optionInvalid('speed', expected(`a number from 0 to ${FASTEST}`, speed));

  const clock = new VirtualClock({ now, speed });
  const deck = new FaultDeck(seed);
  deck.set(readFaults(options.faults ?? []));
  const traffic = new Traffic();
  const invented: Market = calendar
    ? {
        version: () => calendarVersion(seed, clock.nowMs(), clock.day()),
        plansOf: (tdsp, version) => {
          const { day, sinceMs } = timeOfVersion(seed, version);
          return planSet(seed, tdsp, day, plansPerTdsp, sinceMs);
        },
        position: () => null,
      }
    : {
        version: () => clock.day(),
        plansOf: (tdsp, day) => planSet(seed, tdsp, day, plansPerTdsp),
        position: () => null,
      };
  const market = replay ? replayMarket(replay, clock) : invented;
  const control = sandboxControl({ seed, clock, deck, traffic, market });
  const shelf = new Shelf(market);
  const answerApi = upstreamApi({ apiKey, rateLimitPerSecond, latencyMs, now, deck, traffic, shelf });

  async function answer(request: IncomingMessage, url: URL | null): Promise<Answer> {
    if (!url) return errorJson(400, 'The path is unreadable');
    const { pathname } = url;
    if (pathname.startsWith('/_sandbox/')) return answerControl(control, request, pathname);
    if (pathname !== '/health') return notFound(pathname);
    return json(200, { status: 'ok', sandbox: true, virtual_time: clock.nowIso() });
  }

  async function serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.setHeader('x-wattsync-sandbox', '1');
    const left = new AbortController();
    response.once('close', () => left.abort());
    try {
      const url = URL.parse(request.url ?? '/', 'http://sandbox');
      if (url?.pathname.startsWith('/api/')) await answerApi(request, response, url, left.signal);
      else await send(response, await answer(request, url), null, left.signal);
    } catch (error) {
      if (left.signal.aborted || response.headersSent) response.destroy();
      else await send(response, errorJson(500, String(error)), null, left.signal);
    }
  }

  const server = createServer((request, response) => void serve(request, response));
  const url = await listen(server, port);
  const stop = () =>
    new Promise<void>((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
  return { url, stop, control };
}

function checkRange(name: string, value: number, min: number, max: number): void {
  if (Number.isInteger(value) && value >= min && value <= max) return;
  throw optionInvalid(name, expected(`a whole number from ${min} to ${max}`, value));
}

/** Loopback only: what it says is invented, and anybody who reaches it may break it. */
function listen(server: Server, port: number): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => {
      const isTaken = cause.code === 'EADDRINUSE';
      const why = isTaken ? `port ${port} is taken; choose another, or 0 for a free one` : cause.message;
      reject(new SandboxError('sandbox_not_listening', `${HOST}:${port}: ${why}`, null, cause));
    });
    server.listen(port, HOST, () => resolve(`http://${HOST}:${(server.address() as AddressInfo).port}`));
  });
}
