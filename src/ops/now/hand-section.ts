import { type Html, html } from '../../html/html.ts';
import type { Hand } from '../hand.ts';
import { mark } from '../look/marks.ts';
import { act, command, section } from '../look/parts.ts';
import { numberWord } from '../look/words.ts';

/** Empty where nothing needs a hand: a calm page does not say so twice. */
export function handSection(hands: readonly Hand[]): Html {
  if (hands.length === 0) return html`<div id="hand"></div>`;
  const words = hands.length === 1 ? 'One thing.' : `${numberWord(hands.length)} things, in this order.`;
  return section(
    'hand',
    'Needs a hand',
    html`<p>${words.charAt(0).toUpperCase()}${words.slice(1)}</p>`,
    html`<ol class="hand">${hands.map(item)}</ol>`,
  );
}

const item = ({ verdict, reading, advice, limit, command: typed, buttons }: Hand): Html =>
  html`<li><div><h3>${mark(verdict === 'bad' ? 'bad' : 'watch')}<span>${reading}</span></h3>${advice && html`<p class="why">${advice}</p>`}${limit && html`<p class="why">Fine would be: ${limit}</p>`}</div><div class="do">${typed && command(typed)}${
    buttons.length > 0 &&
    html`<span class="bs">${buttons.map(({ href, words, isFirst }) =>
      isFirst ? html`<a class="b go" href="${href}">${words}</a>` : act(href, words),
    )}</span>`
  }</div></li>`;
