/**
 * Query parameters: described once, read and documented from that description.
 *
 * By hand and not by a schema library: reading a plan query is a third of the work of answering it, and the message to
 * the caller can say what would be right.
 */

import type { FieldProblem } from '../errors.ts';
import { isDay } from '../plan/market-day.ts';
import { Problem } from './problem.ts';

export interface Param<T> {
  description: string;
  /** JSON Schema, for the OpenAPI document. */
  schema: Record<string, unknown>;
  /** @returns the value, or a `Wrong` that says what would be right */
  read(text: string): T | Wrong;
}

export class Wrong {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

export type Params = Record<string, Param<unknown>>;
export type Values<P extends Params> = { [K in keyof P]: P[K] extends Param<infer T> ? T | null : never };
/** As the router parses it: a parameter given twice is an array. */
export type RawQuery = Record<string, string | string[] | undefined>;

/**
 * Reads all parameters; what is absent is `null`.
 * @throws {Problem} `invalid_parameter` with every field at fault, parameters nobody knows included
 */
export function readParams<P extends Params>(params: P, query: RawQuery): Values<P> {
  const problems: FieldProblem[] = [];
  const values: Record<string, unknown> = {};
  for (const name in params) values[name] = null;
  for (const name in query) {
    const param = params[name];
    const given = query[name];
    if (param === undefined) {
      problems.push({
        field: name,
        message: `is no parameter here: expected ${Object.keys(params).join(', ')}`,
      });
    } else if (given !== undefined && given !== '') {
      const value = param.read(typeof given === 'string' ? given : given.join(','));
      if (value instanceof Wrong) problems.push({ field: name, message: `"${given}" ${value.message}` });
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

export function text(description: string, longest = 100): Param<string> {
  return {
    description,
    schema: { type: 'string', maxLength: longest },
    read: (given) =>
      given.length <= longest ? given.trim() : new Wrong(`is longer than ${longest} characters`),
  };
}

export function integer(description: string, min: number, max: number): Param<number> {
  return {
    description,
    schema: { type: 'integer', minimum: min, maximum: max },
    read: (given) => {
      const value = /^\d{1,9}$/.test(given) ? Number(given) : Number.NaN;
      return value >= min && value <= max ? value : new Wrong(`is no whole number from ${min} to ${max}`);
    },
  };
}

export function decimal(description: string, min: number, max: number): Param<number> {
  return {
    description,
    schema: { type: 'number', minimum: min, maximum: max },
    read: (given) => {
      const value = /^\d{1,9}(\.\d{1,6})?$/.test(given) ? Number(given) : Number.NaN;
      return value >= min && value <= max ? value : new Wrong(`is no number from ${min} to ${max}`);
    },
  };
}

export function flag(description: string): Param<boolean> {
  return {
    description,
    schema: { type: 'boolean' },
    read: (given) => {
      if (given === 'true') return true;
      return given === 'false' ? false : new Wrong('is neither true nor false');
    },
  };
}

export function choice<T extends string>(description: string, choices: readonly T[]): Param<T> {
  return {
    description,
    schema: { type: 'string', enum: choices },
    read: (given) =>
      choices.find((one) => one === given.toLowerCase()) ?? new Wrong(`is none of ${choices.join(', ')}`),
  };
}

const MOMENT = /^\d{4}-\d\d-\d\dT\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:\d\d)$/i;

/** A time with its zone: without one it would be another time for everybody who asks. */
export function moment(description: string): Param<Date> {
  return {
    description: `${description} ISO 8601 with its zone.`,
    schema: { type: 'string', format: 'date-time' },
    read: (given) => {
      // A plus sign that nobody encoded arrives as a blank.
      const text = given.trim().replace(/ (?=\d\d:\d\d$)/, '+');
      // To JavaScript February 30 is the second of March: nobody who asks about it means that.
      const time = new Date(MOMENT.test(text) && isDay(text.slice(0, 10)) ? text : Number.NaN);
      return Number.isNaN(time.getTime())
        ? new Wrong('is no time with its zone: expected one such as 2026-06-01T12:00:00Z')
        : time;
    },
  };
}

/** Several values, separated by commas or given as repeated parameters. */
export function list<T>(item: Param<T>): Param<readonly T[]> {
  return {
    description: `${item.description} Several, separated by commas, match any of them.`,
    schema: { type: 'array', items: item.schema, minItems: 1 },
    read: (given) => {
      const values: T[] = [];
      for (const part of given.split(',')) {
        const value = item.read(part.trim());
        if (value instanceof Wrong) return value;
        values.push(value);
      }
      return values;
    },
  };
}
