/** `db migrate`: what other commands do silently before their work. */

import { openDatabase } from '../../store/postgres/database.ts';
import { migrate } from '../../store/schema/migrate.ts';
import { readMigrations } from '../../store/schema/migration.ts';
import { answer, type CommandContext } from '../command.ts';

export async function dbMigrate(context: CommandContext): Promise<number> {
  const { databaseUrl, dataDir } = context.config;
  const total = readMigrations().length;
  const database = await openDatabase({ databaseUrl, dataDir, connections: 2 });
  try {
    const applied = await migrate(database);
    return answer(context, { applied, total }, () =>
      applied.length === 0
        ? `Nothing to do: all ${total} migrations are applied.`
        : `Applied ${applied.join(', ')}.`,
    );
  } finally {
    await database.close();
  }
}
