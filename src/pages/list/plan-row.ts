/** One plan as a row that reads as a sentence: what it costs, whose it is, what to watch, how to leave. */

import type { PlanYear } from '../../catalog/priced-years.ts';
import { type Html, html } from '../../html/html.ts';
import type { RecentPrice } from '../../plan/past/recent-price.ts';
import { cents, dollars, dollarsAndCents, monthName, percent } from '../format.ts';
import { inLanguage, type Language } from '../language.ts';
import { LIST } from '../words/list.ts';
import { sparkline } from './curves.ts';
import type { ListQuery } from './list-query.ts';
import { usageParams, withParams } from './list-query.ts';
import { labelsOf, sureness, termEnd } from './plan-facts.ts';

export interface RowOptions {
  language: Language;
  query: ListQuery;
  /** 1 to 12: the month whose bill is told. */
  month: number;
  nowMs: number;
  recent(row: PlanYear): RecentPrice | null;
}

/** A row is the same for every city of a market. */
const made = new WeakMap<PlanYear, Map<string, { recent: RecentPrice | null; row: Html }>>();

export function planRow(row: PlanYear, options: RowOptions): Html {
  const { language, month, nowMs } = options;
  const key = `${language} ${month} ${new Date(nowMs).getUTCMonth()}`;
  const recent = options.recent(row);
  let rows = made.get(row);
  if (!rows) {
    rows = new Map();
    made.set(row, rows);
  }
  const known = rows.get(key);
  if (known && known.recent === recent) return known.row;
  const html = write(row, recent, options);
  rows.set(key, { recent, row: html });
  return html;
}

function write(
  row: PlanYear,
  recent: RecentPrice | null,
  { language, query, month, nowMs }: RowOptions,
): Html {
  const words = LIST[language];
  const { plan, curve, year } = row;
  const sure = sureness(row);
  const about = sure === 'known' || sure === 'worked_out' ? '' : '≈';
  const name = planName(row, language);
  const monthUsd = curve.usd(query.profile.months_kwh[month - 1]!, month);
  const labels = labelsOf(row, recent, language).map(
    ({ kind, text }) => html`<small class="lab ${kind === 'watch' ? 'watch' : 'g'}">${text}</small>`,
  );
  const ends = termEnd(plan, language, nowMs);
  const [badge, why] = words.sure[sure];
  return html`<tr role="row"><td role="cell" class="y n"><b>${about}${dollars(year.total_usd!)}</b><span>${cents((year.total_usd! * 100) / year.usage_kwh)} ¢/kWh</span></td><th role="rowheader" scope="row" class="pl"><a href="${planHref(row, language, query)}">${name}</a><small class="g">${plan.provider.name}, <span class="nw">${plan.provider_rating === null ? words.notRated : words.rated(plan.provider_rating)}</span></small>${labels}</th><td role="cell" class="d f n" data-a="${words.inMonth(monthName(language, month))}">${monthUsd === null ? '–' : dollars(monthUsd)}</td> ${exitCell(row, language)} <td role="cell" class="d f tm" data-a="${plan.percent_green === null ? '' : ' · '}">${termText(row, language)}${ends && html` <br><small>${ends}</small>`}</td> <td role="cell" class="d f n" data-a="${plan.percent_green === null ? '' : words.greenAfter}">${plan.percent_green === null ? html`<span class="hid">–</span>` : percent(plan.percent_green)}</td> <td role="cell" class="sp">${sparkline(curve)}</td> <td role="cell" class="d f ev${sure === 'known' && html` hid`}" title="${why}">${badge}</td><td role="cell" class="cmp"><label><span class="vh">${words.tray.pick(name)}</span><input type="checkbox" name="id" value="${plan.id}"></label></td></tr>`;
}

/** In Spanish as the upstream has it, where it has one. */
export const planName = ({ plan }: Pick<PlanYear, 'plan'>, language: Language): string =>
  (language === 'es' ? plan.translations.es?.name : null) ?? plan.name;

export const planHref = (
  { plan }: Pick<PlanYear, 'plan'>,
  language: Language,
  query: Pick<ListQuery, 'usage' | 'profile'>,
): string => withParams(inLanguage(language, `/plans/${plan.id}`), usageParams(query));

export function termText({ plan }: Pick<PlanYear, 'plan'>, language: Language): string {
  const words = LIST[language];
  if (plan.term_months === null) return words.termUnknown;
  return plan.term_months === 1 ? words.monthToMonth : words.months(plan.term_months);
}

function exitCell({ plan }: PlanYear, language: Language): Html {
  const words = LIST[language];
  const { early_termination_fee_usd: fee, early_termination_fee_per_month_usd: each } = plan;
  if (fee === 0) {
    return html`<td role="cell" class="d f n" data-a="${words.noExitFee}"><span class="hid">${words.none}</span></td>`;
  }
  if (fee === null) {
    return html`<td role="cell" class="d f n" data-a="${words.exitUnknown}"><span class="hid g">${words.notStated}</span></td>`;
  }
  const per = each !== null && html` <br><small class="o">${words.perMonthLeft(each)}</small>`;
  return html`<td role="cell" class="d f n" data-a="${words.toLeave}">${dollarsAndCents(fee)}${per}</td>`;
}
