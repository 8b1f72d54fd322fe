/** What looking at one thing found: how it is, why, and what to run. */

export type Verdict = 'ok' | 'warning' | 'bad';

export interface Finding {
  /** What was looked at: a stable name, for programs. */
  check: string;
  verdict: Verdict;
  message: string;
  /** What to do; `null` where nothing is to be done. */
  advice: string | null;
  /** The command that does it; `null` where no command can. */
  run: string | null;
}

export const ok = (check: string, message: string): Finding => ({
  check,
  verdict: 'ok',
  message,
  advice: null,
  run: null,
});

export const warning = (
  check: string,
  message: string,
  advice: string,
  run: string | null = null,
): Finding => ({ check, verdict: 'warning', message, advice, run });

export const bad = (check: string, message: string, advice: string, run: string | null = null): Finding => ({
  check,
  verdict: 'bad',
  message,
  advice,
  run,
});

export function worst(findings: readonly Finding[]): Verdict {
  if (findings.some(({ verdict }) => verdict === 'bad')) return 'bad';
  return findings.some(({ verdict }) => verdict === 'warning') ? 'warning' : 'ok';
}
