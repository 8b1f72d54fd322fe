/** What every page gets, and what it gives. */

import type { ApiParts } from '../api/routes.ts';
import type { PlanView } from '../catalog/catalog.ts';
import { expected } from '../errors.ts';
import type { Html } from '../html/html.ts';
import type { Language } from './language.ts';
import type { StyleSheet } from './style-sheet.ts';

export interface PageParts
  extends Pick<ApiParts, 'catalog' | 'territory' | 'places' | 'syncIntervalMs' | 'staleAfterMs' | 'onEvent'> {
  /** Where the pages are reached from outside, without a slash at the end; `null`: not known. */
  publicUrl: string | null;
}

/** A page that somebody asks for. */
export interface Ask {
  parts: PageParts;
  language: Language;
  /** As in English, without the query: `/cities/dallas-tx`. */
  path: string;
  /** The parts of the path that are named in the route. */
  params: Readonly<Record<string, string>>;
  query: URLSearchParams;
  nowMs: number;
}

export interface Page {
  status: 200 | 400 | 404 | 410 | 500 | 503;
  html: Html;
  style: StyleSheet;
  /** Whose plans it shows, which decides how long it holds; `null`: it shows none. */
  view: PlanView | null;
  /** The city whose plans somebody looks for with it. */
  demand: string | null;
}

interface Redirect {
  /** An address in English, from `/` on. */
  to: string;
  isPermanent: boolean;
}

export type Answer = Page | Redirect;

/** An address that cannot be read: answered with a page that says which part of it, and what would be right. */
export class BadAddress extends Error {
  /** @param name of the parameter */
  constructor(name: string, what: string, got: string) {
    super(`${name}: ${expected(what, got)}`);
  }
}
