/** All that a publish tells, in the order in which it is told: why first, then the offers, and at last that it is whole. */

import type { EventCause, EventData, EventKind, NewEvent } from '../../plan/events/market-event.ts';
import { gatherChargeDay, gatherFirstListing } from '../../plan/events/offer-events.ts';
import type { PassedAs } from '../../store/plans/guarded-plans.ts';
import type { ProviderRow } from '../../store/plans/published-plans.ts';

interface PublishTold {
  cause: EventCause;
  /** `null`: the first snapshot. */
  sourceBefore: string | null;
  source: string;
  passed_as: PassedAs;
  /** The version that an operator put back. */
  revertedTo: number | null;
  renamed: readonly { id: string; from: string; to: string }[];
  offers: readonly NewEvent[];
  /** Offers on sale before. */
  sold: number;
  counts: { plans: number; added: number; changed: number; withdrawn: number; rejected: number };
}

/** Why offers change in this publish, where they do not tell by themselves. */
export function causeOf(
  told: Pick<PublishTold, 'sourceBefore' | 'source' | 'passed_as'>,
  isReplay: boolean,
): EventCause {
  if (told.sourceBefore === null) return 'first_snapshot';
  if (told.passed_as === 'reverted') return 'operator';
  if (told.sourceBefore !== told.source) return 'source_change';
  return isReplay ? 'correction' : 'provider';
}

export function publishEvents(told: PublishTold): NewEvent[] {
  const { cause, sourceBefore, source, passed_as, revertedTo, renamed, offers, sold, counts } = told;
  const by: EventCause = passed_as === 'overridden' ? 'operator' : cause;
  const snapshot = { passed_as, ...counts };
  return [
    ...(sourceBefore !== null && sourceBefore !== source
      ? [plain('source_changed', 'operator', { from: sourceBefore, to: source })]
      : []),
    ...renamed.map(({ id, from, to }) => ({
      ...plain('provider_renamed', cause, { from, to }),
      provider_id: id,
    })),
    ...(cause === 'first_snapshot' ? gatherFirstListing(offers) : gatherChargeDay(offers, sold)),
    passed_as === 'reverted'
      ? plain('snapshot_reverted', by, { ...snapshot, to_version: revertedTo })
      : plain('snapshot_published', by, snapshot),
  ];
}

/** An event that is not about one offer. */
function plain<Kind extends EventKind>(kind: Kind, cause: EventCause, data: EventData[Kind]): NewEvent {
  const none = { offer_id: null, plan_id: null, external_id: null, provider_id: null, rate_change: null };
  return { kind, cause, ...none, data };
}

/** Providers whose name is spelled in another way than before. */
export function renamedAmong(
  written: readonly ProviderRow[],
  known: readonly ProviderRow[],
): { id: string; from: string; to: string }[] {
  const before = new Map(known.map(({ id, name }) => [id, name]));
  return written.flatMap(({ id, name: to }) => {
    const from = before.get(id);
    return from === undefined || from === to ? [] : [{ id, from, to }];
  });
}
