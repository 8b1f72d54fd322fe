/** A figure that can be pressed and explains itself: what it is, from which rows, since when, and which command says the same. */

import { type Html, html } from '../../html/html.ts';

export interface Explained {
  /** Unique on its page: `age-oncor`. */
  id: string;
  title: string;
  what: string;
  /** The tables or views it is read from. */
  from: string;
  /** Since when, or over which time. */
  since: string;
  command: string;
}

/** The button and, beside it, the native popover that it opens: of spans, so that it can stand in a sentence. */
export const figure = (value: Html | string, { id, title, what, from, since, command }: Explained): Html =>
  html`<button type="button" class="f" popovertarget="x-${id}" aria-label="${plain(value)}: ${title}, explained">${value}</button><span popover id="x-${id}"><b>${title}</b><span>${what}</span><span>From <code>${from}</code>, ${since}.</span><code>${command}</code></span>`;

const plain = (value: Html | string): string =>
  String(value)
    .replace(/<[^>]*>/g, '')
    .replaceAll('&amp;', '&');
