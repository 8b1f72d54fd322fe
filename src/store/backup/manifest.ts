/** The last entry of a backup: what is in it, and how to tell that it is whole. */

import { createHash } from 'node:crypto';
import { z } from 'zod';
import { StoreError } from '../store-error.ts';

export const FORMAT = 'wattsync backup';
/** Raised when an older version of wattsync could not restore it any more. */
export const FORMAT_VERSION = 1;

const count = z.number().int().nonnegative();

/** A time as PostgreSQL spells it in a bound, or none. Read, and spelled anew where it is used: nothing of a manifest is pasted. */
const TIME = String.raw`'(\d{4}-\d\d-\d\d \d\d:\d\d:\d\d(?:\+00)?)'`;
const BOUND = new RegExp(`^FOR VALUES FROM \\((?:MINVALUE|${TIME})\\) TO \\((?:MAXVALUE|${TIME})\\)$`);

/** From when until when a partition holds rows; `null`: without an end there. `default`: what no other holds. */
type PartitionBound = 'default' | { from: Date | null; to: Date | null };

/** @returns `undefined` where it is not a bound */
export function readBound(text: string): PartitionBound | undefined {
  if (text === 'DEFAULT') return 'default';
  const found = BOUND.exec(text);
  if (!found) return undefined;
  const [from, to] = [found[1], found[2]].map((time) =>
    time === undefined ? null : new Date(`${time.slice(0, 19).replace(' ', 'T')}Z`),
  ) as [Date | null, Date | null];
  return [from, to].some((time) => time !== null && Number.isNaN(time.getTime())) ? undefined : { from, to };
}

/** Whether it is a name of ours is known once the migrations have made what they make. */
const name = z.string().min(1).max(63);

const manifestSchema = z.object({
  format: z.literal(FORMAT),
  format_version: z.literal(FORMAT_VERSION),
  made_at: z.iso.datetime(),
  made_from: z.object({ postgres: z.string(), database: z.string() }),
  migrations: z.array(z.object({ number: count, name: z.string(), checksum: z.string() })),
  tables: z.array(
    z.object({
      name,
      columns: z.array(name),
      rows: count,
      bytes: count,
      sha256: z.string(),
    }),
  ),
  partitions: z.array(
    z.object({
      name,
      parent: name,
      bound: z.string().refine((text) => readBound(text) !== undefined, 'expected the bounds of a partition'),
    }),
  ),
  sequences: z.array(z.object({ name, last_value: z.number().int(), is_called: z.boolean() })),
  /** Materialised: made anew from the tables. */
  views: z.array(name),
  left_out: z.array(z.object({ name: z.string(), reason: z.string() })),
});

export type Manifest = z.infer<typeof manifestSchema>;
export type BackupTable = Manifest['tables'][number];

/** @throws {StoreError} `backup_damaged` it is none, or of a format that this version does not know */
export function readManifest(json: string): Manifest {
  let value: { format_version?: unknown } | null;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new StoreError('backup_damaged', 'The manifest of the backup cannot be read.', { cause });
  }
  const version = value?.format_version;
  if (typeof version === 'number' && version > FORMAT_VERSION) {
    throw new StoreError(
      'backup_damaged',
      `The backup has format ${version}, this version of wattsync reads up to ${FORMAT_VERSION}: restore it with a newer one.`,
    );
  }
  const parsed = manifestSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, message } = parsed.error.issues[0]!;
  throw new StoreError(
    'backup_damaged',
    `The manifest of the backup is wrong at ${path.join('.')}: ${message}.`,
  );
}

const LINE_END = 0x0a;

/** What the manifest says about the rows of one table, counted while they pass. */
export class RowTally {
  readonly #hash = createHash('sha256');
  rows = 0;
  bytes = 0;

  /** Any piece of what COPY writes: a line for each row, and other line ends as \n. */
  add(data: Buffer): void {
    this.#hash.update(data);
    this.bytes += data.length;
    for (let at = data.indexOf(LINE_END); at !== -1; at = data.indexOf(LINE_END, at + 1)) this.rows += 1;
  }

  /** Nothing can be added after this. */
  close(): Pick<BackupTable, 'rows' | 'bytes' | 'sha256'> {
    return { rows: this.rows, bytes: this.bytes, sha256: this.#hash.digest('hex') };
  }
}
