/** Every strategy on what happened here: known changes are replayed. After a census they are the truth, to ten minutes. Pure. */

import { DAY_MS } from '../../units.ts';
import type { Tape } from './changes.ts';
import type { FitTerms } from './fit.ts';
import type { Strategy } from './policy.ts';
import { trustOf, truthOf } from './proof.ts';
import { replay } from './replay.ts';
import { LONGEST_MINUTES } from './timetable.ts';

export interface Scores {
  /** That count. */
  changes: number;
  scores: StrategyScore[];
}

interface StrategyScore {
  strategy: Strategy;
  /** Minutes from a change to the look that would have shown it; `null`: nothing changed. */
  mean_minutes: number | null;
  p50_minutes: number | null;
  p90_minutes: number | null;
  longest_minutes: number | null;
  calls_an_hour: number;
  /** The share of time in which nothing had changed unseen. */
  current: number;
}

const STRATEGIES: readonly Strategy[] = ['schedule', 'even', 'sentinel', 'learned', 'auto', 'census'];
const TAUGHT_DAYS = 42;

/** @param days that are scored; what is before them only teaches */
export function scoreStrategies(tape: Tape, terms: FitTerms, days: number): Scores {
  const scoreFrom = Math.max(tape.from, tape.until - days * DAY_MS);
  const options = {
    ...terms,
    truth: truthOf(tape),
    from: Math.max(tape.from, scoreFrom - TAUGHT_DAYS * DAY_MS),
    scoreFrom,
    until: tape.until,
    floorMinutes: LONGEST_MINUTES,
    hasIds: true,
    refitDays: 7,
    seed: 1,
  };
  const trust = trustOf({ ...terms, floorMinutes: LONGEST_MINUTES });
  const scores = STRATEGIES.map((strategy): StrategyScore => {
    // A census makes its own calls.
    const callsAnHour = strategy === 'census' ? terms.mostAnHour : terms.callsAnHour;
    const { delays, calls, current } = replay({ ...options, strategy, callsAnHour, trust });
    const at = (share: number) =>
      delays[Math.min(delays.length - 1, Math.floor(delays.length * share))] ?? null;
    return {
      strategy,
      mean_minutes: delays.length === 0 ? null : delays.reduce((sum, one) => sum + one, 0) / delays.length,
      p50_minutes: at(0.5),
      p90_minutes: at(0.9),
      longest_minutes: delays.at(-1) ?? null,
      calls_an_hour: calls / ((tape.until - scoreFrom) / 3_600_000),
      current,
    };
  });
  return { changes: options.truth.flat().filter((at) => at >= scoreFrom).length, scores };
}
