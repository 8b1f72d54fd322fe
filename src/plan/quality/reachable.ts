/** Which links of plans are worth a look, and what the looks say of the plans. No call is made here. */

import type { Plan } from '../plan.ts';
import type { PlanRemark } from './remark.ts';

export const REACHABLE = {
  rule: 'links_reachable',
  source: '16 TAC §25.475(d): a shopper must be able to get the label and the terms; a sample is asked for',
} as const;

/** What a look at a link brought. */
export interface Look {
  /** `refused`: somebody is there and does not answer machines, so nothing is known. */
  outcome: 'reached' | 'refused' | 'unreachable';
  status: number | null;
  content_type: string | null;
  /** For a person, where it was not reached. */
  message: string | null;
}

interface LinkUse {
  plan: Plan;
  /** Which of its links. */
  of: string;
}

/** Every link once, without what follows the path: campaigns and sessions lead to the same page. */
export function distinctLinks(plans: readonly Plan[]): Map<string, { link: string; uses: LinkUse[] }> {
  const found = new Map<string, { link: string; uses: LinkUse[] }>();
  for (const plan of plans) {
    for (const [of, link] of Object.entries({ ...plan.documents, enroll: plan.enroll_url })) {
      const url = link === null ? null : URL.parse(link);
      if (!link || !url) continue;
      const key = url.host + url.pathname;
      const one = found.get(key) ?? { link, uses: [] };
      one.uses.push({ plan, of });
      found.set(key, one);
    }
  }
  return found;
}

/** `most` of these links or fewer, taken from every host in turn: the links of a host share its fate. */
export function sampleByHost(links: readonly string[], most: number): Map<string, string[]> {
  const queues = [...Map.groupBy(links, (link) => new URL(link).host)];
  const sample = new Map<string, string[]>();
  let taken = 0;
  for (let round = 0; taken < most; round++) {
    const left = queues.filter(([, queue]) => queue.length > round);
    if (left.length === 0) break;
    for (const [host, queue] of left.slice(0, most - taken)) {
      sample.set(host, [...(sample.get(host) ?? []), queue[round]!]);
      taken++;
    }
  }
  return sample;
}

/** Papers come as PDF, as a page, or from a store that does not say what they are. */
const PAPER =
  /^(?:application\/(?:pdf|octet-stream|x-pdf|binary|msword|vnd\.)|binary\/|text\/html|text\/plain)/i;

/** @returns what speaks against a link; `null`: nothing */
function faultOf({ outcome, content_type, message }: Look, of: string): string | null {
  if (outcome === 'unreachable') return message;
  if (outcome === 'reached' && of !== 'enroll' && content_type !== null && !PAPER.test(content_type)) {
    return `is ${content_type}, where a PDF or a page belongs`;
  }
  return null;
}

export function remarksOnLink(link: string, uses: readonly LinkUse[], look: Look): PlanRemark[] {
  return uses.flatMap(({ plan, of }) => {
    const fault = faultOf(look, of);
    if (fault === null) return [];
    const { status, content_type } = look;
    const message = `The link ${of} ${fault}`;
    return [{ rule: REACHABLE.rule, plan, message, evidence: { of, link, status, content_type } }];
  });
}
