/** The marks beside words: solid shapes only for what wants the eye. A colour never stands without a shape and a word. */

import { type Html, html, trusted } from '../../html/html.ts';

export type Mark = 'good' | 'verdict' | 'watch' | 'bad' | 'acknowledged' | 'silenced' | 'follows' | 'unknown';

const ring = '<circle cx="7" cy="7" r="6.2" fill="none" stroke="currentColor" stroke-width="1.3"/>';
const SHAPES: Record<Mark, string> = {
  good: `${ring}<path d="M4.2 7.2 6.3 9.3 10 5" stroke="currentColor" stroke-width="1.5"/>`,
  verdict:
    '<circle cx="7" cy="7" r="7" fill="currentColor"/><path d="M4 7.2 6.3 9.4 10.2 4.9" stroke="var(--paper)" stroke-width="1.6"/>',
  watch:
    '<path class="solid" d="M7 .6 14 13.2H0z"/><path d="M7 5v4M7 10.4v1.5" stroke="var(--paper)" stroke-width="1.6"/>',
  bad: '<path class="solid" d="M4.1 0h5.8L14 4.1v5.8L9.9 14H4.1L0 9.9V4.1z"/><path d="M4.4 4.4l5.2 5.2M9.6 4.4 4.4 9.6" stroke="var(--paper)" stroke-width="1.6"/>',
  acknowledged: `${ring}<path class="solid" d="M7 3a4 4 0 0 1 0 8z"/>`,
  silenced: `${ring}<path d="M3.6 7h6.8" stroke="currentColor" stroke-width="1.6"/>`,
  follows:
    '<circle cx="7" cy="7" r="6.2" fill="none" stroke="currentColor" stroke-width="1.3" stroke-dasharray="2.2 1.7"/>',
  unknown: `${ring}<path d="M5 5.4c.3-2.6 4-2.4 4 0 0 1.5-2 1.5-2 3M7 9.8v1.4" stroke="currentColor" stroke-width="1.3"/>`,
};
const TONES: Record<Mark, string> = {
  good: 'good',
  verdict: 'good',
  watch: 'watch',
  bad: 'bad',
  acknowledged: 'soft',
  silenced: 'soft',
  follows: 'soft',
  unknown: 'soft',
};

/** Drawn once a page; {@link mark} points at them. */
export const MARKS: Html = trusted(
  `<svg width="0" height="0" class="defs" aria-hidden="true"><defs>${Object.entries(SHAPES)
    .map(([name, shape]) => `<symbol id="m-${name}" viewBox="0 0 14 14">${shape}</symbol>`)
    .join('')}</defs></svg>`,
);

export const toneOf = (mark: Mark): string => TONES[mark];

export const mark = (name: Mark): Html =>
  html`<svg class="m ${TONES[name]}" aria-hidden="true"><use href="#m-${name}"/></svg>`;

/** A state in a table: its mark and its word. */
export const state = (name: Mark, word: string): Html =>
  html`${mark(name)}<span class="${TONES[name]}">${word}</span>`;
