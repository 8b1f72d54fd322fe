/** How syncing is, for `sync status`, `sync monitor` and the doctor. Pure. */

import {
  checkCertificate,
  checkDeadLetters,
  checkHeld,
  checkNames,
  checkPlans,
  checkSettings,
  checkUpstream,
} from './check-plans.ts';
import { checkClaims, checkControl, checkQueue, checkRuns } from './check-work.ts';
import { type Finding, problems, worst } from './finding.ts';
import type { MonitorView } from './monitor-view.ts';
import { checkRefresh } from './refresh/check.ts';

interface SyncVerdict {
  /** `stale` where readers are told that plans of any TDSP are. */
  status: 'fresh' | 'stale';
  /** Plans are fresh, syncing is on, and work that was asked for is being done. */
  healthy: boolean;
  /** The worst first. */
  problems: Finding[];
}

const workFindings = (view: MonitorView): Finding[] => [
  checkControl(view),
  ...checkQueue(view),
  ...checkClaims(view),
  ...checkRuns(view),
];

export const syncFindings = (view: MonitorView): Finding[] => [
  ...workFindings(view),
  checkPlans(view),
  checkDeadLetters(view),
  checkHeld(view),
  checkNames(view),
  checkUpstream(view),
  ...checkCertificate(view),
  checkSettings(view),
  checkRefresh(view.refresh),
];

export function judge(view: MonitorView): SyncVerdict {
  const isStale = view.tdsps.length === 0 || view.tdsps.some(({ stale }) => stale);
  return {
    status: isStale ? 'stale' : 'fresh',
    healthy: !isStale && view.control.state === 'running' && worst(workFindings(view)) !== 'bad',
    problems: problems(syncFindings(view)),
  };
}
