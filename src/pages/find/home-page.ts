/** `/`: where somebody lives, and from there to the plans. */

import { html } from '../../html/html.ts';
import { page } from '../document.ts';
import { inLanguage } from '../language.ts';
import type { Answer, Ask } from '../page-parts.ts';
import { styleSheet } from '../style-sheet.ts';
import { FIND } from '../words/find.ts';

const STYLE = styleSheet();

export function homePage(ask: Ask): Answer {
  const words = FIND[ask.language];
  const main = html`<div class="w"><h1>${words.question}</h1><p>${words.promise}</p>
<form class="find" action="${inLanguage(ask.language, '/')}" role="search"><label for="q">${words.zipOrCity}</label><div><input id="q" name="q" type="text" autocomplete="postal-code"><button>${words.findPlans}</button></div></form></div>`;
  return page(ask, { title: words.title, description: words.description, main, style: STYLE() });
}
