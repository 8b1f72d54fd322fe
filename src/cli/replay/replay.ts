/** `replay`: what upstreams sent, run through today's normaliser, beside what was published of it. */

import { expected } from '../../errors.ts';
import { HOUR_MS } from '../../monitor/text.ts';
import { isDay } from '../../plan/market-day.ts';
import type { Database } from '../../store/postgres/database.ts';
import type { Outcome } from '../../sync/publish/outcome.ts';
import type { PublisherOptions } from '../../sync/publish/publisher.ts';
import type { Readable, Replayed, ReplayOptions, ReplayRequest } from '../../sync/publish/replay.ts';
import type { Territory } from '../../territory/territory.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { untilStopped } from '../step-progress.ts';
import { UsageError } from '../usage-error.ts';

export interface ReplayCommandOptions {
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
  const { readTerritory } = await import('../../store/territory.ts');
  const territory = readTerritory();
  return withStore(context, 6, (database) =>
    rejected
      ? replayOpen(context, database, territory, publish)
      : replayRequest(context, database, territory, given),
  );
}

const optionsOf = (database: Database, territory: Territory) => ({
  database: database.pool,
  tdspByName: (name: string) => territory.tdspByFeedName(name)?.duns,
});

async function replayRequest(
  context: CommandContext,
  database: Database,
  territory: Territory,
  given: ReplayCommandOptions,
): Promise<number> {
  const [{ findTargets, replay }, { describeReplays }] = await Promise.all([
    import('../../sync/publish/replay.ts'),
    import('./report.ts'),
  ]);
  const request = await readRequest(database, territory, given);
  const targets = await findTargets(database.pool, request);
  if (request.of === 'snapshot' && targets.length === 0) {
    throw new UsageError(
      `Version ${request.version} of ${given.snapshot?.split('@')[0]} was never published.`,
    );
  }
  const replays: Replayed[] = [];
  // One after the other: a body and what becomes of it may take some megabytes.
  for (const target of targets) replays.push(await replay(target, optionsOf(database, territory)));
  const isSame = replays.every(({ status }) => status === 'same' || status === 'unpublished');
  const found = { status: isSame ? 'same' : 'differs', replays };
  return answer(context, found, () => describeReplays(replays, territory), isSame);
}

async function readRequest(
  database: Database,
  territory: Territory,
  { snapshot, payload, since }: ReplayCommandOptions,
): Promise<ReplayRequest> {
  if (snapshot !== undefined) {
    const [name = '', version = ''] = snapshot.split('@');
    const tdsp = territory.tdsp(name);
    if (!tdsp || !/^[1-9]\d{0,14}$/.test(version)) {
      throw new UsageError(
        `${expected('a TDSP and a version, such as ONCOR@7', snapshot)}. TDSPs: ${territory.tdspList}`,
      );
    }
    return { of: 'snapshot', tdsp_duns: tdsp.duns, version: Number(version) };
  }
  if (payload !== undefined) return { of: 'payload', hash: await readHash(database, payload) };
  if (since !== undefined) {
    const isTime = /^\d{4}-\d\d-\d\d(T[\d:.]+(Z|[+-]\d\d:\d\d))?$/.test(since) && isDay(since.slice(0, 10));
    const time = new Date(isTime ? since : Number.NaN);
    if (Number.isNaN(time.getTime())) {
      throw new UsageError(
        expected('a time such as 2026-06-01 (midnight UTC) or 2026-06-01T12:00:00Z', since),
      );
    }
    return { of: 'since', since: time };
  }
  return { of: 'current', tdsps: territory.tdsps.map(({ duns }) => duns) };
}

async function readHash(database: Database, prefix: string): Promise<string> {
  if (!/^[0-9a-f]{6,64}$/i.test(prefix)) {
    throw new UsageError(expected('the first six hex digits of a hash, or more', prefix));
  }
  const { findPayloads } = await import('../../store/plans/source-payloads.ts');
  const found = await findPayloads(database.pool, prefix.toLowerCase());
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
  const [{ replayRejected }, { describeRejected }, { readOpenRecords }] = await Promise.all([
    import('../../sync/publish/replay.ts'),
    import('./report.ts'),
    import('../../store/plans/quarantine.ts'),
  ]);
  const options = optionsOf(database, territory);
  const tdsps = territory.tdsps.map(({ duns }) => duns);
  const found = await replayRejected(tdsps, options);
  const records = await readOpenRecords(database.pool, tdsps);
  const readable = found.filter(({ replayed }) => (replayed.difference?.newly_readable.length ?? 0) > 0);
  const published =
    isToPublish && readable.length > 0
      ? await publishReadable(readable, {
          ...options,
          database,
          cacheTtlMs: context.config.cacheTtlHours * HOUR_MS,
          tuneDatabase: context.config.enableQueryOptimization,
        })
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
  const report = { status, run_id: published?.run_id ?? null, tdsps: rejected, records, ...published };
  return answer(
    context,
    report,
    () => describeRejected({ rejected, records, published }, territory),
    status === 'nothing_readable' || status === 'published',
  );
}

/** @param outcomes `null`: nothing was to be published */
function statusOf(outcomes: readonly Outcome[] | null): 'readable' | 'published' | 'failed' {
  if (outcomes === null) return 'readable';
  const isPublished = outcomes.every(({ error_code, status }) => !error_code && status !== 'shared');
  return isPublished ? 'published' : 'failed';
}

async function publishReadable(
  readable: readonly Readable[],
  { tdspByName, ...options }: PublisherOptions & Pick<ReplayOptions, 'tdspByName'>,
): Promise<{ run_id: number; outcomes: Outcome[] }> {
  const [{ publishReplayed }, { Publisher }] = await Promise.all([
    import('../../sync/publish/publish-replayed.ts'),
    import('../../sync/publish/publisher.ts'),
  ]);
  const { database } = options;
  const publisher = new Publisher(options);
  return untilStopped((signal) =>
    publishReplayed(readable, { database, publisher, tdspByName, requested_by: 'cli', signal }),
  );
}
