/** What is counted in the middle of other work, wherever in this process it is done. */

import { Counter } from './metrics.ts';

export const upstreamCalls = new Counter(
  'wattsync_upstream_calls_total',
  'Calls of an upstream by this process, repeats included, by how they ended.',
  ['source', 'outcome'],
);
export const upstreamRefusals = new Counter(
  'wattsync_upstream_refusals_total',
  'Calls that were not made, by what forbade them: budget, emergency_budget, circuit, asked_to_wait, halted.',
  ['source', 'reason'],
);
export const limiterWaits = new Counter(
  'wattsync_upstream_limiter_waits_total',
  'Times a call had to wait for its turn: for the rate, a batch, or another call.',
  ['source'],
);
export const limiterWaitSeconds = new Counter(
  'wattsync_upstream_limiter_wait_seconds_total',
  'How long calls waited for their turn.',
  ['source'],
);
export const syncResults = new Counter(
  'wattsync_sync_results_total',
  'TDSPs this process synced, by what came of it.',
  ['status'],
);
export const publishes = new Counter(
  'wattsync_publishes_total',
  'Plan sets this process published: new versions, not confirmations.',
  ['tdsp'],
);

export const PROCESS_COUNTERS: readonly Counter[] = [
  upstreamCalls,
  upstreamRefusals,
  limiterWaits,
  limiterWaitSeconds,
  syncResults,
  publishes,
];
