/** Findings as `doctor` and `db health` print them: a mark, the name, the reading; where it is not fine also what to do. */

import type { Finding, Verdict } from '../monitor/finding.ts';
import { cleaned, inked, pad, strong, type Tone, toned, wrapWords } from './monitor/ink.ts';
import { inkOf } from './monitor/terminal.ts';

export const TONES: Record<Verdict, Tone> = { ok: 'good', warn: 'warn', bad: 'bad', unknown: 'dim' };

interface FindingsStyle {
  marks: Record<Verdict, string>;
  /** Characters; so that readings stand below each other. */
  nameWidth: number;
  columns: number;
}

export function describeFindings(findings: readonly Finding[], style: FindingsStyle): string {
  const ink = inkOf(process.stdout);
  return findings
    .flatMap((finding) => linesOf(cleaned(finding), style))
    .map((line) => inked(line, ink))
    .join('\n');
}

function linesOf(finding: Finding, { marks, nameWidth, columns }: FindingsStyle): string[] {
  const { check, verdict, reading, limit, advice, command } = finding;
  const mark = marks[verdict];
  const indent = mark.length + 1 + nameWidth + 1;
  const wrapped = (text: string | null) => (text === null ? [] : wrapWords(text, columns - indent));
  const [first = '', ...below] = wrapped(reading);
  if (verdict === 'warn' || verdict === 'bad') {
    below.push(...wrapped(limit && `Target: ${limit}`), ...wrapped(advice));
    // Whole, so that it can be copied.
    if (command !== null) below.push(`→ ${command}`);
  }
  return [
    `${toned(TONES[verdict], mark)} ${strong(pad(check, nameWidth))} ${first}`,
    ...below.map((text) => ' '.repeat(indent) + text),
  ];
}

export const countOf = (findings: readonly Finding[], verdict: Verdict): number =>
  findings.filter((finding) => finding.verdict === verdict).length;
