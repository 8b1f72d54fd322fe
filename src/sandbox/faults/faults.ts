/**
 * Faults the sandbox can be told to have, as objects or as text.
 *
 *   [tdsp=<DUNS or code>:]<kind>[:<probability>][:<name>=<value>]…[:aborted]
 *
 *   500:0.2                     every fifth call, by the seed
 *   tdsp=957877905:empty        one TDSP only
 *   rate_limit:retry_after_seconds=5:times=3
 */

import { DUNS_LIST, findTdsp } from '../market/tdsps.ts';
import { optionInvalid } from '../sandbox-error.ts';

/** What each kind does, and which knobs it has apart from `tdsp`, `probability` and `times`. */
const KINDS = {
  /** Status 500. */
  '500': [],
  /** Never answers, until the client leaves or the sandbox stops. */
  timeout: [],
  /** Waits `ms` (default 1000) and answers properly. */
  latency: ['ms'],
  /** JSON cut off after `share` (default 0.6) of its bytes; `aborted`: the content-length promises all of them. */
  truncated: ['share', 'aborted'],
  /** Status 200, says JSON, is none. */
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
  /** Status 302 that leads back to the same address, for ever. */
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
  /** An `ETag` that stays the same while plans change; who sends it gets 304. */
  stuck_etag: [],
} as const;

type FaultKind = keyof typeof KINDS;

export interface Fault {
  kind: FaultKind;
  /** DUNS; without it the fault meets every TDSP and, where it is no fault of a plan list, every call. */
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

const KNOBS = {
  probability: { min: 0, max: 1, whole: false },
  times: { min: 1, max: 1_000_000, whole: true },
  share: { min: 0, max: 1, whole: false },
  ms: { min: 0, max: 600_000, whole: true },
  retry_after_seconds: { min: 0, max: 86_400, whole: true },
  mib: { min: 1, max: 4_096, whole: true },
} as const;
type Knob = keyof typeof KNOBS;

const EXAMPLES = '500:0.2, tdsp=957877905:empty, latency:ms=300';

/** Faults that spoil a list of plans, and so leave every other call alone. */
const OF_PLAN_LISTS: readonly FaultKind[] = ['wrong_types', 'empty', 'shrunk', 'cents', 'stuck_etag'];

export function isOfPlanLists(kind: FaultKind): boolean {
  return OF_PLAN_LISTS.includes(kind);
}

/**
 * Reads the textual form.
 * @param field what to call it in an error: `faults[1]`, `--fault`
 * @throws {SandboxError} that names the part at fault
 */
export function parseFault(text: string, field = 'fault'): Fault {
  const fault: Record<string, unknown> = {};
  const set = (name: string, value: unknown) => {
    if (name in fault) throw optionInvalid(`${field}.${name}`, `is given twice in "${text}"`);
    fault[name] = value;
  };
  for (const part of text.split(':').map((piece) => piece.trim())) {
    const equals = part.indexOf('=');
    if (equals > 0) {
      const [name, value] = [part.slice(0, equals).trim(), part.slice(equals + 1).trim()];
      set(name, name in KNOBS ? readNumber(value, `${field}.${name}`) : value);
    } else if (isKind(part) && !('kind' in fault)) set('kind', part);
    else if (part === 'aborted') set('aborted', true);
    else if ('kind' in fault && part !== '' && Number.isFinite(Number(part)))
      set('probability', Number(part));
    else if ('kind' in fault)
      throw optionInvalid(field, `"${part}" in "${text}" is no probability from 0 to 1 and no name=value`);
    else throw kindUnknown(part, field);
  }
  return checkFault(fault, field);
}

/**
 * Checks a fault that came from outside, as object or as text.
 * @throws {SandboxError} that names the field at fault
 */
export function checkFault(value: unknown, field = 'fault'): Fault {
  if (typeof value === 'string') return parseFault(value, field);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw optionInvalid(field, `must be an object or a text such as ${EXAMPLES}`);
  const { kind, ...rest } = value as Record<string, unknown>;
  if (!isKind(kind)) throw kindUnknown(kind, `${field}.kind`);
  const fault: Fault = { kind };
  for (const [name, given] of Object.entries(rest)) {
    if (given === undefined) continue;
    const at = `${field}.${name}`;
    if (!['tdsp', 'probability', 'times', ...KINDS[kind]].includes(name))
      throw optionInvalid(at, `the fault ${kind} takes ${knobsOf(kind)}, not "${name}"`);
    if (name === 'tdsp') fault.tdsp = readTdsp(given, at);
    else if (name === 'aborted') fault.aborted = readBoolean(given, at);
    else if (name === 'retry_after') fault.retry_after = readHeader(given, at);
    else fault[name as Knob] = checkNumber(given, name as Knob, at);
  }
  return fault;
}

function isKind(value: unknown): value is FaultKind {
  return typeof value === 'string' && Object.hasOwn(KINDS, value);
}

function kindUnknown(given: unknown, field: string) {
  const kinds = Object.keys(KINDS).join(', ');
  return optionInvalid(
    field,
    `${JSON.stringify(given) ?? 'nothing'} is no fault; the faults are ${kinds} (for example ${EXAMPLES})`,
  );
}

function knobsOf(kind: FaultKind): string {
  return ['tdsp', 'probability', 'times', ...KINDS[kind]].join(', ');
}

function readTdsp(given: unknown, field: string): string {
  const tdsp = typeof given === 'string' ? findTdsp(given) : undefined;
  if (!tdsp) throw optionInvalid(field, `${JSON.stringify(given)} is no TDSP; the six are ${DUNS_LIST}`);
  return tdsp.wire.duns_number;
}

function readBoolean(given: unknown, field: string): boolean {
  if (given === true || given === 'true') return true;
  if (given === false || given === 'false') return false;
  throw optionInvalid(field, `must be true or false, not ${JSON.stringify(given)}`);
}

function readHeader(given: unknown, field: string): string {
  if (typeof given === 'string' && /^[\x20-\x7e]{1,100}$/.test(given)) return given;
  throw optionInvalid(field, `must be a text of 1 to 100 ASCII characters, not ${JSON.stringify(given)}`);
}

function readNumber(text: string, field: string): number {
  const number = text === '' ? Number.NaN : Number(text);
  if (!Number.isFinite(number)) throw optionInvalid(field, `"${text}" is no number`);
  return number;
}

function checkNumber(given: unknown, knob: Knob, field: string): number {
  const { min, max, whole } = KNOBS[knob];
  const fits =
    typeof given === 'number' && given >= min && given <= max && (!whole || Number.isInteger(given));
  if (fits) return given;
  const hint = knob === 'probability' ? '; a duration is written ms=300, a count times=3' : '';
  throw optionInvalid(
    field,
    `must be a ${whole ? 'whole ' : ''}number from ${min} to ${max}, not ${JSON.stringify(given)}${hint}`,
  );
}
