/** Pages for what cannot be shown: they look like all others, and say what to do next. */

import { type Html, html } from '../html/html.ts';
import { headersOf, page } from './document.ts';
import { inLanguage } from './language.ts';
import { type Asked, addressOf, type BadAddress, type Page } from './page-parts.ts';
import { styleSheet } from './style-sheet.ts';
import { COMMON, type CommonWords } from './words/common.ts';

const STATUS = {
  badRequest: 400,
  notFound: 404,
  tooLong: 414,
  tooMany: 429,
  unexpected: 500,
  notReady: 503,
  starting: 503,
} as const;
export type Wrong = keyof CommonWords['errors'] & keyof typeof STATUS;
const STYLE = styleSheet();
/** Plans usually arrive within seconds. */
const AGAIN_SECONDS = 5;

interface About {
  detail?: string;
  /** When the same may go well. */
  retryAfterSeconds?: number;
}

export function errorPage(ask: Asked, kind: Wrong, { detail, retryAfterSeconds }: About = {}): Page {
  const [title, text] = COMMON[ask.language].errors[kind];
  const status = STATUS[kind];
  const made = sorryPage(ask, status, title, html`<p>${text}${detail && html` <b>${detail}</b>`}</p>`);
  return { ...made, retryAfterSeconds: retryAfterSeconds ?? (status === 503 ? AGAIN_SECONDS : null) };
}

/** Says which part of the address cannot be read, and what would be right there. */
export function badAddressPage(ask: Asked, { parameter, right, got }: BadAddress): Page {
  const words = COMMON[ask.language];
  const what = typeof right === 'string' ? words.parameters[right] : words.oneOf(right);
  return errorPage(ask, 'badRequest', { detail: `${parameter}: ${words.expected(what, got)}` });
}

/** @param text why, and what there is instead */
export function sorryPage(ask: Asked, status: Page['status'], title: string, text: Html): Page {
  const words = COMMON[ask.language];
  const main = html`<div class="w sorry"><h1>${title}</h1>${text}<p><a class="btn" href="${inLanguage(ask.language, '/')}">${words.goHome}</a></p></div>`;
  return page(ask, { status, title, description: title, main, style: STYLE(), canonical: null });
}

/** What a browser gets before there is anything to make pages from. @param url as it came */
export function startingPage(url: string): { headers: readonly string[]; body: string } {
  const ask: Asked = { ...addressOf(url), route: null, parts: { publicUrl: null } };
  const { html: body, style } = errorPage(ask, 'starting');
  return { headers: headersOf(style), body: String(body) };
}
