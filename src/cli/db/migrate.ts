/** `db migrate`: what other commands do silently before their work. */

import { migrate } from '../../store/schema/migrate.ts';
import { readMigrations } from '../../store/schema/migration.ts';
import { answer, type CommandContext, withDatabase } from '../command.ts';

export function dbMigrate(context: CommandContext): Promise<number> {
  const total = readMigrations().length;
  return withDatabase(
    context,
    2,
    async (database) => {
      const applied = await migrate(database);
      return answer(context, { applied, total }, () =>
        applied.length === 0
          ? `Nothing to do: all ${total} migrations are applied.`
          : `Applied ${applied.join(', ')}.`,
      );
    },
    true,
  );
}
