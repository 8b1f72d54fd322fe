/**
 * `/_sandbox/…`: what tests and people tell the sandbox while it runs, and what it counted. The same as functions,
 * for whoever has the sandbox in its own process.
 */

import type { IncomingMessage } from 'node:http';
import { type Answer, errorJson, json } from './answer.ts';
import type { FaultDeck } from './faults/fault-deck.ts';
import { checkFault, type Fault } from './faults/faults.ts';
import type { Traffic, TrafficCounts } from './faults/traffic.ts';
import { optionInvalid, SandboxError } from './sandbox-error.ts';
import type { VirtualClock } from './virtual-clock.ts';

interface SandboxState {
  seed: number;
  /** Virtual seconds per real second. */
  speed: number;
  /** ISO 8601, UTC. */
  virtual_time: string;
  /** Which recorded day is being served; `null` where the market is invented. */
  replay: { date: string; step: number; steps: number } | null;
  faults: Fault[];
  calls: TrafficCounts;
}

export interface SandboxControl {
  state(): SandboxState;
  /** @throws {SandboxError} that names the fault and field at fault; the faults before stay as they were */
  setFaults(faults: readonly (Fault | string)[]): void;
  clearFaults(): void;
  /** Sets the counters of calls to 0. */
  reset(): void;
  /** Moves virtual time on by so many days. @throws {SandboxError} outside 0 to 3650 */
  advance(days: number): void;
}

const MOST_DAYS = 3650;
const MOST_BODY_BYTES = 65_536;

export function createControl(parts: {
  seed: number;
  clock: VirtualClock;
  deck: FaultDeck;
  traffic: Traffic;
  replay: () => SandboxState['replay'];
}): SandboxControl {
  const { seed, clock, deck, traffic, replay } = parts;
  return {
    state: () => ({
      seed,
      speed: clock.speed,
      virtual_time: new Date(clock.nowMs()).toISOString(),
      replay: replay(),
      faults: deck.list(),
      calls: traffic.counts(),
    }),
    setFaults: (faults) => deck.set(readFaults(faults)),
    clearFaults: () => deck.set([]),
    reset: () => traffic.reset(),
    advance: (days) => clock.advance(readDays(days)),
  };
}

/** Checks a whole list of faults, in object or textual form. @throws {SandboxError} naming `faults[2].share` */
export function readFaults(value: unknown): Fault[] {
  if (!Array.isArray(value))
    throw optionInvalid('faults', 'must be a list of faults, for example ["500:0.2"]');
  return value.map((fault: unknown, index) => checkFault(fault, `faults[${index}]`));
}

function readDays(value: unknown): number {
  if (typeof value === 'number' && value > 0 && value <= MOST_DAYS) return value;
  throw optionInvalid(
    'days',
    `must be a number above 0 and up to ${MOST_DAYS}, not ${JSON.stringify(value)}: virtual time only moves on`,
  );
}

/** Answers a call under `/_sandbox/`. */
export async function answerControl(
  control: SandboxControl,
  request: IncomingMessage,
  path: string,
): Promise<Answer> {
  const methods = ROUTES[path];
  if (!methods) {
    return errorJson(404, 'Not Found', `${path} is none of ${Object.keys(ROUTES).join(', ')}`);
  }
  const route = methods[request.method ?? ''];
  if (!route) {
    const allow = Object.keys(methods).join(', ');
    return {
      ...errorJson(405, 'Method Not Allowed', `${path} takes ${allow}, not ${request.method}`),
      headers: { allow },
    };
  }
  try {
    return json(200, await route(control, request));
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    return errorJson(400, error.code, error.message, { field: error.problem?.field ?? null });
  }
}

type Route = (control: SandboxControl, request: IncomingMessage) => unknown;

const ROUTES: Record<string, Record<string, Route>> = {
  '/_sandbox/state': { GET: (control) => control.state() },
  '/_sandbox/faults': {
    GET: (control) => control.state().faults,
    PUT: async (control, request) => {
      control.setFaults(readFaults(await readJson(request)));
      return { faults: control.state().faults };
    },
    DELETE: (control) => {
      control.clearFaults();
      return { faults: [] };
    },
  },
  '/_sandbox/reset': {
    POST: (control) => {
      control.reset();
      return { calls: control.state().calls };
    },
  },
  '/_sandbox/advance': {
    POST: async (control, request) => {
      const body = await readJson(request);
      control.advance(readDays(isRecord(body) ? body.days : undefined));
      const { virtual_time, replay } = control.state();
      return { virtual_time, replay };
    },
  },
};

async function readJson(request: IncomingMessage): Promise<unknown> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > MOST_BODY_BYTES) throw optionInvalid('body', `is larger than ${MOST_BODY_BYTES} bytes`);
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (cause) {
    throw new SandboxError('sandbox_option_invalid', `body: is no JSON (${(cause as Error).message})`, {
      cause,
      problem: { field: 'body', message: 'is no JSON' },
    });
  }
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
