/**
 * Query parameters: described once, read and documented from that description.
 *
 * By hand and not by a schema library: reading a plan query is a third of the work of answering it.
 */

import { expected, type FieldProblem } from '../errors.ts';
import { isDay } from '../plan/market-day.ts';
import { oneOf, plainNumber, type Reader, wholeNumber } from '../readers.ts';
import { Problem } from './problem.ts';

export interface Param<T> extends Reader<T> {
  description: string;
  /** JSON Schema, for the OpenAPI document. */
  schema: Record<string, unknown>;
}

export type Params = Record<string, Param<unknown>>;
export type Values<P extends Params> = { [K in keyof P]: P[K] extends Param<infer T> ? T | null : never };
/** As the router parses it: a parameter given twice is an array. */
export type RawQuery = Record<string, string | string[] | undefined>;

/**
 * Reads all parameters; what is absent is `null`.
 * @param given the query as the router parsed it
 * @throws {Problem} `invalid_parameter` with every field at fault, unknown parameters included
 */
export function readParams<P extends Params>(params: P, given: unknown): Values<P> {
  const query = given as RawQuery;
  const problems: FieldProblem[] = [];
  const values: Record<string, unknown> = {};
  for (const name in params) values[name] = null;
  for (const name in query) {
    const param = params[name];
    const texts = query[name];
    if (param === undefined) {
      const known = Object.keys(params).join(', ') || 'none';
      problems.push({ field: name, message: `unknown parameter; the parameters here are: ${known}` });
    } else if (texts !== undefined && texts !== '') {
      const text = typeof texts === 'string' ? texts : texts.join(',');
      const value = param.read(text);
      if (value === undefined) problems.push({ field: name, message: expected(param.expected, text) });
      else values[name] = value;
    }
  }
  if (problems.length > 0) throw invalidParameters(problems);
  return values as Values<P>;
}

export function invalidParameters(errors: FieldProblem[]): Problem {
  const detail = errors.map(({ field, message }) => `${field}: ${message}`).join('; ');
  return new Problem('invalid_parameter', { detail, errors });
}

export function invalidParameter(field: string, message: string): Problem {
  return invalidParameters([{ field, message }]);
}

export function text(description: string, longest = 100): Param<string> {
  return {
    description,
    schema: { type: 'string', maxLength: longest },
    expected: `at most ${longest} characters`,
    read: (given) => (given.length <= longest ? given.trim() : undefined),
  };
}

export function integer(description: string, min: number, max: number): Param<number> {
  return { description, schema: { type: 'integer', minimum: min, maximum: max }, ...wholeNumber(min, max) };
}

export function decimal(description: string, min: number, max: number): Param<number> {
  return { description, schema: { type: 'number', minimum: min, maximum: max }, ...plainNumber(min, max) };
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
