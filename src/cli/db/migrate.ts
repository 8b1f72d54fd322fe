/** `db migrate`: the only thing other commands do silently before their work, said aloud. */

import { openDatabase } from '../../store/postgres/database.ts';
import { migrate } from '../../store/schema/migrate.ts';
import { readMigrations } from '../../store/schema/migration.ts';
import type { CommandContext } from '../command.ts';

export async function dbMigrate({ config, isJson }: CommandContext): Promise<number> {
  const migrations = readMigrations();
  const database = await openDatabase({
    databaseUrl: config.databaseUrl,
    dataDir: config.dataDir,
    connections: 2,
  });
  try {
    const applied = await migrate(database, migrations);
    if (isJson) console.log(JSON.stringify({ applied, total: migrations.length }));
    else if (applied.length === 0)
      console.log(`Nothing to do: all ${migrations.length} migrations are applied.`);
    else console.log(`Applied ${applied.join(', ')}.`);
    return 0;
  } finally {
    await database.close();
  }
}
