/** `/cities/{slug}` and `/zip/{zip}`: every plan of a place, in the order of what a year costs at a stated usage. */

import type { PlanView } from '../../catalog/catalog.ts';
import type { PlanYear } from '../../catalog/priced-years.ts';
import { type Html, html, trusted } from '../../html/html.ts';
import { roundingUsd } from '../../plan/bill/shape.ts';
import type { UsageProfile } from '../../plan/profiles/profiles.ts';
import { usageProfiles } from '../../store/profiles.ts';
import type { Place } from '../../territory/places.ts';
import type { Tdsp } from '../../territory/territory.ts';
import { feedLink, page } from '../document.ts';
import { errorPage } from '../error-page.ts';
import { hasOwnUtility, meterIn, placeNote } from '../find/place-note.ts';
import { placePage } from '../find/place-page.ts';
import { dollars, monthName, monthOf, whole } from '../format.ts';
import { aggregateOf, breadcrumbs } from '../found/structured.ts';
import { inLanguage } from '../language.ts';
import { type Answer, type Ask, BadAddress } from '../page-parts.ts';
import { styleSheet } from '../style-sheet.ts';
import { LIST } from '../words/list.ts';
import { WATCH } from '../words/watch.ts';
import { medianPath } from './curves.ts';
import { filterForm, passing } from './filters.ts';
import {
  DEFAULT_PROFILE,
  filterParams,
  type ListQuery,
  readListQuery,
  usageParams,
  withParams,
} from './list-query.ts';
import { creditOf, priceKind, recentOf, sureness } from './plan-facts.ts';
import { planHref, planName, planRow, type RowOptions } from './plan-row.ts';
import { sharing } from './shared.ts';
import { sourceLine } from './source-line.ts';
import { strip } from './strip.ts';
import { usageControl, yearKwh } from './usage-control.ts';

const STYLE = styleSheet('usage', 'list');
/** Plans shown of each group before somebody asks for all. */
const FIRST = { known: 30, part: 5, estimates: 5 } as const;

const groupsOnce = sharing<Groups>();
const leadOnce = sharing<Html>();
const stripOnce = sharing<Html | null>();

type Served = Extract<Place, { kind: 'city' | 'zip' }>;

export function cityPage(ask: Ask): Answer {
  const asked = ask.params.slug!;
  const place = ask.parts.places.find(asked);
  if (place.kind === 'zip') return { to: withQuery(ask, `/zip/${place.zip.zip}`), isPermanent: true };
  if (place.kind === 'city') {
    const path = `/cities/${place.city.slug}`;
    // Other names of the city, and other spellings of its own.
    if (asked !== place.city.slug) return { to: withQuery(ask, path), isPermanent: true };
    return listPage(ask, place, place.city.name, path);
  }
  if (place.kind !== 'unknown' && place.slug !== null && asked !== place.slug) {
    return { to: `/cities/${place.slug}`, isPermanent: true };
  }
  return placePage(ask, place);
}

export function zipPage(ask: Ask): Answer {
  const { zip } = ask.params as { zip: string };
  const place = ask.parts.places.find(zip);
  if (place.kind === 'city') return { to: withQuery(ask, `/cities/${place.city.slug}`), isPermanent: true };
  if (place.kind !== 'zip') return placePage(ask, place);
  if (zip !== place.zip.zip) return { to: withQuery(ask, `/zip/${place.zip.zip}`), isPermanent: true };
  return listPage(ask, place, `${zip} (${place.zip.city})`, `/zip/${zip}`);
}

const withQuery = ({ query }: Ask, path: string) => withParams(path, [...query]);

function listPage(ask: Ask, place: Served, name: string, path: string): Answer {
  const { parts, language } = ask;
  const query = readListQuery(ask.query);
  if (ask.query.has('m'))
    return { to: withParams(path, [...usageParams(query), ...filterParams(query)]), isPermanent: false };
  const meter = meterIn(ask, place);
  if (meter !== null && meter !== 'stray') {
    const own = { ...query, delivered: meter.code.toLowerCase() };
    return { to: withParams(path, [...usageParams(own), ...filterParams(own)]), isPermanent: false };
  }
  const tdsp = deliverer(ask, place.tdsps, query);
  const view = parts.catalog.look([tdsp.duns], ask.nowMs);
  if (!view) return errorPage(ask, 'notReady');
  const words = LIST[language];
  const ranked = view.byYear(query.profile);
  const list = groupsOnce(ranked, language, query, () => toGroups(ranked, query));
  const lowest = list.known[0];
  const who = words.who[query.usage];
  const isFiltered = list.hidden > 0;
  const say = (usd: number) => {
    const sentence = (hasOwnUtility(ask, place) ? words.headlineOfSome : words.headline)(who, name, usd);
    return isFiltered ? words.filtered(sentence) : sentence;
  };
  const href = inLanguage(language, path);
  const source = sourceLine(ask, view);
  const main = html`<svg width="0" height="0" class="defs" aria-hidden="true"><path id="m" class="c" d="${trusted(medianPath(ranked))}"/></svg><div class="w">${crumbs(ask, tdsp, place)}
<div class="ans" data-place="${name}" data-href="${href}"${place.kind === 'city' && html` data-city="${place.city.slug}"`}><h1>${lowest ? say(lowest.year.total_usd!) : words.noKnown(name)}</h1>${leadOnce(ranked, language, query, () => lead(ask, list, query))}<p class="src">${source}<span class="o">${words.toADollar(roundingOfYear(query.profile))}</span> ${watchLink(ask, place, tdsp, query)}</p></div>
${placeNote(ask, place, tdsp, path)}${stripOnce(ranked, language, query, () => drawStrip(ask, list))}${usageControl(language, href, query)}
<div class="grid">${filterForm(language, href, ranked, query)}
${table(ask, view, list, query, path)}</div></div>`;
  // What a shared link and a search engine are told is of the page as it is without any choice.
  const usual = usageProfiles().get(DEFAULT_PROFILE)!;
  const known = view.byYear(usual).filter((row) => isKnown(row));
  return page(ask, {
    title: words.title(name),
    description: words.description(
      ranked.length,
      name,
      tdsp.short_name,
      known[0]?.year.exact ? words.lowestKnown(known[0].year.total_usd!) : '',
    ),
    main,
    style: STYLE(),
    view,
    demand: place.kind === 'city' ? place.city.slug : null,
    canonical: path,
    picture: place.kind === 'city' ? path : `/markets/${tdsp.duns}`,
    head: html`${feedLink(path, name)}${aggregateOf(ask, {
      name: words.title(name),
      path,
      tdsp: tdsp.short_name,
      years_usd: known.map(({ year }) => year.total_usd!),
      year_kwh: yearKwh(usual),
    })}${breadcrumbs(ask, [
      { name: 'Texas', path: '/texas' },
      { name: tdsp.short_name, path: `/markets/${tdsp.duns}` },
      { name, path },
    ])}`,
  });
}

/** To be told when a plan beats the reader's own. */
function watchLink({ language }: Ask, place: Served, tdsp: Tdsp, query: ListQuery): Html {
  const params: [string, string][] = [
    ['place', place.kind === 'city' ? place.city.slug : place.zip.zip],
    ...(place.tdsps.length > 1 ? [['delivered', tdsp.code.toLowerCase()] as [string, string]] : []),
    ...usageParams(query),
  ];
  return html`<a href="${withParams(inLanguage(language, '/watch'), params)}" rel="nofollow">${WATCH[language].link}</a>`;
}

/** What prices rounded to a tenth of a cent leave open over a year, in USD. */
const roundingOfYear = ({ months_kwh }: UsageProfile): number =>
  Math.max(1, Math.round(months_kwh.reduce((sum, kwh) => sum + roundingUsd(kwh), 0)));

/** The TDSP whose plans are shown: of several the first, until somebody says which delivers. @throws {BadAddress} */
function deliverer({ parts }: Ask, tdsps: readonly string[], { delivered }: ListQuery): Tdsp {
  const all = tdsps.flatMap((duns) => parts.territory.tdsp(duns) ?? []);
  const found = delivered === null ? all[0] : all.find(({ code }) => code.toLowerCase() === delivered);
  if (found) return found;
  throw new BadAddress(
    'delivered',
    all.map(({ code }) => code.toLowerCase()),
    delivered ?? '',
  );
}

interface Groups {
  /** Before the filters. */
  all: readonly PlanYear[];
  known: readonly PlanYear[];
  part: readonly PlanYear[];
  estimates: readonly PlanYear[];
  /** Nothing is known of their year. */
  unknown: readonly PlanYear[];
  hidden: number;
}

const isKnown = (row: PlanYear): boolean => ['known', 'worked_out'].includes(sureness(row));

/** Groups never change the order: they only say where known years end. */
function toGroups(ranked: readonly PlanYear[], query: ListQuery): Groups {
  const shown = passing(ranked, query);
  const isPart = (row: PlanYear) => priceKind(row) === 'part' && row.curve.evidence !== 'estimate';
  const priced = shown.filter((row) => row.year.total_usd !== null);
  const rest = priced.filter((row) => !isKnown(row));
  return {
    all: ranked,
    known: priced.filter(isKnown),
    part: rest.filter(isPart),
    estimates: rest.filter((row) => !isPart(row)),
    unknown: shown.filter((row) => row.year.total_usd === null),
    hidden: ranked.length - shown.length,
  };
}

function crumbs({ language }: Ask, tdsp: Tdsp, place: Served): Html {
  const at = (path: string) => inLanguage(language, path);
  const name = place.kind === 'city' ? place.city.name : place.zip.zip;
  return html`<p class="crumb"><a href="${at('/texas')}">Texas</a> / <a href="${at(`/markets/${tdsp.duns}`)}">${tdsp.short_name}</a> / ${name}</p>`;
}

/** The known plan that is advertised lowest, where it is not the one that costs least. */
function trapOf(known: readonly PlanYear[]): PlanYear | null {
  const rate = ({ plan }: PlanYear) => plan.rates_cents_per_kwh[1000] ?? Number.POSITIVE_INFINITY;
  const lowest = known[0];
  if (!lowest) return null;
  let advertised = lowest;
  for (const row of known) if (rate(row) < rate(advertised)) advertised = row;
  return advertised.year.total_usd! - lowest.year.total_usd! >= 1 ? advertised : null;
}

function lead({ language }: Ask, { known, part, estimates }: Groups, query: ListQuery): Html {
  const words = LIST[language];
  const lowest = known[0];
  const uncertain = part.length + estimates.length;
  if (!lowest) return html`<p>${uncertain > 0 ? words.noneKnown(uncertain) : words.nothingFits}</p>`;
  const link = (row: PlanYear) =>
    html`<a href="${planHref(row, language, query)}">${planName(row, language)}</a>`;
  const half = known[Math.floor((known.length - 1) / 2)]!.year.total_usd!;
  const trap = trapOf(known);
  const credit = trap && creditOf(trap);
  const missing = trap?.year.months_missing_credit ?? 0;
  return html`<p>${words.lowestIs}${link(lowest)}${words.by}${lowest.plan.provider.name}${known.length > 1 ? words.halfAbove(known.length, half) : '.'}${
    trap &&
    html`${words.advertised}${link(trap)}${words.advertisedAt(trap.plan.rates_cents_per_kwh[1000]!)}<b>${dollars(trap.year.total_usd!)}</b>${words.advertisedRank(known.indexOf(trap) + 1, known.length)}${credit?.isCredit && missing > 0 && words.becauseMissed(credit.usd, missing)}.`
  }</p>`;
}

function drawStrip({ language }: Ask, { known }: Groups): Html | null {
  if (known.length < 2) return null;
  const trap = trapOf(known);
  const years = known.map(({ year }) => year.total_usd!).sort((a, b) => a - b);
  return strip(language, years, trap && { name: planName(trap, language), usd: trap.year.total_usd! });
}

function table(ask: Ask, view: PlanView, groups: Groups, query: ListQuery, path: string): Html {
  const { language, nowMs } = ask;
  const words = LIST[language];
  const month = monthOf(nowMs);
  const options: RowOptions = { language, query, month, nowMs, recent: recentOf(ask, view) };
  const rows = (some: readonly PlanYear[], first: number) =>
    (query.all ? some : some.slice(0, first)).map((row) => planRow(row, options));
  const fold = (some: readonly PlanYear[], first: number) => {
    const rest = query.all ? [] : some.slice(first);
    if (rest.length === 0) return null;
    const years = rest.map(({ year }) => year.total_usd!);
    const href = withParams(inLanguage(language, path), [
      ...usageParams(query),
      ...filterParams(query),
      ['all', '1'],
    ]);
    const text = words.groups.more(rest.length, Math.min(...years), Math.max(...years));
    return html`<tr role="row" class="fold"><td role="cell" colspan="9"><a href="${href}">${text} <b>${words.groups.showAll(groups.all.length - groups.hidden)}</b></a></td></tr>`;
  };
  const group = (name: 'part' | 'estimates', rule: string) => {
    const some = groups[name];
    if (some.length === 0) return null;
    return html`<tbody role="rowgroup"><tr role="row" class="gr"><th role="rowheader" colspan="9" scope="rowgroup"><b>${words.groups[name]}</b> <span>${rule}</span></th></tr>${rows(some, FIRST[name])}${fold(some, FIRST[name])}</tbody>`;
  };
  const { columns } = words;
  const monthKwh = `${monthName(language, month)}: ${whole(query.profile.months_kwh[month - 1]!)} kWh`;
  const column = (style: string, name: string, title = '') =>
    html`<th role="columnheader" scope="col" class="${style}"${title && html` title="${title}"`}>${name}</th>`;
  const hidden = [...usageParams(query), ['from', path] as const].map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
  return html`<form class="list" id="cmp" action="${inLanguage(language, '/compare')}">${hidden}<h2>${words.groups.known}</h2><p class="ru">${words.groups.knownRule(groups.known.length)} <a href="${inLanguage(language, '/how-we-rank')}">${words.groups.wholeRule}</a></p><table role="table" class="p"><caption class="vh">${words.groups.known}</caption><thead role="rowgroup"><tr role="row">${column('y n', columns.year)}${column('', columns.plan)}${column('n', monthName(language, month), monthKwh)}${column('n', columns.leave)}${column('', columns.term)}${column('n', columns.green)}${column('sp', columns.curve, columns.curveHelp)}${column('', columns.sure)}${column('cmp', columns.compare)}</tr></thead><tbody role="rowgroup">${rows(groups.known, FIRST.known)}${fold(groups.known, FIRST.known)}</tbody>${group('part', words.groups.partRule(groups.part.length))}${group('estimates', words.groups.estimatesRule(groups.estimates.length))}</table>
${leftOut(ask, view, groups)}<div class="tray" role="region" aria-label="${words.tray.label}"><b>${words.tray.label}<span class="g" data-count="${words.tray.count(1)}"> 1–4</span></b><ul></ul><button>${words.tray.compare}</button></div></form>`;
}

function leftOut({ language, parts }: Ask, view: PlanView, { hidden, unknown }: Groups): Html {
  const words = LIST[language].groups;
  const unread = view.sets.flatMap(({ tdsp_duns }) => parts.unreadRecords?.(tdsp_duns) ?? []);
  const records = unread.map(({ external_id, field, value, reason }) =>
    words.unread(external_id, field, typeof value === 'string' ? value : JSON.stringify(value), reason),
  );
  const names = unknown.map((row) => `${planName(row, language)} (${row.plan.provider.name})`);
  const reasons = [
    ...(hidden > 0 ? [words.leftOutFilters(hidden)] : []),
    ...(names.length > 0 ? [words.leftOutUnknown(names.join(', '))] : []),
    ...(records.length > 0 ? [words.leftOutUnread(records)] : []),
  ];
  return html`<p class="rule">${words.leftOut}: ${reasons.length > 0 ? reasons.join(' ') : words.leftOutNone}</p>`;
}
