/** Starts and ends the processes of `tell-child.ts`. */

import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { EventFilter } from '../../src/store/events/event-log.ts';
import type { Queryable } from '../../src/store/postgres/database.ts';
import type { Heard, TellJob } from './tell-child.ts';

const CHILD = fileURLToPath(new URL('tell-child.ts', import.meta.url));

/** Resolves when it is at work. */
export async function startTelling<Said = { ready: true }>(
  job: TellJob,
): Promise<{ child: ChildProcess; said: Said }> {
  const child = fork(CHILD, [JSON.stringify(job)]);
  const [said] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(() => Promise.reject(new Error(`the process that should ${job.kind} ended`))),
  ])) as [Said];
  return { child, said };
}

/** What it heard so far. */
export async function heardBy(child: ChildProcess): Promise<Heard[]> {
  const told = once(child, 'message');
  child.send('report');
  const [{ heard }] = (await told) as [{ heard: Heard[] }];
  return heard;
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

/** Receivers that the guard of addresses would not let anybody register: they are at this machine. */
export async function insertReceivers(
  queryable: Queryable,
  names: readonly string[],
  port: number,
  filter: EventFilter = {},
): Promise<void> {
  await queryable.query(
    `insert into webhooks (name, url, sealed_secret, filter, with_plans, created_by, seq)
     select name, 'http://hook.test:' || $2 || '/' || name, 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', $3, false, 'test', last_seq
       from unnest($1::text[]) name cross join market_log`,
    [names, String(port), JSON.stringify(filter)],
  );
}
