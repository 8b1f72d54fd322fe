/** The maps of the site for search engines (sitemaps.org): every page in both languages, with when it last changed. */

import type { PlanView } from '../../catalog/catalog.ts';
import { html } from '../../html/html.ts';
import { readCurrentSnapshots } from '../../store/plans/snapshots.ts';
import { inLanguage, LANGUAGES } from '../language.ts';
import type { PageParts } from '../page-parts.ts';

export const SITEMAPS = ['pages', 'cities', 'plans', 'providers'] as const;
type SitemapName = (typeof SITEMAPS)[number];

interface Entry {
  /** In English, from `/` on. */
  path: string;
  /** ISO 8601; `null` where it changes with the program only. */
  changed_at: string | null;
}

/** The plans of every TDSP, and when each became what it is. */
interface SiteState {
  views: readonly PlanView[];
  /** By DUNS, when the current version was published: a page of the market shows nothing newer. */
  published: ReadonlyMap<string, string>;
}

/**
 * @param client who asks, as limits know them
 * @returns `null` until every TDSP is in memory: a map that lacks a sixth of the pages does harm
 */
export async function readSiteState(
  { catalog, territory, past }: PageParts,
  client: string,
): Promise<SiteState | null> {
  const views = territory.tdsps.map(({ duns }) => catalog.look([duns]));
  if (!views.every((view) => view !== null)) return null;
  const version = views.map((view) => view.version).join('+');
  const snapshots = await past.read(client, `published ${version}`, readCurrentSnapshots);
  const published = new Map(
    views.map((view): [string, string] => {
      const duns = view.tdsps[0]!;
      const known = snapshots === 'away' ? undefined : snapshots.find((one) => one.tdsp_duns === duns);
      // A plan that went is not seen in those that stayed, so this may be too early, never too late.
      return [
        duns,
        known?.published_at.toISOString() ??
          latest(view.sets.flatMap(({ plans }) => plans.map((plan) => plan.last_changed_at))) ??
          view.as_of,
      ];
    }),
  );
  return { views, published };
}

const latest = (times: readonly string[]): string | null =>
  times.reduce<string | null>((last, time) => (last === null || time > last ? time : last), null);

export function entriesOf(
  name: SitemapName,
  { territory }: Pick<PageParts, 'territory'>,
  { views, published }: SiteState,
): Entry[] {
  const plans = views.flatMap(({ sets }) => sets.flatMap((set) => set.plans));
  const anyMarket = latest([...published.values()]);
  switch (name) {
    case 'pages':
      return [
        { path: '/', changed_at: null },
        { path: '/texas', changed_at: anyMarket },
        { path: '/how-we-rank', changed_at: anyMarket },
        { path: '/accessibility', changed_at: null },
        ...territory.tdsps.map(({ duns }) => ({
          path: `/markets/${duns}`,
          changed_at: published.get(duns) ?? null,
        })),
      ];
    case 'cities':
      return territory.cities.map(({ slug, tdsps }) => ({
        path: `/cities/${slug}`,
        changed_at: latest(tdsps.flatMap((duns) => published.get(duns) ?? [])),
      }));
    case 'plans':
      return plans.map(({ id, last_changed_at }) => ({ path: `/plans/${id}`, changed_at: last_changed_at }));
    case 'providers': {
      const byProvider = Map.groupBy(plans, ({ provider }) => provider.id);
      return [...byProvider]
        .map(([id, own]) => ({
          path: `/providers/${id}`,
          changed_at: latest(own.map((plan) => plan.last_changed_at)),
        }))
        .sort((a, b) => (a.path < b.path ? -1 : 1));
    }
  }
}

/** XML knows the same five. */
const escaped = (text: string): string => String(html`${text}`);
const HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';
const modified = (at: string | null): string => (at === null ? '' : `<lastmod>${at}</lastmod>`);

/** @param origin without a slash at the end */
export function sitemapXml(origin: string, entries: readonly Entry[]): string {
  const urls = entries.flatMap(({ path, changed_at }) => {
    const address = (language: (typeof LANGUAGES)[number]) =>
      escaped(`${origin}${inLanguage(language, path)}`);
    const others = [
      ...LANGUAGES.map((one) => `<xhtml:link rel="alternate" hreflang="${one}" href="${address(one)}"/>`),
      `<xhtml:link rel="alternate" hreflang="x-default" href="${address('en')}"/>`,
    ].join('');
    return LANGUAGES.map((one) => `<url><loc>${address(one)}</loc>${modified(changed_at)}${others}</url>`);
  });
  return `${HEAD}<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:xhtml="http://www.w3.org/1999/xhtml">\n${urls.join('\n')}\n</urlset>\n`;
}

export function sitemapIndexXml(
  origin: string,
  parts: Pick<PageParts, 'territory'>,
  state: SiteState,
): string {
  const maps = SITEMAPS.map((name) => {
    const changed = latest(entriesOf(name, parts, state).flatMap(({ changed_at }) => changed_at ?? []));
    return `<sitemap><loc>${escaped(`${origin}/sitemaps/${name}.xml`)}</loc>${modified(changed)}</sitemap>`;
  });
  return `${HEAD}<sitemapindex xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n${maps.join('\n')}\n</sitemapindex>\n`;
}

/** Data and operations are not for search engines, and neither is what a form makes of an address. */
export const robotsTxt = (origin: string): string =>
  [
    'User-agent: *',
    'Disallow: /v1/',
    'Disallow: /ops',
    'Disallow: /*?',
    `Sitemap: ${origin}/sitemap.xml`,
    '',
  ].join('\n');
