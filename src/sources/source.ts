/**
 * What every upstream looks like to the rest of the program: a way to fetch records that answers with drafts of
 * plans and with rejections. What an upstream calls its fields stays in its own file.
 */

import type { PlanDraft } from '../plan/plan.ts';
import type { Validators } from '../store/plans/snapshots.ts';

export const SOURCE_NAMES = ['comparepower', 'powertochoose', 'sandbox'] as const;
export type SourceName = (typeof SOURCE_NAMES)[number];

/** A record that cannot be a plan: kept with the reason, so that it can be understood and replayed. */
export interface Rejection {
  /** `null` where even the id could not be read. */
  external_id: string | null;
  /** Path of the field at fault in the upstream's own words, for example `display_pricing_1000.avg`. */
  field: string;
  /** The value as it came. */
  value: unknown;
  reason: string;
  /** The whole record as it came. */
  record: unknown;
}

/** Everything the upstream offers in one TDSP, as of one fetch. */
export interface FetchedTdsp {
  tdsp_duns: string;
  plans: PlanDraft[];
  rejections: Rejection[];
  /** Why the answer says nothing about this TDSP. Left out: it does. */
  not_covered?: string;
  /** Records of the answer under a name that no TDSP has: some may be plans of this one. Left out: none. */
  strays?: readonly Rejection[];
}

export interface Fetched {
  /** Who the data is from: a sandbox speaks for ComparePower, and says so. */
  source: SourceName;
  /** One entry for every TDSP asked for, also where nothing came. */
  tdsps: FetchedTdsp[];
  /** Fields that are new to us and fields that vanished: `+product.new_field`, `-product.term`. Each once. */
  schema_drift: string[];
  /** What was left out on purpose and why, counted: `TDSP "Oncor NTU LLC" is none of the six` → 1. */
  skipped: Record<string, number>;
  /** What the upstream calls this answer, if it names it. */
  validators?: Validators | null;
}

/** The upstream has exactly what `FetchContext.known` names, and sent nothing. */
export interface NotModified {
  notModified: true;
}

/** On whose behalf a fetch happens: every call is written down under its run. */
export interface FetchContext {
  run_id: number;
  /** An operator insists: the call is counted, but neither budget nor rate limit hold it up. */
  isForced: boolean;
  /** At most this many calls, where the gate would repeat more often. */
  attempts?: number | undefined;
  /** Told the hash of every body that comes, before it is read; `null` where it is not kept. The last one counts. */
  onPayload?: (hash: string | null) => void;
  /** What the upstream called the answer we have: it need not send that again. */
  known?: Validators | null;
  signal: AbortSignal;
}

export interface PlanSource {
  readonly name: SourceName;
  /** Where exactly the plans come from: an address without secrets, or a file. Another origin is never "fresh". */
  readonly origin: string;
  /** What one call covers: one TDSP, or the whole state. */
  readonly coverage: 'tdsp' | 'state';
  /**
   * Fetches in exactly one upstream call (retries apart). With coverage `tdsp`, `duns` has one entry.
   * @throws {SourceError} the call failed for good; one bad record never throws
   */
  fetch(duns: readonly string[], context: FetchContext): Promise<Fetched | NotModified>;
}
