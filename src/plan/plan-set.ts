import type { Plan } from './plan.ts';

/** All active plans of one TDSP, as published in one step: the unit that is fetched, published and cached. */
export interface PlanSet {
  tdsp_duns: string;
  /** Counts the published snapshots of this TDSP from 1. */
  version: number;
  /** Who the plans are from: `sandbox` means they are invented. */
  source: string;
  /** When the upstream last confirmed exactly these plans, ISO 8601 in UTC. */
  observed_at: string;
  plans: readonly Plan[];
}
