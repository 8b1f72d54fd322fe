/**
 * The style sheets of the pages: read once, without what browsers do not need, and written whole into the head of a
 * page, so that it is drawn with the first answer. A policy names the sheet by its checksum.
 */

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { type Html, trusted } from '../html/html.ts';

export interface StyleSheet {
  /** `<style>…</style>` */
  html: Html;
  /** Its source in a policy: `'sha256-…'`. */
  source: string;
}

const read = (path: string) => readFileSync(new URL(path, import.meta.url), 'utf8');

/** Comments and the blanks that only people need. No sheet of ours has strings with blanks that matter. */
const smaller = (css: string): string =>
  css
    .replace(/\/\*[\s\S]*?\*\//g, '')
    .replace(/\s+/g, ' ')
    .replace(/ ?([{};,>]) ?/g, '$1')
    .replace(/: /g, ':')
    .replace(/;}/g, '}')
    .trim();

/** @param names of files in `css/`, behind what all pages share */
export function styleSheet(...names: readonly string[]): () => StyleSheet {
  let made: StyleSheet | undefined;
  return () => {
    if (!made) {
      const css = smaller(
        [read('../html/tokens.css'), ...['base', ...names].map((name) => read(`css/${name}.css`))].join('\n'),
      );
      made = { html: trusted(`<style>${css}</style>`), source: `'sha256-${hash('sha256', css, 'base64')}'` };
    }
    return made;
  };
}
