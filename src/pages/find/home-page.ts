/** `/`: where somebody lives, and from there to the plans. */

import { type Html, html } from '../../html/html.ts';
import { usageProfiles } from '../../store/profiles.ts';
import { missedPlace } from '../../territory/places.ts';
import { page } from '../document.ts';
import { dollars, whole } from '../format.ts';
import { inLanguage } from '../language.ts';
import { sourceLine } from '../list/source-line.ts';
import { yearKwh } from '../list/usage-control.ts';
import type { Answer, Ask } from '../page-parts.ts';
import { styleSheet } from '../style-sheet.ts';
import { FIND } from '../words/find.ts';
import { closedPlace, largestCities, meterText } from './place-page.ts';

const STYLE = styleSheet('home');
const LONGEST_QUESTION = 100;
const CITIES_NAMED = 2;

export function homePage(ask: Ask): Answer {
  const { language, parts } = ask;
  const words = FIND[language];
  const asked = (ask.query.get('q') ?? '').trim().slice(0, LONGEST_QUESTION);
  const meter = parts.territory.tdspOfMeter(asked);
  const place = asked === '' || meter !== null ? null : parts.places.find(asked);
  if (place?.kind === 'city') return { to: `/cities/${place.city.slug}`, isPermanent: false };
  if (place?.kind === 'zip') return { to: `/zip/${place.zip.zip}`, isPermanent: false };
  const closed = place ? closedPlace(ask, place) : meter === null ? null : meterText(ask, meter);
  const today = closed ? null : markets(ask);
  const answer = closed
    ? html`<section class="mk" role="status"><h2>${closed.title}</h2>${closed.text}</section>`
    : today?.html;
  const main = html`<div class="w top"><div class="hero"><h1>${words.question}</h1><p>${words.promise}</p>
<form class="find" action="${inLanguage(language, '/')}" role="search"><label for="q">${words.zipOrCity}</label><div><input id="q" name="q" type="text" required maxlength="${LONGEST_QUESTION}" aria-describedby="q-help" autocomplete="off" autocapitalize="words" spellcheck="false" value="${asked}" data-suggest="${inLanguage(language, '/suggest')}" data-list="${words.suggestions}"><button>${words.findPlans}</button></div><p class="s g" id="q-help">${words.orMeter}</p></form>
<p class="rec" data-recent="${words.recent}" data-forget="${words.forget}"></p></div>
${answer}</div>`;
  const shown = page(ask, {
    title: words.title,
    description: words.description,
    main,
    style: STYLE(),
    view: today?.view ?? null,
    canonical: asked === '' ? '/' : null,
  });
  return { ...shown, missed: place && missedPlace(place) };
}

/** What a year costs in each market whose plans are here. */
function markets(ask: Ask) {
  const { language, parts, nowMs } = ask;
  const { territory, catalog } = parts;
  const words = FIND[language];
  const house = usageProfiles().get('house')!;
  const here = territory.tdspsMostWantedFirst.filter(({ duns }) => catalog.look([duns], nowMs));
  const view =
    here.length === 0
      ? null
      : catalog.look(
          here.map(({ duns }) => duns),
          nowMs,
        );
  if (!view) return null;
  const rows = here.map((tdsp): Html => {
    const years = catalog.look([tdsp.duns], nowMs)!.byYear(house);
    const known = years.filter(({ year }) => year.total_usd !== null && year.evidence !== 'estimate');
    const usd = (at: number) => (known[at] ? dollars(known[at].year.total_usd!) : '–');
    const cities = largestCities(territory, tdsp, CITIES_NAMED);
    const links = cities.map(
      ({ slug, name }, at) =>
        html`${at > 0 && ', '}<a href="${inLanguage(language, `/cities/${slug}`)}">${name}</a>`,
    );
    return html`<tr><th scope="row">${links}<br><small class="g">${tdsp.short_name}</small></th><td class="n"><b>${usd(0)}</b></td><td class="n">${usd(Math.floor((known.length - 1) / 2))}</td><td class="n o">${whole(years.length)}</td></tr>`;
  });
  return {
    view,
    html: html`<section class="mk"><h2>${words.today(yearKwh(house))}</h2><table class="t"><thead><tr><th scope="col">${words.place}</th><th scope="col" class="n">${words.lowestYear}</th><th scope="col" class="n">${words.halfAbove}</th><th scope="col" class="n o">${words.plans}</th></tr></thead><tbody>${rows}</tbody></table><p class="src">${sourceLine(ask, view)} <a href="${inLanguage(language, '/texas')}">${words.map}</a></p></section>`,
  };
}
