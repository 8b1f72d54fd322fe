/** `sync dead` and `sync redrive`: what failed for good, and another try at it. */

import { expected } from '../../errors.ts';
import { readTerritory } from '../../store/territory.ts';
import { type DeadJob, JobQueue, STATE_KEY } from '../../sync/work/job-queue.ts';
import type { Territory } from '../../territory/territory.ts';
import type { CommandContext } from '../command.ts';
import { UsageError } from '../usage-error.ts';
import { type SyncCommandOptions, sync } from './sync.ts';

interface Dead {
  queue: string;
  tdsp_duns: string;
  name: string;
  died_at: Date;
  error_code: string | null;
  message: string | null;
}

export async function syncDead({ config, isJson, parts }: CommandContext): Promise<number> {
  const dead = await readDead({ config, parts });
  if (isJson) console.log(JSON.stringify({ dead }));
  else console.log(dead.length === 0 ? 'Nothing failed for good.' : describe(dead));
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
    if (!tdsp) throw new UsageError(expected(`a TDSP (${territory.tdspList})`, text));
    return tdsp.duns;
  });
  const dead = (await readDead(context)).map(({ tdsp_duns }) => tdsp_duns);
  const tdsps = [...new Set(dead)].filter((duns) => wanted.length === 0 || wanted.includes(duns));
  if (tdsps.length === 0) {
    const text = wanted.length === 0 ? 'Nothing failed for good.' : 'None of these failed for good.';
    console.log(context.isJson ? JSON.stringify({ status: 'succeeded', tdsps: [], message: text }) : text);
    return 0;
  }
  // A success takes the dead letter away, another failure replaces it.
  return sync(context, options, () => ({ kind: 'redrive', tdsps, requested_by: 'cli' }));
}

async function readDead({ config, parts }: Pick<CommandContext, 'config' | 'parts'>): Promise<Dead[]> {
  const database = await (await parts()).openStore(config, 2);
  const { connectionString } = database;
  const jobs = new JobQueue({ connectionString, works: false, schedules: false, onError: () => {} });
  try {
    await jobs.start();
    const territory = readTerritory();
    return (await jobs.deadJobs()).flatMap((job) => toDead(job, territory));
  } finally {
    await jobs.stop();
    await database.close();
  }
}

/** A job may have been for several TDSPs; one that says nothing of them was for the one it is named by. */
function toDead(
  { queue, key, died_at, failures: told }: DeadJob & { queue: string },
  territory: Territory,
): Dead[] {
  const failures = told ?? [
    {
      tdsp_duns: key,
      error_code: 'sync_job_lost',
      message: 'its workers died or froze, one after the other',
    },
  ];
  return failures
    .filter(({ tdsp_duns }) => tdsp_duns !== STATE_KEY)
    .map((failure) => ({
      queue,
      died_at,
      ...failure,
      name: territory.tdsp(failure.tdsp_duns)?.short_name ?? failure.tdsp_duns,
    }));
}

function describe(dead: readonly Dead[]): string {
  const lines = dead.map(
    ({ name, died_at, error_code, message }) =>
      `${name.padEnd(18)} ${died_at.toISOString().slice(0, 19)}Z  ${error_code}\n    ${message}`,
  );
  return `${lines.join('\n')}\n\nTry again: npm run sync:redrive (with --force to publish what the guard held back)`;
}
