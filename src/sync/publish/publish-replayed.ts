/**
 * After a fix in the normaliser: the bodies of current snapshots of which some records could not be read are read
 * again, and where more can be read now, that is published, under the lease, past the guard and in one transaction
 * like any other snapshot. What the upstream confirmed, and when, stays as it was: nobody has asked it. Who runs it
 * twice publishes once.
 */

import type { SourceName } from '../../sources/source.ts';
import { readSnapshotReadings } from '../../store/plans/snapshots.ts';
import { readPayload } from '../../store/plans/source-payloads.ts';
import type { Database } from '../../store/postgres/database.ts';
import { finishRun, insertResult, insertRun, releaseRun } from '../../store/queue/sync-runs.ts';
import { waitForLease } from '../../store/upstream/refresh-leases.ts';
import { type Outcome, runStatus, sumCounts, untouchedOutcome } from './outcome.ts';
import { publishFetched } from './publish-fetched.ts';
import { type Readable, type ReplayOptions, readTdsp } from './replay.ts';

export interface PublishReplayedOptions extends Omit<ReplayOptions, 'database'> {
  database: Database;
  cacheTtlMs: number;
  requested_by: string;
  signal: AbortSignal;
  now?: () => Date;
}

/** @param readable with at least one record that can be read now */
export async function publishReplayed(
  readable: readonly Readable[],
  options: PublishReplayedOptions,
): Promise<{ run_id: number; outcomes: Outcome[] }> {
  const { database, requested_by, signal, now = () => new Date() } = options;
  const connection = await database.pool.connect();
  try {
    const tdsps = readable.map(({ reading }) => reading.tdsp_duns);
    const run_id = await insertRun(connection, {
      kind: 'replay',
      source: readable[0]?.reading.source ?? 'none',
      is_forced: false,
      requested_by,
      requested: { cities: [], tdsps },
      started_at: now(),
    });
    const outcomes: Outcome[] = [];
    for (const one of readable) {
      const began = performance.now();
      const outcome = await publishOne(one, run_id, options);
      const { drift: _drift, skipped: _skipped, source: _source, ...result } = outcome;
      const duration_ms = Math.round(performance.now() - began);
      await insertResult(database.pool, { ...result, run_id, finished_at: now(), duration_ms });
      outcomes.push(outcome);
    }
    const errors = outcomes.flatMap(({ tdsp_duns, error_code, message }) =>
      error_code === null ? [] : [{ tdsp_duns, code: error_code, message: message ?? error_code }],
    );
    const status = runStatus(outcomes, signal);
    const plans = sumCounts(outcomes);
    await finishRun(database.pool, { id: run_id, status, finished_at: now(), api_calls: 0, plans, errors });
    await releaseRun(connection, run_id);
    return { run_id, outcomes };
  } finally {
    // Closed, not returned: should anything above have failed, its lock goes with it.
    connection.release(true);
  }
}

async function publishOne(
  { reading }: Readable,
  run_id: number,
  { database, cacheTtlMs, signal, tdspByName, now = () => new Date() }: PublishReplayedOptions,
): Promise<Outcome> {
  const { tdsp_duns } = reading;
  const { lease } = await waitForLease(database, [tdsp_duns], { signal });
  try {
    // Read again under the lease: a sync may have published meanwhile, and then its records are the ones that count.
    const [current] = await readSnapshotReadings(database.pool, [tdsp_duns]);
    const payload = current?.payload_hash ? await readPayload(database.pool, current.payload_hash) : null;
    if (!current || !payload || payload === 'damaged' || current.payload_hash !== reading.payload_hash) {
      return untouchedOutcome(tdsp_duns, 'shared', current?.version ?? reading.version);
    }
    const { source, origin, observed_at, payload_hash, version } = current;
    return await publishFetched(
      readTdsp({ source, body: payload.body }, tdsp_duns, { tdspByName }),
      { source: source as SourceName, origin, observed_at, payload_hash, validators: null, by: 'replay' },
      { database, run_id, cacheTtlMs, now, force: false, base: { version, observed_at } },
    );
  } finally {
    // Nothing was fetched: what is known of the upstream stays as it is.
    await lease.release([]);
  }
}
