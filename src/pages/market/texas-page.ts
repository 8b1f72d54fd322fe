/** `/texas`: the six delivery areas as a map and as tables: who delivers where, the lowest year, and how old prices are. */

import { type Html, html } from '../../html/html.ts';
import { middleOf } from '../../territory/nearest.ts';
import type { City, Tdsp } from '../../territory/territory.ts';
import { page } from '../document.ts';
import { type DotLayer, drawTexas, type MapName } from '../draw/texas-map.ts';
import { errorPage } from '../error-page.ts';
import { ageOf, allOf, dollars, whole } from '../format.ts';
import { inLanguage, type Language } from '../language.ts';
import { type ListQuery, readListQuery, usageParams, withParams } from '../list/list-query.ts';
import { sourceLine } from '../list/source-line.ts';
import { usageControl } from '../list/usage-control.ts';
import { type Answer, type Ask, BadAddress } from '../page-parts.ts';
import { homeOf } from '../plan/home-of.ts';
import { YearMarket } from '../plan/year-market.ts';
import { styleSheet } from '../style-sheet.ts';
import { COMMON } from '../words/common.ts';
import { MARKET } from '../words/market.ts';

const STYLE = styleSheet('usage', 'draw', 'plan', 'market');
const MODES = ['company', 'price', 'age'] as const;
type Mode = (typeof MODES)[number];
/** People, from where on a dot is a large one. */
const LARGE = 100_000;
const PRICE_STEPS = 5;
const CITIES_NAMED = 3;
/** Large cities with their own utility, or outside the market: rings, so that nobody looks for a missing dot. */
const RINGS = ['san-antonio-tx', 'el-paso-tx', 'amarillo-tx', 'austin-tx'];

/** Colour, and where its name stands on the map, by code. Chosen by eye: beside its dots, over none of them. */
const LOOKS: Readonly<
  Record<string, { look: string; lat: number; lon: number; anchor: 'start' | 'middle' | 'end' }>
> = {
  ONCOR: { look: 'd1', lat: 34.15, lon: -96.9, anchor: 'middle' },
  CENTERPOINT: { look: 'd2', lat: 30.62, lon: -95.2, anchor: 'middle' },
  AEP_NORTH: { look: 'd3', lat: 30.55, lon: -100.9, anchor: 'middle' },
  AEP_CENTRAL: { look: 'd4', lat: 27.25, lon: -99.75, anchor: 'end' },
  TNMP: { look: 'd5', lat: 28.72, lon: -94.55, anchor: 'middle' },
  LPL: { look: 'd6', lat: 34.05, lon: -101.85, anchor: 'middle' },
};
const NO_LOOK = { look: 'd1', lat: 31, lon: -100, anchor: 'middle' } as const;

interface Area {
  tdsp: Tdsp;
  market: YearMarket;
  /** Those that it is the first to serve. */
  cities: readonly City[];
  lowest: number | null;
  ageMs: number;
  isStale: boolean;
}

interface County {
  name: string;
  areas: readonly Area[];
  lowest: number | null;
  ageMs: number;
  isStale: boolean;
}

export function texasPage(ask: Ask): Answer {
  const { parts, language } = ask;
  const { territory, catalog } = parts;
  const view = catalog.look(territory.tdsps.map(({ duns }) => duns));
  if (!view) return errorPage(ask, 'notReady');
  const query = readListQuery(ask.query);
  const mode = readMode(ask);
  const areas = areasOf(ask, query);
  const counties = countiesOf(ask, areas);
  const words = MARKET[language].texas;
  const priced = areas.filter((area): area is Area & { lowest: number } => area.lowest !== null);
  const [least, most] = [priced[0], priced.at(-1)];
  const kwh = whole(query.profile.months_kwh.reduce((sum, one) => sum + one, 0));
  const head =
    least && most && least !== most
      ? words.head(
          homeOf(query),
          dollars(least.lowest),
          least.tdsp.short_name,
          dollars(most.lowest),
          most.tdsp.short_name,
        )
      : words.headPlain;
  const path = inLanguage(language, '/texas');
  return page(ask, {
    title: words.title,
    description:
      least && most ? words.description(dollars(least.lowest), dollars(most.lowest)) : words.headPlain,
    style: STYLE(),
    view,
    picture: '/texas',
    main: html`<div class="w"><p class="crumb">Texas</p><div class="top"><h1>${head}</h1><p class="lead">${words.lead(homeOf(query), kwh)}</p><p class="src">${sourceLine(ask, view)}</p></div>${usageControl(language, path, query)}<div class="two"><figure class="map">${modeLinks(mode, query, language)}${drawTexas(
      {
        label: words.picture(territory.cities.length),
        layers: layersOf(ask, areas, mode),
        names: mode === 'company' ? namesOf(ask, areas) : namesOf(ask, []),
        filled: filledOf(counties, areas, mode),
      },
    )}${legend(areas, mode, language)}</figure><div>${areaTable(areas, mode, query, language)}<p class="src">${words.note(territory.cities.length)} ${words.shared(sharedOf(territory))}</p>${countyTable(counties, language)}</div></div></div>`,
  });
}

/** @throws {BadAddress} */
function readMode({ query }: Ask): Mode {
  const text = query.get('by') || 'company';
  const mode = MODES.find((one) => one === text);
  if (mode) return mode;
  throw new BadAddress('by', MODES, text);
}

function areasOf({ parts: { territory, catalog }, nowMs }: Ask, { profile }: ListQuery): Area[] {
  const areas = territory.tdsps.flatMap((tdsp): Area[] => {
    const view = catalog.look([tdsp.duns]);
    if (!view) return [];
    const market = YearMarket.of(view, profile);
    return [
      {
        tdsp,
        market,
        cities: territory.cities.filter(({ tdsps }) => tdsps[0] === tdsp.duns),
        lowest: market.known[0]?.year.total_usd ?? null,
        ageMs: Math.max(0, nowMs - view.observedAtMs),
        isStale: catalog.freshnessOf({ view, layer: 'memory' }, nowMs).isStale,
      },
    ];
  });
  return areas.sort(
    (a, b) => (a.lowest ?? Number.POSITIVE_INFINITY) - (b.lowest ?? Number.POSITIVE_INFINITY),
  );
}

/** What the places of a county can get: the best price of any, and the oldest of all. */
function countiesOf({ parts: { territory } }: Ask, areas: readonly Area[]): County[] {
  const byCounty = Map.groupBy(territory.cities, ({ county }) => county);
  return [...byCounty]
    .map(([name, cities]): County => {
      const duns = new Set(cities.flatMap(({ tdsps }) => tdsps));
      const own = areas.filter(({ tdsp }) => duns.has(tdsp.duns));
      const lowest = own.flatMap((area) => area.lowest ?? []);
      return {
        name,
        areas: own,
        lowest: lowest.length === 0 ? null : Math.min(...lowest),
        ageMs: Math.max(0, ...own.map(({ ageMs }) => ageMs)),
        isStale: own.some(({ isStale }) => isStale),
      };
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

function modeLinks(mode: Mode, query: ListQuery, language: Language): Html {
  const words = MARKET[language].texas;
  const links = MODES.map((one) => {
    const params = [...usageParams(query), ...(one === 'company' ? [] : [['by', one] as [string, string]])];
    return html`<li><a href="${inLanguage(language, withParams('/texas', params))}"${one === mode && html` aria-current="true"`}>${words.modes[one]}</a></li>`;
  });
  return html`<div class="modes"><span id="by">${words.by}</span><ul class="homes" aria-labelledby="by">${links}</ul></div>`;
}

const lookOf = ({ tdsp }: Area) => LOOKS[tdsp.code] ?? NO_LOOK;

function layersOf({ parts: { territory } }: Ask, areas: readonly Area[], mode: Mode): DotLayer[] {
  const isByCompany = mode === 'company';
  const isShared = ({ tdsps }: City) => isByCompany && tdsps.length > 1;
  const dots = areas.map(
    (area): DotLayer => ({
      look: isByCompany ? lookOf(area).look : 'plain',
      dots: area.cities.map((city) => ({
        lat: city.lat,
        lon: city.lon,
        isLarge: (city.population ?? 0) > LARGE && !isShared(city),
      })),
    }),
  );
  // Below them: what is left of it is the rim of a place that two companies share.
  const rims = areas.map(
    (area): DotLayer => ({
      look: lookOf(area).look,
      dots: territory.cities
        .filter((city) => isShared(city) && city.tdsps[1] === area.tdsp.duns)
        .map(({ lat, lon }) => ({ lat, lon, isLarge: true })),
    }),
  );
  return [
    ...rims,
    ...dots,
    { look: 'ring', dots: ringsOf(territory).map((place) => ({ ...place, isLarge: true })) },
  ];
}

/** How many places and ZIP codes more than one company delivers to: there the address decides. */
function sharedOf({ cities, zips }: Ask['parts']['territory']): { cities: number; zips: number } {
  const isShared = ({ tdsps }: { tdsps: readonly string[] }) => tdsps.length > 1;
  return { cities: cities.filter(isShared).length, zips: [...zips.values()].filter(isShared).length };
}

function ringsOf(territory: Ask['parts']['territory']): { name: string; lat: number; lon: number }[] {
  return RINGS.flatMap((slug) => {
    const city = territory.cities.find((one) => one.slug === slug);
    if (city) return [city];
    const closed = territory.closedPlaces.find((one) => one.slug === slug);
    const middle = closed && middleOf(territory, closed.zips);
    return closed && middle ? [{ name: closed.name, ...middle }] : [];
  });
}

function namesOf({ parts: { territory } }: Ask, areas: readonly Area[]): MapName[] {
  return [
    ...ringsOf(territory).map(
      ({ name, lat, lon }): MapName => ({
        lat: lat - 0.07,
        lon: lon + 0.18,
        text: name,
        look: 'city',
        anchor: 'start',
      }),
    ),
    ...areas.map((area): MapName => ({ ...lookOf(area), text: area.tdsp.short_name })),
  ];
}

/** From 1, the lowest, to {@link PRICE_STEPS}. */
function priceStep(lowest: number, areas: readonly Area[]): number {
  const all = areas.flatMap((area) => area.lowest ?? []);
  const [least, most] = [Math.min(...all), Math.max(...all)];
  if (most === least) return 1;
  return 1 + Math.min(PRICE_STEPS - 1, Math.floor((PRICE_STEPS * (lowest - least)) / (most - least)));
}

function filledOf(
  counties: readonly County[],
  areas: readonly Area[],
  mode: Mode,
): ReadonlyMap<string, string> {
  if (mode === 'company') return new Map();
  return new Map(
    counties.flatMap(({ name, lowest, isStale }): [string, string][] => {
      if (mode === 'age') return [[name, isStale ? 'f0' : 'f1']];
      return lowest === null ? [] : [[name, `p${priceStep(lowest, areas)}`]];
    }),
  );
}

function legend(areas: readonly Area[], mode: Mode, language: Language): Html | null {
  const words = MARKET[language].texas;
  if (mode === 'company') return null;
  const swatch = (look: string, text: string) => html`<li><i class="sw ${look}"></i>${text}</li>`;
  if (mode === 'age')
    return html`<ul class="legend">${swatch('f1', words.fresh)}${swatch('f0', words.stale)}</ul><p class="src">${words.ageNote}</p>`;
  const priced = areas.flatMap((area) => (area.lowest === null ? [] : [{ ...area, lowest: area.lowest }]));
  const steps = Map.groupBy(priced, ({ lowest }) => priceStep(lowest, areas));
  return html`<ul class="legend">${[...steps].map(([step, own]) => swatch(`p${step}`, [...new Set(own.map(({ lowest }) => dollars(lowest)))].join(', ')))}</ul><p class="src">${words.priceNote}</p>`;
}

function areaTable(areas: readonly Area[], mode: Mode, query: ListQuery, language: Language): Html {
  const words = MARKET[language].texas;
  const [by, lowest, half, plans, places] = words.columns;
  const rows = areas.map((area) => {
    const { tdsp, market, cities } = area;
    const href = inLanguage(language, withParams(`/markets/${tdsp.duns}`, usageParams(query)));
    const largest = cities
      .toSorted((a, b) => (b.population ?? 0) - (a.population ?? 0))
      .slice(0, CITIES_NAMED);
    const middle = market.middleYear;
    return html`<tr><th scope="row">${mode === 'company' && html`<i class="sw ${lookOf(area).look}"></i>`}<a href="${href}">${tdsp.short_name}</a><br><small class="g">${allOf(
      language,
      largest.map(({ name }) => name),
    )}</small></th><td class="n"><b>${area.lowest === null ? words.unknown : dollars(area.lowest)}</b></td><td class="n">${middle === null ? '–' : dollars(middle)}</td><td class="n o">${market.rows.length}</td><td class="n">${cities.length}</td></tr>`;
  });
  return html`<table class="t areas"><thead><tr><th scope="col">${by}</th><th scope="col" class="n">${lowest}</th><th scope="col" class="n">${half}</th><th scope="col" class="n o">${plans}</th><th scope="col" class="n">${places}</th></tr></thead><tbody>${rows}</tbody></table>`;
}

/** The map as a table: counties that get the same are one row, because a row for each of them took a phone a tenth of a second to unfold. */
function countyTable(counties: readonly County[], language: Language): Html {
  const words = MARKET[language].texas;
  const ages = COMMON[language].readAgo;
  const [county, lowest] = words.countyColumns;
  const alike = Map.groupBy(counties, (one) =>
    [...one.areas.map(({ tdsp }) => tdsp.duns), one.lowest, one.ageMs].join(),
  );
  const rows = [...alike.values()].toSorted(byPrice).map((some) => {
    const [{ areas, lowest, ageMs }] = some as [County, ...County[]];
    const { unit, count } = ageOf(ageMs);
    const by = allOf(
      language,
      areas.map(({ tdsp }) => tdsp.short_name),
    );
    return html`<tr><th scope="row">${by}<br><small class="g">${some.map(({ name }) => name).join(', ')}</small></th><td class="n">${lowest === null ? words.unknown : dollars(lowest)}<br><small class="g">${ages[unit](count)}</small></td></tr>`;
  });
  return html`<details><summary>${words.counties(counties.length)}</summary><table class="t"><thead><tr><th scope="col">${county}</th><th scope="col" class="n">${lowest}</th></tr></thead><tbody>${rows}</tbody></table></details>`;
}

/** The lowest year first, and of those alike the one of more counties. */
function byPrice(a: readonly County[], b: readonly County[]): number {
  const lowest = ([one]: readonly County[]) => one?.lowest ?? Number.POSITIVE_INFINITY;
  return lowest(a) === lowest(b) ? b.length - a.length : lowest(a) - lowest(b);
}
