/** What the pages of operations are given, what a request looks like to them, and what they answer. */

import type { AdminParts } from '../api/routes.ts';
import type { Config } from '../config.ts';
import type { Territory } from '../territory/territory.ts';

export interface OpsParts {
  config: Config;
  territory: Territory;
  /** `null`: without a token nobody can come in. */
  admin: AdminParts | null;
  /** Told of every failure nobody expected. */
  onError(error: unknown): void;
}

/** A request, as the pages see it. */
export interface Context {
  path: Record<string, string>;
  query: Record<string, string>;
  body: Record<string, string>;
  who: string;
  formToken: string;
}

/** A page, or where to go instead. */
export interface Answer {
  status?: number;
  to?: string;
  html?: string;
  /** Of what is not a page; left out, HTML. */
  type?: string;
}
