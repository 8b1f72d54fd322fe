/** What the guard says of a snapshot: every rule with its reading and its limit, whether it holds or not. */

import type { GuardedMarket } from './guarded-market.ts';

/** One rule's look at a snapshot. */
export interface Reading {
  rule: string;
  /** What was found, in words a person reads beside the limit. */
  reading: string;
  limit: string;
  is_broken: boolean;
  /** The one field it looked at. */
  field?: string;
}

export interface Verdict {
  is_held: boolean;
  /** The version it was compared with; `null`: nothing comparable was published. */
  compared_with: number | null;
  readings: Reading[];
}

/** What a rule looks at beside the new market. */
export interface GuardContext {
  before: GuardedMarket | null;
  /** Records that could not be read. */
  rejected: number;
  /** Names of TDSPs in the file that are not known: plans may be missing because of them. */
  unknownNames: readonly string[];
  /** Plans whose upstream id is known from another TDSP only. */
  foreign: number;
  /** What was true for the last 28 days, median of its versions; `null` where there are too few. */
  long: { plans: number; median_rate: number | null } | null;
  /** The version that had exactly this content, where that speaks against it. */
  repeats: { version: number; wasReverted: boolean } | null;
  /** The wires charges change about now: 1 March and 1 September. */
  isChargeSeason: boolean;
}

/** @returns `null` where there is too little to judge by */
export type Rule = (after: GuardedMarket, context: GuardContext) => Reading | null;

export const percent = (share: number): string => `${Math.round(share * 100)} %`;
