/** How the migrations of a database relate to those of this version of the program. */

import type { Queryable } from '../postgres/database.ts';
import { type Migration, readMigrations } from './migration.ts';

export interface MigrationState {
  applied: number;
  last: string | null;
  /** Known here, not applied there. */
  behind: string[];
  /** Applied there, unknown here: by a newer version. */
  ahead: string[];
  /** Changed since they were applied. */
  edited: string[];
  /** Applied there under a number that is another migration's here: by a development version. */
  renamed: string[];
}

/** Changes nothing. */
export async function readMigrationState(
  queryable: Queryable,
  migrations: readonly Migration[] = readMigrations(),
): Promise<MigrationState> {
  const applied = await readApplied(queryable);
  const names = (some: readonly { name: string }[]) => some.map(({ name }) => name);
  const known = new Map(migrations.map((one) => [one.number, one]));
  const numbers = new Set(applied.map(({ number }) => number));
  const both = applied.filter(({ number }) => known.has(number));
  return {
    applied: applied.length,
    last: applied.at(-1)?.name ?? null,
    behind: names(migrations.filter(({ number }) => !numbers.has(number))),
    ahead: names(applied.filter(({ number }) => !known.has(number))),
    edited: names(both.filter(({ number, checksum }) => known.get(number)!.checksum !== checksum)),
    renamed: names(both.filter(({ number, name }) => known.get(number)!.name !== name)),
  };
}

async function readApplied(queryable: Queryable): Promise<Pick<Migration, 'number' | 'name' | 'checksum'>[]> {
  // Asked first, because a failed statement would end the transaction around it.
  const { rows } = await queryable.query<{ exists: boolean }>(
    `select to_regclass('schema_migrations') is not null as exists`,
  );
  if (!rows[0]!.exists) return [];
  const applied = await queryable.query<Migration>(
    'select number, name, checksum from schema_migrations order by number',
  );
  return applied.rows;
}
