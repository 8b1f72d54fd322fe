/** Findings as `doctor` and `db health` print them: a mark, the name, the reading; where it is not fine also what to do. */

import type { Finding, Verdict } from '../monitor/finding.ts';
import { inked, type Line, pad, piece, type Tone, wrapWords } from './monitor/ink.ts';
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
    .flatMap((finding) => linesOf(finding, style))
    .map((line) => inked(line, ink))
    .join('\n');
}

function linesOf(finding: Finding, { marks, nameWidth, columns }: FindingsStyle): Line[] {
  const { check, verdict, reading, limit, advice, command } = finding;
  const mark = marks[verdict];
  const indent = mark.length + 1 + nameWidth + 1;
  const below = (text: string): Line => [piece(' '.repeat(indent)), piece(text)];
  const wrapped = (text: string | null) => (text === null ? [] : wrapWords(text, columns - indent));
  const [first = '', ...rest] = wrapped(reading);
  const isFine = verdict === 'ok' || verdict === 'unknown';
  return [
    [piece(`${mark} `, TONES[verdict]), piece(pad(check, nameWidth), 'strong'), piece(` ${first}`)],
    ...rest.map(below),
    ...(isFine ? [] : [...wrapped(limit && `Target: ${limit}`), ...wrapped(advice)].map(below)),
    // Whole, so that it can be copied.
    ...(isFine || command === null ? [] : [below(`→ ${command}`)]),
  ];
}

export const countOf = (findings: readonly Finding[], verdict: Verdict): number =>
  findings.filter((finding) => finding.verdict === verdict).length;
