/**
 * Kept bodies through today's normaliser, beside what was published of them. Nothing is written and no upstream is
 * called; `publish-replayed.ts` publishes what it finds.
 *
 *   what is asked for ─▶ targets: a body, a TDSP, the version it became ─▶ read today ─▶ compared with that version
 *   current snapshots, one version,                                        readPayload   rebuildPlanSet
 *   one body, all since a time                                                           compareReadings
 */

import { compareReadings, isEmpty, type SetDifference } from '../../plan/difference.ts';
import { readPayload as readToday } from '../../sources/read-payload.ts';
import { type FetchedTdsp, SOURCE_NAMES } from '../../sources/source.ts';
import { SourceError } from '../../sources/source-error.ts';
import { rebuildPlanSet } from '../../store/plans/plan-revisions.ts';
import { readSnapshotReadings, type SnapshotReading } from '../../store/plans/snapshots.ts';
import {
  type KeptPayload,
  readPayload,
  readUsesOf,
  readUsesSince,
} from '../../store/plans/source-payloads.ts';
import { storable } from '../../store/postgres/copy.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { describeMarket, toGuarded } from './guard/guarded-market.ts';
import { keepFields } from './guard/keep-fields.ts';

/** What shall be replayed. */
export type ReplayRequest =
  | { of: 'current'; tdsps: readonly string[] }
  | { of: 'snapshot'; tdsp_duns: string; version: number }
  | { of: 'payload'; hash: string }
  | { of: 'since'; since: Date };

/** One body, read for one TDSP. */
interface ReplayTarget {
  /** `null`: it could not be read, so nobody knows. */
  tdsp_duns: string | null;
  /** `null`: not kept. */
  payload_hash: string | null;
  /** The version it was published as, or confirmed; `null` where it was neither. */
  version: number | null;
  /** Why it was not. */
  error: string | null;
}

type ReplayStatus =
  | 'same'
  | 'differs'
  /** Never published: there is nothing to compare with. */
  | 'unpublished'
  /** The body is not kept, or not as it came. */
  | 'payload_missing'
  /** What was published of it cannot be rebuilt. */
  | 'set_not_kept';

export interface Replayed extends ReplayTarget {
  status: ReplayStatus;
  /** For a person, where there is more to say than the status. */
  message: string | null;
  bytes: number | null;
  last_seen_at: Date | null;
  /** What is read of it today; `null` where it cannot be read. */
  plans: number | null;
  rejected: number | null;
  difference: SetDifference | null;
}

export interface ReplayOptions {
  database: Queryable;
  /** The DUNS of a TDSP by its name in the Power to Choose export. */
  tdspByName(name: string, year: number | null): string | undefined;
}

export async function findTargets(database: Queryable, request: ReplayRequest): Promise<ReplayTarget[]> {
  if (request.of === 'current' || request.of === 'snapshot') {
    const readings =
      request.of === 'current'
        ? await readSnapshotReadings(database, request.tdsps)
        : await readSnapshotReadings(database, [request.tdsp_duns], request.version);
    return readings.map(({ tdsp_duns, version, payload_hash }) => ({
      tdsp_duns,
      version,
      payload_hash,
      error: null,
    }));
  }
  const uses =
    request.of === 'payload'
      ? await readUsesOf(database, request.hash)
      : await readUsesSince(database, request.since);
  return uses.map(({ hash: payload_hash, tdsp_duns, version, error }) => {
    // What was published was fine, whatever the result said besides.
    return { payload_hash, tdsp_duns, version, error: version === null ? error : null };
  });
}

export async function replay(target: ReplayTarget, options: ReplayOptions): Promise<Replayed> {
  const kept = target.payload_hash && (await readPayload(options.database, target.payload_hash));
  const payload = kept === 'damaged' ? null : kept;
  const about = {
    ...target,
    message: null,
    plans: null,
    rejected: null,
    difference: null,
    bytes: payload ? payload.bytes : null,
    last_seen_at: payload ? payload.last_seen_at : null,
  };
  if (kept === 'damaged') {
    const message = 'what is stored of its body does not match its hash: it was changed or damaged';
    return { ...about, status: 'payload_missing', message };
  }
  if (!payload) {
    const message = target.payload_hash
      ? 'its body is not kept any more (RETENTION_PAYLOADS_DAYS)'
      : 'it was published before bodies were kept: the next sync keeps one';
    return { ...about, status: 'payload_missing', message };
  }
  const { tdsp_duns } = target;
  let today: FetchedTdsp;
  try {
    // Whose it is nobody knows; whether it can be read shows for any TDSP.
    today = readTdsp(payload, tdsp_duns ?? payload.request.params.tdsp_duns ?? '', options);
  } catch (error) {
    if (!(error instanceof SourceError)) throw error;
    const status = target.version === null ? 'same' : 'differs';
    return { ...about, status, message: `cannot be read: ${error.message}` };
  }
  const counts = { plans: today.plans.length, rejected: today.rejections.length };
  if (target.version === null || tdsp_duns === null) {
    // A body that could not be read and can be now is what one hopes for after a fix.
    const status = tdsp_duns === null ? 'differs' : 'unpublished';
    const message = tdsp_duns === null ? `can be read now; then: ${target.error}` : target.error;
    return { ...about, ...counts, status, message };
  }
  const [reading] = await readSnapshotReadings(options.database, [tdsp_duns], target.version);
  const set = await rebuildPlanSet(options.database, tdsp_duns, target.version);
  if (set === null || set === 'not_kept' || !reading) {
    return { ...about, ...counts, status: 'set_not_kept', message: 'what was published cannot be rebuilt' };
  }
  // Kept from an earlier version then: what was published of them is what the guard would keep of them again.
  const { unread, kept_fields } = reading;
  const published = describeMarket(set.plans.map(toGuarded));
  const plans = keepFields(today.plans, kept_fields, published);
  const difference = compareReadings(set.plans, unread, { ...today, plans });
  const message = kept_fields.length > 0 ? `kept from an earlier version: ${kept_fields.join(', ')}` : null;
  return { ...about, ...counts, status: isEmpty(difference) ? 'same' : 'differs', message, difference };
}

/** What a fetch would have brought for this TDSP that got the body just now. */
export function readTdsp(
  { source, body }: Pick<KeptPayload, 'source' | 'body'>,
  duns: string,
  { tdspByName }: Pick<ReplayOptions, 'tdspByName'>,
): FetchedTdsp {
  const known = SOURCE_NAMES.find((name) => name === source);
  if (!known) throw new SourceError('upstream_unreadable', `nobody knows how to read what "${source}" sends`);
  const { tdsps } = readToday({ source: known, body, duns: [duns], tdspByName });
  const { plans, rejections, strays } = tdsps[0]!;
  return {
    tdsp_duns: duns,
    plans: plans.map(storable),
    rejections: rejections.map((one) => ({ ...one, external_id: storable(one.external_id) })),
    ...(strays && { strays }),
  };
}

/** A snapshot of which some records could not be read, and those of them that can be today. */
export interface Readable {
  reading: SnapshotReading;
  replayed: Replayed;
}

/** @returns for every current snapshot with unread records what is read of them today */
export async function replayRejected(tdsps: readonly string[], options: ReplayOptions): Promise<Readable[]> {
  const readings = await readSnapshotReadings(options.database, tdsps);
  const found: Readable[] = [];
  for (const reading of readings) {
    if (reading.unread.length === 0) continue;
    const { tdsp_duns, version, payload_hash } = reading;
    found.push({
      reading,
      replayed: await replay({ tdsp_duns, version, payload_hash, error: null }, options),
    });
  }
  return found;
}
