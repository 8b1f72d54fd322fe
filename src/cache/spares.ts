/**
 * Sets that are not kept, because of a clear or of news that are still to come: served where no layer answers. And the
 * rule that nobody gets an older version than somebody got before, though memory may have made room meanwhile.
 */

import { confirmedAt, type PlanSet } from '../plan/plan-set.ts';
import { isNewer } from './known-versions.ts';
import type { Held } from './memory-shelf.ts';

type Served = Pick<PlanSet, 'version' | 'observed_at'>;

export class Spares {
  readonly #held = new Map<string, Held>();
  /** The newest that any reader got. */
  readonly #served = new Map<string, Served>();

  get(duns: string): Held | undefined {
    return this.#held.get(duns);
  }

  put(duns: string, held: Held): void {
    this.#held.set(duns, held);
  }

  /** Memory has a set: nothing else is needed. */
  supersede(duns: string, { version, observed_at }: Served): void {
    this.#held.delete(duns);
    this.#served.set(duns, { version, observed_at });
  }

  /** The newer of what was found now and what is spare; `null` if somebody got a newer one still. */
  choose(duns: string, found: Held | null): Held | null {
    const spare = this.#held.get(duns);
    const newer = spare && (!found || isNewer(spare.set, found.set)) ? spare : found;
    const served = this.#served.get(duns);
    if (!newer || (served && newer.set.version < served.version)) return null;
    // The same plans, found where nobody knows that they were confirmed since.
    const chosen =
      served && isNewer(served, newer.set)
        ? { ...newer, set: confirmedAt(newer.set, served.observed_at) }
        : newer;
    const { version, observed_at } = chosen.set;
    this.#held.set(duns, chosen);
    this.#served.set(duns, { version, observed_at });
    return chosen;
  }
}
