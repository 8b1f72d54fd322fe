/** `/watch`: "tell me when a plan beats mine", asked in four fields; and the page of one that is mailed. */

import { type Html, html } from '../../html/html.ts';
import { readProfile } from '../../plan/profiles/profiles.ts';
import { usageProfiles } from '../../store/profiles.ts';
import type { StoredWatch } from '../../store/watch/watches.ts';
import { lowestOf } from '../../watch/lowest.ts';
import { watchPlaceName } from '../../watch/place.ts';
import { sumOf, type WatchQuestion, type WatchSum } from '../../watch/question.ts';
import { page } from '../document.ts';
import { errorPage, sorryPage } from '../error-page.ts';
import { date, dollars } from '../format.ts';
import { inLanguage } from '../language.ts';
import { withParams } from '../list/list-query.ts';
import { yearKwh } from '../list/usage-control.ts';
import type { Ask, Page } from '../page-parts.ts';
import { styleSheet } from '../style-sheet.ts';
import { WATCH, type WatchWords } from '../words/watch.ts';
import { readWatch, type WatchAsked, watchParams } from './watch-question.ts';

const STYLE = styleSheet('watch');

/** What the sum is right now. @returns `away`: the plans are not here */
export async function watchSum(
  { parts, nowMs }: Ask,
  question: WatchQuestion,
): Promise<{ sum: WatchSum; at: number } | 'away'> {
  const view = parts.catalog.look([question.tdsp_duns], nowMs);
  const profile = readProfile(question.usage, usageProfiles());
  if (!view || !profile) return 'away';
  const chargeCents = (await parts.watches?.chargeSince(question)) ?? 0;
  const sum = sumOf(question, {
    lowest: lowestOf(view, profile),
    kwh: yearKwh(profile),
    chargeCents,
    now: new Date(nowMs),
  });
  return { sum, at: view.observedAtMs };
}

/** @param refused what a form was refused for */
export async function watchPage(ask: Ask, refused: string | null = null): Promise<Page> {
  const { language, parts } = ask;
  const words = WATCH[language];
  const asked = readWatch(ask);
  const { place, profile, question } = asked;
  const error = refused ?? asked.wrong;
  const view = parts.catalog.look([place.tdsp_duns], ask.nowMs);
  if (!view) return errorPage(ask, 'notReady');
  const found = question && (await watchSum(ask, question));
  const sum = found && found !== 'away' ? found.sum : null;
  const lowest = lowestOf(view, profile);
  const isSent = ask.query.get('sent') === '1';
  const list = withParams(inLanguage(language, `/${place.path}`), [['profile', asked.usage]]);
  const title = words.title(place.name);
  const isFeed = question !== null && ask.query.get('way') === 'feed';
  const answer = sum && question && sumSection(words, question, sum);
  const head = html`<p class="crumb"><a href="${list}">${place.name}</a></p><h1>${isSent ? words.mail.sent : title}</h1>`;
  const body = isSent
    ? html`<p class="lead">${words.mail.sentText}</p><p><a href="${list}">${place.name}</a></p>`
    : html`<p class="lead">${words.lead(place.name, yearKwh(profile))} <a href="${list}">${words.change}</a></p>${error && html`<p class="bad err" role="alert">${error}</p>`}${isFeed && feedSection(ask, asked)}${isFeed && answer}${form(ask, asked, lowest?.year_usd ?? null)}${!isFeed && answer}`;
  return {
    ...page(ask, {
      title,
      description: words.description,
      main: html`<div class="w wt">${head}${body}</div>`,
      style: STYLE(),
      canonical: null,
      status: error === null ? 200 : 400,
    }),
    isPrivate: true,
  };
}

function form({ language, parts }: Ask, asked: WatchAsked, lowest: number | null): Html {
  const words = WATCH[language];
  const { typed } = asked;
  const field = (name: string, label: string, help: string, input: Html) =>
    html`<div class="f"><label for="${name}">${label}</label><span>${input}</span><small id="${name}-help">${help}</small></div>`;
  const usd = (name: string, label: string, help: string, value: string, isNeeded = true) =>
    field(
      name,
      label,
      help,
      html`$ <input id="${name}" name="${name}" type="text" inputmode="decimal" maxlength="9" autocomplete="off" aria-describedby="${name}-help" value="${value}"${isNeeded && html` required=""`}>`,
    );
  const kept = watchParams({ ...asked, question: null }).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  const mail = parts.watches?.hasMail
    ? html`<div><h2>${words.mail.head}</h2><p>${words.mail.text}</p><div class="f"><label for="email">${words.mail.label}</label><span><input id="email" name="email" type="email" maxlength="200" autocomplete="email"></span></div><button formmethod="post" name="way" value="mail">${words.mail.button}</button></div>`
    : html`<div><h2>${words.mail.head}</h2><p>${words.off}</p></div>`;
  return html`<form class="sec" action="${inLanguage(language, '/watch')}" method="get">${kept}<div class="ask">${usd('year', words.year, lowest === null ? words.yearHelpNone : words.yearHelp(lowest), typed.year)}${usd('fee', words.fee, words.feeHelp, typed.fee)}${usd('by', words.by, words.byHelp, typed.by)}${field('ends', words.ends, words.endsHelp, html`<input id="ends" name="ends" type="date" aria-describedby="ends-help" value="${typed.ends}">`)}</div><div class="ways"><div><h2>${words.feed.head}</h2><p>${words.feed.text}</p><button class="q" name="way" value="feed">${words.feed.button}</button></div>${mail}</div></form>`;
}

function feedSection({ language, parts }: Ask, asked: WatchAsked): Html {
  const words = WATCH[language].feed;
  const path = withParams(inLanguage(language, '/watch/feed.atom'), watchParams(asked));
  return html`<section class="sec"><h2>${words.ready}</h2><p>${words.open}</p><p><a href="${path}" rel="nofollow" type="application/atom+xml"><code>${parts.publicUrl ?? ''}${path}</code></a></p></section>`;
}

function sumSection(words: WatchWords, { by_usd }: WatchQuestion, sum: WatchSum): Html {
  const { lowest, saving_usd, year_usd, charge_usd, exit_fee_usd } = sum;
  if (!lowest || saving_usd === null)
    return html`<section class="sec"><h2>${words.now}</h2><p>${words.noneKnown}</p></section>`;
  const row = (what: Html | string, value: string, style = '') =>
    html`<tr${style && html` class="${style}"`}><th scope="row">${what}</th><td class="n">${value}</td></tr>`;
  const minus = (value: number) => `− ${dollars(value)}`;
  return html`<section class="sec now"><h2>${words.now}</h2><p>${saving_usd >= by_usd ? words.beats(saving_usd) : words.notYet(by_usd)}</p><table class="t"><tbody>${row(words.sum.yours, dollars(year_usd))}${charge_usd !== 0 && row(words.sum.charge, charge_usd < 0 ? minus(-charge_usd) : `+ ${dollars(charge_usd)}`)}${row(html`<a href="/plans/${lowest.plan_id}">${lowest.name}</a>${words.by_}${lowest.provider}`, minus(lowest.year_usd))}${row(words.sum.leaving, minus(exit_fee_usd))}${row(words.sum.left, dollars(saving_usd), 'sum')}</tbody></table></section>`;
}

/** Of one that is mailed: what it asks, and the two things that can be done with it. Looking at it does nothing. */
export async function watchedPage(
  ask: Ask,
  token: string,
  watch: StoredWatch<WatchQuestion> | null,
): Promise<Page> {
  const { language, parts } = ask;
  const words = WATCH[language];
  if (!watch) return { ...sorryPage(ask, 404, words.ended, html`<p>${words.goneText}</p>`), isPrivate: true };
  const { question, confirmed_at, expires_at } = watch;
  const found = await watchSum(ask, question);
  const name = watchPlaceName(parts, question.place);
  const said =
    confirmed_at === null ? words.notConfirmed : words.confirmed(date(language, expires_at, 'exactDay'));
  const button = (what: string, text: string, isQuiet: boolean) =>
    html`<button name="do" value="${what}"${isQuiet && html` class="q"`}>${text}</button>`;
  const main = html`<div class="w wt"><h1>${words.shown(name)}</h1><p class="lead">${said}</p><form class="acts" method="post" action="${inLanguage(language, `/watch/${token}`)}">${confirmed_at === null && button('confirm', words.confirm, false)}${button('end', words.end, true)}</form>${found !== 'away' && sumSection(words, question, found.sum)}</div>`;
  return {
    ...page(ask, {
      title: words.shown(name),
      description: words.description,
      main,
      style: STYLE(),
      canonical: null,
    }),
    isPrivate: true,
  };
}

export const endedPage = (ask: Ask): Page => {
  const words = WATCH[ask.language];
  return { ...sorryPage(ask, 200, words.ended, html`<p>${words.endedText}</p>`), isPrivate: true };
};
