/** From one upstream call to published plans: every TDSP the call covers is published by itself. */

import { bulkhead, ExponentialBackoff, handleWhen, retry } from 'cockatiel';
import { publishes } from '../../process-metrics.ts';
import type { FetchContext, FetchedTdsp, PlanSource, Rejection, SourceName } from '../../sources/source.ts';
import { SourceError } from '../../sources/source-error.ts';
import type { PassedAs } from '../../store/plans/guarded-plans.ts';
import { holdSnapshot, resolveHeld } from '../../store/plans/held-snapshots.ts';
import { fillPlanCache } from '../../store/plans/plan-cache.ts';
import { readActiveIds } from '../../store/plans/published-plans.ts';
import { noteSchemaDrift, quarantine, resolveQuarantine } from '../../store/plans/quarantine.ts';
import { confirmSnapshot, type Snapshot, type Validators } from '../../store/plans/snapshots.ts';
import type { Database } from '../../store/postgres/database.ts';
import { isPassing } from '../../store/postgres/out-of-reach.ts';
import { readControl } from '../../store/queue/sync-control.ts';
import { SyncHaltedError } from '../../store/queue/sync-control-error.ts';
import { analyzeGrowth } from '../../store/upkeep/analyze.ts';
import { traced } from '../../trace.ts';
import { describeVerdict, SnapshotHeldError } from './guard/guard.ts';
import { failedOutcome, type Outcome, publishedOutcome, untouchedOutcome } from './outcome.ts';
import { publish } from './publish.ts';
import { type SnapshotBase, SnapshotSupersededError } from './superseded.ts';
import { sharedValidators } from './validators.ts';

interface PublisherOptions {
  database: Database;
  /** How long the database cache may be served. */
  cacheTtlMs: number;
  /** Keeps the planner's statistics up to what is published; false: that is left to `db:optimize`. */
  tuneDatabase: boolean;
  now?: () => Date;
}

interface Fetch {
  source: PlanSource;
  context: FetchContext;
  /** What is published as the fetch begins, by TDSP. */
  base: ReadonlyMap<string, Snapshot>;
}

/** Where plans came from. */
export interface FetchedFrom {
  source: SourceName;
  origin: string;
  observed_at: Date;
  /** `null`: the body is not kept. */
  payload_hash: string | null;
  /** What the upstream calls the answer; `null` where that is not known. */
  validators: Validators | null;
  by: 'sync' | 'replay';
  /** The version that an operator puts back. */
  revertedTo?: number;
}

const PUBLISHES_AT_ONCE = 4;
/** What was fetched is worth some seconds: PostgreSQL restarts in fewer. A publish that went through all the same is superseded. */
const persistently = retry(handleWhen(isPassing), {
  maxAttempts: 6,
  backoff: new ExponentialBackoff({ initialDelay: 100, maxDelay: 3_000 }),
});

/** How many plans of one TDSP stand under which name. */
function countNames(strays: readonly Rejection[], own: readonly Rejection[]): Record<string, number> {
  const counts = new Map(strays.map(({ value }) => [String(value), 0]));
  for (const { value } of own) counts.set(String(value), counts.get(String(value))! + 1);
  return Object.fromEntries(counts);
}

export class Publisher {
  readonly #options: Required<PublisherOptions>;

  constructor({ now = () => new Date(), ...options }: PublisherOptions) {
    this.#options = { ...options, now };
  }

  /** @throws {SourceError} the call brought nothing */
  async fetchAndPublish(duns: string[], { source, context, base }: Fetch): Promise<Outcome[]> {
    const { database, now } = this.#options;
    let payload_hash: string | null = null;
    const onPayload = (hash: string | null) => {
      payload_hash = hash;
    };
    const known = context.isForced ? null : sharedValidators(duns, base, source, now());
    // Plans are as old as the question: what changed while the answer was on its way is not in it.
    const observed_at = now();
    const fetched = await source.fetch(duns, { ...context, known, onPayload });
    if ('notModified' in fetched) {
      return Promise.all(duns.map((one) => this.#confirm(base.get(one)!, observed_at)));
    }
    const drift = await noteSchemaDrift(database.pool, fetched.source, fetched.schema_drift, observed_at);
    const from: FetchedFrom = {
      source: fetched.source,
      origin: source.origin,
      observed_at,
      payload_hash,
      validators: fetched.validators ?? null,
      by: 'sync',
    };
    // Several at once: while PostgreSQL writes one, the next one is compared, and one flush to disk serves them all.
    const atOnce = bulkhead(PUBLISHES_AT_ONCE, Number.POSITIVE_INFINITY);
    const outcomes = await Promise.all(
      fetched.tdsps.map((tdsp) =>
        atOnce.execute(() =>
          this.publishFetched(tdsp, from, {
            run_id: context.run_id,
            base: base.get(tdsp.tdsp_duns) ?? null,
          }),
        ),
      ),
    );
    // What is said of the call is said once, not once for each TDSP it covers.
    return outcomes.map((outcome, i) => ({
      ...outcome,
      source: fetched.source,
      drift: i === 0 ? drift : [],
      skipped: i === 0 ? fetched.skipped : {},
    }));
  }

  /**
   * What was fetched for one TDSP, or read again from a kept body: rejected records are kept, the rest is published,
   * and what is not rejected any more is closed in the quarantine. Never throws: what went wrong is in the outcome.
   */
  async publishFetched(
    fetched: FetchedTdsp,
    { by, ...from }: FetchedFrom,
    {
      run_id,
      base,
      passed_as = 'judged',
    }: { run_id: number; base: SnapshotBase | null; passed_as?: PassedAs },
  ): Promise<Outcome> {
    const { database, cacheTtlMs, tuneDatabase, now } = this.#options;
    const { source, payload_hash } = from;
    const { tdsp_duns } = fetched;
    let { plans, rejections } = fetched;
    let unknown_names: Record<string, number> = {};
    try {
      if (fetched.not_covered) throw new SourceError('upstream_unreadable', fetched.not_covered);
      ({ plans, rejections, unknown_names } = await this.#claimStrays(fetched));
      const origin = { source, tdsp_duns, run_id, payload_hash, now: now() };
      const rejected = rejections.map(({ external_id }) => external_id);
      const unknownNames = Object.keys(unknown_names);
      const told = { ...from, tdsp_duns, plans, rejected, run_id, base, unknownNames };
      const published = await traced('publish', { 'wattsync.tdsp': tdsp_duns }, () =>
        persistently.execute(async () => {
          await quarantine(database.pool, origin, rejections);
          return publish(
            database,
            { ...told, isReplay: by === 'replay' },
            { now: now(), cacheTtlMs, passed_as },
          );
        }),
      );
      const { kept } = published;
      if (kept) {
        // For an operator to see what was told, and to publish it all the same.
        const verdict = { ...kept.verdict, kept_fields: kept.fields };
        const alone = { content_hash: '', since: from.observed_at, files: 1 };
        const heldBack = {
          tdsp_duns,
          ...from,
          ...alone,
          plans,
          rejections,
          run_id,
          verdict,
        };
        await holdSnapshot(database.pool, heldBack, false);
      } else if (passed_as === 'judged') await resolveHeld(database.pool, tdsp_duns, 'passed', by);
      if (tuneDatabase) await analyzeGrowth(database, published.counts.added).catch(() => {});
      const ids = plans.map(({ external_id }) => external_id);
      await resolveQuarantine(database.pool, origin, { rejected: rejections, plans: ids }, by);
      if (!published.isCached) await this.#fillCache(tdsp_duns);
      const { version: snapshot_version, counts, isNew } = published;
      const status = isNew ? 'published' : 'unchanged';
      if (isNew) publishes.add(tdsp_duns);
      const message = kept
        ? `${kept.fields.join(', ')} kept as before: ${describeVerdict(kept.verdict)}`
        : null;
      return {
        ...publishedOutcome(tdsp_duns, { status, plans: counts, snapshot_version, payload_hash, source }),
        message,
        unknown_names,
      };
    } catch (error) {
      if (error instanceof SnapshotSupersededError) {
        return untouchedOutcome(tdsp_duns, 'shared', error.version);
      }
      const status = error instanceof SnapshotHeldError ? 'held' : 'failed';
      if (error instanceof SnapshotHeldError) {
        const { verdict, trail, content_hash } = error;
        const held = { tdsp_duns, ...from, plans, rejections, run_id, verdict, content_hash, ...trail };
        // That it is held is told all the same; without the copy the next file is judged as well.
        await holdSnapshot(database.pool, held).catch(() => {});
      }
      return { ...failedOutcome(tdsp_duns, status, error), payload_hash, unknown_names };
    }
  }

  /**
   * What is on sale here and stands under another name is not gone: it could not be read. And its Spanish record, where that
   * one kept the name, is not another plan.
   */
  async #claimStrays({ tdsp_duns, plans, rejections, strays = [] }: FetchedTdsp) {
    if (strays.length === 0) return { plans, rejections, unknown_names: {} };
    const ids = strays.map(({ external_id }) => external_id);
    const active = await readActiveIds(this.#options.database.pool, tdsp_duns, ids);
    const own = new Set<string | null>(active.map(({ external_id }) => external_id));
    const spanish = new Set(active.map(({ spanish_external_id }) => spanish_external_id));
    const claimed = strays.filter(({ external_id }) => own.has(external_id));
    return {
      plans: plans.filter(({ external_id }) => !spanish.has(external_id)),
      rejections: [...rejections, ...claimed],
      unknown_names: countNames(strays, claimed),
    };
  }

  /**
   * The upstream says that its plans are those that were read before: the time of that knowledge moves, and every
   * process hears of it. No plan is touched, so an upstream that is wrong can make plans seem fresh, but not remove one.
   */
  async #confirm(snapshot: Snapshot, observed_at: Date): Promise<Outcome> {
    const { database, cacheTtlMs } = this.#options;
    const { tdsp_duns, version, source, origin, validators, plans } = snapshot;
    try {
      const confirmed = await confirmSnapshot(database.pool, snapshot, {
        observed_at,
        origin,
        validators,
        payload_hash: null,
        cache_expires_at: new Date(observed_at.getTime() + cacheTtlMs),
      });
      if (!confirmed) {
        const control = await readControl(database.pool);
        if (control.state === 'emergency') throw new SyncHaltedError(control);
        return untouchedOutcome(tdsp_duns, 'shared', version);
      }
      if (!confirmed.is_cached) await this.#fillCache(tdsp_duns);
      const counts = { seen: plans, added: 0, changed: 0, unchanged: plans, deactivated: 0, rejected: 0 };
      return publishedOutcome(tdsp_duns, {
        status: 'unchanged',
        plans: counts,
        snapshot_version: version,
        payload_hash: null,
        source,
      });
    } catch (error) {
      return failedOutcome(tdsp_duns, 'failed', error);
    }
  }

  /** Readers have the plans already; should this fail, the first who asks the database puts it there. */
  async #fillCache(duns: string): Promise<void> {
    await fillPlanCache(this.#options.database, duns, this.#options.cacheTtlMs).catch(() => {});
  }
}
