/**
 * Publishes one snapshot of one TDSP: one transaction, after which everybody sees all of it or nothing of it.
 *
 * Hashes are compared first, so only what changed is read and written, in as many round trips whatever the number of
 * plans: what is published, what is known of the plans that change, and one statement that writes all of it, unless
 * a newer snapshot was published first; then all is read again. A snapshot like the last one takes two, and writes two rows.
 *
 * The database cache is not part of it: a ready plan set weighs more than all the rest, and a reader that finds it one version
 * behind is served from the plans themselves. It is filled right after the commit (see publisher.ts).
 */

import { randomUUIDv7 } from 'node:crypto';
import { contentHash, planSetHash, snapshotHash } from '../../plan/content.ts';
import type { EventCause } from '../../plan/events/market-event.ts';
import { offerKey, providerId } from '../../plan/offer.ts';
import type { PlanDraft } from '../../plan/plan.ts';
import type { PassedAs } from '../../store/plans/guarded-plans.ts';
import { type PublishedChange, writeChange } from '../../store/plans/publish-plans.ts';
import {
  type ActivePlan,
  type ProviderRow,
  type PublishedState,
  readPublished,
  readTouched,
} from '../../store/plans/published-plans.ts';
import { confirmSnapshot, type Snapshot, type Validators } from '../../store/plans/snapshots.ts';
import { storable } from '../../store/postgres/copy.ts';
import type { Database, Queryable } from '../../store/postgres/database.ts';
import { readControl } from '../../store/queue/sync-control.ts';
import { SyncHaltedError } from '../../store/queue/sync-control-error.ts';
import type { PlanCounts } from '../../store/queue/sync-runs.ts';
import { doubtHistoryPartition, expectHistoryPartition } from '../../store/schema/history-partitions.ts';
import { median } from './guard/guarded-market.ts';
import { judgeSnapshot, type Passed } from './guard/judge-snapshot.ts';
import { identify } from './identify.ts';
import { causeOf, publishEvents, renamedAmong } from './publish-events.ts';
import { assertSameSource } from './source-change.ts';
import { assertNotSuperseded, type SnapshotBase, SnapshotSupersededError } from './superseded.ts';

interface FreshSnapshot {
  tdsp_duns: string;
  source: string;
  origin: string;
  plans: PlanDraft[];
  /** Upstream ids of the records that were rejected; `null` for one whose id could not be read. */
  rejected: (string | null)[];
  observed_at: Date;
  run_id: number;
  /** The body the plans were read from, in source_payloads. */
  payload_hash?: string | null;
  /** What the upstream calls the answer these plans were read from. */
  validators?: Validators | null;
  /** What was published when the fetch began. Left out: published whatever happened since. */
  base?: SnapshotBase | null;
  /** Names of TDSPs in the body that are not known. */
  unknownNames?: readonly string[];
  /** Read again from a kept body. */
  isReplay?: boolean;
  /** The version whose plans these are, where an operator puts one back. */
  revertedTo?: number | null;
}

interface PublishOptions {
  now: Date;
  /** How long the database cache may be served. */
  cacheTtlMs: number;
  /** By the guard, unless an operator decided. No sync may say so, forced or not. */
  passed_as: PassedAs;
}

export interface Published {
  version: number;
  isNew: boolean;
  /** The database cache has this version already. */
  isCached: boolean;
  counts: PlanCounts;
  /** What was kept as it was before, and why: the guard's word on what was told instead. */
  kept: Passed['kept'];
}

/** A draft, and what tells whether it changed. */
interface Content {
  external_id: string;
  content_hash: string;
  draft: PlanDraft;
}

/** Another process that publishes the same TDSP just now is met once, if ever: one claims it at a time. */
const TRIES = 5;

/**
 * @throws {SnapshotHeldError} the guard found the snapshot suspicious; nothing was written
 * @throws {SnapshotSupersededError} a newer snapshot was published since the fetch began; nothing was written
 * @throws {SourceChangedError} other plans are stored, and nobody confirmed that these replace them
 * @throws {SyncHaltedError} an emergency was declared, perhaps while this process was frozen
 */
export async function publish(
  database: Database,
  snapshot: FreshSnapshot,
  options: PublishOptions,
): Promise<Published> {
  const contents = contentsOf(snapshot.plans);
  const content_hash = hashOf(snapshot, contents);
  await expectHistoryPartition(database, options.now);
  const write = options.passed_as === 'judged' ? judgeAndPublish : writeSnapshot;
  let current: PublishedState['current'] = null;
  for (let tries = 0; tries < TRIES; tries++) {
    const state = await readPublished(database.pool, snapshot.tdsp_duns, content_hash);
    current = state.current;
    if (snapshot.base !== undefined) assertNotSuperseded(current, snapshot.base);
    if (options.passed_as === 'judged') await assertSameSource(database.pool, current, snapshot);
    const published =
      current?.content_hash === content_hash
        ? await confirm(database.pool, snapshot, current, options)
        : await write(database, { snapshot, contents, content_hash, ...state }, options).catch((error) => {
            doubtHistoryPartition(database, error);
            throw error;
          });
    if (published) return published;
    const control = await readControl(database.pool);
    if (control.state === 'emergency') throw new SyncHaltedError(control);
  }
  throw new SnapshotSupersededError(current?.version ?? 0);
}

function contentsOf(plans: readonly PlanDraft[]): Content[] {
  return plans.map((draft) => {
    return { external_id: draft.external_id, content_hash: contentHash(draft), draft };
  });
}

/** Who is in an unreadable record is part of what the upstream said: once it can be read, something has changed. */
function hashOf(
  { source, rejected }: FreshSnapshot,
  contents: readonly Content[],
  keptFields: readonly string[] = [],
): string {
  const unread = new Set(rejected.filter((id) => id !== null));
  const marks = [...unread].map((external_id) => ({ external_id, content_hash: 'rejected' }));
  const nameless = rejected.filter((id) => id === null).length;
  if (nameless > 0) marks.push({ external_id: '', content_hash: `rejected ${nameless}` });
  // The same plans as they were told and as they were kept are two snapshots.
  for (const field of keptFields) marks.push({ external_id: '', content_hash: `kept ${field}` });
  return snapshotHash(source, [...contents, ...marks]);
}

/** An answer with records that could not be read is read again, whatever the upstream calls it: we may have learned to. */
const validatorsOf = ({ rejected, validators = null }: FreshSnapshot): Validators | null =>
  rejected.length === 0 ? validators : null;

/** @returns `null`: superseded */
async function confirm(
  queryable: Queryable,
  snapshot: FreshSnapshot,
  current: Snapshot,
  { now, cacheTtlMs }: PublishOptions,
): Promise<Published | null> {
  const { observed_at, origin, payload_hash = null, plans, rejected } = snapshot;
  const confirmed = await confirmSnapshot(queryable, current, {
    observed_at,
    origin,
    payload_hash,
    validators: validatorsOf(snapshot),
    cache_expires_at: new Date(now.getTime() + cacheTtlMs),
  });
  if (!confirmed) return null;
  const none = { added: 0, changed: 0, deactivated: 0 };
  const counts = { seen: plans.length, ...none, unchanged: plans.length, rejected: rejected.length };
  return { version: current.version, isNew: false, isCached: confirmed.is_cached, counts, kept: null };
}

interface Change extends PublishedState {
  snapshot: FreshSnapshot;
  contents: Content[];
  content_hash: string;
}

/** The plans that are not as they are published. */
function differingFrom({ contents, active }: Change): Content[] {
  const activeById = new Map(active.map((plan) => [plan.external_id, plan]));
  return contents.filter(
    ({ external_id, content_hash }) => activeById.get(external_id)?.content_hash !== content_hash,
  );
}

/**
 * @returns `null`: superseded
 * @throws {SnapshotHeldError}
 */
async function judgeAndPublish(
  database: Database,
  change: Change,
  options: PublishOptions,
): Promise<Published | null> {
  const { snapshot, current } = change;
  const { tdsp_duns, source, rejected, unknownNames = [] } = snapshot;
  const judged = {
    tdsp_duns,
    source,
    content_hash: change.content_hash,
    plans: snapshot.plans,
    rejected: rejected.length,
    unknownNames,
    changes: differingFrom(change).length + goneFrom(change).length,
    currentSpanMs: current ? current.observed_at.getTime() - current.published_at.getTime() : 0,
  };
  const { plans, kept, passed_as } = await judgeSnapshot(database.pool, judged, options.now);
  if (!kept) return writeSnapshot(database, change, { ...options, passed_as });
  const contents = contentsOf(plans);
  const content_hash = hashOf(snapshot, contents, kept.fields);
  const published =
    current?.content_hash === content_hash
      ? await confirm(database.pool, snapshot, current, options)
      : await writeSnapshot(
          database,
          { ...change, contents, content_hash },
          { ...options, passed_as, keptFields: kept.fields },
        );
  return published && { ...published, kept };
}

/** @returns `null`: superseded */
async function writeSnapshot(
  database: Database,
  change: Change,
  { now, passed_as, keptFields }: PublishOptions & { keptFields?: string[] },
): Promise<Published | null> {
  const { snapshot, contents, content_hash, current, active } = change;
  const { tdsp_duns, source, origin, observed_at, run_id, payload_hash = null, rejected } = snapshot;
  const activeById = new Map(active.map((plan) => [plan.external_id, plan]));
  const differing = differingFrom(change);
  const gone = goneFrom(change);
  const published_at = nextPublishTime(current?.published_at ?? null, now);
  const sourceBefore = current?.source ?? null;
  const cause = causeOf({ sourceBefore, source, passed_as }, snapshot.isReplay ?? false);
  const { renamed, ...found } = await identifyIn(database.pool, tdsp_duns, {
    differing,
    gone,
    now: published_at,
    cause,
    version: current?.version ?? 0,
  });

  const hashes = new Map(active.map((plan) => [plan.external_id, plan.plan_hash]));
  for (const { external_id } of gone) hashes.delete(external_id);
  for (const { external_id, plan_hash } of found.plans) hashes.set(external_id, plan_hash);
  const version = (current?.version ?? 0) + 1;
  const added = differing.filter(({ external_id }) => !activeById.has(external_id)).length;
  const changed = differing.length - added;
  const told = { plans: hashes.size, added, changed, withdrawn: gone.length, rejected: rejected.length };
  const isWritten = await writeChange(database, current, {
    ...found,
    events: publishEvents({
      cause,
      sourceBefore,
      source,
      passed_as,
      revertedTo: snapshot.revertedTo ?? null,
      renamed,
      offers: found.events,
      sold: active.length,
      counts: told,
    }),
    snapshot: {
      tdsp_duns,
      version,
      source,
      origin,
      content_hash,
      observed_at,
      published_at,
      run_id,
      plans: hashes.size,
      set_hash: planSetHash([...hashes.values()]),
      payload_hash,
      validators: validatorsOf(snapshot),
      unread: rejected.map((id) => id ?? ''),
      passed_as,
      kept_fields: keptFields ?? null,
      median_rate: median(contents.flatMap(({ draft }) => draft.rates_cents_per_kwh[1000] ?? [])),
    },
  });
  if (!isWritten) return null;

  const counts = {
    seen: contents.length,
    added,
    changed,
    unchanged: contents.length - differing.length,
    deactivated: gone.length,
    rejected: rejected.length,
  };
  return { version, isNew: true, isCached: false, counts, kept: null };
}

/** Clocks of two machines differ by seconds. By hours they do when one is wrong, and no other has to follow it. */
const CLOCK_SKEW_MS = 600_000;

/** Versions follow each other in time, too, whichever machine publishes them: the history is ordered by it. */
function nextPublishTime(previous: Date | null, clock: Date): Date {
  const isBehind = previous !== null && previous >= clock;
  return isBehind && previous.getTime() - clock.getTime() < CLOCK_SKEW_MS
    ? new Date(previous.getTime() + 1)
    : clock;
}

/** Plans on sale that the snapshot does not mention. */
function goneFrom({ snapshot: { rejected }, contents, active }: Change): ActivePlan[] {
  // Who is in an unreadable record is not gone: such a plan stays as it was last read.
  const mentioned = new Set([...contents.map(({ external_id }) => external_id), ...rejected]);
  const missing = active.filter(({ external_id }) => !mentioned.has(external_id));
  // As many are missing as there are records without a readable id: they may all be the same.
  const nameless = rejected.filter((id) => id === null).length;
  return missing.length > nameless ? missing : [];
}

/** What becomes of the plans that differ, and what is to be written for it. */
async function identifyIn(
  queryable: Queryable,
  duns: string,
  {
    differing,
    gone,
    ...about
  }: { differing: Content[]; gone: ActivePlan[]; now: Date; cause: EventCause; version: number },
): Promise<Omit<PublishedChange, 'snapshot'> & { renamed: ReturnType<typeof renamedAmong> }> {
  const drafts = differing.map((content) => ({ ...content, draft: storable(content.draft) }));
  const told = new Map(drafts.map(({ draft: { provider } }) => [providerId(provider.name), provider]));
  const touched = await readTouched(queryable, duns, {
    ids: [...drafts, ...gone].map(({ external_id }) => external_id),
    keys: [...new Set(drafts.map(({ draft }) => offerKey(draft)))],
    providerIds: [...told.keys()],
  });
  const known = new Map(touched.plans.map((plan) => [plan.external_id, plan]));
  const leaving = gone.flatMap(({ external_id }) => known.get(external_id) ?? []);
  const changed = drafts.map(({ external_id, content_hash, draft }) => ({
    draft,
    content_hash,
    known: known.get(external_id) ?? null,
  }));
  const { offers, taken } = touched;
  const providers = newAbout(told, touched.providers);
  return {
    ...identify({ changed, gone: leaving, taken, offers, ...about, newId: randomUUIDv7 }),
    overwritten: changed.flatMap(({ known }) => known?.external_id ?? []),
    gone: leaving.map(({ id }) => id),
    providers,
    renamed: renamedAmong(providers, touched.providers),
  };
}

/** Providers nobody knew, and those of which something new is told; a fact that is not told this time stays as it was. */
function newAbout(told: Map<string, PlanDraft['provider']>, known: ProviderRow[]): ProviderRow[] {
  const knownById = new Map(known.map((provider) => [provider.id, provider]));
  return [...told].flatMap(([id, { name, legal_name, puct_number, phone }]) => {
    const provider = { id, name, legal_name, puct_number, phone };
    const before = knownById.get(id);
    const isNew = (['name', 'legal_name', 'puct_number', 'phone'] as const).some(
      (fact) => provider[fact] !== null && provider[fact] !== before?.[fact],
    );
    return isNew ? [provider] : [];
  });
}
