/** What to know before looking at the plans of a place: who delivers, who may choose, how to tell. */

import { type Html, html } from '../../html/html.ts';
import { usageProfiles } from '../../store/profiles.ts';
import type { Place } from '../../territory/places.ts';
import type { Tdsp } from '../../territory/territory.ts';
import { dollars } from '../format.ts';
import { inLanguage } from '../language.ts';
import type { Ask } from '../page-parts.ts';
import { PLACE } from '../words/place.ts';

/** As many as tell whose meter it is, and no more of it than that. */
const SHOWN_DIGITS = 7;

type Served = Extract<Place, { kind: 'city' | 'zip' }>;

interface Doubts {
  name: string;
  own: string | null;
  /** Utilities whose customers have no choice, its own apart. */
  closed: readonly string[];
  /** Utilities whose members choose, though no plans are listed. */
  open: readonly string[];
  partlyOpen: readonly string[] | null;
  isDisputed: boolean;
}

function doubtsOf({ parts: { territory, places } }: Ask, place: Served): Doubts {
  const about = place.kind === 'city' ? place.city : place.zip;
  const slug = place.kind === 'city' ? place.city.slug : slugOf(places.find(place.zip.city));
  const own = territory.ownUtility(slug, about.utilities);
  const others = about.utilities.filter((one) => one !== own);
  const zips = place.kind === 'city' ? place.city.zips : [place.zip.zip];
  return {
    name: place.kind === 'city' ? place.city.name : place.zip.zip,
    own,
    closed: others.filter((one) => !territory.utility(one).hasChoice),
    open: others.filter((one) => territory.utility(one).hasChoice),
    partlyOpen: place.kind === 'city' && place.city.closed_zips > 0 ? place.city.zips : null,
    // Mixed without another utility: only that sources disagree can be the reason.
    isDisputed:
      about.utilities.length === 0 && zips.every((zip) => territory.zips.get(zip)?.market === 'mixed'),
  };
}

const slugOf = (place: Place): string =>
  place.kind === 'city' ? place.city.slug : 'slug' in place ? (place.slug ?? '') : '';

/** Whether the town sells electricity itself, so that choice is the exception. */
export const hasOwnUtility = (ask: Ask, place: Served): boolean => doubtsOf(ask, place).own !== null;

/**
 * Where a meter leads that the address names.
 * @returns the TDSP that delivers to it; `'stray'`: none of those of this place; `null`: the address names none
 */
export function meterIn({ query, parts }: Ask, { tdsps }: Served): Tdsp | 'stray' | null {
  const asked = query.get('esi')?.trim() ?? '';
  if (asked === '') return null;
  const tdsp = parts.territory.tdspOfMeter(asked);
  return tdsp && tdsps.includes(tdsp.duns) ? tdsp : 'stray';
}

/** @param shown whose plans the page shows @returns `null` where everybody may choose among the same plans */
export function placeNote(ask: Ask, place: Served, shown: Tdsp, path: string): Html | null {
  const { language, parts } = ask;
  const words = PLACE[language];
  const { name, own, closed, open, partlyOpen, isDisputed } = doubtsOf(ask, place);
  const tdsps = place.tdsps.flatMap((duns) => parts.territory.tdsp(duns) ?? []);
  const sentences = [
    ...(partlyOpen ? [words.partly(name, partlyOpen)] : []),
    ...(own !== null ? [words.ownUtility(own, parts.territory.utility(own).kind === 'municipal')] : []),
    ...(closed.length > 0 ? [words.others(closed)] : []),
    ...(open.length > 0 ? [words.openCoops(open)] : []),
    ...(isDisputed ? [words.disputed(tdsps.map(({ short_name }) => short_name))] : []),
  ];
  if (tdsps.length > 1) {
    return html`<section class="note"><h2>${words.twoTitle(tdsps.length, name)}</h2><p>${words.twoText}</p>${choice(ask, tdsps, shown, path)}${meterForm(ask, place, path)}<p class="s g">${[...sentences, words.noBill].join(' ')}</p></section>`;
  }
  if (sentences.length === 0) return null;
  const how = words.esiOf(shown.short_name, parts.territory.esiPrefixes(shown.duns));
  const title = own !== null && html`<h2>${words.townTitle(name)}</h2>`;
  return html`<section class="note">${title}<p>${[...sentences, how].join(' ')}</p></section>`;
}

/** For those who have the number at hand and no mind to compare digits. */
function meterForm(ask: Ask, place: Served, path: string): Html {
  const { language, query } = ask;
  const words = PLACE[language];
  const asked = (query.get('esi') ?? '').trim().slice(0, SHOWN_DIGITS);
  const isStray = meterIn(ask, place) === 'stray';
  const name = place.kind === 'city' ? place.city.name : place.zip.zip;
  return html`<form class="esi" action="${inLanguage(language, path)}"><label for="esi">${words.meter}</label><input id="esi" name="esi" type="text" inputmode="numeric" autocomplete="off" maxlength="30" required placeholder="10…"${isStray && html` value="${asked}" aria-describedby="stray"`}><button class="q">${words.meterShow}</button></form>${isStray && html`<p id="stray" class="watch" role="status">${words.strayMeter(asked, name)}</p>`}`;
}

/** One row for each company that may deliver: how its meters are numbered, and what its plans cost. */
function choice(
  { language, parts, nowMs }: Ask,
  tdsps: readonly Tdsp[],
  shown: Tdsp | null,
  path: string,
): Html {
  const words = PLACE[language];
  const house = usageProfiles().get('house')!;
  const rows = tdsps.map((tdsp) => {
    const lowest = parts.catalog.look([tdsp.duns], nowMs)?.byYear(house)[0];
    const href = inLanguage(language, `${path}?delivered=${tdsp.code.toLowerCase()}`);
    const link =
      tdsp === shown
        ? html`<b>${tdsp.short_name}</b>, ${words.shown}`
        : html`<a href="${href}">${tdsp.short_name}</a>`;
    return html`<tr><th scope="row"><code>${parts.territory.esiPrefixes(tdsp.duns).join(', ')}</code></th><td>${link}</td><td class="n">${lowest?.year.total_usd == null ? '–' : dollars(lowest.year.total_usd)}</td></tr>`;
  });
  return html`<table class="t"><thead><tr><th scope="col">${words.esiBegins}</th><th scope="col">${words.delivers}</th><th scope="col" class="n">${words.lowestYear}</th></tr></thead><tbody>${rows}</tbody></table>`;
}
