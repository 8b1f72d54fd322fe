/** What every page gets, and what it gives. */

import type { IncomingMessage } from 'node:http';
import type { ApiParts } from '../api/routes.ts';
import type { Catalog, PlanView } from '../catalog/catalog.ts';
import type { Html } from '../html/html.ts';
import type { RecentPrice } from '../plan/past/recent-price.ts';
import type { UnreadRecord } from '../store/plans/quarantine.ts';
import type { WatchDesk } from '../watch/watch-desk.ts';
import type { Visit } from './beacon/vitals-recorder.ts';
import type { Language } from './language.ts';
import type { Past } from './past/past.ts';
import type { StyleSheet } from './style-sheet.ts';
import type { CommonWords } from './words/common.ts';

export interface PageParts
  extends Pick<ApiParts, 'territory' | 'places' | 'syncIntervalMs' | 'staleAfterMs' | 'onMiss'> {
  /** Of it no more than what costs no upstream call. */
  catalog: Pick<Catalog, 'look' | 'isAsSeen' | 'freshnessOf' | 'nowMs'>;
  /** Where the pages are reached from outside, without a slash at the end; `null`: not known. */
  publicUrl: string | null;
  /** What PostgreSQL knows of the past; a page does without it while that is away. */
  past: Past;
  /** Told of visits, where the operator asks browsers for them. @param page a pattern: `/cities/:slug` */
  onVisit?: ((page: string, visit: Visit) => void) | undefined;
  /** Told of each view of a city's plans, unless a browser fetches ahead. */
  onView(city_slug: string, request: IncomingMessage): void;
  /** Watches over prices; left out, there are none. */
  watches?: WatchDesk | undefined;
  /** What prices did lately, by offer; `null` where that is not in memory. */
  recentPrices(duns: string, version: number): ReadonlyMap<string, RecentPrice> | null;
  /** Records of a market that could not be read: the same list until it is another one. Left out: none. */
  unreadRecords?(duns: string): readonly UnreadRecord[];
}

/** A page that somebody asks for. */
export interface Ask {
  parts: PageParts;
  language: Language;
  /** As in English, without the query: `/cities/dallas-tx`. */
  path: string;
  /** As the router writes its path: `/cities/:slug`; `null` where nothing is. */
  route: string | null;
  /** The parts of the path that are named in the route. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  /** Who asks, as limits know them. */
  client: string;
  nowMs: number;
}

/** As much of it as every page needs, those that say sorry, too. */
export type Asked = Pick<Ask, 'language' | 'path' | 'query' | 'route'> & {
  parts: Pick<PageParts, 'publicUrl' | 'onVisit'>;
};

/** What an address says by itself. @param url as it came, from the first slash on */
export function addressOf(url: string): Pick<Ask, 'language' | 'path' | 'query'> {
  const [path, search] = url.split('?', 2) as [string, string?];
  const language: Language = /^\/es(?:\/|$)/.test(path) ? 'es' : 'en';
  return {
    language,
    // What begins with two slashes would name another host in a link.
    path: `/${(language === 'es' ? path.slice(3) : path).replace(/^[\\/]+/, '')}`,
    query: new URLSearchParams(search),
  };
}

/** @returns whether somebody asks for a page, rather than a program for data */
export function isForPerson({ method, url, headers }: IncomingMessage): boolean {
  return method === 'GET' && !url!.startsWith('/v1/') && (headers.accept ?? '').includes('text/html');
}

export interface Page {
  status: 200 | 400 | 404 | 410 | 414 | 429 | 500 | 503;
  html: Html;
  style: StyleSheet;
  /** Whose plans it shows, which decides how long it holds; `null`: it shows none. */
  view: PlanView | null;
  /** How long it may be kept at the most, because something is missing from it; `null`: as long as its plans. */
  keptForMs: number | null;
  /** The city whose plans somebody looks for with it. */
  demand: string | null;
  /** It is about one person: nobody keeps it. */
  isPrivate?: boolean;
  /** A view of it counts as a search for this place, which has no plans; left out, it does not. */
  missed?: string | null;
  /** When to ask again, where that may help. */
  retryAfterSeconds: number | null;
}

interface Redirect {
  /** An address in English, from `/` on. */
  to: string;
  isPermanent: boolean;
}

export type Answer = Page | Redirect;

/** An address that cannot be read: answered with a page that says which part of it, and what would be right. */
export class BadAddress extends Error {
  /** Name of the parameter. */
  readonly parameter: string;
  /** What would be right: one of these values, or what the words of the page's language call so. */
  readonly right: readonly string[] | keyof CommonWords['parameters'];
  readonly got: string;

  constructor(parameter: string, right: BadAddress['right'], got: string) {
    super(parameter);
    this.parameter = parameter;
    this.right = right;
    this.got = got;
  }
}
