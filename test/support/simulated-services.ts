/** A Redis and a PostgreSQL that exist in memory only, and links to them that are slow, lossy or dead on demand. */

import type { Plan } from '../../src/plan/plan.ts';
import type { PlanSet } from '../../src/plan/plan-set.ts';
import type { VirtualTime } from './virtual-time.ts';

export const LINK_STATES = ['well', 'slow', 'flaky', 'failing', 'hanging'] as const;
export type LinkState = (typeof LINK_STATES)[number];

/** What lies between a process and a service. */
export class Link {
  state: LinkState = 'well';
  readonly #time: VirtualTime;

  constructor(time: VirtualTime) {
    this.#time = time;
  }

  get isUp(): boolean {
    return this.state !== 'failing' && this.state !== 'hanging';
  }

  /** Does the work at some moment between question and answer; either may be lost. */
  async carry<T>(work: () => T): Promise<T> {
    const chance = this.#time.random();
    if (this.state === 'hanging') return new Promise<never>(() => {});
    if (this.state === 'failing' || (this.state === 'flaky' && chance < 0.3)) {
      await this.#wait(5);
      throw new Error('the connection is lost');
    }
    const isSlow = this.state === 'slow' || (this.state === 'flaky' && chance > 0.7);
    await this.#wait(isSlow ? 600 : 3);
    const result = work();
    await this.#wait(isSlow ? 600 : 3);
    // Done, but nobody hears of it.
    if (this.state === 'flaky' && chance > 0.9) throw new Error('the connection is lost');
    return result;
  }

  #wait(mostMs: number): Promise<void> {
    return new Promise((resolve) => this.#time.setTimeout(resolve, this.#time.random() * mostMs));
  }
}

export type Published = Pick<PlanSet, 'tdsp_duns' | 'version' | 'observed_at'>;

export interface Clear {
  id: number;
  duns: string | null;
}

/** A plan of a version: it can be told from each other one. */
export type MakePlan = (duns: string, version: number) => Plan;

/** The truth: published versions, and which of them are ready in the database cache. */
export class SimulatedPostgres {
  readonly clears: Clear[] = [];
  /** When each version was confirmed, the first time included. */
  readonly confirmed = new Map<string, Set<string>>();
  readonly onPublish: ((published: Published) => void)[] = [];
  readonly onClear: ((clear: Clear) => void)[] = [];
  readonly #current = new Map<string, PlanSet>();
  readonly #ready = new Map<string, number>();
  readonly #time: VirtualTime;
  readonly #makePlan: MakePlan;

  constructor(time: VirtualTime, makePlan: MakePlan) {
    this.#time = time;
    this.#makePlan = makePlan;
  }

  publish(duns: string): void {
    const version = (this.#current.get(duns)?.version ?? 0) + 1;
    const plans = [this.#makePlan(duns, version)];
    this.#current.set(duns, { tdsp_duns: duns, version, source: 'sandbox', observed_at: '', plans });
    this.#ready.set(duns, version);
    this.confirm(duns);
  }

  confirm(duns: string): void {
    const set = this.#current.get(duns);
    if (!set) return;
    const observed_at = new Date(this.#time.nowMs).toISOString();
    this.#current.set(duns, { ...set, observed_at });
    const key = `${duns}.${set.version}`;
    this.confirmed.set(key, (this.confirmed.get(key) ?? new Set()).add(observed_at));
    for (const tell of this.onPublish) tell({ tdsp_duns: duns, version: set.version, observed_at });
  }

  clear(duns: string | null): void {
    const clear = { id: this.clears.length + 1, duns };
    this.clears.push(clear);
    if (duns === null) this.#ready.clear();
    else this.#ready.delete(duns);
    for (const tell of this.onClear) tell(clear);
  }

  expire(duns: string): void {
    this.#ready.delete(duns);
  }

  versions(): Published[] {
    return [...this.#current.values()].map(({ tdsp_duns, version, observed_at }) => ({
      tdsp_duns,
      version,
      observed_at,
    }));
  }

  active(duns: string): PlanSet | null {
    return this.#copy(this.#current.get(duns));
  }

  cached(duns: string): PlanSet | null {
    const set = this.#current.get(duns);
    return set && this.#ready.get(duns) === set.version ? this.#copy(set) : null;
  }

  refill({ tdsp_duns: duns, version }: PlanSet): number {
    if (this.#current.get(duns)?.version !== version || this.#ready.get(duns) === version) return 0;
    this.#ready.set(duns, version);
    return 1;
  }

  /** Every read brings objects of its own. */
  #copy(set: PlanSet | undefined): PlanSet | null {
    return set ? { ...set, plans: [...set.plans] } : null;
  }
}

/** As src/cache/redis/redis-layer.ts has it: the higher version stays. */
export class SimulatedRedis {
  readonly onPublish: ((published: Published) => void)[] = [];
  readonly #stored = new Map<string, PlanSet>();

  read(duns: string): PlanSet | null {
    const set = this.#stored.get(duns);
    return set ? { ...set, plans: [...set.plans] } : null;
  }

  write(set: PlanSet): number {
    const { tdsp_duns, version, observed_at } = set;
    const stored = this.#stored.get(tdsp_duns);
    if (stored && version < stored.version) return 0;
    if (version === stored?.version && observed_at <= stored.observed_at) return 0;
    this.#stored.set(tdsp_duns, set);
    if (version > (stored?.version ?? 0))
      for (const tell of this.onPublish) tell({ tdsp_duns, version, observed_at });
    return 1;
  }

  clear(duns: string | null): void {
    if (duns === null) this.#stored.clear();
    else this.#stored.delete(duns);
  }

  flush(): void {
    this.#stored.clear();
  }
}
