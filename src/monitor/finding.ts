/** What looking at one thing found: how it is, what would be fine, and what to do. */

export type Verdict = 'ok' | 'warn' | 'bad' | 'unknown';

export interface Finding {
  /** What was looked at: a stable name, for programs. */
  check: string;
  /** `unknown`: it could not be read; the reading says why. */
  verdict: Verdict;
  /** Which table, session or run, where there may be several: with `check` it tells findings apart. */
  subject: string | null;
  reading: string;
  /** What would be fine; `null` where there is no measure. */
  limit: string | null;
  /** Why it matters and what to do; `null` where nothing is to be done. */
  advice: string | null;
  /** The command that does it, to be typed as it is; `null` where no command can. */
  command: string | null;
}

export const ok = (check: string, reading: string, limit: string | null = null): Finding => ({
  check,
  verdict: 'ok',
  subject: null,
  reading,
  limit,
  advice: null,
  command: null,
});

export const unknown = (check: string, reading: string): Finding => ({
  ...ok(check, reading),
  verdict: 'unknown',
});

const problem =
  (verdict: Verdict) =>
  (check: string, reading: string, advice: string, command: string | null = null): Finding => ({
    ...ok(check, reading),
    verdict,
    advice,
    command,
  });
export const warn = problem('warn');
export const bad = problem('bad');

/** The worst of all; what could not be read does not count. */
export function worst(findings: readonly Pick<Finding, 'verdict'>[]): Exclude<Verdict, 'unknown'> {
  if (findings.some(({ verdict }) => verdict === 'bad')) return 'bad';
  return findings.some(({ verdict }) => verdict === 'warn') ? 'warn' : 'ok';
}

/** Those that somebody has to look at, the bad ones first. */
export const problems = <T extends Pick<Finding, 'verdict'>>(findings: readonly T[]): T[] => [
  ...findings.filter(({ verdict }) => verdict === 'bad'),
  ...findings.filter(({ verdict }) => verdict === 'warn'),
];

/** `warn` or `bad` from two limits; `null` below both. */
export const graded = (value: number, warn: number, bad: number): 'warn' | 'bad' | null =>
  value >= bad ? 'bad' : value >= warn ? 'warn' : null;

/** With the names that `doctor --json` and `sync status --json` have always had, beside those of `db health --json`. */
export const toJson = (finding: Finding) => ({ ...finding, message: finding.reading, run: finding.command });
