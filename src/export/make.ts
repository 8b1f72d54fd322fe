/** The exports of a fleet: once a night what is missing is made, and a file that is missing somewhere is made again there. */

import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { addDays, daysBetween, type MarketDay } from '../plan/market-day.ts';
import { readMarketDays } from '../store/exports/export-rows.ts';
import { type KeptExport, keepExport, readExports } from '../store/exports/kept-exports.ts';
import { refreshDailyRateIndex } from '../store/market/refresh-daily-rate-index.ts';
import type { Database } from '../store/postgres/database.ts';
import { type Busy, withUpkeepLock } from '../store/upkeep/upkeep-lock.ts';
import { DAY_MS } from '../units.ts';
import { buildDay, buildMonth, type ExportSettings } from './build.ts';
import { packageOf } from './data-package.ts';

const LOCK_MS = 5_000;
const HALF_A_DAY_MS = DAY_MS / 2;
/** As many days as one night makes up for; the next one goes on. */
const MOST_DAYS = 62;

interface MakeOptions extends ExportSettings {
  database: Database;
  tdsps: readonly string[];
  /** How long exports are kept. */
  keepDays: number;
  signal?: AbortSignal;
}

export interface MadeExports {
  made: string[];
  files: number;
  bytes: number;
}

/** Makes the days that are over and not made yet, and their months. Where another process is at it, nothing is done here. */
export function makeExports(options: MakeOptions): Promise<MadeExports | Busy> {
  const { database, folder, keepDays, signal } = options;
  return withUpkeepLock(database, 'export', LOCK_MS, async () => {
    await refreshDailyRateIndex(database);
    const made: KeptExport[] = [];
    const keep = async (one: KeptExport | null) => {
      if (one === null) return;
      await keepExport(database.pool, one);
      made.push(one);
    };
    const days = await missingDays(database, keepDays);
    for (const day of days) {
      if (signal?.aborted || made.length === MOST_DAYS) break;
      await keep(await buildDay(options, day));
    }
    const lastOfMonth = new Map(made.map(({ name }) => [name.slice(0, 7), name]));
    for (const [month, lastDay] of lastOfMonth) {
      if (signal?.aborted) break;
      await keep(await buildMonth(options, month, lastDay));
    }
    await sweep(folder, await readExports(database.pool));
    const files = made.flatMap((one) => packageOf(one).resources);
    return {
      made: made.map(({ name }) => name),
      files: files.length,
      bytes: files.reduce((sum, { bytes }) => sum + bytes, 0),
    };
  });
}

/** The days that are over, but for those that are made, the oldest first. */
async function missingDays({ pool }: Database, keepDays: number): Promise<MarketDay[]> {
  const days = await readMarketDays(pool);
  if (days === null) return [];
  const made = new Set((await readExports(pool)).map(({ name }) => name));
  const oldest = addDays(days.today, 1 - keepDays);
  const first = [days.first, oldest].toSorted().at(-1)!;
  const all = Array.from({ length: Math.max(0, daysBetween(first, days.today) - 1) }, (_, at) =>
    addDays(first, at),
  );
  return all.filter((day) => !made.has(day));
}

const MAKING_MS = DAY_MS;

/** Files that no export names any more, and what a process that died was making. */
async function sweep(folder: string, kept: readonly KeptExport[]): Promise<void> {
  const named = new Set(kept.flatMap((one) => packageOf(one).resources.map(({ path }) => path)));
  for (const name of await readdir(folder).catch(() => [])) {
    const path = join(folder, name);
    const isOurs = /^(?:sandbox-)?[a-z-]+-\d{4}-\d\d(?:-\d\d)?\.[0-9a-f]{16}\.\w+$/.test(name);
    const isForgotten =
      name.startsWith('.making-') && Date.now() - (await stat(path).catch(() => null))!.mtimeMs > MAKING_MS;
    if ((isOurs && !named.has(name)) || isForgotten) await rm(path, { recursive: true, force: true });
  }
}

/**
 * Makes the files of an export in this folder.
 * @returns whether they are what the export was when it was made first
 */
export async function remakeExport(
  options: Pick<MakeOptions, 'database' | 'folder' | 'sources' | 'tdsps'>,
  kept: KeptExport,
): Promise<boolean> {
  const { name, until_at, descriptor } = kept;
  const isDay = name.length === 10;
  // The end of a day is the beginning of the next one.
  const lastDay = new Date(until_at.getTime() - HALF_A_DAY_MS).toISOString().slice(0, 10);
  const again = isDay ? await buildDay(options, name) : await buildMonth(options, name, lastDay);
  return again?.descriptor === descriptor;
}
