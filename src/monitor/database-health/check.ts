/** One check of `db:health`: which reading it takes, what would be fine, and what to do where it is not. */

import type { HealthReadings } from '../../store/upkeep/readings/health-readings.ts';
import type { Reading } from '../../store/upkeep/readings/reading.ts';
import { type Finding, ok, problems } from '../finding.ts';
import type { HealthLimits } from './limits.ts';

type Unreadable = Extract<Reading<unknown>, { unreadable: string }>;

export interface Context {
  readings: HealthReadings;
  limits: HealthLimits;
  now: Date;
}

export interface Problem {
  verdict: 'warn' | 'bad';
  subject: string | null;
  reading: string;
  advice: string;
  command: string | null;
}

/** What a check makes of its reading. */
export interface Judged {
  limit: string | null;
  /** Printed where there is no problem. */
  reading: string;
  problems: readonly Problem[];
}

/** `null`: there is nothing here that could be judged. */
export type HealthCheck = (context: Context) => Judged | Unreadable | null;

type Readable = {
  [Name in keyof HealthReadings as HealthReadings[Name] extends Reading<unknown> ? Name : never]: Extract<
    HealthReadings[Name],
    { value: unknown }
  >['value'];
};

/** A check of one reading, where it could be read. */
export const on =
  <Name extends keyof Readable>(
    name: Name,
    judge: (value: Readable[Name], context: Context) => Judged | null,
  ): HealthCheck =>
  (context) => {
    const reading = context.readings[name] as Reading<Readable[Name]>;
    return 'unreadable' in reading ? reading : judge(reading.value, context);
  };

type Severity = Problem['verdict'] | null;

/** @param verdict `null`: no problem */
export const problem = (
  verdict: Severity,
  subject: string | null,
  rest: Pick<Problem, 'reading' | 'advice' | 'command'>,
): Problem[] => (verdict === null ? [] : [{ verdict, subject, ...rest }]);

/** Of one value, which is printed whatever its verdict is. */
export const single = (
  limit: string,
  reading: string,
  verdict: Severity,
  fix: Pick<Problem, 'advice' | 'command'>,
): Judged => ({ limit, reading, problems: problem(verdict, null, { reading, ...fix }) });

/** More problems of one kind than these are only counted. */
const MOST_PROBLEMS = 8;

/** One finding for each problem; without any, the one that says so. */
export function findingsOf(name: string, { limit, reading, problems: found }: Judged): Finding[] {
  if (found.length === 0) return [ok(name, reading, limit)];
  const shown = problems(found).slice(0, MOST_PROBLEMS);
  const rest = found.length - shown.length;
  return shown.map((problem, index) => ({
    check: name,
    limit,
    ...problem,
    reading:
      rest > 0 && index === shown.length - 1 ? `${problem.reading}; and ${rest} more` : problem.reading,
  }));
}

/** What could be read; `null` otherwise. */
export const known = <T>(reading: Reading<T>): T | null => ('value' in reading ? reading.value : null);

/** A command that sends a statement without psql; in quotes that every shell knows where possible. */
export const sqlCommand = (...statements: string[]): string =>
  statements
    .map((sql) =>
      /["$`\\!]/.test(sql)
        ? `npx wattsync db sql --write '${sql.replaceAll("'", "'\\''")}'`
        : `npx wattsync db sql --write "${sql}"`,
    )
    .join(' && ');

export const endSession = (pid: number): string => sqlCommand(`select pg_terminate_backend(${pid})`);
