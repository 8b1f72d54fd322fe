/**
 * Writes down what the days were like, after the fact: once for each run of syncs, beside the publishes and not in
 * them. What was missed, because a process died or an older version of the program published, is made up for from the
 * history, and so are the days from before there was an index. Where history does not prove which plans there were,
 * only their number is told.
 */

import { MarketPast } from '../../plan/market-past.ts';
import { statisticsByGroup } from '../../plan/rate-statistics.ts';
import type { Connection, Database } from '../postgres/database.ts';
import {
  addProviderDays,
  lockMarketProgress,
  type PublishedVersion,
  type RatedDay,
  readGoneOffers,
  readMarketsBehind,
  readPastEvents,
  readSoldOffers,
  readVersionsAfter,
  writeMarketDays,
  writeMarketProgress,
} from './days.ts';

/** Years of history are undone in pieces of this many versions. */
const VERSIONS_AT_ONCE = 200;
const SERIALIZATION_FAILURE = '40001';

interface RefreshOptions {
  /** DUNS; left out, all. */
  tdsps?: readonly string[];
  /** Stops between two TDSPs; the next call goes on. */
  signal?: AbortSignal;
}

/**
 * Brings the days of TDSPs up to what is published. Nothing to do costs one statement.
 * @returns the DUNS of the TDSPs that got new rows
 */
export async function refreshDailyRateIndex(
  database: Database,
  { tdsps, signal }: RefreshOptions = {},
): Promise<string[]> {
  const written: string[] = [];
  for (const duns of await readMarketsBehind(database.pool, tdsps)) {
    if (signal?.aborted) break;
    const isMine = await database
      .transaction((connection) => refreshMarket(connection, duns))
      .catch((error: { code?: string }) => {
        // Another process did the same for this TDSP at the same time.
        if (error.code === SERIALIZATION_FAILURE) return false;
        throw error;
      });
    if (isMine) written.push(duns);
  }
  return written;
}

async function refreshMarket(connection: Connection, duns: string): Promise<boolean> {
  // One look at everything: versions, plans and history belong together whatever is published meanwhile.
  await connection.query('set transaction isolation level repeatable read');
  const done = await lockMarketProgress(connection, duns);
  const versions = await readVersionsAfter(connection, duns, done);
  const [newest] = versions;
  if (!newest) return false;
  await writeMarketDays(connection, duns, await marketDays(connection, duns, versions));
  for (let at = 0; at < versions.length; at += VERSIONS_AT_ONCE) {
    await addProviderDays(connection, duns, versions.slice(at, at + VERSIONS_AT_ONCE));
  }
  await writeMarketProgress(connection, duns, newest.version);
  return true;
}

/** @param versions newest first, the first one is current */
async function marketDays(
  connection: Connection,
  duns: string,
  versions: readonly PublishedVersion[],
): Promise<RatedDay[]> {
  // A day ends with its newest version, also where a clock that is wrong by days put others in between.
  const newestOfDays = new Map(versions.toReversed().map((version) => [version.day, version]));
  const closing = new Set(newestOfDays.values());
  const oldest = versions.findLast((version) => closing.has(version))!;
  const gone = closing.size === 1 ? [] : await readGoneOffers(connection, duns, oldest);
  const past = new MarketPast([...(await readSoldOffers(connection, duns)), ...gone]);
  const days: RatedDay[] = [];
  const note = ({ day, version, plans }: PublishedVersion) => {
    const sold = past.sold(plans);
    days.push({ day, version, plans, groups: sold && statisticsByGroup(sold) });
  };
  note(versions[0]!);
  const undone = versions.filter(({ version }) => version > oldest.version);
  for (let at = 0; at < undone.length; at += VERSIONS_AT_ONCE) {
    const piece = undone.slice(at, at + VERSIONS_AT_ONCE);
    const events = await readPastEvents(connection, duns, piece);
    for (const [index, { version }] of piece.entries()) {
      past.undo(events.get(version) ?? []);
      const before = undone[at + index + 1] ?? oldest;
      if (closing.has(before)) note(before);
    }
  }
  return days;
}
