/** From stored answers of the upstream to changes, and from those to a model with its proof. Repeatable at any time. */

import { readPayload } from '../../store/plans/source-payloads.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import {
  forgetRefreshModel,
  insertChanges,
  readChanges,
  readLastBodies,
  readLooks,
  readRefreshModel,
  type StoredChange,
  writeReadUntil,
  writeRefreshModel,
} from '../../store/queue/refresh-state.ts';
import { DAY_MS } from '../../units.ts';
import { changesOf, type Tape } from './changes.ts';
import { type FitTerms, fitApart, type Learned } from './fit.ts';

export interface LearnOptions extends FitTerms {
  source: string;
  coverage: 'tdsp' | 'state';
  tdsps: readonly string[];
  now: number;
}

/** Where all TDSPs come with one call there is one set. */
export const STATE_SET = 'state';
/** What is older has faded out of the rates, and answers are not kept for longer by default. */
const LONGEST_MS = 90 * DAY_MS;

const setsOf = ({ coverage, tdsps }: LearnOptions) => (coverage === 'state' ? [STATE_SET] : tdsps);

/** Upstream ids of an answer; none where it is not JSON or its records have none. */
function idsOf(body: Uint8Array): string[] {
  try {
    const records: unknown = JSON.parse(new TextDecoder().decode(body));
    if (!Array.isArray(records)) return [];
    return records.flatMap((record) => (typeof record?._id === 'string' ? [record._id as string] : []));
  } catch {
    return [];
  }
}

/** Which answers have been read. */
interface Read {
  watched_since: Date;
  read_until: Date;
}

/** Finds the changes in what came since the last time. @returns `null`: there are no looks yet */
async function takeIn(queryable: Queryable, options: LearnOptions): Promise<Read | null> {
  const { source, now } = options;
  const stored = await readRefreshModel(queryable, source);
  const oldest = new Date(now - LONGEST_MS);
  const since = stored && stored.read_until > oldest ? stored.read_until : oldest;
  const looks = await readLooks(queryable, source, since);
  const watched_since = stored?.watched_since ?? looks[0]?.called_at;
  if (!watched_since) return null;
  const sets = setsOf(options);
  const last = new Map<string, { hash: string; ids: Set<string>; at: number }>();
  const bodyOf = async (hash: string) => {
    const kept = await readPayload(queryable, hash);
    return kept && kept !== 'damaged' ? idsOf(kept.body) : [];
  };
  if (stored) {
    for (const { tdsp_duns, payload_hash, as_of } of await readLastBodies(queryable, source, since)) {
      const ids = new Set(await bodyOf(payload_hash));
      last.set(tdsp_duns ?? STATE_SET, { hash: payload_hash, ids, at: as_of.getTime() });
    }
  }
  const found: StoredChange[] = [];
  for (const { tdsp_duns, called_at, as_of, payload_hash } of looks) {
    const plan_set = tdsp_duns ?? STATE_SET;
    const set = sets.indexOf(plan_set);
    if (set === -1) continue;
    const at = as_of.getTime();
    const before = last.get(plan_set);
    // From a cache of the upstream, and older than what is known: no observation.
    if (before && at <= before.at) continue;
    if (payload_hash === null || payload_hash === before?.hash) {
      if (before) before.at = at;
      continue;
    }
    const ids = await bodyOf(payload_hash);
    if (before) {
      const hasIds = ids.length > 0 && before.ids.size > 0;
      const isChanged = hasIds ? ids.some((id) => !before.ids.has(id)) : true;
      const { changes } = changesOf(set, before.ids, ids, { before: before.at, now: at }, isChanged);
      for (const { after, by } of changes) {
        if (after >= by) continue;
        found.push({
          plan_set,
          changed_after: new Date(after),
          changed_by: new Date(by),
          seen_at: called_at,
        });
      }
    }
    last.set(plan_set, { hash: payload_hash, ids: new Set(ids), at });
  }
  await insertChanges(queryable, source, found);
  return { watched_since, read_until: looks.at(-1)?.called_at ?? since };
}

/** Reads what came since the last time, where a model is there: what happened is known before it is learned from. */
export async function readOn(queryable: Queryable, options: LearnOptions): Promise<void> {
  const read = await takeIn(queryable, options);
  if (read) await writeReadUntil(queryable, options.source, read.read_until);
}

/** What is known of the changes of the last ninety days. */
async function readTape(queryable: Queryable, options: LearnOptions, watched_since: Date): Promise<Tape> {
  const sets = setsOf(options);
  return {
    sets,
    from: Math.max(watched_since.getTime(), options.now - LONGEST_MS),
    until: options.now,
    changes: (await readChanges(queryable, options.source)).flatMap(
      ({ plan_set, changed_after, changed_by }) => {
        const set = sets.indexOf(plan_set);
        return set === -1 ? [] : [{ set, after: changed_after.getTime(), by: changed_by.getTime() }];
      },
    ),
  };
}

/** The tape with what has come since it was last read. @returns `null`: there is none yet */
export async function readTapeNow(queryable: Queryable, options: LearnOptions): Promise<Tape | null> {
  const read = await takeIn(queryable, options);
  return read && readTape(queryable, options, read.watched_since);
}

/**
 * Reads what came since the last time, and fits the model anew.
 * @returns `null`: there are no looks yet
 */
export async function learn(queryable: Queryable, options: LearnOptions): Promise<Learned | null> {
  const { source, now, callsAnHour, mostAnHour, weights, shoppers } = options;
  const read = await takeIn(queryable, options);
  if (!read) return null;
  const tape = await readTape(queryable, options, read.watched_since);
  const learned = await fitApart(tape, { callsAnHour, mostAnHour, weights, shoppers });
  await writeRefreshModel(queryable, source, { ...read, fitted_at: new Date(now), ...learned });
  return learned;
}

/** Forgets all and learns it again from the answers that are kept. */
export async function relearn(queryable: Queryable, options: LearnOptions): Promise<Learned | null> {
  await forgetRefreshModel(queryable, options.source);
  return learn(queryable, options);
}
