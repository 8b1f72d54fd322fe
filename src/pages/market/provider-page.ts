/** `/providers/{id}`: everything a provider sells, where, and what a year of it costs. */

import type { PlanView } from '../../catalog/catalog.ts';
import type { PlanYear } from '../../catalog/priced-years.ts';
import { type Html, html, webAddress } from '../../html/html.ts';
import type { Tdsp } from '../../territory/territory.ts';
import { feedLink, page } from '../document.ts';
import { errorPage, sorryPage } from '../error-page.ts';
import { capital, date, dollars } from '../format.ts';
import { breadcrumbs } from '../found/structured.ts';
import { inLanguage, type Language } from '../language.ts';
import { type ListQuery, readListQuery, usageParams, withParams } from '../list/list-query.ts';
import { sourceLine } from '../list/source-line.ts';
import { usageControl } from '../list/usage-control.ts';
import type { Answer, Ask } from '../page-parts.ts';
import { type ProviderPast, readProviderPast } from '../past/provider-past.ts';
import { homeOf } from '../plan/home-of.ts';
import { inWordsOf } from '../plan/in-words-of.ts';
import { planTable } from '../plan/other-sections.ts';
import { isKnown, YearMarket } from '../plan/year-market.ts';
import { styleSheet } from '../style-sheet.ts';
import { MARKET } from '../words/market.ts';

const STYLE = styleSheet('usage', 'plan', 'market');
const WITHOUT_PAST_MS = 15_000;
const ID = /^[a-z0-9-]{1,80}$/;

/** What it sells in one TDSP. */
interface Area {
  tdsp: Tdsp;
  market: YearMarket;
  rows: readonly PlanYear[];
}

export async function providerPage(ask: Ask): Promise<Answer> {
  const { parts, language } = ask;
  const id = ask.params.id!;
  if (!ID.test(id)) return errorPage(ask, 'notFound');
  const view = parts.catalog.look(parts.territory.tdsps.map(({ duns }) => duns));
  if (!view) return errorPage(ask, 'notReady');
  const query = readListQuery(ask.query);
  const areas = areasOf(ask, id, query);
  const past = await parts.past.read(ask.client, `provider ${id} ${view.version}`, (queryable) =>
    readProviderPast(queryable, id, new Date(ask.nowMs)),
  );
  if (areas.length === 0) return withoutPlans(ask, past);
  const rows = areas.flatMap((area) => area.rows);
  const { provider } = rows[0]!.plan;
  const words = MARKET[language].provider;
  const known = rows.filter(isKnown).toSorted((a, b) => a.year.total_usd - b.year.total_usd);
  const head = known[0]
    ? words.head(provider.name, homeOf(query), dollars(known[0].year.total_usd))
    : words.headNone(provider.name);
  const path = `/providers/${id}`;
  return page(ask, {
    title: words.title(provider.name, rows.length),
    description: words.description(provider.name, head),
    style: STYLE(),
    view,
    head: html`${feedLink(path, provider.name)}${breadcrumbs(ask, [
      { name: 'Texas', path: '/texas' },
      { name: provider.name, path },
    ])}`,
    keptForMs: past === 'away' ? WITHOUT_PAST_MS : null,
    main: html`<div class="w"><p class="crumb"><a href="${inLanguage(language, '/texas')}">Texas</a> / ${provider.name}</p><div class="cols"><div><div class="top"><h1>${head}</h1><p class="lead">${capital(words.lead(rows.length, areas.length))}</p><p class="src">${sourceLine(ask, view)}</p></div>${usageControl(language, inLanguage(language, path), query)}</div>${aside(rows, past === 'away' ? null : past, language)}<div class="rest">${areas.map((area) => areaSection(area, language, query))}</div></div></div>`,
  });
}

/** Each TDSP's plans are those of its own market, so that a place in the order is one among all that compete there. */
function areasOf({ parts }: Ask, id: string, { profile }: ListQuery): Area[] {
  return parts.territory.tdspsMostWantedFirst.flatMap((tdsp) => {
    const view: PlanView | null = parts.catalog.look([tdsp.duns]);
    if (!view) return [];
    const market = YearMarket.of(view, profile);
    const rows = market.rows.filter(({ plan }) => plan.provider.id === id);
    return rows.length === 0 ? [] : [{ tdsp, market, rows }];
  });
}

function withoutPlans(ask: Ask, past: ProviderPast | null | 'away'): Answer {
  if (past === 'away') return errorPage(ask, 'notReady');
  if (past === null) return errorPage(ask, 'notFound');
  const words = MARKET[ask.language].provider;
  return sorryPage(ask, 410, words.gone(past.provider.name), html`<p>${words.goneText}</p>`);
}

function areaSection({ tdsp, market, rows }: Area, language: Language, query: ListQuery): Html {
  const words = MARKET[language].provider;
  const linkTo = (id: string) => inLanguage(language, withParams(`/plans/${id}`, usageParams(query)));
  const known = rows.filter(isKnown);
  const others = rows.filter((row) => !isKnown(row));
  const place = known[0] ? market.known.indexOf(known[0]) + 1 : null;
  const href = inLanguage(language, withParams(`/markets/${tdsp.duns}`, usageParams(query)));
  return html`<section class="sec"><h2><a href="${href}">${words.where(tdsp.short_name)}</a></h2><p>${place !== null && words.standing(place, market.known.length)}</p>${
    known.length > 0 && planTable(known, { language, linkTo, against: null, isOneProvider: true })
  }${
    others.length > 0 &&
    html`<p class="more">${capital(words.rest(others.length))} ${others.map(({ plan, year }, at) => html`${at > 0 && ', '}<a href="${linkTo(plan.id)}">${inWordsOf(plan, language).name}</a>${year.total_usd !== null && html` <span class="g">≈ ${dollars(year.total_usd)}</span>`}`)}</p>`
  }</section>`;
}

function aside(rows: readonly PlanYear[], past: ProviderPast | null, language: Language): Html {
  const words = MARKET[language].provider;
  // Not every plan tells everything.
  const first = <T>(of: (row: PlanYear) => T | null): T | null =>
    rows.map(of).find((value) => value !== null) ?? null;
  const stars = first(({ plan }) => plan.provider_rating);
  const phone = past?.provider.phone ?? first(({ plan }) => plan.enroll_phone);
  const website = webAddress(first(({ plan }) => plan.provider_website));
  const row = (name: string, value: string | Html, below: string | null = null) =>
    html`<div><dt>${name}</dt><dd>${value}${below && html`<small>${below}</small>`}</dd></div>`;
  const { activity, provider } = past ?? {};
  return html`<aside class="side" aria-label="${words.facts}"><dl class="facts">${row(words.rating, stars === null ? words.unrated : words.stars(stars), stars === null ? null : words.ratingWhat)}${
    phone && row(words.phone, html`<a href="tel:${phone.replace(/[^\d+]/g, '')}">${phone}</a>`)
  }${website && row(words.website, html`<a href="${website}" rel="nofollow noopener">${new URL(website).hostname.replace(/^www\./, '')}</a>`)}${
    provider?.legal_name && row(words.legal, provider.legal_name)
  }${provider?.puct_number && row(words.certificate, provider.puct_number)}${
    provider && row(words.firstSeen, date(language, provider.first_seen_at, 'exactDay'))
  }${activity && row(words.activity, words.repriced(activity.repriced, activity.days_with_repricing), words.listed(activity.listed + activity.relisted, activity.withdrawn))}</dl></aside>`;
}
