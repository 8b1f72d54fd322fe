/**
 * `/_sandbox/…`: what tests and people tell the sandbox while it runs, and what it counted. The same as methods, for a
 * process that runs the sandbox itself.
 */

import type { IncomingMessage } from 'node:http';
import { json as readAll } from 'node:stream/consumers';
import { expected } from '../errors.ts';
import { type Answer, errorJson, json } from './answer.ts';
import type { FaultDeck } from './faults/fault-deck.ts';
import { checkFault, type Fault } from './faults/faults.ts';
import type { Traffic } from './faults/traffic.ts';
import type { Market } from './market/shelf.ts';
import { optionInvalid, SandboxError } from './sandbox-error.ts';
import type { VirtualClock } from './virtual-clock.ts';

const MOST_DAYS = 3650;
const MOST_BODY_BYTES = 65_536;

interface ControlParts {
  seed: number;
  clock: VirtualClock;
  deck: FaultDeck;
  traffic: Traffic;
  market: Market;
}

export type SandboxControl = ReturnType<typeof sandboxControl>;

export function sandboxControl({ seed, clock, deck, traffic, market }: ControlParts) {
  return {
    state: () => ({
      seed,
      /** Virtual seconds per real second. */
      speed: clock.speed,
      virtual_time: clock.nowIso(),
      replay: market.position(),
      faults: deck.list(),
      calls: traffic.counts(),
    }),

    /** @throws {SandboxError} that names the fault and field at fault; the faults before stay as they were */
    setFaults: (faults: readonly (Fault | string)[]) => deck.set(readFaults(faults)),

    clearFaults: () => deck.set([]),

    /** Sets the counters of calls to 0. */
    reset: () => traffic.reset(),

    /** Moves virtual time on by this many days. @throws {SandboxError} not above 0, or more than 3650 */
    advance(days: number): void {
      if (!(typeof days === 'number' && days > 0 && days <= MOST_DAYS)) {
        const what = `a number above 0 and up to ${MOST_DAYS} (virtual time only moves on)`;
        throw optionInvalid('days', expected(what, days));
      }
      clock.advance(days);
    },
  };
}

/** Checks a whole list of faults, in object or textual form. @throws {SandboxError} naming `faults[2].share` */
export function readFaults(value: unknown): Fault[] {
  if (!Array.isArray(value))
    throw optionInvalid('faults', expected('a list of faults, for example ["500:0.2"]', value));
  return value.map((fault: unknown, index) => checkFault(fault, `faults[${index}]`));
}

/** Answers a call under `/_sandbox/`. */
export async function answerControl(
  control: SandboxControl,
  request: IncomingMessage,
  path: string,
): Promise<Answer> {
  const methods = ROUTES[path];
  if (!methods) return errorJson(404, `${path} is not one of ${Object.keys(ROUTES).join(', ')}`);
  const route = methods[request.method ?? ''];
  if (!route) {
    const allow = Object.keys(methods).join(', ');
    return errorJson(405, `${path} takes ${allow}, not ${request.method}`, { allow });
  }
  try {
    return json(200, await route(control, request));
  } catch (error) {
    if (!(error instanceof SandboxError)) throw error;
    return json(400, { error: error.code, message: error.message, field: error.field });
  }
}

type Route = (control: SandboxControl, request: IncomingMessage) => unknown;

const ROUTES: Record<string, Record<string, Route>> = {
  '/_sandbox/state': { GET: (control) => control.state() },
  '/_sandbox/faults': {
    GET: (control) => control.state().faults,
    PUT: async (control, request) => {
      control.setFaults((await readJson(request)) as Fault[]);
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
      const { days } = Object(await readJson(request)) as { days: number };
      control.advance(days);
      const { virtual_time, replay } = control.state();
      return { virtual_time, replay };
    },
  },
};

async function readJson(request: IncomingMessage): Promise<unknown> {
  if (Number(request.headers['content-length'] ?? 0) > MOST_BODY_BYTES)
    throw optionInvalid('body', `is larger than ${MOST_BODY_BYTES} bytes`);
  try {
    return await readAll(request);
  } catch (cause) {
    throw optionInvalid('body', `expected JSON (${(cause as Error).message})`, cause);
  }
}
