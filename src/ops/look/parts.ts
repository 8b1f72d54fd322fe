/** What the pages are put together from: sections, commands with a copy button, links that act. */

import { type Html, html, type Printable } from '../../html/html.ts';

/** The margin is the report, the right is the evidence. @param words the section's answer, in a sentence or two */
export const section = (id: string, title: string, words: Printable, body: Printable): Html =>
  html`<section class="sec" id="${id}" aria-labelledby="h-${id}"><header><h2 id="h-${id}">${title}</h2>${words}</header><div>${body}</div></section>`;

/** A command as it is typed; the script adds what copies it. */
export const command = (text: string): Html =>
  html`<span class="cmd"><code>${text}</code><button type="button" data-copy hidden aria-label="Copy the command ${text}">Copy</button></span>`;

/** Asks once more on a page of its own before it does anything. */
export const act = (href: string, words: string, about = ''): Html =>
  html`<a class="b" href="${href}"${about !== '' && html` aria-label="${words} ${about}"`}>${words}</a>`;

/** What to do about an alert. */
export const runbookPath = (rule: string): string => `/ops/runbook#${rule}`;

/** A wide table that a keyboard can scroll where it has no room. */
export const scrolled = (label: string, table: Html): Html =>
  html`<div class="scroll" tabindex="0" role="region" aria-label="${label}">${table}</div>`;
