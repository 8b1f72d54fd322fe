/** What a sync will do for which TDSP, and why. */

import type { PlannedTarget } from '../../planning/plan-targets.ts';
import type { Territory } from '../../territory/territory.ts';

const WORDS = {
  queued: 'to be fetched',
  merged: 'waits already',
  joined: 'being fetched',
  fresh: 'fresh',
} as const;

export function describePlan(targets: readonly PlannedTarget[], territory: Territory): string {
  if (targets.length === 0) return 'No TDSP is needed.';
  return targets
    .flatMap(({ tdsp_duns, decision, priority, reason }) => [
      `${(territory.tdsp(tdsp_duns)?.short_name ?? tdsp_duns).padEnd(18)} ${WORDS[decision].padEnd(14)} priority ${priority}`,
      `    ${reason}`,
    ])
    .join('\n');
}
