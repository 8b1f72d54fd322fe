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

/** The button and, beside it, the native popover that it opens. */
export const figure = (value: Html | string, { id, title, what, from, since, command }: Explained): Html =>
  html`<button type="button" class="f" popovertarget="x-${id}" aria-label="${String(plain(value))}: ${title}, explained">${value}</button><div popover id="x-${id}"><h3>${title}</h3><p>${what}</p><p>From <code>${from}</code>, ${since}.</p><p><code>${command}</code></p></div>`;

const plain = (value: Html | string): string =>
  String(value)
    .replace(/<[^>]*>/g, '')
    .replaceAll('&amp;', '&');
