import { PackedPlans } from './packed/packed-plans.ts';
import type { Plan } from './plan.ts';

/** All active plans of one TDSP, as published in one step: the unit that is fetched, published and cached. */
export interface PlanSet {
  readonly tdsp_duns: string;
  /** Counts the published snapshots of this TDSP from 1. */
  readonly version: number;
  /** Who the plans are from: `sandbox` means they are invented. */
  readonly source: string;
  /** When the upstream last confirmed exactly these plans, ISO 8601 in UTC. */
  readonly observed_at: string;
  /** Fields that the upstream told wrongly for the whole market, kept as they were before; left out: none. */
  readonly kept_fields?: readonly string[] | undefined;
  readonly plans: readonly Plan[];
  /** The same plans, where they came packed. */
  readonly packed?: PackedPlans;
  /** The same set as it came, so that it need not be packed again for the next layer. */
  readonly encoded?: Buffer | undefined;
}

export type PlanSetAbout = Pick<PlanSet, 'tdsp_duns' | 'version' | 'source' | 'observed_at' | 'kept_fields'>;

/** A set whose plans are parsed when they are first read. */
export class PackedPlanSet implements PlanSet {
  readonly tdsp_duns: string;
  readonly version: number;
  readonly source: string;
  readonly observed_at: string;
  readonly kept_fields: readonly string[] | undefined;
  readonly packed: PackedPlans;
  readonly encoded: Buffer | undefined;

  constructor(
    { tdsp_duns, version, source, observed_at, kept_fields }: PlanSetAbout,
    packed: PackedPlans,
    encoded?: Buffer,
  ) {
    this.tdsp_duns = tdsp_duns;
    this.version = version;
    this.source = source;
    this.observed_at = observed_at;
    this.kept_fields = kept_fields;
    this.packed = packed;
    this.encoded = encoded;
  }

  get plans(): readonly Plan[] {
    return this.packed.plans;
  }
}

const packed = new WeakMap<readonly Plan[], PackedPlans>();

/** The plans of a set in the form in which they are asked. Made once for each list of plans, and forgotten with it. */
export function packedPlans(set: Pick<PlanSet, 'plans' | 'packed'>): PackedPlans {
  if (set.packed) return set.packed;
  let made = packed.get(set.plans);
  if (!made) {
    made = PackedPlans.of(set.plans);
    packed.set(set.plans, made);
  }
  return made;
}

/** The same plans, confirmed at another time. */
export function confirmedAt(set: PlanSet, observed_at: string): PlanSet {
  return set.packed
    ? new PackedPlanSet({ ...set, observed_at }, set.packed, set.encoded)
    : { ...set, observed_at };
}

/** Whether both are the same plans in memory, so that what was worked out for one holds for the other. */
export function isSamePlans(one: PlanSet, other: PlanSet): boolean {
  return one.packed || other.packed ? one.packed === other.packed : one.plans === other.plans;
}
