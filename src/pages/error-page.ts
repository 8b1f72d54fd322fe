/** Pages for what cannot be shown: they look like all others, and say what to do next. */

import { type Html, html } from '../html/html.ts';
import { page } from './document.ts';
import { inLanguage } from './language.ts';
import type { Ask, Page } from './page-parts.ts';
import { styleSheet } from './style-sheet.ts';
import { COMMON, type CommonWords } from './words/common.ts';

const STATUS = { badRequest: 400, notFound: 404, unexpected: 500, notReady: 503 } as const;
const STYLE = styleSheet();

export function errorPage(
  ask: Ask,
  kind: keyof CommonWords['errors'] & keyof typeof STATUS,
  detail?: string,
): Page {
  const [title, text] = COMMON[ask.language].errors[kind];
  return sorryPage(ask, STATUS[kind], title, html`<p>${text}${detail && html` <b>${detail}</b>`}</p>`);
}

/** @param text why, and what there is instead */
export function sorryPage(ask: Ask, status: Page['status'], title: string, text: Html): Page {
  const words = COMMON[ask.language];
  const main = html`<div class="w sorry"><h1>${title}</h1>${text}<p><a class="btn" href="${inLanguage(ask.language, '/')}">${words.goHome}</a></p></div>`;
  return page(ask, { status, title, description: title, main, style: STYLE(), canonical: null });
}
