/**
 * Query parameters: described once, read and documented from that description.
 *
 * By hand and not by a schema library: reading a plan query is a third of the work of answering it.
 */

import { expected, type FieldProblem } from '../errors.ts';
import { isDay } from '../plan/market-day.ts';
import { jsonNumber, oneOf, type Reader } from '../readers.ts';
import { Problem } from './problem.ts';

export interface Param<T> extends Reader<T> {
  description: string;
  /** JSON Schema, for the OpenAPI document: a test compares what it allows with what `read` takes. */
  schema: Record<string, unknown>;
  isRequired?: boolean;
}

export type Params = Record<string, Param<unknown>>;
export type Values<P extends Params> = {
  [K in keyof P]: P[K] extends Param<infer T> ? (P[K] extends { isRequired: true } ? T : T | null) : never;
};
/** As the router parses it: a parameter given twice is an array. */
export type RawQuery = Record<string, string | string[] | undefined>;

/** The most problems that one answer names: an answer must not be many times as long as its question. */
const MOST_PROBLEMS = 5;
const LONGEST_QUOTE = 100;

/**
 * Reads all parameters; what is absent is `null`.
 * @param given the query as the router parsed it
 * @throws {Problem} `invalid_parameter` with the fields at fault, unknown parameters included
 */
export function readParams<P extends Params>(params: P, given: unknown): Values<P> {
  const query = given as RawQuery;
  const problems: FieldProblem[] = [];
  const values: Record<string, unknown> = {};
  for (const name in params) values[name] = null;
  for (const name in query) {
    const texts = query[name];
    // Own ones only: every object has a `constructor`.
    if (!Object.hasOwn(params, name)) {
      problems.push({ field: quoted(name), message: unknownIn(params) });
    } else if (texts !== undefined && texts !== '') {
      const param = params[name]!;
      const text = typeof texts === 'string' ? texts : texts.join(',');
      const value = param.read(text);
      if (value === undefined)
        problems.push({ field: name, message: expected(param.expected, quoted(text)) });
      else values[name] = value;
    }
  }
  for (const name in params) {
    const { isRequired, expected: what } = params[name]!;
    if (isRequired && values[name] === null && !problems.some(({ field }) => field === name)) {
      problems.push({ field: name, message: expected(what, undefined) });
    }
  }
  if (problems.length > 0) throw invalidParameters(problems);
  return values as Values<P>;
}

const unknownIn = (params: Params): string =>
  `unknown parameter; the parameters here are: ${Object.keys(params).join(', ') || 'none'}`;

const quoted = (text: string): string =>
  text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text;

export function invalidParameters(errors: FieldProblem[]): Problem {
  const named = errors.slice(0, MOST_PROBLEMS);
  const told = named.map(({ field, message }) => `${field}: ${message}`);
  if (errors.length > named.length) told.push(`and ${errors.length - named.length} more`);
  return new Problem('invalid_parameter', { detail: told.join('; '), errors: named });
}

export function invalidParameter(field: string, message: string): Problem {
  return invalidParameters([{ field, message }]);
}

/** Control characters are refused: PostgreSQL takes no NUL, and a terminal obeys the rest. */
export function text(description: string, longest = 100): Param<string> {
  return {
    description,
    schema: { type: 'string', maxLength: longest, pattern: '^[^\\u0000-\\u001f\\u007f-\\u009f]*$' },
    expected: `at most ${longest} characters, none of them a control character`,
    read: (given) => (given.length <= longest && !/\p{Cc}/u.test(given) ? given.trim() : undefined),
  };
}

export const required = <T>(param: Param<T>): Param<T> & { isRequired: true } => ({
  ...param,
  isRequired: true,
});

export function integer(description: string, min: number, max: number): Param<number> {
  return {
    description,
    schema: { type: 'integer', minimum: min, maximum: max },
    ...jsonNumber(min, max, true),
  };
}

export function decimal(description: string, min: number, max: number): Param<number> {
  return {
    description,
    schema: { type: 'number', minimum: min, maximum: max },
    ...jsonNumber(min, max, false),
  };
}

export function flag(description: string): Param<boolean> {
  return {
    description,
    schema: { type: 'boolean' },
    expected: 'true or false',
    read: (given) => {
      if (given === 'true') return true;
      return given === 'false' ? false : undefined;
    },
  };
}

export function choice<T extends string>(description: string, choices: readonly T[]): Param<T> {
  return { description, schema: { type: 'string', enum: choices }, ...oneOf(choices) };
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/i;

/** A time with its zone: without one it would be another time for every caller. */
export function moment(description: string): Param<Date> {
  return {
    description: `${description} ISO 8601 with its zone.`,
    schema: { type: 'string', format: 'date-time' },
    expected: 'a time with its zone, such as 2026-06-01T12:00:00Z',
    read: (given) => {
      // A plus sign that was not encoded arrives as a blank.
      const text = given.trim().replace(/ (?=\d\d:\d\d$)/, '+');
      // To JavaScript February 30 is the second of March, which cannot be what was meant.
      const time = new Date(MOMENT.test(text) && isDay(text.slice(0, 10)) ? text : Number.NaN);
      return Number.isNaN(time.getTime()) ? undefined : time;
    },
  };
}

/** Several values, separated by commas or given as repeated parameters. */
export function list<T>(item: Param<T>): Param<readonly T[]> {
  return {
    description: `${item.description} Several, separated by commas, match any of them.`,
    schema: { type: 'array', items: item.schema, minItems: 1 },
    expected: item.expected,
    read: (given) => {
      const values: T[] = [];
      for (const part of given.split(',')) {
        const value = item.read(part.trim());
        if (value === undefined) return undefined;
        values.push(value);
      }
      return values;
    },
  };
}
