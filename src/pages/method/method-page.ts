/** `/how-we-rank` and `/accessibility`: what the pages promise, with today's figures where there are some. */

import { readFileSync } from 'node:fs';
import { type Html, html } from '../../html/html.ts';
import { usageProfiles } from '../../store/profiles.ts';
import { page } from '../document.ts';
import { dollars, monthName, whole } from '../format.ts';
import { inLanguage, type Language } from '../language.ts';
import type { Answer, Ask } from '../page-parts.ts';
import { YearMarket } from '../plan/year-market.ts';
import { styleSheet } from '../style-sheet.ts';
import { ACCESSIBILITY, METHOD } from '../words/method.ts';

const STYLE = styleSheet('method');

interface Section {
  head: string;
  text: readonly string[];
  items?: readonly string[];
}

const sectionOf = ({ head, text, items }: Section): Html =>
  html`<section class="sec"><h2>${head}</h2>${text.map((one) => html`<p>${one}</p>`)}${items && html`<ul class="${/^[●◐○]/.test(items[0]!) ? 'said marked' : 'said'}">${items.map((one) => html`<li>${one}</li>`)}</ul>`}</section>`;

export function methodPage(ask: Ask): Answer {
  const { language, parts } = ask;
  const words = METHOD[language];
  const view = parts.catalog.look(parts.territory.tdsps.map(({ duns }) => duns));
  return page(ask, {
    title: words.title,
    description: words.description,
    style: STYLE(),
    view,
    main: html`<div class="w text"><h1>${words.head}</h1><p class="lead">${words.lead}</p>${words.sections.map(sectionOf)}${homesSection(language)}${todaySection(ask)}<section class="sec"><h2>${words.check.head}</h2><p>${words.check.text} <a href="/v1/plans?city=dallas-tx&amp;profile=house" rel="nofollow">${words.check.api}</a>, <a href="/docs" rel="nofollow">${words.check.bill}</a>.</p></section></div>`,
  });
}

export function accessibilityPage(ask: Ask): Answer {
  const words = ACCESSIBILITY[ask.language];
  return page(ask, {
    title: words.title,
    description: words.description,
    style: STYLE(),
    main: html`<div class="w text"><h1>${words.head}</h1><p class="lead">${words.lead}</p>${words.sections.map(sectionOf)}</div>`,
  });
}

function homesSection(language: Language): Html {
  const words = METHOD[language].homes;
  const months = Array.from({ length: 12 }, (_, at) => at + 1);
  const homes = [...usageProfiles().values()];
  const head = months.map(
    (month) =>
      html`<th scope="col" class="n">${monthName(language, month, 'monthShort').replace('.', '')}</th>`,
  );
  const rows = homes.map(({ name, months_kwh }) => {
    const year = months_kwh.reduce((sum, kwh) => sum + kwh, 0);
    return html`<tr><th scope="row">${words.names[name] ?? name}</th>${months_kwh.map((kwh) => html`<td class="n">${whole(kwh)}</td>`)}<td class="n"><b>${whole(year)}</b></td></tr>`;
  });
  const sources = profileSources().map(
    ({ id, kind, source, as_of }) =>
      html`<li>${words.names[id] ?? id}: ${words.kinds[kind] ?? kind}. <span lang="en">${source}</span>, ${as_of}.</li>`,
  );
  return html`<section class="sec" id="homes"><h2>${words.head}</h2><p>${words.text}</p><div class="scroll" tabindex="0" role="region" aria-label="${words.head}"><table class="t"><thead><tr><th scope="col">${words.home}</th>${head}<th scope="col" class="n">${words.year}</th></tr></thead><tbody>${rows}</tbody></table></div><ul class="said s g">${sources}</ul></section>`;
}

interface ProfileSource {
  id: string;
  kind: string;
  source: string;
  as_of: string;
}

let sources: readonly ProfileSource[] | undefined;

/** What the profiles rest on, from the file they are in. */
function profileSources(): readonly ProfileSource[] {
  sources ??= readFileSync(new URL('../../../data/profiles/profiles.csv', import.meta.url), 'utf8')
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const cells = line.split(',');
      const [kind, source, as_of] = cells.slice(-3) as [string, string, string];
      return { id: cells[0]!, kind, source, as_of };
    });
  return sources;
}

function todaySection({ parts: { catalog, territory }, language }: Ask): Html | null {
  const words = METHOD[language].today;
  const house = usageProfiles().get('house')!;
  const rows = territory.tdspsMostWantedFirst.flatMap((tdsp) => {
    const view = catalog.look([tdsp.duns]);
    if (!view) return [];
    const { rows, known, middleYear } = YearMarket.of(view, house);
    const lowest = known[0]?.year.total_usd;
    const href = inLanguage(language, `/markets/${tdsp.duns}`);
    return [
      html`<tr><th scope="row"><a href="${href}">${tdsp.short_name}</a></th><td class="n o">${rows.length}</td><td class="n">${known.length}</td><td class="n">${lowest === undefined ? '–' : dollars(lowest)}</td><td class="n">${middleYear === null ? '–' : dollars(middleYear)}</td></tr>`,
    ];
  });
  if (rows.length === 0) return null;
  const [by, ...rest] = words.columns;
  return html`<section class="sec"><h2>${words.head}</h2><p>${words.text}</p><table class="t today"><thead><tr><th scope="col">${by}</th>${rest.map((one, at) => html`<th scope="col" class="${at === 0 ? 'n o' : 'n'}">${one}</th>`)}</tr></thead><tbody>${rows}</tbody></table></section>`;
}
