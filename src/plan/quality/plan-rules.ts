/** What can be judged from one plan alone. Nothing is corrected for it: both sides of a contradiction stay as told. */

import { nameKey } from '../offer.ts';
import { PRICE_RULES } from './price-rules.ts';
import type { PlanRule } from './remark.ts';

const LAW = '16 TAC §25.475';

export const PLAN_RULES: readonly PlanRule[] = [
  ...PRICE_RULES,
  {
    rule: 'fixed_term',
    source: `${LAW}(b): a fixed product lasts at least three months; a variable one is month to month`,
    check({ rate_type, term_months }) {
      const evidence = { rate_type, term_months };
      if (term_months === null) return null;
      if (rate_type === 'fixed' && term_months < 3) {
        return { message: `A fixed rate for ${term_months} months: three is the least`, evidence };
      }
      if (rate_type === 'variable' && term_months > 1) {
        return { message: `A variable rate with a term of ${term_months} months`, evidence };
      }
      return null;
    },
  },
  {
    rule: 'exit_fee',
    source: 'customary: at most $20 for each month of the term; terms of a year or more name a fee or zero',
    check({ early_termination_fee_usd: fee, term_months: term }) {
      const evidence = { early_termination_fee_usd: fee, term_months: term };
      if (term === null) return null;
      if (fee === null && term >= 12) {
        return { message: `The exit fee of a ${term}-month term is not told`, evidence };
      }
      if (fee !== null && fee > 20 * term) {
        const most = 20 * term;
        return {
          message: `Leaving costs $${fee}, more than $20 for each month of the term ($${most})`,
          evidence,
        };
      }
      return null;
    },
  },
  {
    rule: 'green_share',
    source: 'a share is from 0 to 100 percent',
    check({ percent_green }) {
      if (percent_green === null || (percent_green >= 0 && percent_green <= 100)) return null;
      return { message: `${percent_green} percent renewable energy`, evidence: { percent_green } };
    },
  },
  {
    rule: 'links',
    source: `${LAW}(d): a plan has an Electricity Facts Label; links are http or https`,
    check({ documents, enroll_url }) {
      const links = { ...documents, enroll: enroll_url };
      const odd = Object.entries(links).filter(([, link]) => link !== null && !/^https?:\/\//i.test(link));
      if (odd.length > 0) {
        const names = odd.map(([name]) => name).join(', ');
        return { message: `A link is neither http nor https: ${names}`, evidence: Object.fromEntries(odd) };
      }
      if (documents.efl !== null) return null;
      return { message: 'There is no link to the Electricity Facts Label', evidence: { efl: null } };
    },
  },
  {
    rule: 'name_term',
    source: 'measured: the number in a name is the term, except in a few names a year',
    check({ name, term_months }) {
      const stated = statedTerm(name);
      if (term_months === null || stated === null || stated === term_months) return null;
      // `Pronto Flex 30` is month to month: thirty days.
      if (term_months === 1 && stated === 30) return null;
      const message = `The name says ${stated} months, the term is ${term_months}`;
      return { message, evidence: { name, term_months, stated_months: stated } };
    },
  },
];

const MONTHS = /\b(\d{1,2})-(?:mo|mos|month|months|mes|meses)\b/;

/** The term a name states: a number of months, or its last word if that may be a term; `null` if it states none. */
function statedTerm(name: string): number | null {
  const key = nameKey(name);
  const months = MONTHS.exec(key);
  if (months) return Number(months[1]);
  const numbers = key.split('-').filter((word) => /^\d+$/.test(word));
  const [only] = numbers;
  if (numbers.length !== 1 || !key.endsWith(`-${only}`)) return null;
  const term = Number(only);
  return term >= 3 && term <= 60 ? term : null;
}
