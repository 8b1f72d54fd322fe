import { cleaned, wrapWords } from './monitor/ink.ts';

/** Breaks a text between words so that no line is longer than the screen; a word that is longer stays whole. */
export const wrap = (text: string, indent: string): string =>
  wrapWords(cleaned(text), screenWidth() - indent.length).join(`\n${indent}`);

/** Of the terminal, at most 100: longer lines are hard to read. 80 where there is no terminal. */
export function screenWidth(): number {
  return Math.min(process.stdout.columns ?? 80, 100);
}
