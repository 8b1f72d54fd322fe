/** The facts of a plan beside its answer: each a word, a figure and what limits it. */

import { type Html, html, webAddress } from '../../html/html.ts';
import type { Plan } from '../../plan/plan.ts';
import {
  ageOf,
  capital,
  cents,
  date,
  dollars,
  dollarsAndCents,
  monthName,
  monthOf,
  percent,
  whole,
} from '../format.ts';
import { inLanguage, type Language } from '../language.ts';
import { readUsage, usageParams, withParams } from '../list/list-query.ts';
import { labelsOf } from '../list/plan-facts.ts';
import { COMMON } from '../words/common.ts';
import { PLAN, type PlanWords } from '../words/plan.ts';
import { WATCH } from '../words/watch.ts';
import type { PlanFacts } from './plan-facts.ts';
import type { PlanPageParts } from './plan-page-parts.ts';

const SUMMER = [6, 7, 8, 9];

export function factsAside({ ask, facts, compareWith }: PlanPageParts): Html {
  const { language } = ask;
  const words = PLAN[language].facts;
  const { plan, year, months } = facts;
  const largest = months.toSorted((a, b) => b.kwh - a.kwh)[0]!;
  const average = year.total_usd === null ? null : ((year.total_usd - year.once_usd) * 100) / year.usage_kwh;
  const at1000 = plan.rates_cents_per_kwh[1000];
  const [sure = '', why = null] = PLAN[language].sure[surenessOf(facts)];
  const also = labelsOf(facts, null, language).flatMap(({ kind, text }) => (kind === 'fact' ? [text] : []));
  const enroll = webAddress(plan.enroll_url) ?? webAddress(plan.provider_website);
  const rows = [
    largest.usd !== null &&
      row(words.bill(monthName(language, largest.month)), dollars(largest.usd), `${whole(largest.kwh)} kWh`),
    average !== null &&
      row(words.average, `${cents(average)} ¢/kWh`, at1000 === null ? null : words.at1000(cents(at1000))),
    row(words.ends, ...endOf(plan, language, ask.nowMs)),
    row(words.leave, ...leavingOf(plan, words)),
    row(words.green, plan.percent_green === null ? words.unknown : percent(plan.percent_green), null),
    row(words.sure, sure, why),
    also.length > 0 && row(words.also, also.join('; '), null),
    documentsOf(plan, language),
    sourceOf(facts, ask),
  ];
  const phone = plan.enroll_phone;
  return html`<aside class="side" aria-label="${words.label}"><dl class="facts">${rows}</dl><div class="act">${compareWith && html`<a class="btn q" href="${compareWith}" rel="nofollow">${words.compare}</a>`}${enroll && html`<a class="btn" href="${enroll}" rel="nofollow noopener">${words.goTo(plan.provider.name)}</a>`}</div><p class="s">${watchLink(ask, facts)}</p><p class="s g">${phone && words.orCall(phone)} ${words.earn}</p></aside>`;
}

/** To be told when a plan beats this one, for a reader who has it. */
function watchLink({ language, query }: PlanPageParts['ask'], { plan, year }: PlanFacts): Html {
  const { early_termination_fee_usd: fee, tdsp_duns } = plan;
  const params: [string, string][] = [
    ['place', tdsp_duns],
    ...usageParams(readUsage(query)),
    ...(year.total_usd === null ? [] : [['year', String(Math.round(year.total_usd))] as [string, string]]),
    ...(fee === null ? [] : [['fee', String(fee)] as [string, string]]),
  ];
  return html`<a href="${withParams(inLanguage(language, '/watch'), params)}" rel="nofollow">${WATCH[language].linkOfPlan}</a>`;
}

const row = (name: string, value: string | Html, below: string | null): Html =>
  html`<div><dt>${name}</dt><dd>${value}${below && html`<small>${below}</small>`}</dd></div>`;

/** The key of the words that say how sure the year is. */
function surenessOf({ year, curve }: PlanFacts): keyof PlanWords['sure'] {
  if (year.total_usd === null) return 'unknown';
  if (year.evidence === 'estimate' && curve.evidence !== 'estimate' && (year.covered_months ?? 12) < 12)
    return 'short';
  switch (year.evidence) {
    case 'components':
      return 'components';
    case 'line':
      return 'known';
    case 'stated_credit':
      return 'workedOut';
    case 'remembered_text':
      return 'remembered';
    case 'published':
      return 'published';
    case null:
      return 'unknown';
    default:
      return 'estimate';
  }
}

function endOf({ term_months: term }: Plan, language: Language, nowMs: number): [string, string | null] {
  const words = PLAN[language].facts;
  if (term === null) return [words.unknown, null];
  if (term <= 1) return [words.monthToMonth, null];
  const end = new Date(nowMs);
  // A month later than January 31 is not March 3.
  end.setUTCDate(1);
  end.setUTCMonth(end.getUTCMonth() + term);
  const at = end.getTime() + 14 * 86_400_000;
  return [capital(date(language, at, 'month')), SUMMER.includes(monthOf(at)) ? words.summer : words.ifToday];
}

export function leavingOf(
  {
    early_termination_fee_usd: fee,
    early_termination_fee_per_month_usd: each,
    early_termination_fee_text: text,
  }: Plan,
  words: Pick<PlanWords['facts'], 'nothing' | 'perMonth' | 'unknown'>,
): [string, string | null] {
  if (fee === 0) return [words.nothing, null];
  if (each !== null)
    return [fee === null ? words.unknown : dollars(fee), words.perMonth(dollarsAndCents(each))];
  return fee === null ? [words.unknown, text] : [dollarsAndCents(fee), null];
}

function documentsOf(plan: Plan, language: Language): Html | null {
  const words = PLAN[language].facts;
  const links = [
    [words.efl, plan.documents.efl],
    [words.tos, plan.documents.tos],
    [words.yrac, plan.documents.yrac],
    [words.prepaidDisclosure, plan.prepaid_disclosure_url],
  ] as const;
  const found = links.flatMap(([name, address]) => {
    const href = webAddress(address);
    return href === null ? [] : [html`<li><a href="${href}" rel="nofollow noopener">${name}</a></li>`];
  });
  return found.length === 0 ? null : row(words.documents, html`<ul>${found}</ul>`, null);
}

function sourceOf({ plan }: PlanFacts, { parts, language, nowMs }: PlanPageParts['ask']): Html | null {
  const view = parts.catalog.look([plan.tdsp_duns]);
  if (!view) return null;
  const words = COMMON[language];
  const { unit, count } = ageOf(Math.max(0, nowMs - view.observedAtMs));
  const source = view.upstreams.map((one) => words.sourceNames[one] ?? one).join(', ');
  const day = date(language, view.observedAtMs, 'day');
  return row(PLAN[language].facts.source, source, `${day}, ${words.read} ${words.readAgo[unit](count)}`);
}
