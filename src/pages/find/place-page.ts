/** A place without plans here: why, who sells there, and where the nearest choice is. */

import { type Html, html } from '../../html/html.ts';
import { missedPlace, type Place } from '../../territory/places.ts';
import type { City, Tdsp, Territory } from '../../territory/territory.ts';
import { sorryPage } from '../error-page.ts';
import { inLanguage, type Language } from '../language.ts';
import type { Ask, Page } from '../page-parts.ts';
import { PLACE } from '../words/place.ts';

const CITIES_OF_METER = 6;

export type Closed = Exclude<Place, { kind: 'city' | 'zip' }>;

export function placePage(ask: Ask, place: Closed): Page {
  const { title, text } = closedPlace(ask, place);
  return { ...sorryPage(ask, 404, title, text), missed: missedPlace(place) };
}

/** What is said of a meter: who delivers to it, and where its plans are. */
export function meterText(
  { language, parts: { territory } }: Ask,
  tdsp: Tdsp | undefined,
): { title: string; text: Html } {
  const words = PLACE[language];
  if (!tdsp) return { title: words.noMeter, text: html`<p>${words.noMeterText}</p>` };
  return {
    title: words.meterOf(tdsp.short_name),
    text: html`<p>${words.meterOfText}</p>${linksTo(language, largestCities(territory, tdsp, CITIES_OF_METER))}<p><a href="${inLanguage(language, `/markets/${tdsp.duns}`)}">${words.meterMarket(tdsp.short_name)}</a></p>`,
  };
}

/** The largest cities that this TDSP serves first. Where a town has a utility of its own, choice is the exception. */
export function largestCities(territory: Territory, { duns }: Tdsp, most: number): City[] {
  const served = territory.cities.filter(
    ({ slug, tdsps, utilities }) => tdsps[0] === duns && territory.ownUtility(slug, utilities) === null,
  );
  return served.toSorted((a, b) => (b.population ?? 0) - (a.population ?? 0)).slice(0, most);
}

function linksTo(
  language: Language,
  places: readonly { slug: string; name: string; distance_miles?: number }[],
): Html {
  const { miles } = PLACE[language];
  return html`<ul class="near">${places.map(({ slug, name, distance_miles }) => html`<li><a href="${inLanguage(language, `/cities/${slug}`)}">${name}</a>${distance_miles !== undefined && html` <small class="g">${miles(distance_miles)}</small>`}</li>`)}</ul>`;
}

/** What is said of a place that has no plans here. */
export function closedPlace(
  { language, parts: { territory } }: Ask,
  place: Closed,
): { title: string; text: Html } {
  const words = PLACE[language];
  if (place.kind === 'unknown') {
    // What cannot be seen cannot be quoted.
    const asked = place.asked.replace(/[\p{C}\p{Z}]+/gu, ' ').trim();
    const isZip = /^\d{5}$/.test(asked);
    const isRegion = place.isPlain && place.suggestions.length > 0;
    const lines = isZip
      ? words.unknownZipText
      : isRegion
        ? words.county
        : place.suggestions.length > 0
          ? words.didYouMean
          : words.tryAgain;
    return {
      title: isZip
        ? words.unknownZip(asked)
        : asked === ''
          ? words.nameless
          : words.unknown(asked.slice(0, 60)),
      text: html`<p>${lines}</p>${place.suggestions.length > 0 && linksTo(language, place.suggestions)}`,
    };
  }
  const own = place.slug === null ? null : territory.ownUtility(place.slug, place.utilities);
  const choosing = place.utilities.filter((one) => territory.utility(one).hasChoice);
  const others = place.utilities.filter((one) => one !== own && !choosing.includes(one));
  const sentences =
    place.kind === 'not_listed'
      ? [words.membersChoose(choosing), ...(others.length > 0 ? [words.others(others)] : [])]
      : [
          own === null ? words.sells(others) : words.citySells(own),
          ...(own !== null && others.length > 0 ? [words.others(others)] : []),
          words.outside,
        ];
  const name = place.name.replace(/^ZIP code /, words.zipCode);
  return {
    title: place.kind === 'not_listed' ? words.notListed(name) : words.noChoice(name),
    text: html`<p>${sentences.join(' ')}</p>${place.nearest.length > 0 && html`<p>${words.nearest}</p>${linksTo(language, place.nearest)}`}`,
  };
}
