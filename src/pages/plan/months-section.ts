/** A home's next twelve bills: as bars, and as a table. */

import { type Html, html } from '../../html/html.ts';
import { drawMonthBars } from '../draw/month-bars.ts';
import { capital, dollars, monthName, toTheCent, whole } from '../format.ts';
import type { Language } from '../language.ts';
import { PLAN } from '../words/plan.ts';
import type { MonthFacts } from './plan-facts.ts';
import type { PlanPageParts } from './plan-page-parts.ts';

interface Billed extends MonthFacts {
  usd: number;
}

export function monthsSection(parts: PlanPageParts): Html | null {
  const { ask, facts, home } = parts;
  const { language } = ask;
  const words = PLAN[language].months;
  const months = facts.months.filter((one): one is Billed => one.usd !== null);
  if (months.length < facts.months.length) return null;
  const bills = months.map(({ usd }) => usd);
  const missing = months.filter(({ missed }) => missed !== null).length;
  const bars = drawMonthBars(
    months.map(({ month, kwh, usd, missed, middle_usd }) => ({
      name: capital(monthName(language, month, 'monthShort')).slice(0, 3),
      kwh: whole(kwh),
      usd,
      missed_usd: missed?.usd ?? 0,
      median_usd: middle_usd,
    })),
    words.picture(dollars(Math.min(...bills)), dollars(Math.max(...bills)), missing),
  );
  return html`<section class="sec"><h2>${words.head}</h2><p>${oddPair(months, language)} ${words.yours(home, whole(facts.year.usage_kwh))} <a href="#usage">${words.change}</a></p><figure>${bars}<p class="key" aria-hidden="true"><span>${words.keyBill}</span>${missing > 0 && html`<span class="x">${words.keyMissed}</span>`}${facts.market.known.length > 0 && html`<span class="z">${words.keyMiddle(facts.market.known.length)}</span>`}<span class="kw">${words.keyKwh}</span></p>${tableOf(months, language)}</figure></section>`;
}

/** Two months of which the one with less usage costs more: the surest sign that a credit decides. */
function oddPair(months: readonly Billed[], language: Language): string | null {
  const pairs = months.flatMap((dear) =>
    months
      .filter((cheap) => cheap.kwh > dear.kwh && cheap.usd < dear.usd - 1)
      .map((cheap) => ({ dear, cheap, gap: dear.usd - cheap.usd })),
  );
  const [pair] = pairs.sort((a, b) => b.gap - a.gap);
  if (!pair) return null;
  const name = ({ month }: Billed) => monthName(language, month);
  const { dear, cheap } = pair;
  return PLAN[language].months.lead(
    capital(name(dear)),
    dollars(dear.usd),
    whole(dear.kwh),
    name(cheap),
    dollars(cheap.usd),
    whole(cheap.kwh),
  );
}

function tableOf(months: readonly Billed[], language: Language): Html {
  const words = PLAN[language].months;
  const hasCredit = months.some(({ missed }) => missed !== null);
  const [month, kwh, bill, middle, credit] = words.columns;
  const rows = months.map((one) => {
    const { missed } = one;
    const paid =
      missed === null
        ? words.paid
        : missed.from_kwh === null
          ? words.over
          : words.short(whole(missed.from_kwh - one.kwh));
    return html`<tr><th scope="row">${capital(monthName(language, one.month))} ${one.year}</th><td class="n">${whole(one.kwh)}</td><td class="n">${toTheCent(one.usd)}</td><td class="n">${one.middle_usd === null ? '–' : toTheCent(one.middle_usd)}</td>${hasCredit && html`<td>${paid}</td>`}</tr>`;
  });
  return html`<details><summary>${words.table}</summary><div class="scroll" tabindex="0" role="region" aria-label="${words.head}"><table class="t"><thead><tr><th scope="col">${month}</th><th scope="col" class="n">${kwh}</th><th scope="col" class="n">${bill}</th><th scope="col" class="n">${middle}</th>${hasCredit && html`<th scope="col">${credit}</th>`}</tr></thead><tbody>${rows}</tbody></table></div></details>`;
}
