/** A migration file: its number, its text, and a checksum that tells whether it was edited. */

import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { WattsyncError } from '../../errors.ts';

/** The database and the migration files contradict each other. */
export class MigrationError extends WattsyncError {
  readonly code = 'migration_mismatch';
  readonly retryable = false;
}

export interface Migration {
  number: number;
  name: string;
  sql: string;
  checksum: string;
}

/** @throws {MigrationError} a file name without a number, or a number given twice */
export function readMigrations(folder: URL = new URL('./migrations/', import.meta.url)): Migration[] {
  const files = readdirSync(folder).filter((file) => file.endsWith('.sql'));
  const seen = new Set<number>();
  return files.toSorted().map((file) => {
    const number = Number.parseInt(/^(\d{4})_[a-z0-9_]+\.sql$/.exec(file)?.[1] ?? '', 10);
    // Gaps are fine: two branches take a number each, and either may be the first to be released.
    if (Number.isNaN(number) || seen.has(number)) {
      throw new MigrationError(
        `Migration file ${file} has no number of its own: names look like 0004_what_it_does.sql, each number once.`,
      );
    }
    seen.add(number);
    const sql = readFileSync(new URL(file, folder), 'utf8');
    return {
      number,
      name: file.replace(/\.sql$/, ''),
      sql,
      checksum: createHash('sha256').update(sql).digest('hex'),
    };
  });
}
