/** Which strategy decides: `auto` is the learned one where it has proven itself, else even looks. Pure. */

import { DAY_MS } from '../../units.ts';
import type { Learned } from './fit.ts';
import { MODEL_FORMAT, type RefreshModel } from './model.ts';
import type { Strategy } from './policy.ts';
import type { Proof } from './proof.ts';

const OLDEST_MODEL_MS = 14 * DAY_MS;

export function choose(
  strategy: Strategy,
  learned: Learned | null,
  now: number,
): { inUse: Exclude<Strategy, 'auto'>; reason: string } {
  if (strategy !== 'auto' && (strategy !== 'learned' || learned)) {
    return { inUse: strategy, reason: `REFRESH_STRATEGY=${strategy}` };
  }
  if (!learned) return { inUse: 'even', reason: 'nothing was learned yet' };
  const proof = judgeProof(learned.model, learned.proof, now);
  return { inUse: proof.isTrusted ? 'learned' : 'even', reason: proof.reason };
}

/** What holds of a stored proof by now. */
export function judgeProof(model: RefreshModel, proof: Proof, now: number): Proof {
  if (model.format !== MODEL_FORMAT)
    return { ...proof, isTrusted: false, reason: 'it is of an earlier version of the program' };
  const days = Math.floor((now - model.fittedAt) / DAY_MS);
  if (now - model.fittedAt > OLDEST_MODEL_MS) {
    return { ...proof, isTrusted: false, reason: `it was fitted ${days} days ago, 14 are allowed` };
  }
  return proof;
}
