/** Which plans a shopper wants to see, and how many each choice would leave. */

import type { PlanYear } from '../../catalog/priced-years.ts';
import { type Html, html } from '../../html/html.ts';
import { whole } from '../format.ts';
import type { Language } from '../language.ts';
import { LIST } from '../words/list.ts';
import {
  filterParams,
  type ListQuery,
  PRICE_KINDS,
  TERM_BANDS,
  TERMS,
  type TermBand,
  UNWANTED,
  type Unwanted,
  usageParams,
  withParams,
} from './list-query.ts';
import { creditOf, priceKind } from './plan-facts.ts';
import { sharing } from './shared.ts';

const DEAR_EXIT_USD = 200;

const IS_UNWANTED: Readonly<Record<Unwanted, (row: PlanYear) => boolean>> = {
  credits: (row) => creditOf(row)?.isCredit === true,
  hours: ({ plan }) => plan.is_time_of_use === true,
  prepaid: ({ plan }) => plan.is_prepaid === true,
  autopay: ({ plan }) => plan.requires_auto_pay === true,
  newcomers: ({ plan }) => plan.is_new_customer_only === true,
  'exit-fee-over-200': ({ plan }) => (plan.early_termination_fee_usd ?? 0) > DEAR_EXIT_USD,
  'not-green': ({ plan }) => (plan.percent_green ?? 0) < 100,
};

const isInBand = ({ plan: { term_months } }: PlanYear, band: TermBand): boolean => {
  const [from, to] = TERMS[band];
  return term_months !== null && term_months >= from && term_months <= to;
};

const FACETS = ['price', 'term', 'without', 'provider'] as const;
type Facet = (typeof FACETS)[number];

const PASSES: Readonly<Record<Facet, (row: PlanYear, query: ListQuery) => boolean>> = {
  price: (row, { price }) => price.length === 0 || price.includes(priceKind(row)),
  term: (row, { term }) => term.length === 0 || term.some((band) => isInBand(row, band)),
  without: (row, { without }) => !without.some((one) => IS_UNWANTED[one](row)),
  provider: ({ plan }, { provider }) => provider === null || plan.provider.id === provider,
};

export const passing = (rows: readonly PlanYear[], query: ListQuery, except?: Facet): readonly PlanYear[] =>
  rows.filter((row) => FACETS.every((facet) => facet === except || PASSES[facet](row, query)));

const fieldsOnce = sharing<Html>();

/** The form: it works without a script, and every answer has its address. */
export const filterForm = (
  language: Language,
  path: string,
  rows: readonly PlanYear[],
  query: ListQuery,
): Html =>
  html`<form action="${path}">${fieldsOnce(rows, language, query, () => fields(language, path, rows, query))}</form>`;

/** @param path of the list, told only where something is filtered */
function fields(language: Language, path: string, rows: readonly PlanYear[], query: ListQuery): Html {
  const words = LIST[language].filter;
  const option = (name: string, value: string, text: string, isOn: boolean, count: number) =>
    html`<label><input type="checkbox" name="${name}" value="${value}"${isOn && html` checked`}>${text}<span>${whole(count)}</span></label>`;
  const byPrice = passing(rows, query, 'price');
  const byTerm = passing(rows, query, 'term');
  const byWithout = passing(rows, { ...query, without: [] });
  const group = (legend: string, options: readonly Html[]) =>
    html`<fieldset><legend>${legend}</legend>${options}</fieldset>`;
  const kept = [...usageParams(query), ...(query.delivered ? [['delivered', query.delivered] as const] : [])];
  const isFiltered = filterParams({ ...query, delivered: null }).length > 0;
  return html`<details class="filters"${isFiltered && html` open`}><summary>${words.open(rows.length)}</summary>
${kept.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)}
${group(
  words.price,
  PRICE_KINDS.map((one) =>
    option(
      'price',
      one,
      words.priceKinds[one],
      query.price.includes(one),
      count(byPrice, (row) => priceKind(row) === one),
    ),
  ),
)}
${group(
  words.term,
  TERM_BANDS.map((one) =>
    option(
      'term',
      one,
      words.terms[one],
      query.term.includes(one),
      count(byTerm, (row) => isInBand(row, one)),
    ),
  ),
)}
${group(
  words.without,
  UNWANTED.map((one) => [one, count(byWithout, IS_UNWANTED[one])] as const)
    .filter(([one, many]) => many > 0 || query.without.includes(one))
    .map(([one, many]) => option('without', one, words.unwanted[one], query.without.includes(one), many)),
)}
${providers(language, rows, query)}<button class="q">${words.show}</button>${isFiltered && html`<p><a href="${withParams(path, kept)}">${words.reset}</a></p>`}</details>`;
}

const count = (rows: readonly PlanYear[], isCounted: (row: PlanYear) => boolean): number =>
  rows.filter(isCounted).length;

const byName = new Intl.Collator('en');

function providers(language: Language, rows: readonly PlanYear[], query: ListQuery): Html {
  const words = LIST[language].filter;
  const sellers = new Map<string, { name: string; plans: number }>();
  for (const { plan } of passing(rows, query, 'provider')) {
    const seller = sellers.get(plan.provider.id) ?? { name: plan.provider.name, plans: 0 };
    seller.plans += 1;
    sellers.set(plan.provider.id, seller);
  }
  const options = [...sellers]
    .toSorted(([, a], [, b]) => byName.compare(a.name, b.name))
    .map(
      ([id, { name, plans }]) =>
        html`<option value="${id}"${query.provider === id && html` selected`}>${name} (${plans})</option>`,
    );
  return html`<fieldset><legend><label for="provider">${words.provider}</label></legend><select id="provider" name="provider"><option value="">${words.anyProvider}</option>${options}</select></fieldset>`;
}
