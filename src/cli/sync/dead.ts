/** `sync dead` and `sync redrive`: what was given up, and another try at it. */

import { openStore } from '../../app/open.ts';
import { expected } from '../../errors.ts';
import { type DeadLetter, readDeadLetters } from '../../store/queue/sync-runs.ts';
import { readTerritory } from '../../store/territory.ts';
import type { Territory } from '../../territory/territory.ts';
import type { CommandContext } from '../command.ts';
import { UsageError } from '../usage-error.ts';
import { type SyncCommandOptions, sync } from './sync.ts';

export async function syncDead(context: CommandContext): Promise<number> {
  const territory = readTerritory();
  const dead = (await readDead(context)).map((one) => ({ ...one, name: nameOf(one, territory) }));
  if (context.isJson) console.log(JSON.stringify({ dead }));
  else console.log(dead.length === 0 ? 'No sync was given up.' : describe(dead));
  return 0;
}

export async function syncRedrive(
  context: CommandContext,
  given: string[],
  options: SyncCommandOptions,
): Promise<number> {
  const territory = readTerritory();
  const wanted = given.map((text) => {
    const tdsp = territory.tdsp(text);
    if (!tdsp) throw new UsageError(expected(`one of ${territory.tdspList}`, text));
    return tdsp.duns;
  });
  const dead = (await readDead(context)).map(({ tdsp_duns }) => tdsp_duns);
  const tdsps = dead.filter((duns) => wanted.length === 0 || wanted.includes(duns));
  if (tdsps.length === 0) {
    const text = wanted.length === 0 ? 'No sync was given up.' : 'None of these was given up.';
    console.log(context.isJson ? JSON.stringify({ status: 'succeeded', tdsps: [], message: text }) : text);
    return 0;
  }
  // A success takes the dead letter away, another failure replaces it.
  return sync(context, options, () => ({ kind: 'redrive', tdsps, requested_by: 'cli' }));
}

async function readDead({ config }: Pick<CommandContext, 'config'>): Promise<DeadLetter[]> {
  const database = await openStore(config, 1);
  try {
    return await readDeadLetters(database.pool);
  } finally {
    await database.close();
  }
}

const nameOf = ({ tdsp_duns }: DeadLetter, territory: Territory): string =>
  territory.tdsp(tdsp_duns)?.short_name ?? tdsp_duns;

function describe(dead: readonly (DeadLetter & { name: string })[]): string {
  const lines = dead.map(
    ({ name, died_at, error_code, message }) =>
      `${name.padEnd(18)} ${died_at.toISOString().slice(0, 19)}Z  ${error_code}\n    ${message}`,
  );
  return `${lines.join('\n')}\n\nTry again: npm run sync:redrive (with --force to publish what the guard held back)`;
}
