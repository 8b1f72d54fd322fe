/** What an operator decides about snapshots: publish what was held, drop it, put an earlier version back. All of it is audited. */

import type { Plan, PlanDraft } from '../../plan/plan.ts';
import type { SourceName } from '../../sources/source.ts';
import { readHeld, resolveHeld } from '../../store/plans/held-snapshots.ts';
import { rebuildPlanSet } from '../../store/plans/plan-revisions.ts';
import { readCurrentSnapshot, readSnapshotReadings } from '../../store/plans/snapshots.ts';
import type { Database } from '../../store/postgres/database.ts';
import { writeAudit } from '../../store/queue/audit-log.ts';
import { insertEndedRun, reserveRunId } from '../../store/queue/sync-runs.ts';
import type { Outcome } from './outcome.ts';
import type { FetchedFrom, Publisher } from './publisher.ts';

interface Decision {
  database: Database;
  publisher: Publisher;
  tdsp_duns: string;
  by: string;
}

/** @returns `null`: nothing is held */
export async function publishHeld({ database, publisher, tdsp_duns, by }: Decision): Promise<Outcome | null> {
  const [held] = await readHeld(database.pool, tdsp_duns);
  if (!held) return null;
  const { source, origin, observed_at, payload_hash, plans, rejections } = held;
  const from: FetchedFrom = {
    source: source as SourceName,
    origin,
    observed_at,
    payload_hash,
    validators: null,
    by: 'sync',
  };
  const broken = held.verdict.readings.filter(({ is_broken }) => is_broken).map(({ rule }) => rule);
  const outcome = await asRun({ database, tdsp_duns, by, kind: 'held', source }, (run_id, base) =>
    publisher.publishFetched({ tdsp_duns, plans, rejections }, from, {
      run_id,
      base,
      passed_as: 'overridden',
    }),
  );
  if (outcome.error_code === null) await resolveHeld(database.pool, tdsp_duns, 'published', by);
  const details = { tdsp_duns, version: outcome.snapshot_version, broken, error: outcome.message };
  await writeAudit(database.pool, { actor: by, action: 'held_published', details });
  return outcome;
}

/** @returns whether one was held */
export async function dropHeld({ database, tdsp_duns, by }: Omit<Decision, 'publisher'>): Promise<boolean> {
  const wasHeld = await resolveHeld(database.pool, tdsp_duns, 'dropped', by);
  if (wasHeld) await writeAudit(database.pool, { actor: by, action: 'held_dropped', details: { tdsp_duns } });
  return wasHeld;
}

/**
 * Publishes the plans of an earlier version as a new one. When the upstream last confirmed them stays as it was, so they
 * are as old as they are.
 * @returns `null` where the version is not kept
 */
export async function revertTo(
  { database, publisher, tdsp_duns, by }: Decision,
  version: number,
): Promise<Outcome | null> {
  const set = await rebuildPlanSet(database.pool, tdsp_duns, version);
  const [reading] = await readSnapshotReadings(database.pool, [tdsp_duns], version);
  if (set === null || set === 'not_kept' || !reading) return null;
  const from: FetchedFrom = {
    source: reading.source as SourceName,
    origin: reading.origin,
    observed_at: reading.observed_at,
    payload_hash: reading.payload_hash,
    validators: null,
    by: 'replay',
    revertedTo: version,
  };
  const fetched = { tdsp_duns, plans: set.plans.map(toDraft), rejections: [] };
  const source = reading.source;
  const outcome = await asRun({ database, tdsp_duns, by, kind: 'revert', source }, (run_id, base) =>
    publisher.publishFetched(fetched, from, { run_id, base, passed_as: 'reverted' }),
  );
  const details = { tdsp_duns, to: version, version: outcome.snapshot_version, error: outcome.message };
  await writeAudit(database.pool, { actor: by, action: 'snapshot_reverted', details });
  return outcome;
}

/** What an offer's identity adds to a draft is found again when it is published. */
function toDraft(plan: Plan): PlanDraft {
  const { id: _, offer_id: __, first_seen_at: ___, last_changed_at: ____, is_active: _____, ...rest } = plan;
  const { remembered_text: ______, ...draft } = rest;
  return {
    ...draft,
    provider: { name: plan.provider.name, legal_name: null, puct_number: null, phone: null },
  };
}

interface DecidedRun extends Omit<Decision, 'publisher'> {
  kind: string;
  source: string;
}

async function asRun(
  { database, tdsp_duns, by, kind, source }: DecidedRun,
  publishOne: (run_id: number, base: Awaited<ReturnType<typeof readCurrentSnapshot>>) => Promise<Outcome>,
): Promise<Outcome> {
  const run_id = await reserveRunId(database.pool);
  const requested_at = new Date();
  const base = await readCurrentSnapshot(database.pool, tdsp_duns);
  const began = performance.now();
  const outcome = await publishOne(run_id, base);
  const run = {
    id: run_id,
    kind,
    source,
    is_forced: false,
    requested_by: by,
    reason: null,
    requested: { cities: [], tdsps: [tdsp_duns] },
    requested_at,
  };
  const result = { ...outcome, run_id, duration_ms: Math.round(performance.now() - began), notes: {} };
  await database.transaction((connection) => insertEndedRun(connection, run, [result]));
  return outcome;
}
