/** Snapshots the guard held back, with their verdicts: one open one of a TDSP, until a file passes or an operator decides. */

import type { PlanDraft } from '../../plan/plan.ts';
import { MARKET_EVENTS } from '../events/write-events.ts';
import { toJsonb } from '../postgres/copy.ts';
import type { Queryable } from '../postgres/database.ts';

interface HeldVerdict {
  compared_with: number | null;
  /** The snapshot was published with these fields as they were before; left out: it was not published. */
  kept_fields?: readonly string[];
  readings: { rule: string; reading: string; limit: string; is_broken: boolean }[];
}

/** A record that could not be read, as a source rejects it. */
interface HeldRejection {
  external_id: string | null;
  field: string;
  value: unknown;
  reason: string;
  record: unknown;
}

export interface HeldSnapshot {
  tdsp_duns: string;
  source: string;
  origin: string;
  plans: PlanDraft[];
  rejections: HeldRejection[];
  payload_hash: string | null;
  verdict: HeldVerdict;
  content_hash: string;
  /** Since when files that agree with this one have been held in a row, and how many different ones. */
  since: Date;
  files: number;
  observed_at: Date;
  run_id: number;
}

/**
 * The one that was open gives way to it. That a TDSP is held back is an event where it was not held already.
 * @param isNews false: most of it was published all the same
 */
export async function holdSnapshot(queryable: Queryable, held: HeldSnapshot, isNews = true): Promise<void> {
  const wasHeld = await resolveHeld(queryable, held.tdsp_duns, 'replaced', 'sync');
  const broken = held.verdict.readings.filter(({ is_broken }) => is_broken);
  const told = { broken: broken.map(({ rule, reading, limit }) => ({ rule, reading, limit })) };
  await queryable.query(
    `with held as (
       insert into held_snapshots
         (tdsp_duns, source, origin, plans, rejections, payload_hash, verdict, observed_at, run_id, content_hash, since, files)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) on conflict do nothing
       returning tdsp_duns
     ), numbered as (
       update market_log set last_seq = last_seq + 1 from held where $13 returning last_seq, held.tdsp_duns
     ), told as (
       insert into market_events (seq, tdsp_duns, at, kind, cause, data)
       select last_seq, tdsp_duns, now(), 'snapshot_held', 'guard', $14 from numbered returning seq
     )
     select pg_notify('${MARKET_EVENTS}', seq::text) from told`,
    [
      held.tdsp_duns,
      held.source,
      held.origin,
      toJsonb(held.plans),
      toJsonb(held.rejections),
      held.payload_hash,
      toJsonb(held.verdict),
      held.observed_at,
      held.run_id,
      held.content_hash,
      held.since,
      held.files,
      isNews && !wasHeld,
      toJsonb(told),
    ],
  );
}

/** @returns whether one was open */
export async function resolveHeld(
  queryable: Queryable,
  duns: string,
  resolution: 'published' | 'dropped' | 'replaced' | 'passed',
  by: string,
): Promise<boolean> {
  const { rowCount } = await queryable.query({
    name: 'resolve held',
    text: `update held_snapshots set resolved_at = now(), resolved_by = $3, resolution = $2, plans = null, rejections = null
      where tdsp_duns = $1 and resolved_at is null`,
    values: [duns, resolution, by],
  });
  return rowCount === 1;
}

/** Those that are open, of all TDSPs or of one. */
export async function readHeld(queryable: Queryable, duns: string | null = null): Promise<HeldSnapshot[]> {
  const { rows } = await queryable.query<HeldSnapshot>(
    `select tdsp_duns, source, origin, plans, rejections, payload_hash, verdict, observed_at, run_id, content_hash, since, files
       from held_snapshots where resolved_at is null and ($1::text is null or tdsp_duns = $1) order by tdsp_duns`,
    [duns],
  );
  return rows;
}

/** An open one, without its plans. */
export interface HeldSummary {
  tdsp_duns: string;
  run_id: number;
  observed_at: Date;
  plans: number;
  /** What the broken rules read, and what would be fine. */
  broken: { reading: string; limit: string }[];
}

/** The one that has waited longest first. */
export async function readHeldSummaries(queryable: Queryable): Promise<HeldSummary[]> {
  const { rows } = await queryable.query<HeldSummary>(
    `select tdsp_duns, run_id, observed_at, jsonb_array_length(plans) as plans,
            coalesce((select jsonb_agg(jsonb_build_object('reading', r->>'reading', 'limit', r->>'limit'))
               from jsonb_array_elements(verdict->'readings') as r where (r->>'is_broken')::boolean), '[]') as broken
       from held_snapshots where resolved_at is null order by observed_at, tdsp_duns`,
  );
  return rows;
}
