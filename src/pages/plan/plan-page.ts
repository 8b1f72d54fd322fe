/** `/plans/{id}`: what one plan costs a home, why, how sure that is, and what there is instead. */

import type { PlanView } from '../../catalog/catalog.ts';
import { type Html, html } from '../../html/html.ts';
import { readRecentPast } from '../../store/plans/recent-past.ts';
import { page } from '../document.ts';
import { errorPage } from '../error-page.ts';
import { dollars } from '../format.ts';
import { breadcrumbs, productOf } from '../found/structured.ts';
import { inLanguage } from '../language.ts';
import { type ListQuery, readListQuery, usageParams, withParams } from '../list/list-query.ts';
import { labelsOf } from '../list/plan-facts.ts';
import { usageControl } from '../list/usage-control.ts';
import { type Answer, type Ask, BadAddress } from '../page-parts.ts';
import { readPlanPast } from '../past/plan-past.ts';
import { styleSheet } from '../style-sheet.ts';
import { PLAN } from '../words/plan.ts';
import { billSection, curveSection } from './bill-sections.ts';
import { findPlan } from './find-plan.ts';
import { gonePage } from './gone-page.ts';
import { homeOf } from './home-of.ts';
import { inWordsOf } from './in-words-of.ts';
import { monthsSection } from './months-section.ts';
import { cheaperSection, historySection, oddSection, whatIfSection } from './other-sections.ts';
import { factsAside } from './plan-aside.ts';
import { planFacts } from './plan-facts.ts';
import { findingOf, type PlanPageParts } from './plan-page-parts.ts';
import { YearMarket } from './year-market.ts';

const STYLE = styleSheet('usage', 'draw', 'plan');
/** The history could not be read: soon it may be. */
const WITHOUT_PAST_MS = 15_000;

export async function planPage(ask: Ask): Promise<Answer> {
  const found = await findPlan(ask, ask.params.id!.toLowerCase());
  if (found.kind === 'unknown') return errorPage(ask, 'notFound');
  if (found.kind === 'away') return errorPage(ask, 'notReady');
  if (found.kind === 'moved')
    return { to: withParams(`/plans/${found.plan.id}`, [...ask.query]), isPermanent: true };
  if (found.kind === 'gone') return gonePage(ask, found);
  const { plan, view } = found;
  const usage = readListQuery(ask.query);
  const market = YearMarket.of(view, usage.profile);
  const row = market.rows.find((one) => one.plan.id === plan.id)!;
  const facts = planFacts({ ...row, plan: inWordsOf(plan, ask.language) }, market, {
    nowMs: ask.nowMs,
    change: readChange(ask),
  });
  const past = await ask.parts.past.read(ask.client, `history ${plan.id} ${view.version}`, (queryable) =>
    readPlanPast(queryable, plan, new Date(ask.nowMs)),
  );
  const lately = await ask.parts.past.read(
    ask.client,
    `lately ${plan.tdsp_duns} ${view.version}`,
    (queryable) => readRecentPast(queryable, plan.tdsp_duns),
  );
  const { territory } = ask.parts;
  const parts: PlanPageParts = {
    ask,
    facts,
    home: homeOf(usage),
    tdsp: territory.tdsp(plan.tdsp_duns)?.short_name ?? plan.tdsp_duns,
    compareWith: compareOf(ask, plan.id, market, usage),
    linkTo: (id) => inLanguage(ask.language, withParams(`/plans/${id}`, usageParams(usage))),
  };
  return page(ask, {
    ...headOf(parts),
    style: STYLE(),
    view,
    keptForMs: past === 'away' || lately === 'away' ? WITHOUT_PAST_MS : null,
    canonical: `/plans/${plan.id}`,
    picture: `/plans/${plan.id}`,
    head: structuredOf(parts, view),
    main: html`<div class="w">${crumbOf(parts)}<div class="cols"><div>${answerOf(parts)}<div id="usage">${usageControl(ask.language, inLanguage(ask.language, ask.path), usage)}</div>${monthsSection(parts)}</div>${factsAside(parts)}<div class="rest">${billSection(parts)}${curveSection(parts)}${whatIfSection(parts)}${cheaperSection(parts)}${historySection(parts, past)}${oddSection(parts, view, lately)}</div></div></div>`,
  });
}

function compareOf({ language }: Ask, id: string, { known }: YearMarket, usage: ListQuery): string | null {
  const lowest = known[0]?.plan.id;
  if (lowest === undefined || lowest === id) return null;
  return inLanguage(language, withParams('/compare', [['id', id], ['id', lowest], ...usageParams(usage)]));
}

function structuredOf(parts: PlanPageParts, view: PlanView): Html {
  const { ask, facts, tdsp } = parts;
  const { plan } = facts;
  const product = productOf(ask, {
    plan,
    tdsp,
    description: findingOf(parts),
    confirmedUntil: new Date(view.observedAtMs + ask.parts.staleAfterMs),
  });
  return html`${product}${breadcrumbs(ask, [
    { name: 'Texas', path: '/texas' },
    { name: tdsp, path: `/markets/${plan.tdsp_duns}` },
    { name: plan.name, path: `/plans/${plan.id}` },
  ])}`;
}

/** @throws {BadAddress} it is not a whole number of percent */
function readChange({ query }: Ask): number | null {
  const text = query.get('change')?.trim().replace('−', '-').replace(/%$/, '') ?? '';
  if (text === '') return null;
  const percent = /^[+-]?\d{1,3}$/.test(text) ? Number(text) : Number.NaN;
  if (percent >= -90 && percent <= 300) return percent;
  throw new BadAddress('change', 'change', text);
}

function headOf(parts: PlanPageParts): { title: string; description: string } {
  const { ask, facts, home, tdsp } = parts;
  const words = PLAN[ask.language];
  const { plan, year } = facts;
  const cost = year.total_usd === null ? words.titleUnknown : words.titleYear(dollars(year.total_usd), home);
  return {
    title: words.title(plan.name, plan.provider.name, tdsp, cost),
    description: words.description(kindOf(parts), plan.provider.name, tdsp, trapOf(parts) ?? ''),
  };
}

function crumbOf({ ask, facts, tdsp }: PlanPageParts): Html {
  return html`<p class="crumb"><a href="${inLanguage(ask.language, '/texas')}">Texas</a> / <a href="${inLanguage(ask.language, `/markets/${facts.plan.tdsp_duns}`)}">${tdsp}</a> / ${facts.plan.name}</p>`;
}

const kindOf = ({ ask, facts: { plan } }: PlanPageParts): string =>
  PLAN[ask.language].kind(plan.rate_type, plan.term_months);

function trapOf({ ask, facts }: PlanPageParts): string | null {
  const words = PLAN[ask.language];
  const missed = facts.months.flatMap((one) => (one.missed ? [one.missed.usd] : []));
  if (missed.length === 0) return null;
  const usd = dollars(Math.max(...missed));
  return missed.length === facts.months.length
    ? words.never(usd)
    : words.misses(usd, missed.length, facts.near_misses);
}

function answerOf(parts: PlanPageParts): Html {
  const { ask, facts } = parts;
  const words = PLAN[ask.language];
  const { plan, place, above_lowest_usd: above, market } = facts;
  const lowest = market.known[0];
  const standing =
    place !== null
      ? words.place(place, market.known.length, place === 1 || above === null ? null : dollars(above))
      : lowest && words.notRanked(market.known.length, dollars(lowest.year.total_usd));
  const stars = plan.provider_rating;
  const trap = trapOf(parts);
  // What it says of a credit is told with its sum.
  const labels = labelsOf(facts, null, ask.language).filter(
    ({ kind }, at) => kind === 'watch' && !(trap !== null && at === 0),
  );
  return html`<div class="top"><h1>${findingOf(parts)}</h1><p class="lead">${standing} ${words.by} <a href="${inLanguage(ask.language, `/providers/${plan.provider.id}`)}">${plan.provider.name}</a>, ${stars === null ? words.unrated : words.rated(stars)}. ${kindOf(parts)}.</p>${
    trap &&
    html`<p class="watch">${trap} ${facts.missed_usd > 0 && words.missesSum(dollars(facts.missed_usd))}</p>`
  }${labels.map(({ text }) => html`<p class="watch">${text}</p>`)}</div>`;
}
