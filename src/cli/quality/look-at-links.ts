/** `quality --links`: a sample of the links of plans is asked for, a few hosts at once, one link of a host after the other. */

import { type Head, reach } from '../../delivery/reach.ts';
import { describeError } from '../../errors.ts';
import type { Plan } from '../../plan/plan.ts';
import { distinctLinks, type Look, remarksOnLink, sampleByHost } from '../../plan/quality/reachable.ts';
import type { PlanRemark } from '../../plan/quality/remark.ts';

const HOSTS_AT_ONCE = 4;

export interface LinkCounts {
  /** Links with another host or path than all others. */
  distinct: number;
  asked: number;
  reached: number;
  /** Somebody is there and does not answer machines. */
  refused: number;
  unreachable: number;
}

/** @param most links asked for */
export async function lookAtLinks(
  plans: readonly Plan[],
  most: number,
  look: (link: string) => Promise<Head> = reach,
): Promise<{ counts: LinkCounts; remarks: PlanRemark[] }> {
  const links = distinctLinks(plans);
  const usesOf = new Map([...links.values()].map(({ link, uses }) => [link, uses]));
  const hosts = sampleByHost([...usesOf.keys()], most).values();
  const looks: [link: string, look: Look][] = [];
  const lookAtHosts = async (): Promise<void> => {
    for (const ofHost of hosts) {
      for (const link of ofHost) looks.push([link, await lookAt(link, look)]);
    }
  };
  await Promise.all(Array.from({ length: HOSTS_AT_ONCE }, lookAtHosts));
  const count = (outcome: Look['outcome']) => looks.filter(([, one]) => one.outcome === outcome).length;
  return {
    counts: {
      distinct: usesOf.size,
      asked: looks.length,
      reached: count('reached'),
      refused: count('refused'),
      unreachable: count('unreachable'),
    },
    remarks: looks.flatMap(([link, one]) => remarksOnLink(link, usesOf.get(link)!, one)),
  };
}

/** Sites that want people answer so: it says nothing about the link. */
const REFUSALS = new Set([401, 403, 405, 406, 429, 503]);

async function lookAt(link: string, look: (link: string) => Promise<Head>): Promise<Look> {
  try {
    const { status, content_type } = await look(link);
    if (status < 400) return { outcome: 'reached', status, content_type, message: null };
    const outcome = REFUSALS.has(status) ? 'refused' : 'unreachable';
    return { outcome, status, content_type, message: `is answered with ${status}` };
  } catch (error) {
    return {
      outcome: 'unreachable',
      status: null,
      content_type: null,
      message: `leads nowhere: ${describeError(error)}`,
    };
  }
}
