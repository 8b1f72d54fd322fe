/**
 * Faults the sandbox can be told to have, as objects or as text.
 *
 *   [tdsp=<DUNS or code>:]<kind>[:<probability>][:<name>=<value>]…[:aborted]
 *
 *   500:0.2                     every fifth call, by the seed
 *   tdsp=957877905:empty        one TDSP only
 *   rate_limit:retry_after_seconds=5:times=3
 */

import { expected } from '../../errors.ts';
import { DUNS_LIST, findTdsp } from '../market/tdsps.ts';
import { optionInvalid } from '../sandbox-error.ts';

/** What each kind does, and which knobs it has apart from `tdsp`, `probability` and `times`. */
const KINDS = {
  /** Status 500. */
  '500': [],
  /** Does not answer until the client leaves or the sandbox stops. */
  timeout: [],
  /** Waits `ms` (default 1000) and answers properly. */
  latency: ['ms'],
  /** JSON cut off after `share` (default 0.6) of its bytes; `aborted`: the content-length promises all of them. */
  truncated: ['share', 'aborted'],
  /** Status 200, says JSON, is not. */
  malformed: [],
  /** An HTML page with status 200, as proxies and maintenance pages answer. */
  html: [],
  /** Fields of the wrong type or missing, in `share` (default 0.2) of the plans. */
  wrong_types: ['share'],
  /** A list without a plan. */
  empty: [],
  /** Only `share` (default 0.5) of the plans, always the same ones. */
  shrunk: ['share'],
  /** Prices a hundred times too high, in `share` (default 1) of the plans. */
  cents: ['share'],
  /** The body in 16 pieces, `ms` (default 250) apart. */
  slow_body: ['ms'],
  /** The connection is reset instead of an answer. */
  reset: [],
  /** Status 302 that leads back to the same address, endlessly. */
  redirect: [],
  /** A small body that says gzip and unpacks to `mib` MiB (default 256). */
  gzip_bomb: ['mib'],
  /** A list that goes on for `mib` MiB (default 256) and has no plan in it. */
  oversized: ['mib'],
  /** Status 429 with `Retry-After: retry_after_seconds` (default 1), or any other text: `retry_after`; `none` leaves it out. */
  rate_limit: ['retry_after_seconds', 'retry_after'],
  /** Status 401. */
  denied: [],
  /** Status 304, whatever the caller has. */
  not_modified: [],
  /** An `ETag` that stays the same while plans change; a caller that sends it gets 304. */
  stuck_etag: [],
} as const;

export type FaultKind = keyof typeof KINDS;

export interface Fault {
  kind: FaultKind;
  /** DUNS; without it the fault meets every TDSP and, unless it is about a list of plans, every call. */
  tdsp?: string;
  /** 0 to 1, default 1. Which calls it meets is decided by the seed. */
  probability?: number;
  /** Meets only the first n calls it applies to; default: all. */
  times?: number;
  /** 0 to 1; of the plans or of the bytes. */
  share?: number;
  ms?: number;
  mib?: number;
  retry_after_seconds?: number;
  /** Sent as it is; `none`: no such header. */
  retry_after?: string;
  aborted?: boolean;
}

interface Knob {
  expected: string;
  isGood(given: unknown): boolean;
}

const number = (min: number, max: number): Knob => ({
  expected: `a number from ${min} to ${max}`,
  isGood: (given) => typeof given === 'number' && given >= min && given <= max,
});

const whole = (min: number, max: number): Knob => ({
  expected: `a whole number from ${min} to ${max}`,
  isGood: (given) => Number.isInteger(given) && number(min, max).isGood(given),
});

const KNOBS: Record<string, Knob> = {
  tdsp: {
    expected: `one of ${DUNS_LIST}`,
    isGood: (given) => typeof given === 'string' && findTdsp(given) !== undefined,
  },
  probability: {
    ...number(0, 1),
    expected: 'a number from 0 to 1 (a duration is written ms=300, a count times=3)',
  },
  times: whole(1, 1_000_000),
  share: number(0, 1),
  ms: whole(0, 600_000),
  mib: whole(1, 4_096),
  retry_after_seconds: whole(0, 86_400),
  retry_after: {
    expected: 'a text of 1 to 100 ASCII characters',
    isGood: (given) => typeof given === 'string' && /^[\x20-\x7e]{1,100}$/.test(given),
  },
  aborted: { expected: 'true or false', isGood: (given) => typeof given === 'boolean' },
};

const EXAMPLES = '500:0.2, tdsp=957877905:empty, latency:ms=300';

/**
 * Reads the textual form.
 * @param field what to call it in an error: `faults[1]`, `--fault`
 * @throws {SandboxError} that names the part at fault
 */
export function parseFault(text: string, field = 'fault'): Fault {
  const fault: Record<string, unknown> = {};
  for (const part of text.split(':').map((part) => part.trim())) {
    const [, name, value = ''] = /^([^=]+)=(.*)$/s.exec(part) ?? ['', nameOf(part, fault), part];
    if (Object.hasOwn(fault, name!)) throw optionInvalid(`${field}.${name}`, `is given twice in "${text}"`);
    fault[name!] = toValue(name!, value);
  }
  return checkFault(fault, field);
}

/** What a part without a name is: `aborted`, the kind, or a probability behind it. */
function nameOf(part: string, fault: Record<string, unknown>): string {
  if (part === 'aborted') return part;
  return Object.hasOwn(fault, 'kind') ? 'probability' : 'kind';
}

/** A text that is not what its name wants stays as it is, to be shown in the error. */
function toValue(name: string, text: string): unknown {
  if (name === 'aborted') return text === 'aborted' || text === 'true' || (text === 'false' ? false : text);
  const isText = ['kind', 'tdsp', 'retry_after'].includes(name) || text === '';
  return isText || Number.isNaN(Number(text)) ? text : Number(text);
}

/**
 * Checks a fault that came from outside, as object or as text.
 * @throws {SandboxError} that names the field at fault
 */
export function checkFault(value: unknown, field = 'fault'): Fault {
  if (typeof value === 'string') return parseFault(value, field);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw optionInvalid(field, expected(`an object, or a text such as ${EXAMPLES}`, value));
  const { kind, ...given } = value as Fault;
  if (typeof kind !== 'string' || !Object.hasOwn(KINDS, kind)) {
    const kinds = Object.keys(KINDS).join(', ');
    throw optionInvalid(`${field}.kind`, expected(`one of ${kinds} (for example ${EXAMPLES})`, kind));
  }
  const names: readonly string[] = ['tdsp', 'probability', 'times', ...KINDS[kind]];
  for (const [name, value] of Object.entries(given)) {
    const at = `${field}.${name}`;
    if (!names.includes(name)) throw optionInvalid(at, `the fault ${kind} takes only ${names.join(', ')}`);
    const knob = KNOBS[name]!;
    if (!knob.isGood(value)) throw optionInvalid(at, expected(knob.expected, value));
  }
  const fault: Fault = { kind, ...given };
  if (fault.tdsp !== undefined) fault.tdsp = findTdsp(fault.tdsp)!.wire.duns_number;
  return fault;
}
