/** `schema`: the JSON Schema of what a command answers with `--json`. */

import { readdirSync, readFileSync } from 'node:fs';
import { expected } from '../../errors.ts';
import { answer, type CommandContext } from '../command.ts';
import { UsageError } from '../usage-error.ts';

const FOLDER = new URL('../../../docs/schemas/', import.meta.url);

export async function schemaCommand(context: CommandContext, command?: string): Promise<number> {
  // `sync status` is kept as sync-status.json.
  const names = readdirSync(FOLDER)
    .map((file) => file.replace('.json', ''))
    .toSorted();
  if (command === undefined) {
    return answer(context, { schemas: names }, () => names.join('\n'));
  }
  const name = command.trim().replaceAll(/[\s:]+/g, '-');
  if (!names.includes(name)) throw new UsageError(expected(`one of ${names.join(', ')}`, command));
  const schema = JSON.parse(readFileSync(new URL(`${name}.json`, FOLDER), 'utf8'));
  return answer(context, schema, () => JSON.stringify(schema, null, 2));
}
