/** Whether syncing is well, for those who look: `sync status` and `sync monitor`. Pure. */

import { checkFailures, checkPlans, checkSettings, checkUpstream } from './check-plans.ts';
import { checkClaims, checkControl, checkQueue, checkRuns } from './check-work.ts';
import { type Finding, worst } from './finding.ts';
import type { MonitorView } from './monitor-view.ts';

interface SyncVerdict {
  /** `fresh`, or `stale` where readers are told so of any TDSP. */
  status: 'fresh' | 'stale';
  /** Plans are fresh, syncing is on, and work that was asked for is being done. */
  healthy: boolean;
  /** What is not as it should be, the worst first. */
  problems: Finding[];
}

export function judge(view: MonitorView): SyncVerdict {
  const isStale = view.tdsps.length === 0 || view.tdsps.some(({ stale }) => stale);
  const work = [checkControl(view), ...checkQueue(view), ...checkClaims(view), ...checkRuns(view)];
  const findings = [
    ...work,
    checkPlans(view),
    ...checkFailures(view),
    checkUpstream(view),
    checkSettings(view),
  ];
  const isBad = ({ verdict }: Finding) => verdict === 'bad';
  const problems = findings.filter(({ verdict }) => verdict !== 'ok');
  return {
    status: isStale ? 'stale' : 'fresh',
    healthy: !isStale && view.control.state === 'running' && worst(work) !== 'bad',
    problems: [...problems.filter(isBad), ...problems.filter((one) => !isBad(one))],
  };
}
