/** The frame of every page of operations: head, navigation, verdict, foot. */

import { type Html, html, type Printable, trusted } from '../../html/html.ts';
import { assetPath } from './assets.ts';
import { MARKS, type Mark, mark, toneOf } from './marks.ts';
import { fullTime } from './words.ts';

const PAGES = [
  ['Now', '/ops'],
  ['Runs', '/ops/runs'],
  ['Alerts', '/ops/alerts'],
  ['Webhooks', '/ops/webhooks'],
  ['Database', '/ops/database'],
  ['Reports', '/ops/reports'],
  ['Log', '/ops/log'],
] as const;
type PageName = (typeof PAGES)[number][0];

export interface Frame {
  /** `null`: nobody is logged in, so there is nowhere to go. */
  page: PageName | null;
  title: string;
  /** Of the tab: one glance at twenty tabs finds the one that is red. */
  mark?: Mark;
  crumb?: Html;
  headline: Html | string;
  lead: Printable;
  /** `production · comparepower`. */
  place?: string;
  at?: Date;
  who?: string | null;
  /** The page is told of changes by the stream at this address. */
  live?: string;
  body: Printable;
}

const SIGNS: Partial<Record<Mark, string>> = { verdict: '✓', watch: '▲', bad: '✕' };

export const verdictBlock = ({
  mark: shown,
  headline,
  lead,
}: Pick<Frame, 'mark' | 'headline' | 'lead'>): Html =>
  html`<div class="verdict${!shown && ' bare'}" id="verdict">${shown && mark(shown)}<h1>${headline}</h1>${lead}</div>`;

export const titleOf = ({ mark: shown, title }: Pick<Frame, 'mark' | 'title'>): string =>
  `${(shown && SIGNS[shown]) ?? ''} ${title} · wattsync operations`.trim();

/** The verdict as the icon of the tab, in its colour: a white mark on it would be too small to be read. */
export const iconOf = ({ mark: shown }: Pick<Frame, 'mark'>): Html => {
  const colour = { watch: 'b87400', bad: '98201d' }[String(shown)] ?? '145c36';
  const shape =
    shown === 'bad'
      ? 'M5 0h6l5 5v6l-5 5H5l-5-5V5z'
      : shown === 'watch'
        ? 'M8 1l8 14H0z'
        : 'M8 0a8 8 0 1 0 .1 0z';
  const drawn = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16"><path fill="#${colour}" d="${shape}"/></svg>`;
  return html`<link rel="icon" id="icon" href="data:image/svg+xml,${encodeURIComponent(drawn)}">`;
};

export function renderDocument(frame: Frame): string {
  const { page, crumb, place, at, who, live, body } = frame;
  const nav =
    page &&
    html`<nav aria-label="Operations">${PAGES.map(
      ([name, href]) =>
        html`<a href="${href}"${name === page && trusted(' aria-current="page"')}>${name}</a>`,
    )}</nav>`;
  const told =
    at &&
    html`${place} · <time datetime="${at.toISOString()}">${fullTime(at)}</time>${live && html` · <span id="live"></span><noscript>a still</noscript>`}`;
  return String(html`<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${titleOf(frame)}</title><meta name="robots" content="noindex">${iconOf(frame)}<link rel="stylesheet" href="${assetPath('ops.css')}"><script type="module" src="${assetPath('ops.js')}"></script></head><body${live && html` data-live="${live}"`} class="${toneOf(frame.mark ?? 'good')}-page">${MARKS}<a class="skip" href="#main">Skip to the page</a>
<header class="top"><b>wattsync</b>${nav}<span class="r" id="told">${told}</span></header>
<main id="main" tabindex="-1">${crumb && html`<p class="crumb">${crumb}</p>`}${verdictBlock(frame)}${body}</main>
<footer class="foot"><span>Times are Central; all figures are of the whole fleet.</span>${page && html`<span class="r">${who && html`You are ${who}. `}<a href="/ops/logout">Log out</a></span>`}</footer>
</body></html>
`);
}
