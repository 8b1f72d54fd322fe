/**
 * What memory knows about one TDSP, and how each event changes it. Pure: every decision of the cache is made here, those
 * that depend on the time included. Whatever a reader gets is in the slot, and `adopt` is the only way into it.
 */

import { AGE_STEPS_S, stepEnd } from '../histogram.ts';
import { confirmedAt, type PlanSet } from '../plan/plan-set.ts';
import type { LayerName } from './layer.ts';

/** A plan set as a reader gets it, and where it came from just now. */
export interface CachedSet {
  readonly set: PlanSet;
  /** `set.observed_at`, in milliseconds since 1970. */
  readonly observedAtMs: number;
  /** The verdict when it was read: confirmed longer ago than plans count as fresh. */
  readonly isStale: boolean;
  readonly layer: LayerName;
}

type Version = Pick<PlanSet, 'version' | 'observed_at'>;
export type Published = Version & Pick<PlanSet, 'tdsp_duns'>;

/** `share`: what was loaded is the newest there is, and the layers above its own may have it. */
type Task = 'load' | 'refresh' | 'share';

export type Slot = {
  /** The newest version heard of or read, and when it was last confirmed; never older than `cached`. */
  readonly newest: Version;
  /** Grows with every clear: what was read before one is not kept after it. */
  readonly era: number;
  /** Until then nothing changes that a read would have to look at; 0: look at it with the next read. */
  readonly nextCheckAtMs: number;
  /** What the last event asks for. */
  readonly todo: readonly Task[];
} & (
  | { readonly state: 'empty'; readonly failure: Failure | null }
  /** Readers wait for the load that follows a clear, and get what there was if that load fails. */
  | { readonly state: 'cleared'; readonly cached: CachedSet }
  /** Something newer is known, or was cleared: this is served until a load brings it. */
  | { readonly state: 'fallback'; readonly cached: CachedSet; readonly retryAtMs: number }
  | {
      readonly state: 'live';
      readonly cached: CachedSet;
      readonly retryAtMs: number;
      readonly expiresAtMs: number;
    }
);

/** A load that found nothing: the readers who come next need not ask again. */
interface Failure {
  /** `undefined`: nothing is stored. */
  readonly error: unknown;
  readonly untilMs: number;
}

export type SlotEvent = {
  readonly nowMs: number;
} /** `looked`: by somebody for whom nobody is to refresh old plans. */ & (
  | { readonly type: 'checked' | 'looked' }
  /** Somebody published this version, or confirmed it. */
  | { readonly type: 'announced'; readonly published: Version }
  /** @param era of the slot when the load began. @param expiresAtMs of the set, should it become the live one */
  | { readonly type: 'loaded'; readonly set: PlanSet; readonly era: number; readonly expiresAtMs: number }
  /** `error`: what a layer threw; `undefined`: nothing is stored. */
  | { readonly type: 'failed'; readonly error: unknown }
  | { readonly type: 'cleared' }
);

export interface SlotLimits {
  /** The longest until a set is loaded anew. */
  ttlMs: number;
  /** Plans confirmed longer ago are stale. */
  staleAfterMs: number;
}

/** How long a failure is remembered, and the time between two attempts to get something better. */
export const RETRY_MS = 1_000;

export const EMPTY_SLOT: Slot = {
  state: 'empty',
  failure: null,
  newest: { version: 0, observed_at: '' },
  era: 0,
  nextCheckAtMs: Number.POSITIVE_INFINITY,
  todo: [],
};

export function transition(slot: Slot, event: SlotEvent, limits: SlotLimits): Slot {
  const { nowMs } = event;
  switch (event.type) {
    case 'checked':
    case 'looked':
      return check(slot, event, limits);
    case 'announced':
      return announce(slot, event.published, nowMs, limits);
    case 'loaded':
      return load(slot, event, limits);
    case 'failed':
      if (slot.state === 'cleared') return fallback(slot, slot.cached, nowMs);
      if (slot.state !== 'empty') return { ...slot, todo: [] };
      return { ...slot, failure: { error: event.error, untilMs: nowMs + RETRY_MS }, todo: [] };
    case 'cleared': {
      const era = slot.era + 1;
      if (slot.state === 'empty') return { ...slot, era, failure: null, todo: [] };
      const { newest, cached } = slot;
      return {
        state: 'cleared',
        newest,
        cached,
        era,
        nextCheckAtMs: Number.POSITIVE_INFINITY,
        todo: ['load'],
      };
    }
  }
}

/** What a reader gets at once; `null`: a load has to be waited for. */
export function servedFrom(slot: Slot): CachedSet | null {
  return slot.state === 'live' || slot.state === 'fallback' ? slot.cached : null;
}

/** Whether a refresh may be asked for, and only those who merely looked have come since. */
export const isRefreshDue = (slot: Slot, nowMs: number): boolean =>
  (slot.state === 'live' || slot.state === 'fallback') && slot.cached.isStale && slot.retryAtMs <= nowMs;

/** The failure of a moment ago, if there was one. */
export function recentFailure(slot: Slot, nowMs: number): Failure | null {
  const failure = slot.state === 'empty' ? slot.failure : null;
  // Further ahead than it was put: the clock was set back since.
  return failure && nowMs < failure.untilMs && failure.untilMs <= nowMs + RETRY_MS ? failure : null;
}

/** Of a higher version, or of the same one and confirmed later. */
function isNewer(one: Version, other: Version): boolean {
  return (
    one.version > other.version || (one.version === other.version && one.observed_at > other.observed_at)
  );
}

const newer = (one: Version, other: Version): Version =>
  isNewer(one, other) ? { version: one.version, observed_at: one.observed_at } : other;

function check(slot: Slot, { type, nowMs }: SlotEvent, limits: SlotLimits): Slot {
  if (slot.state === 'empty' || slot.state === 'cleared') return { ...slot, todo: [] };
  const { observedAtMs } = slot.cached;
  const isStale = nowMs - observedAtMs > limits.staleAfterMs;
  const cached = isStale === slot.cached.isStale ? slot.cached : { ...slot.cached, isStale };
  // Later than can be, unless the clock was set back: then nothing is put off by as much.
  let retryAtMs = slot.retryAtMs > nowMs + RETRY_MS ? 0 : slot.retryAtMs;
  const expiresAtMs = slot.state === 'live' ? Math.min(slot.expiresAtMs, nowMs + limits.ttlMs) : 0;
  const todo: Task[] = [];
  if (retryAtMs <= nowMs) {
    if (expiresAtMs <= nowMs) todo.push('load');
    if (isStale && type === 'checked') todo.push('refresh');
    if (todo.length > 0) retryAtMs = nowMs + RETRY_MS;
  }
  // The age is counted in steps: reads that are counted together are of one step.
  const nextStepMs = stepEnd(AGE_STEPS_S, (nowMs - observedAtMs) / 1000) * 1000;
  const changesAtMs = [
    expiresAtMs,
    retryAtMs,
    observedAtMs + limits.staleAfterMs + 1,
    observedAtMs + nextStepMs + 1,
  ];
  const nextCheckAtMs = Math.min(...changesAtMs.filter((atMs) => atMs > nowMs));
  const checked = { cached, retryAtMs, nextCheckAtMs, todo };
  return slot.state === 'live' ? { ...slot, ...checked, expiresAtMs } : { ...slot, ...checked };
}

function announce(slot: Slot, published: Version, nowMs: number, limits: SlotLimits): Slot {
  if (!isNewer(published, slot.newest)) return { ...slot, todo: [] };
  const newest = newer(published, slot.newest);
  if (slot.state === 'empty') return { ...slot, newest, failure: null, todo: ['load'] };
  if (slot.cached.set.version === newest.version) {
    const cached = adopt(slot.cached.set, newest, nowMs, limits);
    const nextCheckAtMs = slot.state === 'cleared' ? slot.nextCheckAtMs : 0;
    return { ...slot, newest, cached, nextCheckAtMs, todo: [] };
  }
  if (slot.state === 'cleared') return { ...slot, newest, todo: ['load'] };
  return { ...fallback({ ...slot, newest }, slot.cached, nowMs), todo: ['load'] };
}

function load(slot: Slot, event: SlotEvent & { type: 'loaded' }, limits: SlotLimits): Slot {
  const { set, era, expiresAtMs, nowMs } = event;
  const isNewest = set.version >= slot.newest.version;
  const newest = newer(set, slot.newest);
  if (isNewest && era === slot.era) {
    // The same version, the same plans: what was prepared from them stays of use. But not after a clear.
    const isLive = slot.state === 'live' && slot.cached.set.version === set.version;
    const cached = adopt(isLive ? slot.cached.set : set, newest, nowMs, limits);
    return {
      state: 'live',
      newest,
      cached,
      era,
      expiresAtMs,
      retryAtMs: 0,
      nextCheckAtMs: 0,
      todo: ['share'],
    };
  }
  if (slot.state === 'live') return { ...slot, todo: [] };
  // Read before a clear, or superseded while it was read: true until a moment ago, and soon replaced.
  const isBetter = slot.state === 'empty' || isNewer(set, slot.cached.set);
  const cached = isBetter ? adopt(set, newest, nowMs, limits) : slot.cached;
  const next = fallback({ ...slot, newest }, cached, nowMs);
  return isNewest ? { ...next, todo: ['load'] } : next;
}

/** Served until a load brings something better: one is tried when the next second has passed. */
function fallback(slot: Slot, cached: CachedSet, nowMs: number): Slot & { state: 'fallback' } {
  const { newest, era } = slot;
  return {
    state: 'fallback',
    newest,
    cached,
    era,
    retryAtMs: nowMs + RETRY_MS,
    nextCheckAtMs: 0,
    todo: [],
  };
}

/** The set as it is served: confirmed when anybody last heard that it was. */
function adopt(set: PlanSet, newest: Version, nowMs: number, limits: SlotLimits): CachedSet {
  const isConfirmedLater = newest.version === set.version && newest.observed_at > set.observed_at;
  const confirmed = isConfirmedLater ? confirmedAt(set, newest.observed_at) : set;
  const observedAtMs = Date.parse(confirmed.observed_at);
  return {
    set: confirmed,
    observedAtMs,
    isStale: nowMs - observedAtMs > limits.staleAfterMs,
    layer: 'memory',
  };
}
