/** A plan that is no longer sold: said so with 410, with what it was and what there is instead. */

import { type Html, html } from '../../html/html.ts';
import { billCurve } from '../../plan/bill/bill.ts';
import { yearOf } from '../../plan/profiles/year.ts';
import { page } from '../document.ts';
import { cents, date, dollars } from '../format.ts';
import { inLanguage } from '../language.ts';
import { readListQuery, usageParams, withParams } from '../list/list-query.ts';
import type { Ask, Page } from '../page-parts.ts';
import { styleSheet } from '../style-sheet.ts';
import { GONE } from '../words/gone.ts';
import type { FoundPlan } from './find-plan.ts';
import { inWordsOf } from './in-words-of.ts';
import { planTable } from './other-sections.ts';
import { type KnownRow, YearMarket } from './year-market.ts';

const STYLE = styleSheet('plan');
const SHOWN = 5;

export function gonePage(ask: Ask, gone: Extract<FoundPlan, { kind: 'gone' }>): Page {
  const { ended_at, view } = gone;
  const plan = inWordsOf(gone.plan, ask.language);
  const { language, parts } = ask;
  const words = GONE[language];
  const tdsp = parts.territory.tdsp(plan.tdsp_duns)?.short_name ?? plan.tdsp_duns;
  const usage = readListQuery(ask.query);
  const market = view && YearMarket.of(view, usage.profile);
  const rate = plan.rates_cents_per_kwh[1000];
  const year = yearOf(billCurve(plan), plan, usage.profile).total_usd;
  const linkTo = (id: string) => inLanguage(language, withParams(`/plans/${id}`, usageParams(usage)));
  const table = (head: string, rows: readonly KnownRow[]): Html | null =>
    rows.length === 0
      ? null
      : html`<section class="sec"><h2>${head}</h2>${planTable(rows, { language, linkTo, against: null })}</section>`;
  const known = market?.known ?? [];
  const isAlike = ({ plan: one }: KnownRow) =>
    one.term_months === plan.term_months && one.rate_type === plan.rate_type;
  const own = known.filter((row) => row.plan.provider.id === plan.provider.id);
  return page(ask, {
    status: 410,
    title: words.title(plan.name, plan.provider.name, tdsp),
    description: words.title(plan.name, plan.provider.name, tdsp),
    canonical: null,
    style: STYLE(),
    main: html`<div class="w"><p class="crumb"><a href="${inLanguage(language, '/texas')}">Texas</a> / <a href="${inLanguage(language, `/markets/${plan.tdsp_duns}`)}">${tdsp}</a> / ${plan.name}</p><div class="top"><h1>${words.head(plan.name)}</h1><p class="lead">${words.who} <a href="${inLanguage(language, `/providers/${plan.provider.id}`)}">${plan.provider.name}</a>${words.sold(tdsp, ended_at === null ? null : date(language, ended_at, 'exactDay'))} ${rate !== null && words.last(cents(rate))} ${year !== null && words.year(dollars(year))}</p></div>${table(words.own(plan.provider.name), own.slice(0, SHOWN))}${table(words.alike, known.filter(isAlike).slice(0, SHOWN))}</div>`,
  });
}
