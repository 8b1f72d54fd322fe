/** `replay`: what upstreams sent, run through today's normaliser, beside what was published of it. */

import { expected } from '../../errors.ts';
import { isDay } from '../../plan/market-day.ts';
import { readOpenRecords } from '../../store/plans/quarantine.ts';
import { findPayloads } from '../../store/plans/source-payloads.ts';
import type { Database, Queryable } from '../../store/postgres/database.ts';
import { readTerritory } from '../../store/territory.ts';
import type { Outcome } from '../../sync/publish/outcome.ts';
import { publishReplayed } from '../../sync/publish/publish-replayed.ts';
import { Publisher } from '../../sync/publish/publisher.ts';
import {
  findTargets,
  type Replayed,
  type ReplayRequest,
  replay,
  replayRejected,
} from '../../sync/publish/replay.ts';
import type { Territory } from '../../territory/territory.ts';
import { HOUR_MS } from '../../units.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { untilStopped } from '../process/interrupts.ts';
import { UsageError } from '../usage-error.ts';
import { describeRejected, describeReplays } from './report.ts';

interface ReplayCommandOptions {
  snapshot?: string;
  payload?: string;
  since?: string;
  rejected?: boolean;
  publish?: boolean;
}

/** Ends with 0 where everything is read as it was published, otherwise with 1. */
export async function replayCommand(context: CommandContext, given: ReplayCommandOptions): Promise<number> {
  const { snapshot, payload, since, rejected, publish = false } = given;
  if ([snapshot, payload, since, rejected].filter((one) => one !== undefined).length > 1) {
    throw new UsageError('One of --snapshot, --payload, --since and --rejected at a time.');
  }
  if (publish && !rejected) {
    throw new UsageError('--publish goes with --rejected: it publishes only what could not be read before.');
  }
  const territory = readTerritory();
  return withStore(context, 6, (database) =>
    rejected
      ? replayOpen(context, database, territory, publish)
      : replayRequest(context, database.pool, territory, given),
  );
}

const namesOf = (territory: Territory) => (name: string, year: number | null) =>
  territory.tdspByFeedName(name, year)?.duns;

async function replayRequest(
  context: CommandContext,
  database: Queryable,
  territory: Territory,
  given: ReplayCommandOptions,
): Promise<number> {
  const request = await readRequest(database, territory, given);
  const targets = await findTargets(database, request);
  if (request.of === 'snapshot' && targets.length === 0) {
    const [name] = given.snapshot!.split('@');
    throw new UsageError(`Version ${request.version} of ${name} was never published.`);
  }
  const replays: Replayed[] = [];
  // One after the other: a body and what becomes of it may take some megabytes.
  for (const target of targets)
    replays.push(await replay(target, { database, tdspByName: namesOf(territory) }));
  const isSame = replays.every(({ status }) => status === 'same' || status === 'unpublished');
  const found = { status: isSame ? 'same' : 'differs', replays };
  return answer(context, found, () => describeReplays(replays, territory), isSame);
}

async function readRequest(
  database: Queryable,
  territory: Territory,
  { snapshot, payload, since }: ReplayCommandOptions,
): Promise<ReplayRequest> {
  if (snapshot !== undefined) return readSnapshot(territory, snapshot);
  if (payload !== undefined) return { of: 'payload', hash: await readHash(database, payload) };
  if (since !== undefined) return { of: 'since', since: readTime(since) };
  return { of: 'current', tdsps: territory.tdsps.map(({ duns }) => duns) };
}

function readSnapshot(territory: Territory, text: string): ReplayRequest {
  const [name = '', version = ''] = text.split('@');
  const tdsp = territory.tdsp(name);
  if (tdsp && /^[1-9]\d{0,14}$/.test(version))
    return { of: 'snapshot', tdsp_duns: tdsp.duns, version: Number(version) };
  throw new UsageError(
    `${expected('a TDSP and a version, such as ONCOR@7', text)}. TDSPs: ${territory.tdspList}`,
  );
}

function readTime(text: string): Date {
  const isTime = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(text) && isDay(text.slice(0, 10));
  const time = new Date(text);
  if (isTime && !Number.isNaN(time.getTime())) return time;
  throw new UsageError(expected('a time such as 2026-06-01 (midnight UTC) or 2026-06-01T12:00:00Z', text));
}

async function readHash(database: Queryable, prefix: string): Promise<string> {
  if (!/^[0-9a-f]{6,64}$/i.test(prefix)) {
    throw new UsageError(expected('the first six hex digits of a hash, or more', prefix));
  }
  const found = await findPayloads(database, prefix.toLowerCase());
  if (found.length === 1) return found[0]!;
  throw new UsageError(
    found.length === 0
      ? `No kept body has a hash that begins with ${prefix}. The last ones are listed by: wattsync replay --since <time>`
      : `More than one hash begins with ${prefix}: ${found.join(', ')}`,
  );
}

async function replayOpen(
  context: CommandContext,
  database: Database,
  territory: Territory,
  isToPublish: boolean,
): Promise<number> {
  const { cacheTtlHours, enableQueryOptimization: tuneDatabase } = context.config;
  const tdspByName = namesOf(territory);
  const tdsps = territory.tdsps.map(({ duns }) => duns);
  const found = await replayRejected(tdsps, { database: database.pool, tdspByName });
  const records = await readOpenRecords(database.pool, tdsps);
  const readable = found.filter(({ replayed }) => (replayed.difference?.newly_readable.length ?? 0) > 0);
  const publisher = new Publisher({ database, cacheTtlMs: cacheTtlHours * HOUR_MS, tuneDatabase });
  const published =
    isToPublish && readable.length > 0
      ? await untilStopped((signal) =>
          publishReplayed(readable, { database, publisher, tdspByName, requested_by: 'cli', signal }),
        )
      : null;
  const rejected = found.map(({ reading: { tdsp_duns, version, unread }, replayed }) => ({
    tdsp_duns,
    version,
    unread: unread.length,
    status: replayed.status,
    message: replayed.message,
    readable: replayed.difference?.newly_readable ?? [],
  }));
  const status = readable.length === 0 ? 'nothing_readable' : statusOf(published?.outcomes ?? null);
  return answer(
    context,
    { status, run_id: null, tdsps: rejected, records, ...published },
    () => describeRejected(found, records, published, territory),
    status === 'nothing_readable' || status === 'published',
  );
}

/** @param outcomes `null`: nothing was to be published */
function statusOf(outcomes: readonly Outcome[] | null): 'readable' | 'published' | 'failed' {
  if (outcomes === null) return 'readable';
  const isPublished = outcomes.every(({ error_code, status }) => !error_code && status !== 'shared');
  return isPublished ? 'published' : 'failed';
}
