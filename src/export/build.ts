/**
 * Makes the files of an export. What is made is a function of what was published up to the end of its time: made again
 * later, or on another machine, it is the same to the byte.
 */

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { addDays, type MarketDay } from '../plan/market-day.ts';
import type { PlanSet } from '../plan/plan-set.ts';
import {
  readDayBegin,
  readIndexOfDay,
  readSnapshotsAbout,
  type SnapshotAbout,
} from '../store/exports/export-rows.ts';
import type { KeptExport } from '../store/exports/kept-exports.ts';
import { readVersionsAt, rebuildPlanSet } from '../store/plans/plan-revisions.ts';
import type { Connection, Database } from '../store/postgres/database.ts';
import { dataPackage, type ExportFile, labelOf } from './data-package.ts';
import { TABLES, type TableName } from './dictionary.ts';
import { parquetTable } from './formats/parquet-table.ts';
import { type ExportFormat, type ExportRow, FORMATS, type TableWriter } from './formats/table.ts';
import { csvTable, jsonlTable } from './formats/text-tables.ts';
import { eventRows, eventsOf, historyRows, indexRows, planRows } from './rows.ts';

export interface ExportSettings {
  /** Where the files go. */
  folder: string;
  /** Whose plans may be given away: names of sources. */
  sources: readonly string[];
}

interface Building extends ExportSettings {
  database: Pick<Database, 'transaction'>;
  /** DUNS of all TDSPs. */
  tdsps: readonly string[];
}

const OPEN: Record<ExportFormat, typeof csvTable> = {
  csv: csvTable,
  jsonl: jsonlTable,
  parquet: parquetTable,
};
/** Rows in one group of a Parquet file, and in memory. */
const ROWS_AT_ONCE = 10_000;
const HASH_IN_NAME = 16;

/** The files of one export while they are made; all of them appear under their names at the end, or none does. */
class Files {
  readonly #folder: string;
  readonly #open = new Map<string, { writer: TableWriter; path: string; rows: number }>();
  readonly #made: (Omit<ExportFile, 'path'> & { made: string })[] = [];

  constructor(folder: string) {
    this.#folder = folder;
  }

  async write(
    table: TableName,
    rows: readonly ExportRow[],
    formats: readonly ExportFormat[] = FORMATS,
  ): Promise<void> {
    for (const format of formats) {
      const key = `${table}.${format}`;
      let file = this.#open.get(key);
      if (!file) {
        const path = join(this.#folder, key);
        file = { writer: await OPEN[format](path, TABLES[table].columns), path, rows: 0 };
        this.#open.set(key, file);
      }
      await file.writer.write(rows);
      file.rows += rows.length;
    }
  }

  async finish(): Promise<void> {
    for (const [key, { writer, path, rows }] of this.#open) {
      await writer.finish();
      const hash = createHash('sha256');
      for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
      const [table, format] = key.split('.') as [TableName, ExportFormat];
      const { size } = await stat(path);
      this.#made.push({ table, format, made: path, rows, bytes: size, sha256: hash.digest('hex') });
    }
  }

  /** @param label before the names, where plans are invented */
  async publish(folder: string, label: string, name: string): Promise<ExportFile[]> {
    return Promise.all(
      this.#made.map(async ({ made, ...file }) => {
        const path = `${label}${file.table}-${name}.${file.sha256.slice(0, HASH_IN_NAME)}.${file.format}`;
        await rename(made, join(folder, path));
        return { ...file, path };
      }),
    );
  }
}

interface MarketThen {
  sets: { set: PlanSet; about: SnapshotAbout }[];
  leftOut: { tdsp_duns: string; why: 'source_not_exported' | 'not_kept' }[];
}

/** The plans of a version are asked for once, however many days it lasted. */
type KnownSets = Map<string, PlanSet | 'not_kept' | null>;

async function readMarketAt(
  connection: Connection,
  { tdsps, sources }: Building,
  at: Date,
  known: KnownSets = new Map(),
): Promise<MarketThen> {
  const versions = await readVersionsAt(connection, tdsps, at);
  const abouts = await readSnapshotsAbout(connection, versions);
  const found: MarketThen = { sets: [], leftOut: [] };
  for (const about of abouts) {
    const { tdsp_duns, version, source } = about;
    if (!sources.includes(source)) {
      found.leftOut.push({ tdsp_duns, why: 'source_not_exported' });
      continue;
    }
    const key = `${tdsp_duns} ${version}`;
    const set = known.has(key) ? known.get(key)! : await rebuildPlanSet(connection, tdsp_duns, version);
    for (const old of known.keys()) if (old.startsWith(`${tdsp_duns} `)) known.delete(old);
    known.set(key, set);
    if (set === 'not_kept' || set === null) found.leftOut.push({ tdsp_duns, why: 'not_kept' });
    else found.sets.push({ set, about });
  }
  return found;
}

/** One look at the database, so that no publish comes in between. */
async function building<T>(
  { database, folder }: Building,
  work: (connection: Connection, files: Files) => Promise<T>,
): Promise<T> {
  await mkdir(folder, { recursive: true });
  // Beside the files, so that a rename puts them in place.
  const scratch = await mkdtemp(join(folder, '.making-'));
  try {
    return await database.transaction(async (connection) => {
      await connection.query('set transaction isolation level repeatable read read only');
      return work(connection, new Files(scratch));
    });
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

/**
 * Plans, events and rate index of a day, in every format.
 * @returns `null` where there is nothing that may be exported
 */
export function buildDay(build: Building, day: MarketDay): Promise<KeptExport | null> {
  return building(build, async (connection, files) => {
    const from = await readDayBegin(connection, day);
    const until = await readDayBegin(connection, addDays(day, 1));
    // What is published at midnight is of the next day.
    const { sets, leftOut } = await readMarketAt(connection, build, new Date(until.getTime() - 1));
    if (sets.length === 0) return null;
    const { sources } = build;
    for (const { set } of sets) await files.write('plans', planRows(day, set));
    await files.write('events', []);
    for await (const events of eventsOf(connection, { from, until, sources })) {
      await files.write('events', eventRows(events));
    }
    const exported = sets.map(({ set }) => set.tdsp_duns);
    await files.write('rate-index', indexRows(day, await readIndexOfDay(connection, exported, day)));
    await files.finish();
    const label = labelOf(sets.map(({ about }) => about.source));
    const snapshots = sets.map(({ about }) => ({ ...about, day }));
    const left_out = leftOut.map((one) => ({ day, ...one }));
    const descriptor = dataPackage({
      name: day,
      until,
      snapshots,
      left_out,
      files: await files.publish(build.folder, label, day),
    });
    return { name: day, until_at: until, descriptor };
  });
}

/**
 * A month in one file: the plans of each of its days, and all of the price history. As Parquet, which is made for it.
 * @param month `2026-11`
 * @param lastDay of the month that is over
 * @returns `null` where there is nothing that may be exported
 */
export function buildMonth(build: Building, month: string, lastDay: MarketDay): Promise<KeptExport | null> {
  return building(build, async (connection, files) => {
    const first = `${month}-01`;
    const known: KnownSets = new Map();
    const snapshots: (SnapshotAbout & { day: string })[] = [];
    const left_out: (MarketThen['leftOut'][number] & { day: string })[] = [];
    let waiting: ExportRow[] = [];
    for (let day = first; day <= lastDay; day = addDays(day, 1)) {
      const end = await readDayBegin(connection, addDays(day, 1));
      const { sets, leftOut } = await readMarketAt(connection, build, new Date(end.getTime() - 1), known);
      for (const { set, about } of sets) {
        waiting.push(...planRows(day, set));
        snapshots.push({ ...about, day });
        if (waiting.length < ROWS_AT_ONCE) continue;
        await files.write('plans', waiting, ['parquet']);
        waiting = [];
      }
      left_out.push(...leftOut.map((one) => ({ day, ...one })));
    }
    if (snapshots.length === 0) return null;
    await files.write('plans', waiting, ['parquet']);
    const until = await readDayBegin(connection, addDays(lastDay, 1));
    await files.write('history', [], ['parquet']);
    const between = { from: await readDayBegin(connection, first), until, sources: build.sources };
    for await (const rows of historyRows(connection, { ...between, most: ROWS_AT_ONCE })) {
      await files.write('history', rows, ['parquet']);
    }
    await files.finish();
    const label = labelOf(snapshots.map(({ source }) => source));
    const descriptor = dataPackage({
      name: month,
      until,
      snapshots,
      left_out,
      files: await files.publish(build.folder, label, month),
    });
    return { name: month, until_at: until, descriptor };
  });
}
