/** The model as it is stored; apart from what fits it, because status asks for it often. */

import type { Queryable } from '../../store/postgres/database.ts';
import { readRefreshModel } from '../../store/queue/refresh-state.ts';
import type { Learned } from './fit.ts';
import { MODEL_FORMAT, type RefreshModel } from './model.ts';
import type { Proof } from './proof.ts';

/** The stored model; `null`: none of this version. */
export async function readLearned(queryable: Queryable, source: string): Promise<Learned | null> {
  const stored = await readRefreshModel(queryable, source);
  const model = stored?.model as RefreshModel | undefined;
  if (!stored || model?.format !== MODEL_FORMAT) return null;
  return { model, price: stored.price, proof: stored.proof as Proof };
}
