/** Around the bill of a plan: other usages, other plans, its past, and what is odd about its data. */

import type { PlanView } from '../../catalog/catalog.ts';
import { type Html, html } from '../../html/html.ts';
import { remarksNow, remarksOfMarket } from '../../plan/quality/quality.ts';
import type { PlanRemark, RecentPast } from '../../plan/quality/remark.ts';
import { DAY_MS } from '../../units.ts';
import { drawSteps } from '../draw/steps.ts';
import { cents, date, difference, dollars, percent, whole } from '../format.ts';
import { inLanguage, type Language } from '../language.ts';
import type { PlanPast } from '../past/plan-past.ts';
import { LIST } from '../words/list.ts';
import { PLAN } from '../words/plan.ts';
import { PLAN_BILL } from '../words/plan-bill.ts';
import { inWordsOf } from './in-words-of.ts';
import { leavingOf } from './plan-aside.ts';
import type { PlanPageParts } from './plan-page-parts.ts';
import type { KnownRow } from './year-market.ts';

/** The change that the page speaks of first. */
const TOLD_PERCENT = 20;
/** From here on a drawing is told by months, not by days. */
const LONG_MS = 180 * DAY_MS;

export function whatIfSection({ ask, facts }: PlanPageParts): Html {
  const { language, path, query } = ask;
  const words = PLAN_BILL[language].whatIf;
  const { year, whatIf } = facts;
  const asked = Number(query.get('change')?.replace('−', '-') || TOLD_PERCENT);
  const told = whatIf.find(({ percent }) => percent === asked);
  const change =
    told && told.year.total_usd !== null && year.total_usd !== null
      ? told.year.total_usd - year.total_usd
      : null;
  const isBySteps = told !== undefined && told.year.months_missing_credit < year.months_missing_credit;
  const hasCredit = whatIf.some(({ year }) => year.months_missing_credit > 0);
  const lead =
    told &&
    change !== null &&
    asked > 0 &&
    words.lead(percent(asked), dollars(Math.abs(change)), change >= 0, isBySteps);
  const [usage, aYear, missed, against] = words.columns;
  const rows = whatIf.map(({ percent: by, usage_kwh, year, middle_usd }) => {
    const name = by === 0 ? words.now : by < 0 ? words.less(percent(-by)) : words.more(percent(by));
    const total = year.total_usd;
    const about = year.evidence === 'estimate' ? '≈ ' : '';
    return html`<tr${by === asked && html` class="now"`}><th scope="row" class="nw">${name}<br><small class="g">${whole(usage_kwh)} kWh</small></th><td class="n">${total === null ? '–' : `${about}${dollars(total)}`}</td>${hasCredit && html`<td class="n">${words.of12(year.months_missing_credit)}</td>`}<td class="n">${total === null || middle_usd === null ? '–' : difference(total - middle_usd)}</td></tr>`;
  });
  // The rest of the address stays as it is.
  const kept = [...query].filter(([name]) => name !== 'change');
  return html`<section class="sec" id="what"><h2>${words.head}</h2><p>${lead}</p><form class="what" action="${inLanguage(language, path)}#what">${kept.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}<p><label for="change">${words.field}</label><input id="change" name="change" type="text" inputmode="numeric" autocomplete="off" value="${asked > 0 ? `+${asked}` : String(asked).replace('-', '−')}"></p><button class="q">${words.button}</button></form><table class="t"><thead><tr><th scope="col">${usage}</th><th scope="col" class="n">${aYear}</th>${hasCredit && html`<th scope="col" class="n">${missed}</th>`}<th scope="col" class="n">${against}</th></tr></thead><tbody>${rows}</tbody></table></section>`;
}

export function cheaperSection({ ask, facts, linkTo, tdsp }: PlanPageParts): Html {
  const { language } = ask;
  const words = PLAN_BILL[language].cheaper;
  const { plan, year, cheaper } = facts;
  const kind = PLAN[language].kind(plan.rate_type, plan.term_months);
  const all = html`<p class="s"><a href="${inLanguage(language, `/markets/${plan.tdsp_duns}`)}">${words.all(tdsp)}</a></p>`;
  if (cheaper.length === 0)
    return html`<section class="sec"><h2>${words.head}</h2><p>${words.none}</p>${all}</section>`;
  return html`<section class="sec"><h2>${words.head}</h2><p>${words.lead(kind)}</p>${planTable(cheaper, { language, linkTo, against: year.total_usd })}${all}</section>`;
}

interface TableOptions {
  language: Language;
  linkTo(id: string): string;
  /** What a year is told to be less than, in USD. */
  against: number | null;
  /** All are of the provider that the page is about. */
  isOneProvider?: boolean;
}

/** A few plans with the least that a reader compares them by. */
export function planTable(
  rows: readonly KnownRow[],
  { language, linkTo, against, isOneProvider = false }: TableOptions,
): Html {
  const [aYear, name, less, leave, green] = PLAN_BILL[language].cheaper.columns;
  const facts = PLAN[language].facts;
  const body = rows.map(({ plan, year }) => {
    const { rated, notRated } = LIST[language];
    const stars = plan.provider_rating === null ? notRated : rated(plan.provider_rating);
    const about = isOneProvider
      ? PLAN[language].kind(plan.rate_type, plan.term_months)
      : `${plan.provider.name}, ${stars.replaceAll(' ', '\u00a0')}`;
    return html`<tr><td class="n"><b>${dollars(year.total_usd)}</b></td><th scope="row"><a href="${linkTo(plan.id)}">${inWordsOf(plan, language).name}</a><br><small class="g">${about}</small></th>${against !== null && html`<td class="n">${dollars(against - year.total_usd)}</td>`}<td class="n">${leavingOf(plan, facts)[0]}</td><td class="n o">${plan.percent_green === null ? '–' : percent(plan.percent_green)}</td></tr>`;
  });
  return html`<table class="t few"><thead><tr><th scope="col" class="n">${aYear}</th><th scope="col">${name}</th>${against !== null && html`<th scope="col" class="n">${less}</th>`}<th scope="col" class="n">${leave}</th><th scope="col" class="n o">${green}</th></tr></thead><tbody>${body}</tbody></table>`;
}

export function historySection({ ask, facts }: PlanPageParts, past: PlanPast | 'away'): Html {
  const { language, nowMs } = ask;
  const words = PLAN_BILL[language].history;
  const { plan } = facts;
  const day = (at: string | number | Date) => date(language, new Date(at), 'exactDay');
  if (past === 'away') return html`<section class="sec"><h2>${words.head}</h2><p>${words.away}</p></section>`;
  const { steps, middle, lowest, from } = past;
  const moves = steps.length - 1;
  const rate = plan.rates_cents_per_kwh[1000];
  const isLowest = moves > 0 && lowest !== null && lowest.cents === rate;
  const said =
    lowest === null || moves === 0
      ? null
      : isLowest
        ? words.lowestNow
        : words.lowest(cents(lowest.cents), day(lowest.at));
  const picture = drawSteps(
    [
      {
        steps: middle.map(({ at, cents }) => ({ at, value: cents })),
        look: 'c',
        name: PLAN_BILL[language].curve.middle,
      },
      {
        steps: steps.map(({ at, rates_cents_per_kwh: rates }) => ({
          at: Date.parse(at),
          value: rates[1000],
        })),
        look: 'k',
        name: plan.name,
      },
    ],
    {
      from: from.getTime(),
      to: nowMs,
      ticks: [from.getTime(), nowMs].map((at) => ({
        at,
        text: date(language, at, nowMs - from.getTime() > LONG_MS ? 'month' : 'short'),
      })),
    },
    { label: words.picture(plan.name), value: (value) => `${cents(value)} ¢` },
  );
  const first =
    moves === 0 ? words.first(day(plan.first_seen_at)) : words.moved(moves, day(plan.first_seen_at));
  // A line of a single price over a day or two tells nothing that the sentence does not.
  const isWorthDrawing = moves > 0 || middle.length > 6;
  const [since, ...usages] = words.columns;
  const rows = steps
    .toReversed()
    .map(
      ({ at, is_offered, rates_cents_per_kwh: rates }) =>
        html`<tr><th scope="row">${day(at)}</th>${
          is_offered
            ? ([500, 1000, 2000] as const).map(
                (usage) =>
                  html`<td class="n">${rates[usage] === null ? '–' : `${cents(rates[usage])} ¢`}</td>`,
              )
            : html`<td class="n" colspan="3">${words.notSold}</td>`
        }</tr>`,
    );
  return html`<section class="sec"><h2>${words.head}</h2><p>${first} ${said}</p>${
    isWorthDrawing &&
    html`<figure>${picture}<p class="src">${words.unit}</p><details><summary>${PLAN_BILL[language].curve.table}</summary><table class="t"><thead><tr><th scope="col">${since}</th>${usages.map((one) => html`<th scope="col" class="n">${one}</th>`)}</tr></thead><tbody>${rows}</tbody></table></details></figure>`
  }</section>`;
}

/** What is odd about each plan of a market, by its id: looked for once, as plans are compared with each other. */
const remarks = new WeakMap<
  PlanView,
  { past: RecentPast | 'away'; byPlan: ReadonlyMap<string, PlanRemark[]> }
>();

function remarksIn(view: PlanView, past: RecentPast | 'away'): ReadonlyMap<string, PlanRemark[]> {
  const known = remarks.get(view);
  if (known?.past === past) return known.byPlan;
  const plans = view.sets.flatMap((set) => set.plans);
  const all = past === 'away' ? remarksNow(plans) : remarksOfMarket(plans, past);
  const byPlan = Map.groupBy(all, ({ plan }) => plan?.id ?? '');
  remarks.set(view, { past, byPlan });
  return byPlan;
}

/** @param past the last four weeks of the market; `'away'`: what shows only beside them is not told */
export function oddSection({ ask, facts }: PlanPageParts, view: PlanView, past: RecentPast | 'away'): Html {
  const words = PLAN_BILL[ask.language].odd;
  const found = remarksIn(view, past).get(facts.plan.id) ?? [];
  if (found.length === 0)
    return html`<section class="sec"><h2>${words.head}</h2><p>${words.none}</p></section>`;
  return html`<section class="sec"><h2>${words.head}</h2><p>${words.lead}</p><ul class="odd">${found.map(({ rule, message }) => html`<li>${words.rules[rule] ?? message}</li>`)}</ul></section>`;
}
