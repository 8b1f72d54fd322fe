/** The newest version of each TDSP that this process has heard or read of: what a load brings must not be older. */

import type { PlanSet } from '../plan/plan-set.ts';

export type Published = Pick<PlanSet, 'tdsp_duns' | 'version' | 'observed_at'>;
type Version = Omit<Published, 'tdsp_duns'>;

/** Of a higher version, or of the same one and confirmed later. */
export function isNewer(one: Version, other: Version): boolean {
  return (
    one.version > other.version || (one.version === other.version && one.observed_at > other.observed_at)
  );
}

export class KnownVersions {
  readonly #newest = new Map<string, Version>();

  /** @returns whether it is news */
  learn({ tdsp_duns, version, observed_at }: Published): boolean {
    const newest = this.#newest.get(tdsp_duns);
    const isNews = !newest || isNewer({ version, observed_at }, newest);
    if (isNews) this.#newest.set(tdsp_duns, { version, observed_at });
    return isNews;
  }

  /** 0: nobody ever told of one. */
  versionOf(duns: string): number {
    return this.#newest.get(duns)?.version ?? 0;
  }

  /** When this version was last confirmed, as far as anybody told. */
  confirmedAt({ tdsp_duns, version, observed_at }: Published): string {
    const newest = this.#newest.get(tdsp_duns);
    return newest && isNewer(newest, { version, observed_at }) && newest.version === version
      ? newest.observed_at
      : observed_at;
  }
}
