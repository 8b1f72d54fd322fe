/**
 * Publishes one snapshot of one TDSP: one transaction, after which everybody sees all of it or nothing of it.
 * Hashes are compared first, so only what changed is sent; a snapshot like the last one writes no plan at all.
 */

import { randomUUID } from 'node:crypto';
import { contentHash, snapshotHash } from '../plan/content.ts';
import { offerKey } from '../plan/offer.ts';
import type { PlanDraft } from '../plan/plan.ts';
import type { Connection, Database } from '../store/database.ts';
import { extendPlanCache, writePlanCache } from '../store/plan-cache.ts';
import { readActivePlans } from '../store/plans.ts';
import {
  deactivatePlans,
  insertHistory,
  insertOffers,
  type KnownPlan,
  lockPublish,
  readKnownPlans,
  readOffers,
  updateOffers,
  upsertPlans,
  upsertProviders,
} from '../store/publish-plans.ts';
import {
  confirmSnapshot,
  insertSnapshot,
  notifyPublished,
  readCurrentSnapshot,
  type Validators,
} from '../store/snapshots.ts';
import type { PlanCounts } from '../store/sync-runs.ts';
import { SnapshotHeldError, suspicion } from './guard.ts';
import { type ChangedDraft, type Identified, identify } from './identify.ts';
import { refuseOvertaken, type SnapshotBase } from './overtaken.ts';

export interface FreshSnapshot {
  tdsp_duns: string;
  source: string;
  origin: string;
  plans: PlanDraft[];
  /** Upstream ids of the records that were rejected; `null` for one whose id could not be read. */
  rejected: (string | null)[];
  observed_at: Date;
  run_id: number;
  /** What the upstream calls the answer these plans were read from. */
  validators?: Validators | null;
  /** What was published when the fetch began. Left out: published whatever happened since. */
  base?: SnapshotBase | null;
}

export interface PublishOptions {
  now: Date;
  /** How long the database cache may be served. */
  cacheTtlMs: number;
  /** Publish even what the guard would hold back. */
  force: boolean;
}

export interface Published {
  version: number;
  isNew: boolean;
  counts: PlanCounts;
}

/**
 * @throws {SnapshotHeldError} the guard found the snapshot suspicious; nothing was written
 * @throws {SnapshotOvertakenError} somebody else published since the fetch began; nothing was written
 */
export function publish(
  database: Database,
  snapshot: FreshSnapshot,
  options: PublishOptions,
): Promise<Published> {
  return database.transaction((connection) => publishWith(connection, snapshot, options));
}

async function publishWith(
  connection: Connection,
  snapshot: FreshSnapshot,
  { now, cacheTtlMs, force }: PublishOptions,
): Promise<Published> {
  const { tdsp_duns: duns, plans: drafts, source } = snapshot;
  await lockPublish(connection, duns);
  if (snapshot.base !== undefined) await refuseOvertaken(connection, duns, snapshot.base);
  const contents = drafts.map((draft) => ({
    external_id: draft.external_id,
    content_hash: contentHash(draft),
    draft,
  }));
  // Who is in an unreadable record is not gone: such a plan stays as it was last read.
  const unread = new Set(snapshot.rejected.filter((id) => id !== null));
  const nameless = snapshot.rejected.length - snapshot.rejected.filter((id) => id !== null).length;
  const marks = [...unread].map((external_id) => ({ external_id, content_hash: 'rejected' }));
  if (nameless > 0) marks.push({ external_id: '', content_hash: `rejected ${nameless}` });
  const content_hash = snapshotHash(source, [...contents, ...marks]);
  const current = await readCurrentSnapshot(connection, duns);
  const counts = {
    seen: drafts.length,
    added: 0,
    changed: 0,
    unchanged: drafts.length,
    deactivated: 0,
    rejected: snapshot.rejected.length,
  };

  // An answer with records that could not be read is read again, whatever the upstream calls it: we may have learned to.
  const validators = snapshot.rejected.length === 0 ? (snapshot.validators ?? null) : null;
  if (current?.content_hash === content_hash) {
    await confirmSnapshot(connection, current, { ...snapshot, validators });
    await extendPlanCache(connection, { duns, now, ttlMs: cacheTtlMs });
    const { version } = current;
    await notifyPublished(connection, { tdsp_duns: duns, version, observed_at: snapshot.observed_at });
    return { version, isNew: false, counts };
  }

  const known = await readKnownPlans(
    connection,
    duns,
    drafts.map((draft) => draft.external_id),
  );
  const active = known.filter((plan) => plan.is_active);
  if (!force) {
    const before =
      current && current.source === source ? { rates: active.map((plan) => plan.rate_1000kwh) } : null;
    const after = { rates: drafts.map((draft) => draft.rates_cents_per_kwh[1000]) };
    const reason = suspicion(before, after, snapshot.rejected.length);
    if (reason) {
      throw new SnapshotHeldError(
        `Snapshot held back: ${reason}. The published plans stay. ` +
          'Look at what the upstream sends; publish it all the same with --force.',
      );
    }
  }

  const knownById = new Map(known.map((plan) => [plan.external_id, plan]));
  const changed: ChangedDraft[] = contents.flatMap(({ draft, content_hash }) => {
    const plan = knownById.get(draft.external_id) ?? null;
    return plan?.is_active && plan.content_hash === content_hash
      ? []
      : [{ draft, content_hash, known: plan }];
  });
  const sent = new Set(drafts.map((draft) => draft.external_id));
  const missing = active.filter(({ external_id: id }) => !sent.has(id) && !unread.has(id));
  // As many are missing as there are records without a readable id: they may all be the same.
  const gone = missing.length > nameless ? missing : [];
  const identified = await identifyIn(connection, duns, { changed, gone, active, now });

  const version = (current?.version ?? 0) + 1;
  await writeChanges(connection, snapshot, identified, { gone, version, now });
  const plans = await readActivePlans(connection, duns);
  await writePlanCache(connection, { tdsp_duns: duns, version, source, plans }, { now, ttlMs: cacheTtlMs });
  const { observed_at, run_id, origin } = snapshot;
  await insertSnapshot(connection, {
    tdsp_duns: duns,
    version,
    source,
    origin,
    content_hash,
    plans: plans.length,
    observed_at,
    published_at: now,
    run_id,
    validators,
  });
  await notifyPublished(connection, { tdsp_duns: duns, version, observed_at });

  const added = changed.filter(({ known }) => !known?.is_active).length;
  const rewritten = changed.length - added;
  return {
    version,
    isNew: true,
    counts: {
      ...counts,
      added,
      changed: rewritten,
      unchanged: drafts.length - changed.length,
      deactivated: gone.length,
    },
  };
}

async function identifyIn(
  connection: Connection,
  duns: string,
  {
    changed,
    gone,
    active,
    now,
  }: { changed: ChangedDraft[]; gone: KnownPlan[]; active: KnownPlan[]; now: Date },
): Promise<Identified> {
  const touched = [...gone, ...changed.flatMap(({ known }) => known ?? [])];
  const offers = await readOffers(connection, duns, {
    keys: [...new Set(changed.map(({ draft }) => offerKey(draft)))],
    ids: [...new Set(touched.map((plan) => plan.offer_id))],
  });
  const moving = new Set(touched.map((plan) => plan.id));
  const taken = new Set(active.filter((plan) => !moving.has(plan.id)).map((plan) => plan.offer_id));
  return identify({ changed, gone, taken, offers, now, newId: randomUUID });
}

async function writeChanges(
  connection: Connection,
  { tdsp_duns: duns, source }: FreshSnapshot,
  identified: Identified,
  { gone, version, now }: { gone: KnownPlan[]; version: number; now: Date },
): Promise<void> {
  const { plans, newOffers, changedOffers, returnedOffers, endedOffers, history } = identified;
  const providers = new Map(
    plans.map(({ provider_id, draft }) => [provider_id, { id: provider_id, ...draft.provider }]),
  );
  if (providers.size > 0) await upsertProviders(connection, [...providers.values()], now);
  await insertOffers(connection, duns, newOffers, now);
  await deactivatePlans(
    connection,
    gone.map((plan) => plan.id),
    now,
  );
  await upsertPlans(connection, plans, { source, now });
  await updateOffers(
    connection,
    { changed: changedOffers, returned: returnedOffers, ended: endedOffers },
    now,
  );
  await insertHistory(connection, history, { duns, version, now });
}
