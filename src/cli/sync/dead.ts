/** `sync dead` and `sync redrive`: what was given up, and another try at it. */

import { expected } from '../../errors.ts';
import { minuteText } from '../../monitor/text.ts';
import { type DeadLetter, readDeadLetters } from '../../store/queue/sync-runs.ts';
import { readTerritory } from '../../store/territory.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { UsageError } from '../usage-error.ts';
import { nameOf } from './report.ts';
import type { SyncCommandOptions } from './sync.ts';

const NOTHING_DEAD = 'No sync was given up.';

export async function syncDead(context: CommandContext): Promise<number> {
  const territory = readTerritory();
  const dead = (await readDead(context)).map((one) => ({ ...one, name: nameOf(territory, one.tdsp_duns) }));
  return answer(context, { dead }, () => (dead.length === 0 ? NOTHING_DEAD : describe(dead)));
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
    const message = wanted.length === 0 ? NOTHING_DEAD : 'None of these was given up.';
    return answer(context, { status: 'succeeded', tdsps, message }, () => message);
  }
  // A success takes the dead letter away, another failure replaces it.
  const { sync } = await import('./sync.ts');
  return sync(context, options, () => ({ kind: 'redrive', tdsps }));
}

const readDead = (context: CommandContext): Promise<DeadLetter[]> =>
  withStore(context, 1, ({ pool }) => readDeadLetters(pool));

function describe(dead: readonly (DeadLetter & { name: string })[]): string {
  const lines = dead.map(
    ({ name, died_at, error_code, message }) =>
      `${name.padEnd(18)} ${minuteText(died_at)}Z  ${error_code}\n    ${message}`,
  );
  return `${lines.join('\n')}\n\nTry again: npm run sync:redrive`;
}
