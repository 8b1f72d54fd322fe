/** For which usage the year is worked out: three homes, one month's figure, or twelve numbers of one's own. */

import { type Html, html } from '../../html/html.ts';
import type { UsageProfile } from '../../plan/profiles/profiles.ts';
import { usageProfiles } from '../../store/profiles.ts';
import { monthName, whole } from '../format.ts';
import type { Language } from '../language.ts';
import { LIST } from '../words/list.ts';
import { filterParams, type ListQuery, type Usage, usageParams, withParams } from './list-query.ts';

const HOMES = ['apartment', 'house', 'large'] as const satisfies Usage[];

export const yearKwh = ({ months_kwh }: UsageProfile): number =>
  months_kwh.reduce((sum, kwh) => sum + kwh, 0);

/** @param path of the page, in its language @param kept parameters that stay, whatever the usage */
export function usageControl(
  language: Language,
  path: string,
  query: ListQuery,
  kept: readonly (readonly [string, string])[] = filterParams(query),
): Html {
  const words = LIST[language].usage;
  const hidden = kept.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`);
  const link = (href: string, isOn: boolean, name: string, about: Html | string) =>
    html`<li><a href="${href}"${isOn && html` aria-current="true"`}><b>${name}</b><small>${about}</small></a></li>`;
  const homes = HOMES.map((usage) => {
    const profile = usageProfiles().get(usage)!;
    const href = withParams(path, [...usageParams({ usage, profile }), ...kept]);
    const about = html`${words.aYear(yearKwh(profile))}<span class="pk">${words.perYear}</span>`;
    return link(href, query.usage === usage, words[usage], about);
  });
  const isOwn = query.usage === 'own' || query.usage === 'flat';
  const ownHref = `${withParams(path, [...usageParams(query), ...kept, ['own', '1']])}#own`;
  const about = isOwn
    ? html`${words.aYear(yearKwh(query.profile))}<span class="pk">${words.perYear}</span>`
    : words.twelve;
  const average = Math.round(yearKwh(query.profile) / 12);
  return html`<section class="prof" aria-label="${words.label}"><ul>${homes}${link(ownHref, isOwn, words.own, about)}</ul><form action="${path}"><label for="kwh">${words.oneMonth}</label>${hidden}<input id="kwh" name="kwh" type="text" inputmode="numeric" maxlength="7" placeholder="${whole(average)}"${query.usage === 'flat' && html` value="${whole(average)}"`}><button class="q">${words.show}</button></form></section>${query.own && ownForm(language, path, query, hidden)}`;
}

function ownForm(language: Language, path: string, { profile }: ListQuery, hidden: readonly Html[]): Html {
  const words = LIST[language].usage;
  const fields = profile.months_kwh.map(
    (kwh, at) =>
      html`<label>${monthName(language, at + 1)}<input name="m" type="text" inputmode="numeric" maxlength="7" required value="${kwh}"></label>`,
  );
  return html`<form class="own" id="own" action="${path}"><h2>${words.ownTitle}</h2><p class="s g">${words.ownHelp}</p>${hidden}<div>${fields}</div><button>${words.show}</button></form>`;
}
