/** The refresh strategy as it is set and as it decides, for the view of the monitor. */

import type { Config } from '../../config.ts';
import { armToday, listExperiments } from '../../planning/experiment/experiments.ts';
import { choose, judgeProof } from '../../planning/refresh/choose.ts';
import { readLearned } from '../../planning/refresh/stored.ts';
import type { Queryable } from '../../store/postgres/database.ts';

export interface RefreshState {
  strategy: Config['refresh']['strategy'];
  /** What `auto` comes out as. */
  in_use: Config['refresh']['strategy'];
  reason: string;
  /** There were enough changes to judge the model by, or it is too old. */
  is_judged: boolean;
  is_trusted: boolean;
  /** Of the last two weeks replayed at the same calls: minutes from a change to the look that shows it. */
  learned_minutes: number | null;
  even_minutes: number | null;
  fitted_at: Date | null;
  /** The one that runs; `null`: none does. */
  experiment: { id: number; a: string; b: string; arm: 'a' | 'b' | null; reading: string } | null;
}

export async function readRefreshState(
  queryable: Queryable,
  source: string,
  { refresh: { strategy } }: Config,
  at: Date,
): Promise<RefreshState> {
  const learned = await readLearned(queryable, source);
  const [last] = await listExperiments(queryable, { limit: 1 });
  const running = last && last.ended_at === null && last.source === source ? last : null;
  const today = running && armToday(running, at.getTime());
  const { inUse, reason } = choose(today?.strategy ?? strategy, learned, at.getTime());
  const proof = learned && judgeProof(learned.model, learned.proof, at.getTime());
  return {
    strategy,
    in_use: inUse,
    reason: proof && !proof.isTrusted ? proof.reason : reason,
    is_judged: proof !== null && (proof.learnedMinutes !== null || proof !== learned!.proof),
    is_trusted: proof?.isTrusted ?? false,
    learned_minutes: proof?.learnedMinutes ?? null,
    even_minutes: proof?.evenMinutes ?? null,
    fitted_at: learned && new Date(learned.model.fittedAt),
    experiment: running && {
      id: running.id,
      a: running.plan.a,
      b: running.plan.b,
      arm: today?.arm ?? null,
      reading: running.standing?.reason ?? 'no day is over yet',
    },
  };
}
