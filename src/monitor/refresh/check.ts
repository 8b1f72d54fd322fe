/** Whether the refresh strategy does what it is set to, and what it goes by. Pure. */

import { type Finding, ok, warn } from '../finding.ts';
import type { RefreshState } from './state.ts';

const EXPLAIN = 'npx wattsync explain refresh ONCOR';

/** What `auto` would use was judged and found wanting; before there is enough to judge by, even looks are what is expected. */
export const hasFallenBack = ({
  strategy,
  in_use,
  is_judged,
  experiment,
}: Pick<RefreshState, 'strategy' | 'in_use' | 'is_judged' | 'experiment'>): boolean =>
  strategy === 'auto' && experiment === null && in_use === 'even' && is_judged;

export function checkRefresh({
  strategy,
  in_use,
  reason,
  is_judged,
  is_trusted,
  experiment,
}: RefreshState): Finding {
  const check = 'refresh';
  if (experiment) {
    const { id, a, b, arm, reading } = experiment;
    const today = arm === null ? 'begins with the next day' : `today ${arm === 'a' ? a : b}`;
    return ok(check, `Experiment ${id}, ${b} against ${a}, ${today}: ${reading}`);
  }
  if (strategy === 'auto') {
    const reading = `auto uses ${in_use} looks: ${reason}`;
    if (!hasFallenBack({ strategy, in_use, is_judged, experiment })) return ok(check, reading);
    return warn(check, reading, 'Prices are looked at in turn meanwhile; see what the model says', EXPLAIN);
  }
  if (strategy === 'learned' && !is_trusted) {
    const advice = 'REFRESH_STRATEGY=auto uses it only where it has proven itself';
    return warn(check, `The learned model decides though it is not trusted: ${reason}`, advice, EXPLAIN);
  }
  return ok(
    check,
    strategy === 'schedule' ? 'Only the schedules look' : `${strategy} looks between the schedules`,
  );
}
