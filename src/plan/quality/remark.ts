/** What a look at the stored plans found odd about one of them, or about the market of a TDSP. */

import type { Plan } from '../plan.ts';

export interface Remark {
  /** A stable name, for programs. */
  rule: string;
  /** One sentence for a person. */
  message: string;
  /** The fields and figures that the rule read. */
  evidence: Readonly<Record<string, unknown>>;
}

/** One rule about single plans. */
export interface PlanRule {
  rule: string;
  /** Where its bound comes from. */
  source: string;
  /** `null`: nothing to remark, or not enough is known. */
  check(plan: Plan): Omit<Remark, 'rule'> | null;
}

/** A remark about a plan, or with `null` about the whole market of a TDSP. */
export interface PlanRemark extends Remark {
  plan: Plan | null;
}

/** One rule about the plans of one TDSP together. */
export interface MarketRule {
  rule: string;
  source: string;
  check(plans: readonly Plan[]): Omit<PlanRemark, 'rule'>[];
}

/** What a mix is counted by. */
interface Mixed {
  provider_id: string;
  term_months: number | null;
  rate_type: string | null;
}

/** What the last four weeks of a TDSP say of today. */
export interface RecentPast {
  /** How many plans each of its other snapshots had. */
  counts: readonly number[];
  /** Offers on sale that were withdrawn and back within a day. */
  returned: readonly { offer_id: string; withdrawn_at: Date; relisted_at: Date }[];
  /** The plans of its oldest snapshot of the four weeks, as far as their mix goes. */
  earlier: readonly Mixed[];
  /** Ids of providers without a certificate number, told or listed. */
  uncertified: ReadonlySet<string>;
}

/** One rule that compares the plans of one TDSP with its last four weeks. */
export interface PastRule {
  rule: string;
  source: string;
  check(plans: readonly Plan[], past: RecentPast): Omit<PlanRemark, 'rule'>[];
}

/** Everything the upstream says of a plan in words. */
export const textOf = ({ name, fees_text, special_terms, promotion }: Plan): string =>
  [name, fees_text, special_terms, promotion].filter((text) => text !== null).join(' | ');
