/** What the sections of a plan's page are made from, and what the whole page finds. */

import { dollars } from '../format.ts';
import type { Ask } from '../page-parts.ts';
import { type Home, PLAN } from '../words/plan.ts';
import type { PlanFacts } from './plan-facts.ts';

export interface PlanPageParts {
  ask: Ask;
  facts: PlanFacts;
  home: Home;
  /** Of the TDSP. */
  tdsp: string;
  /** Beside the lowest known year; `null` for the lowest itself. */
  compareWith: string | null;
  /** The address of a plan, for the same usage. */
  linkTo(id: string): string;
}

/** One sentence: what a year costs. */
export function findingOf({ ask, facts, home }: Pick<PlanPageParts, 'ask' | 'facts' | 'home'>): string {
  const words = PLAN[ask.language];
  const { plan, year, place } = facts;
  if (year.total_usd === null) return words.costUnknown(plan.name);
  const usd = dollars(year.total_usd);
  return place === null ? words.costsAbout(plan.name, usd, home) : words.costs(plan.name, usd, home);
}
