/** A place without plans here: why, who sells there, and where the nearest choice is. */

import { type Html, html } from '../../html/html.ts';
import { missedPlace, type Place } from '../../territory/places.ts';
import { sorryPage } from '../error-page.ts';
import { inLanguage } from '../language.ts';
import type { Ask, Page } from '../page-parts.ts';
import { PLACE } from '../words/place.ts';

export type Closed = Exclude<Place, { kind: 'city' | 'zip' }>;

export function placePage(ask: Ask, place: Closed): Page {
  const { title, text } = closedPlace(ask, place);
  return { ...sorryPage(ask, 404, title, text), missed: missedPlace(place) };
}

/** What is said of a place that has no plans here. */
export function closedPlace(
  { language, parts: { territory } }: Ask,
  place: Closed,
): { title: string; text: Html } {
  const words = PLACE[language];
  const links = (places: readonly { slug: string; name: string; distance_miles?: number }[]) =>
    html`<ul class="near">${places.map(({ slug, name, distance_miles }) => html`<li><a href="${inLanguage(language, `/cities/${slug}`)}">${name}</a>${distance_miles !== undefined && html` <small class="g">${words.miles(distance_miles)}</small>`}</li>`)}</ul>`;
  if (place.kind === 'unknown') {
    const isZip = /^\d{5}$/.test(place.asked.trim());
    const isRegion = place.isPlain && place.suggestions.length > 0;
    const lines = isZip
      ? words.unknownZipText
      : isRegion
        ? words.county
        : place.suggestions.length > 0
          ? words.didYouMean
          : words.tryAgain;
    return {
      title: isZip ? words.unknownZip(place.asked.trim()) : words.unknown(place.asked.trim().slice(0, 60)),
      text: html`<p>${lines}</p>${place.suggestions.length > 0 && links(place.suggestions)}`,
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
    text: html`<p>${sentences.join(' ')}</p>${place.nearest.length > 0 && html`<p>${words.nearest}</p>${links(place.nearest)}`}`,
  };
}
