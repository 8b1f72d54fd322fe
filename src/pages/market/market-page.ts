/** `/markets/{duns}`: what a delivery area's plans cost, how their prices moved, and what happened this week. */

import type { PlanView } from '../../catalog/catalog.ts';
import { type Html, html } from '../../html/html.ts';
import { marketDay } from '../../plan/market-day.ts';
import type { MarketChange } from '../../store/market/changes.ts';
import type { Tdsp } from '../../territory/territory.ts';
import { feedLink, page } from '../document.ts';
import { drawSteps, type Step } from '../draw/steps.ts';
import { drawStrip } from '../draw/strip.ts';
import { errorPage } from '../error-page.ts';
import { capital, cents, date, dollars } from '../format.ts';
import { breadcrumbs } from '../found/structured.ts';
import { inLanguage, type Language } from '../language.ts';
import { type ListQuery, readListQuery, usageParams, withParams } from '../list/list-query.ts';
import { sourceLine } from '../list/source-line.ts';
import { usageControl } from '../list/usage-control.ts';
import type { Answer, Ask } from '../page-parts.ts';
import { type MarketPast, readMarketPast } from '../past/market-past.ts';
import { homeOf } from '../plan/home-of.ts';
import { planTable } from '../plan/other-sections.ts';
import { YearMarket } from '../plan/year-market.ts';
import { styleSheet } from '../style-sheet.ts';
import { MARKET } from '../words/market.ts';

const STYLE = styleSheet('usage', 'draw', 'plan', 'market');
const PLACES = 12;
const PLANS = 10;
const CHANGES = 20;
const LEAST_WEEKS = 2;
const EVENTS: readonly MarketChange['event'][] = ['listed', 'relisted', 'changed', 'withdrawn'];
const WITHOUT_PAST_MS = 15_000;

export async function marketPage(ask: Ask): Promise<Answer> {
  const { parts, language } = ask;
  const asked = ask.params.duns!;
  const tdsp = parts.territory.tdsp(asked);
  if (!tdsp) return errorPage(ask, 'notFound');
  // By its code or name, too: `/markets/oncor`.
  if (tdsp.duns !== asked)
    return { to: withParams(`/markets/${tdsp.duns}`, [...ask.query]), isPermanent: true };
  const view = parts.catalog.look([tdsp.duns]);
  if (!view) return errorPage(ask, 'notReady');
  const query = readListQuery(ask.query);
  const market = YearMarket.of(view, query.profile);
  const past = await parts.past.read(ask.client, `market ${view.version}`, (queryable) =>
    readMarketPast(queryable, tdsp.duns, new Date(ask.nowMs)),
  );
  const words = MARKET[language].market;
  const [lowest, middle] = [market.known[0], market.middleYear];
  const path = `/markets/${tdsp.duns}`;
  return page(ask, {
    title: words.title(tdsp.short_name),
    description: words.description(
      tdsp.short_name,
      market.rows.length,
      lowest ? dollars(lowest.year.total_usd) : '–',
    ),
    style: STYLE(),
    view,
    picture: path,
    head: html`${feedLink(path, tdsp.short_name)}${breadcrumbs(ask, [
      { name: 'Texas', path: '/texas' },
      { name: tdsp.short_name, path },
    ])}`,
    keptForMs: past === 'away' ? WITHOUT_PAST_MS : null,
    main: html`<div class="w"><p class="crumb"><a href="${inLanguage(language, '/texas')}">Texas</a> / ${tdsp.short_name}</p><div class="top"><h1>${
      lowest
        ? words.head(homeOf(query), dollars(lowest.year.total_usd), tdsp.short_name)
        : words.headNone(tdsp.short_name)
    }</h1><p class="lead">${middle !== null && words.lead(market.known.length, market.rows.length, dollars(middle))}</p><p class="src">${sourceLine(ask, view)}</p></div>${usageControl(language, inLanguage(language, path), query)}${spread(market, language)}<section class="sec"><h2>${words.plans}</h2>${planTable(market.known.slice(0, PLANS), { language, linkTo: linksOf(language, query), against: null })}${placesOf(ask, tdsp, query)}</section>${
      past === 'away'
        ? html`<section class="sec"><h2>${words.index}</h2><p>${words.away}</p></section>`
        : html`${indexSection(past, ask)}${weekSection(past, ask, view, query)}`
    }</div>`,
  });
}

const linksOf = (language: Language, query: ListQuery) => (id: string) =>
  inLanguage(language, withParams(`/plans/${id}`, usageParams(query)));

function spread({ known, middleYear }: YearMarket, language: Language): Html | null {
  if (known.length < 2 || middleYear === null) return null;
  const words = MARKET[language].market;
  const years = known.map(({ year }) => year.total_usd);
  const [least, most] = [years[0]!, years.at(-1)!];
  return html`<section class="sec"><h2>${words.spread}</h2><p>${words.spreadLead}</p><figure>${drawStrip(
    years,
    [
      { value: least, text: words.lowest(dollars(least)), look: 'plain' },
      { value: middleYear, text: words.middle(dollars(middleYear)), look: 'plain' },
      { value: most, text: words.most(dollars(most)), look: 'plain' },
    ],
    words.spreadPicture(known.length, dollars(least), dollars(middleYear), dollars(most)),
  )}</figure></section>`;
}

/** The largest cities that it delivers to, each with all plans of the market. */
function placesOf({ parts, language }: Ask, { duns }: Tdsp, query: ListQuery): Html {
  const cities = parts.territory.cities
    .filter(({ tdsps }) => tdsps[0] === duns)
    .toSorted((a, b) => (b.population ?? 0) - (a.population ?? 0))
    .slice(0, PLACES);
  const links = cities.map(({ slug, name }, at) => {
    const href = inLanguage(language, withParams(`/cities/${slug}`, usageParams(query)));
    return html`${at > 0 && ' · '}<a href="${href}">${name}</a>`;
  });
  return html`<p class="places">${MARKET[language].market.places}: ${links}</p>`;
}

function indexSection({ weeks }: MarketPast, { language, nowMs }: Ask): Html {
  const words = MARKET[language].market;
  const last = weeks.at(-1);
  if (!last || weeks.length < LEAST_WEEKS)
    return html`<section class="sec"><h2>${words.index}</h2><p>${words.indexShort}</p></section>`;
  const at = (day: string) => Date.parse(`${day}T12:00:00Z`);
  const name = (day: string) => date(language, at(day), 'short');
  const stepsOf = (value: 'min_rate_cents_per_kwh' | 'median_rate_cents_per_kwh'): Step[] =>
    weeks.map((week) => ({ at: at(week.from), value: week[value] }));
  const from = at(weeks[0]!.from);
  const picture = drawSteps(
    [
      { steps: stepsOf('median_rate_cents_per_kwh'), look: 'k', name: words.middleName },
      { steps: stepsOf('min_rate_cents_per_kwh'), look: 'c', name: words.leastName },
    ],
    {
      from,
      to: nowMs,
      ticks: [
        { at: from, text: name(weeks[0]!.from) },
        { at: nowMs, text: date(language, nowMs, 'short') },
      ],
    },
    { label: words.indexPicture, value: (value) => `${cents(value)} ¢` },
  );
  const [since, least, middle, plans] = words.indexColumns;
  const cell = (value: number | null) =>
    html`<td class="n">${value === null ? '–' : `${cents(value)} ¢`}</td>`;
  const rows = weeks
    .toReversed()
    .map(
      (week) =>
        html`<tr><th scope="row">${name(week.from)}</th>${cell(week.min_rate_cents_per_kwh)}${cell(week.median_rate_cents_per_kwh)}<td class="n">${week.plans === null ? '–' : Math.round(week.plans)}</td></tr>`,
    );
  return html`<section class="sec"><h2>${words.index}</h2><p>${words.indexLead(cents(last.median_rate_cents_per_kwh ?? 0), cents(last.min_rate_cents_per_kwh ?? 0))}</p><figure>${picture}<details><summary>${words.table}</summary><table class="t"><thead><tr><th scope="col">${since}</th>${[least, middle, plans].map((one) => html`<th scope="col" class="n">${one}</th>`)}</tr></thead><tbody>${rows}</tbody></table></details></figure></section>`;
}

/** Cents at 1,000 kWh, before and after; `null` where that price did not change. */
function priceMove({ changes }: MarketChange): { from: number; to: number } | null {
  const found = changes.find(({ field }) => field === 'rate_1000kwh');
  return typeof found?.from === 'number' && typeof found.to === 'number'
    ? { from: found.from, to: found.to }
    : null;
}

function weekSection(
  { changes, isWhole }: MarketPast,
  { language }: Ask,
  view: PlanView,
  query: ListQuery,
): Html {
  const words = MARKET[language].market;
  if (changes.length === 0)
    return html`<section class="sec"><h2>${words.week}</h2><p>${words.weekNone}</p></section>`;
  const moves = changes.map(priceMove);
  const count = (event: MarketChange['event']) => changes.filter((one) => one.event === event).length;
  const cheaper = moves.filter((move) => move && move.to < move.from).length;
  const dearer = moves.filter((move) => move && move.to > move.from).length;
  const link = linksOf(language, query);
  const [day, plan, what] = words.weekColumns;
  const rows = changes
    .toSorted(byNews)
    .slice(0, CHANGES)
    .map((change) => {
      const sold = view.planWith(change.offer_id);
      const name = sold ? html`<a href="${link(sold.id)}">${change.name}</a>` : html`${change.name}`;
      return html`<tr><th scope="row" class="nw">${date(language, change.at, 'short')}</th><td>${name}<br><small class="g">${change.provider.name}</small></td><td class="n">${eventWords(change, language)}</td></tr>`;
    });
  return html`<section class="sec"><h2>${words.week}</h2><p>${capital(words.weekLead(cheaper, dearer, count('listed') + count('relisted'), count('withdrawn')))} ${!isWhole && words.weekCut} ${changes.length > CHANGES && words.weekShown(CHANGES)}</p><table class="t week"><thead><tr><th scope="col">${day}</th><th scope="col">${plan}</th><th scope="col" class="n">${what}</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}

/** The latest day first; on a day the largest moves of a price, then what came and what went. */
function byNews(a: MarketChange, b: MarketChange): number {
  const size = (change: MarketChange) => {
    const move = priceMove(change);
    return move ? Math.abs(move.to - move.from) : -1;
  };
  const day = (change: MarketChange) => marketDay(change.at);
  return (
    day(b).localeCompare(day(a)) || size(b) - size(a) || EVENTS.indexOf(a.event) - EVENTS.indexOf(b.event)
  );
}

function eventWords(change: MarketChange, language: Language): string {
  const words = MARKET[language].market.event;
  const move = priceMove(change);
  switch (change.event) {
    case 'listed': {
      const rate = change.rates?.[1000] ?? null;
      return words.listed(rate === null ? null : cents(rate));
    }
    case 'changed':
      return move ? words.changed(cents(move.from), cents(move.to)) : words.terms;
    case 'relisted':
    case 'withdrawn':
      return words[change.event];
  }
}
