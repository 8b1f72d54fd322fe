/** Why a bill is what it is: its charges one by one, and its course from nothing to 3,000 kWh. */

import { type Html, html } from '../../html/html.ts';
import type { BillCurve } from '../../plan/bill/bill.ts';
import type { StatedStep } from '../../plan/bill/stated-terms.ts';
import type { Plan } from '../../plan/plan.ts';
import { drawBillCurve } from '../draw/bill-curve.ts';
import { allOf, capital, dollars, dollarsAndCents, monthName, toTheCent, whole } from '../format.ts';
import type { Language } from '../language.ts';
import { PLAN_BILL, type PlanBillWords } from '../words/plan-bill.ts';
import { arithmeticOf, type ChargeRow } from './arithmetic.ts';
import { tellingMonths } from './plan-facts.ts';
import type { PlanPageParts } from './plan-page-parts.ts';

/** How a bill is known, told from what is known rather than from a text in one language. */
function howKnown(plan: Plan, { evidence }: BillCurve): keyof PlanBillWords['made']['how'] {
  if (evidence === null) return 'nothing';
  if (evidence !== 'estimate') return evidence;
  if (plan.is_time_of_use === true) return 'hours';
  return Object.values(plan.rates_cents_per_kwh).includes(null) ? 'few' : 'unexplained';
}

export function billSection({ ask, facts }: PlanPageParts): Html | null {
  const { language } = ask;
  const words = PLAN_BILL[language].made;
  const { plan, curve, year } = facts;
  const months = [...new Set(tellingMonths(facts))];
  const rows = arithmeticOf(plan, curve, months);
  if (rows.length === 0) return null;
  const head = months.map(
    ({ month, kwh }) =>
      html`<th scope="col" class="n">${capital(monthName(language, month))}<br>${whole(kwh)} kWh</th>`,
  );
  const body = rows.map((row) => {
    const [what, where] = chargeWords(row, language);
    const sums = row.usd.map(
      (usd) => html`<td class="n">${usd === null ? notPaid(row, words) : toTheCent(usd)}</td>`,
    );
    return html`<tr><th scope="row">${what}<br><small class="g">${where}</small></th>${sums}</tr>`;
  });
  const isEstimate = months.some(({ kwh }) => curve.certainty(kwh) === 'estimate');
  const totals = months.map(({ usd }) => html`<td class="n">${usd === null ? '–' : toTheCent(usd)}</td>`);
  const [larger, smaller] = months;
  const apart = smaller ? larger!.kwh - smaller.kwh : 0;
  const [low, high] = curve.bounds(larger!.kwh) ?? [0, 0];
  return html`<section class="sec"><h2>${words.head}</h2><p>${apart > 0 ? words.lead(whole(apart)) : words.leadEqual} ${isEstimate && words.bounds(dollars(low), dollars(high))} ${year.once_usd > 0 && words.once}</p><table class="t made"><thead><tr><th scope="col">${words.charge}</th>${head}</tr></thead><tbody>${body}<tr class="sum"><th scope="row">${isEstimate ? words.about : words.sum}</th>${totals}</tr></tbody></table><p class="src">${words.how[howKnown(plan, curve)]}${curve.certainty(larger!.kwh) === 'extrapolated' && ` ${words.extrapolated}`}</p></section>`;
}

const notPaid = ({ charge }: ChargeRow, words: PlanBillWords['made']): Html =>
  charge.kind === 'step' && charge.step.usd < 0
    ? html`<span class="bad">${words.notPaid}</span>`
    : html`${words.notCharged}`;

/** What a charge is called, and where it is written. */
function chargeWords({ charge, quote }: ChargeRow, language: Language): [what: string, where: string] {
  const words = PLAN_BILL[language].made;
  const said = quote === null ? words.noQuote : words.quote(quote);
  switch (charge.kind) {
    case 'base':
      return [words.base, words.baseFrom];
    case 'energy':
      return [words.energy(perKwh(charge.cents_per_kwh)), words.energyFrom];
    case 'step':
      return [stepWords(charge.step, language), said];
    case 'published':
      return [words.published, words.publishedFrom(perKwh(charge.cents_per_kwh), whole(charge.usage_kwh))];
    case 'blocks': {
      const prices = charge.blocks.map(({ usd_per_kwh, from_kwh, to_kwh }) =>
        words.blockPrice(
          perKwh(usd_per_kwh * 100),
          to_kwh === null ? words.from(whole(from_kwh)) : words.upTo(whole(to_kwh)),
        ),
      );
      return [words.blocks(allOf(language, prices)), said];
    }
    case 'flat':
      return [words.flat(whole(charge.below_kwh)), said];
    case 'component': {
      const name = words.component[charge.of] ?? charge.of;
      const what =
        charge.cents_per_kwh === null
          ? words.componentMonth(name)
          : words.componentKwh(name, perKwh(charge.cents_per_kwh));
      return [what, words.componentFrom];
    }
    case 'shares':
      return [words.shares, words.componentFrom];
    case 'estimate':
      return [words.estimate, words.estimateFrom(allOf(language, charge.between_kwh.map(whole)))];
    case 'rounding':
      return [words.rounding, words.roundingFrom];
    case 'season':
      return [words.season, words.seasonFrom];
  }
}

/** `13.01`: as many decimals as it has, two at the most. */
const perKwh = (cents: number): string => String(Math.round(cents * 100) / 100);

function stepWords({ usd, from_kwh, to_kwh, months }: StatedStep, language: Language): string {
  const words = PLAN_BILL[language].made;
  const usage =
    from_kwh <= 1
      ? to_kwh === null
        ? words.always
        : words.below(whole(to_kwh + 1))
      : to_kwh === null
        ? words.from(whole(from_kwh))
        : words.between(whole(from_kwh), whole(to_kwh));
  const where =
    months === null
      ? usage
      : `${usage} ${words.someMonths(
          allOf(
            language,
            months.map((month) => monthName(language, month)),
          ),
        )}`;
  return usd < 0 ? words.credit(where) : words.fee(where);
}

const SHOWN_KWH = [500, 750, 1000, 1250, 1500, 2000, 3000];
const MOST_CLIFFS_TOLD = 2;

export function curveSection({ ask, facts }: PlanPageParts): Html | null {
  const { language } = ask;
  const words = PLAN_BILL[language].curve;
  const { plan, curve, market, months } = facts;
  if (curve.usd(1000) === null) return null;
  const bill = (kwh: number) => dollars(curve.usd(kwh) ?? 0);
  const cliffs = curve.cliffs.slice(0, MOST_CLIFFS_TOLD);
  const told = cliffs.map(({ at_kwh, size_usd, change }) =>
    words.cliff(dollarsAndCents(round(size_usd)), whole(at_kwh - 1), whole(at_kwh), change === 'falls'),
  );
  const picture = drawBillCurve(
    curve,
    (kwh) => market.middleBill(kwh),
    months.map(({ kwh }) => kwh),
    {
      label: words.picture(
        plan.name,
        bill(500),
        bill(1000),
        bill(2000),
        cliffs.map(({ at_kwh, size_usd }) => words.gapSaid(dollars(size_usd), whole(at_kwh))).join(''),
      ),
      plan: plan.name,
      median: words.middle,
      yours: words.yours,
      usd: dollars,
      kwh: (kwh) => `${whole(kwh)} ${words.kwh}`,
      gap: (usd, at) => words.gap(dollars(usd), whole(at)),
    },
  );
  const note =
    curve.evidence === 'estimate'
      ? words.estimate
      : curve.certainty(300) === 'extrapolated'
        ? words.dotted
        : null;
  return html`<section class="sec"><h2>${words.head}</h2><p>${told.join(' ')} ${note}</p><figure>${picture}${curveTable(facts, language)}</figure></section>`;
}

function curveTable({ plan, curve, market }: PlanPageParts['facts'], language: Language): Html {
  const usages = [...new Set([...SHOWN_KWH, ...curve.cliffs.flatMap(({ at_kwh }) => [at_kwh - 1, at_kwh])])]
    .filter((kwh) => kwh > 0)
    .sort((a, b) => a - b);
  const rows = usages.map((kwh) => {
    const [usd, middle] = [curve.usd(kwh), market.middleBill(kwh)];
    const about = curve.certainty(kwh) === 'exact' ? '' : '≈ ';
    return html`<tr><th scope="row">${whole(kwh)}</th><td class="n">${usd === null ? '–' : `${about}${toTheCent(usd)}`}</td><td class="n">${middle === null ? '–' : toTheCent(middle)}</td></tr>`;
  });
  const words = PLAN_BILL[language].curve;
  return html`<details><summary>${words.table}</summary><table class="t"><thead><tr><th scope="col">${words.kwh}</th><th scope="col" class="n">${plan.name}</th><th scope="col" class="n">${words.middle}</th></tr></thead><tbody>${rows}</tbody></table></details>`;
}

/** Cents of a step are rounding in the published prices, unless the text states them. */
const round = (usd: number): number => (Math.abs(usd - Math.round(usd)) < 0.2 ? Math.round(usd) : usd);
