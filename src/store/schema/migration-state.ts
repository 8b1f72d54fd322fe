/** How the migrations of a database relate to those of this version of the program. */

import type { Queryable } from '../postgres/database.ts';
import { type Migration, readMigrations } from './migration.ts';

export interface MigrationState {
  applied: number;
  last: string | null;
  /** Known here, not applied there. */
  behind: string[];
  /** Applied there, unknown here: a newer version was at work. */
  ahead: string[];
  /** Changed since they were applied. */
  edited: string[];
}

export async function readMigrationState(
  queryable: Queryable,
  migrations: readonly Migration[] = readMigrations(),
): Promise<MigrationState> {
  const { rows: tables } = await queryable.query<{ exists: boolean }>(
    `select to_regclass('schema_migrations') is not null as exists`,
  );
  const applied = tables[0]!.exists
    ? (
        await queryable.query<{ number: number; name: string; checksum: string }>(
          'select number, name, checksum from schema_migrations order by number',
        )
      ).rows
    : [];
  const byNumber = new Map(applied.map((one) => [one.number, one]));
  return {
    applied: applied.length,
    last: applied.at(-1)?.name ?? null,
    behind: migrations.filter(({ number }) => !byNumber.has(number)).map(({ name }) => name),
    ahead: applied
      .filter((one) => !migrations.some(({ number }) => number === one.number))
      .map(({ name }) => name),
    edited: migrations.flatMap(({ number, name, checksum }) =>
      byNumber.has(number) && byNumber.get(number)!.checksum !== checksum ? [name] : [],
    ),
  };
}
