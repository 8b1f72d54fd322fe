/**
 * When plan sets changed, as well as it can be known. An upstream id of ComparePower begins with the second in which it
 * was made (a MongoDB ObjectId), and a new rate never comes without a new id, so a set changed when its ids were made:
 * when ComparePower imported a price, which may be later than the REP's act. Without such ids a change lies somewhere
 * between two looks.
 */

import { MINUTE_MS } from './calendar.ts';

/** A set changed in `(after, by]`. */
export interface Change {
  /** Index into `Tape.sets`. */
  set: number;
  after: number;
  by: number;
}

/** What is known of the changes of the sets of one source, the oldest first. All times are milliseconds UTC. */
export interface Tape {
  /** DUNS of a TDSP each. */
  sets: readonly string[];
  /** Since when each set has been watched. */
  from: number;
  until: number;
  changes: readonly Change[];
}

/** True moments of changes of each set, ascending, milliseconds UTC. */
export type Truth = readonly (readonly number[])[];

/** A change within so narrow a time counts as exact: ids name a second, but a batch takes a minute to make. */
const EXACT_MS = 2 * MINUTE_MS;
export const isExact = ({ after, by }: Change): boolean => by - after <= EXACT_MS;

/** Ids made closer together than this are one change of the set. */
const BATCH_MS = MINUTE_MS;

/** @returns when an upstream id was made, milliseconds UTC; `null`: the id does not say */
export function mintedAt(id: string): number | null {
  if (!/^[\da-f]{24}$/i.test(id)) return null;
  const ms = Number.parseInt(id.slice(0, 8), 16) * 1_000;
  // The first ObjectIds were made in 2007. Hex texts that are none would give any year up to 2106.
  return ms >= Date.UTC(2007, 0) && ms < Date.UTC(2100, 0) ? ms : null;
}

/**
 * The changes that one look brought to light: one for each batch of ids made since the look before, or the whole time
 * between the looks where the ids do not say.
 * @param known ids of all looks before
 * @param ids of this look
 * @param isChanged the answer differs from the one before. Left out: it differs where ids are new
 * @param lookedAt `before`: the last look that did not have the new ids
 */
export function changesOf(
  set: number,
  known: ReadonlySet<string>,
  ids: readonly string[],
  lookedAt: { before: number; now: number },
  isChanged: boolean = ids.some((id) => !known.has(id)),
): { changes: Change[]; hidden: number } {
  const { before, now } = lookedAt;
  const between: Change = { set, after: before, by: now };
  if (!isChanged) return { changes: [], hidden: 0 };
  const fresh = ids.filter((id) => !known.has(id));
  const times = fresh.map(mintedAt);
  if (fresh.length === 0 || times.some((at) => at === null || at > now + MINUTE_MS)) {
    return { changes: [between], hidden: 0 };
  }
  const changes: Change[] = [];
  let hidden = 0;
  let last = Number.NEGATIVE_INFINITY;
  for (const at of (times as number[]).toSorted((a, b) => a - b)) {
    const isSameBatch = at - last <= BATCH_MS;
    last = at;
    if (isSameBatch) continue;
    // Made before a look that did not have it: that look was answered from a cache of the upstream, or the offer was away
    // and is back. When it came into sight is all we know.
    if (at <= before) hidden++;
    else changes.push({ set, after: at - 1, by: at });
  }
  if (hidden > 0) changes.push(between);
  return { changes, hidden };
}
