/** Where prices are from and how old they are: on every page that shows one. */

import type { PlanView } from '../../catalog/catalog.ts';
import { type Html, html } from '../../html/html.ts';
import { ageOf, date } from '../format.ts';
import type { Ask } from '../page-parts.ts';
import { COMMON } from '../words/common.ts';

const SITES: Readonly<Record<string, string>> = {
  powertochoose: 'https://www.powertochoose.org/',
  comparepower: 'https://comparepower.com/',
};

/** `Prices of Sun, November 29, 2026, from Power to Choose, read 38 minutes ago.` */
export function sourceLine({ parts, language, nowMs }: Ask, view: PlanView): Html {
  const words = COMMON[language];
  const { unit, count } = ageOf(Math.max(0, nowMs - view.observedAtMs));
  const names = view.upstreams.map((upstream, at) => {
    const name = words.sourceNames[upstream] ?? upstream;
    const site = SITES[upstream];
    return html`${at > 0 && ', '}${site ? html`<a href="${site}" rel="nofollow">${name}</a>` : name}`;
  });
  const exact = `${date(language, view.observedAtMs, 'exact')}, ${words.central}`;
  const isStale = parts.catalog.freshnessOf({ view, layer: 'memory' }, nowMs).isStale;
  return html`${words.pricesOf(date(language, view.observedAtMs, 'day'))}${names}, ${words.read} <time datetime="${view.as_of}" title="${exact}">${words.readAgo[unit](count)}</time>. ${words.beforeTax}${isStale && html` <span class="watch">${words.stale}</span>`}`;
}
