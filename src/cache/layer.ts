/** What every layer behind memory looks like: another one is another file with these functions. */

import type { PlanSet } from '../plan/plan-set.ts';

/** The layers an answer can come from, as `meta.source` and Cache-Status name them. */
export type LayerName = 'memory' | 'redis' | 'database' | 'active' | 'api';

export interface Layer {
  readonly name: LayerName;
  /**
   * `null`: this layer has no plan set of that TDSP, or none it can vouch for.
   * @param signal aborted once nobody waits any more; a layer that can give up work then does
   */
  read(duns: string, signal: AbortSignal): Promise<PlanSet | null>;
  /**
   * Keeps the set, unless a newer version is there: whatever the order of events, versions never go backwards.
   * @returns how many bytes were stored; 0: what is there is as good
   */
  write?(set: PlanSet): Promise<number>;
  /**
   * Forgets the set of one TDSP, or all with `null`. Only for layers whose content is not PostgreSQL's.
   */
  clear?(duns: string | null): Promise<void>;
}
