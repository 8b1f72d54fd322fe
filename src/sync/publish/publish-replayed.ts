/**
 * After a fix in the normaliser: the bodies of current snapshots of which some records could not be read are read
 * again, and what can be read now is published past the guard and the fence like any other snapshot. What the upstream
 * confirmed, and when, stays as it was. To run it twice publishes once.
 */

import type { SourceName } from '../../sources/source.ts';
import { readSnapshotReadings } from '../../store/plans/snapshots.ts';
import { readPayload } from '../../store/plans/source-payloads.ts';
import type { Database } from '../../store/postgres/database.ts';
import { insertEndedRun, reserveRunId } from '../../store/queue/sync-runs.ts';
import { type Outcome, untouchedOutcome } from './outcome.ts';
import type { Publisher } from './publisher.ts';
import { type Readable, type ReplayOptions, readTdsp } from './replay.ts';

interface PublishReplayedOptions extends Omit<ReplayOptions, 'database'> {
  database: Database;
  publisher: Publisher;
  requested_by: string;
  /** Aborted: what is not begun is left. */
  signal: AbortSignal;
}

/** @param readable with at least one record that can be read now */
export async function publishReplayed(
  readable: readonly Readable[],
  options: PublishReplayedOptions,
): Promise<{ run_id: number; outcomes: Outcome[] }> {
  const { database, requested_by, signal } = options;
  const run_id = await reserveRunId(database.pool);
  const requested_at = new Date();
  const ended: { outcome: Outcome; duration_ms: number }[] = [];
  for (const one of readable) {
    if (signal.aborted) break;
    const began = performance.now();
    const outcome = await publishOne(one, run_id, options);
    ended.push({ outcome, duration_ms: Math.round(performance.now() - began) });
  }
  const run = {
    id: run_id,
    kind: 'replay',
    source: readable[0]?.reading.source ?? 'none',
    is_forced: false,
    requested_by,
    reason: null,
    requested: { cities: [], tdsps: readable.map(({ reading }) => reading.tdsp_duns) },
    requested_at,
  };
  const results = ended.map(({ outcome, duration_ms }) => ({ ...outcome, run_id, duration_ms, notes: {} }));
  await database.transaction((connection) => insertEndedRun(connection, run, results));
  return { run_id, outcomes: ended.map(({ outcome }) => outcome) };
}

async function publishOne(
  { reading }: Readable,
  run_id: number,
  { database, publisher, tdspByName }: PublishReplayedOptions,
): Promise<Outcome> {
  const { tdsp_duns } = reading;
  // Read again: a sync may have published since, and then its records are the ones that count.
  const [current] = await readSnapshotReadings(database.pool, [tdsp_duns]);
  const payload = current?.payload_hash ? await readPayload(database.pool, current.payload_hash) : null;
  if (!current || !payload || payload === 'damaged' || current.payload_hash !== reading.payload_hash) {
    return untouchedOutcome(tdsp_duns, 'shared', current?.version ?? reading.version);
  }
  const { source, origin, observed_at, payload_hash, version } = current;
  return publisher.publishFetched(
    readTdsp({ source, body: payload.body }, tdsp_duns, { tdspByName }),
    { source: source as SourceName, origin, observed_at, payload_hash, validators: null, by: 'replay' },
    { run_id, base: { version, observed_at } },
  );
}
