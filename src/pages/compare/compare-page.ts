/** `/compare?id=…&id=…`: up to four plans side by side; every row is a question, in the shopper's order. */

import type { PlanYear } from '../../catalog/priced-years.ts';
import { type Html, html, trusted, webAddress } from '../../html/html.ts';
import { page } from '../document.ts';
import { errorPage, sorryPage } from '../error-page.ts';
import { allOf, cents, dollars, dollarsAndCents, monthName, monthOf, percent } from '../format.ts';
import { inLanguage } from '../language.ts';
import { curvePaths, medianPath } from '../list/curves.ts';
import { type ListQuery, readListQuery, usageParams, withParams } from '../list/list-query.ts';
import { labelsOf, sureness, termEnd } from '../list/plan-facts.ts';
import { planHref, planName, termText } from '../list/plan-row.ts';
import { sourceLine } from '../list/source-line.ts';
import { usageControl, yearKwh } from '../list/usage-control.ts';
import type { Answer, Ask } from '../page-parts.ts';
import { styleSheet } from '../style-sheet.ts';
import { COMPARE } from '../words/compare.ts';
import { LIST } from '../words/list.ts';
import { monthBars, monthBills } from './month-bars.ts';

const STYLE = styleSheet('usage', 'compare');
const MOST = 4;
const MOST_ASKED = 20;

type Usage = Pick<ListQuery, 'usage' | 'profile'>;

export function comparePage(ask: Ask): Answer {
  const { parts, language, nowMs } = ask;
  const words = COMPARE[language];
  const usage = readListQuery(ask.query);
  const asked = [...new Set(ask.query.getAll('id').filter((id) => id !== ''))].slice(0, MOST_ASKED);
  const ids = asked.slice(0, MOST);
  const from = listOf(ask);
  const kept = [...ids.map((id) => ['id', id] as const), ...(from === null ? [] : [['from', from] as const])];
  if (ask.query.has('m'))
    return { to: withParams('/compare', [...usageParams(usage), ...kept]), isPermanent: false };
  if (ids.length === 0) return sorryPage(ask, 200, words.nothing, html`<p>${words.nothingText}</p>`);
  const markets = parts.territory.tdsps.flatMap(({ duns }) => {
    const view = parts.catalog.look([duns], nowMs);
    if (!view) return [];
    const ranked = view.byYear(usage.profile);
    const rows = ranked.filter(({ plan }) => ids.includes(plan.id) || ids.includes(plan.offer_id));
    return rows.length === 0 ? [] : [{ duns, ranked, rows }];
  });
  if (markets.length === 0) {
    const isAway = parts.territory.tdsps.some(({ duns }) => !parts.catalog.look([duns], nowMs));
    return isAway
      ? errorPage(ask, 'notReady')
      : sorryPage(ask, 404, words.gone(ids.length), html`<p>${words.nothingText}</p>`);
  }
  const view = parts.catalog.look(
    markets.map(({ duns }) => duns),
    nowMs,
  )!;
  // Of several markets, too, what is known stands before what is not.
  const rank = ({ year }: PlanYear) => (year.total_usd === null ? 2 : year.evidence === 'estimate' ? 1 : 0);
  const rows = markets
    .flatMap((market) => market.rows)
    .toSorted((a, b) => rank(a) - rank(b) || (a.year.total_usd ?? 0) - (b.year.total_usd ?? 0));
  const names = rows.map((row) => planName(row, language));
  const remarks = [
    ...(rows.length < ids.length ? [words.gone(ids.length - rows.length)] : []),
    ...(asked.length > MOST ? [words.tooMany] : []),
    ...(markets.length > 1 ? [words.markets] : []),
  ];
  const back = withParams(inLanguage(language, from ?? '/'), from ? usageParams(usage) : []);
  const main = html`<div class="w"><p class="crumb"><a href="${back}">${placeName(ask, from) ?? LIST[language].noKnown('Texas')}</a> / ${words.name}</p>
<h1>${headline(ask, rows)}</h1><p class="lead">${words.forUsage[usage.usage](yearKwh(usage.profile))} <a href="${back}">${words.change}</a></p>${remarks.length > 0 && html`<p class="lead watch">${remarks.join(' ')}</p>`}<p class="src">${sourceLine(ask, view)}</p>${usageControl(language, inLanguage(language, '/compare'), usage, kept)}
${table(ask, rows, usage, markets)}</div>`;
  return page(ask, {
    title: words.title(allOf(language, names)),
    description: words.description(allOf(language, names)),
    main,
    style: STYLE(),
    view,
    canonical: null,
  });
}

/** The list somebody came from: an address of this site and of a place, or none. */
function listOf({ query }: Ask): string | null {
  const from = query.get('from') ?? '';
  return /^\/(?:cities\/[a-z0-9-]+|zip\/\d{5})$/.test(from) ? from : null;
}

function placeName({ parts }: Ask, from: string | null): string | null {
  const place = from === null ? null : parts.places.find(from.split('/')[2]!);
  if (place?.kind === 'city') return place.city.name;
  return place?.kind === 'zip' ? place.zip.zip : null;
}

function headline({ language }: Ask, rows: readonly PlanYear[]): string {
  const words = COMPARE[language];
  const [one, two] = rows as [PlanYear, PlanYear?];
  if (!two || one.year.total_usd === null || two.year.total_usd === null)
    return words.alone(planName(one, language));
  const difference = Math.round(two.year.total_usd) - Math.round(one.year.total_usd);
  const [name, other] = [planName(one, language), planName(two, language)];
  if (difference === 0) return words.same(name, other);
  const isKnown = [one, two].every((row) => sureness(row) === 'known' || sureness(row) === 'worked_out');
  // An estimate stands behind what is known, however low it is.
  return isKnown && difference > 0
    ? words.less(name, difference, other)
    : words.perhaps(difference > 0 ? name : other, Math.abs(difference), difference > 0 ? other : name);
}

interface Market {
  duns: string;
  ranked: readonly PlanYear[];
}

function table(ask: Ask, rows: readonly PlanYear[], usage: Usage, markets: readonly Market[]): Html {
  const { language, nowMs, parts } = ask;
  const [words, list] = [COMPARE[language], LIST[language]];
  const { questions } = words;
  const month = monthOf(nowMs);
  const bills = new Map(rows.map((row) => [row, monthBills(row, usage.profile, month)]));
  const most = Math.max(1, ...[...bills.values()].flat().map(({ usd }) => usd));
  const lowest = rows[0]!.year.total_usd;
  const usd = (value: number | null, text = dollars): string => (value === null ? '–' : text(value));
  const line = (question: Html | string, cell: (row: PlanYear) => Html | string, style = '') =>
    html`<tr role="row"${style && html` class="${style}"`}><th role="rowheader" scope="row">${question}</th>${rows.map((row) => html`<td role="cell">${cell(row)}</td>`)}</tr>`;
  const { months_kwh } = usage.profile;
  const named = [
    month,
    months_kwh.indexOf(Math.max(...months_kwh)) + 1,
    months_kwh.indexOf(Math.min(...months_kwh)) + 1,
  ];
  const about = (row: PlanYear) => (['known', 'worked_out'].includes(sureness(row)) ? '' : '≈');
  const yearCell = (row: PlanYear): Html => {
    const { total_usd } = row.year;
    const more = total_usd === null || lowest === null ? 0 : Math.round(total_usd) - Math.round(lowest);
    return html`${about(row)}${usd(total_usd)}${rows.length > 1 && html`<small>${row === rows[0] ? words.lowest : more > 0 && words.more(more)}</small>`}`;
  };
  const wrong = (row: PlanYear) => {
    const labels = labelsOf(row, null, language).filter(({ kind }) => kind === 'watch');
    return labels.length === 0
      ? words.nothingFound
      : html`${labels.map(({ text }) => html`<small class="watch">${text}</small>`)}`;
  };
  const bars = (row: PlanYear) => {
    const own = bills.get(row)!;
    if (own.length === 0) return '–';
    const all = own.map((bill) => bill.usd);
    const missed = own.filter(({ missed_usd }) => missed_usd > 0).length;
    return html`${monthBars(own, most)}<small>${words.fromTo(Math.min(...all), Math.max(...all))}${missed > 0 && html`, <span class="bad">${words.missed(missed)}</span>`}</small>`;
  };
  const box = { width: 150, height: 76, most_usd: 480 };
  const curve = (row: PlanYear) => {
    const { solid, dotted } = curvePaths(row.curve, box);
    const market = markets.find(({ duns }) => duns === row.plan.tdsp_duns)!;
    return html`<svg class="mini" aria-hidden="true" viewBox="0 0 ${box.width} ${box.height}" preserveAspectRatio="none"><path class="h" d="M0 ${box.height}H${box.width}"/><path class="c" d="${trusted(medianPath(market.ranked, box))}"/><path class="k da" d="${trusted(dotted)}"/><path class="k" d="${trusted(solid)}"/></svg>`;
  };
  const without = (row: PlanYear) =>
    withParams(inLanguage(language, '/compare'), [
      ...usageParams(usage),
      ...rows.filter((other) => other !== row).map(({ plan }): [string, string] => ['id', plan.id]),
      ...[listOf(ask)].flatMap((from): [string, string][] => (from ? [['from', from]] : [])),
    ]);
  const heads = rows.map(
    (row) =>
      html`<th role="columnheader" scope="col"><a href="${planHref(row, language, usage)}">${planName(row, language)}</a><small>${row.plan.provider.name}</small></th>`,
  );
  const capitalised = (name: string) => name[0]!.toUpperCase() + name.slice(1);
  const rate = ({ plan }: PlanYear) => plan.rates_cents_per_kwh[1000];
  return html`<table class="x n${rows.length}" role="table"><caption class="vh">${words.name}</caption><thead role="rowgroup"><tr role="row"><td role="cell" class="e"></td>${heads}</tr></thead><tbody role="rowgroup">
${line(questions.year, yearCell, 'yr')}
${line(questions.wrong, wrong)}
${line(questions.months(monthName(language, month, 'monthShort'), monthName(language, ((month + 10) % 12) + 1, 'monthShort')), bars)}
${line(questions.curve, curve)}
${[...new Set(named)].map((one) => line(questions.month(capitalised(monthName(language, one)), months_kwh[one - 1]!), ({ curve }) => usd(curve.usd(months_kwh[one - 1]!, one))))}
${line(questions.less, ({ year }) => usd(year.at_90_percent_usd))}
${line(questions.moreUse, ({ year }) => usd(year.at_110_percent_usd))}
${line(questions.average, ({ year }) => (year.total_usd === null ? '–' : `${cents((year.total_usd * 100) / year.usage_kwh)} ¢`))}
${line(questions.advertised, (row) => (rate(row) === null ? '–' : `${cents(rate(row)!)} ¢`))}
${line(questions.leave, ({ plan }) => (plan.early_termination_fee_usd === null ? list.notStated : usd(plan.early_termination_fee_usd, dollarsAndCents)))}
${line(questions.leaveLater, ({ year }) => (year.leave_after_6_months_usd === null ? list.notStated : usd(year.leave_after_6_months_usd, dollarsAndCents)))}
${line(questions.term, (row) => html`${termText(row, language)}<small>${termEnd(row.plan, language, nowMs)}</small>`)}
${line(questions.green, ({ plan }) => (plan.percent_green === null ? '–' : percent(plan.percent_green)))}
${line(questions.rating, ({ plan }) => (plan.provider_rating === null ? list.notRated : words.stars(plan.provider_rating)))}
${line(questions.sure, (row) => list.sure[sureness(row)][0])}
${markets.length > 1 && line(questions.market, ({ plan }) => parts.territory.tdsp(plan.tdsp_duns)?.short_name ?? '–')}
${line(questions.efl, (row) => {
  const efl = webAddress(
    (language === 'es' ? row.plan.translations.es?.documents.efl : null) ?? row.plan.documents.efl,
  );
  return efl === null
    ? '–'
    : html`<a href="${efl}" rel="nofollow">${words.open}<span class="vh">${words.ofPlan(planName(row, language))}</span></a>`;
})}
${rows.length > 1 && line(html`<span class="vh">${questions.remove}</span>`, (row) => html`<a href="${without(row)}" rel="nofollow">${questions.remove}<span class="vh"> ${planName(row, language)}</span></a>`)}
</tbody></table>`;
}
