/** `db optimize`: repairs indexes, statistics, views and dead rows, and says what that gained. */

import { plural, sizeText, tookText } from '../../monitor/text.ts';
import type { Database } from '../../store/postgres/database.ts';
import { type DoneAction, type OptimizeResult, optimizeDatabase } from '../../store/upkeep/optimize.ts';
import { worstFactor } from '../../store/upkeep/readings/estimates.ts';
import { readTables } from '../../store/upkeep/readings/tables.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { showSteps, statusOf } from '../step-progress.ts';
import { UsageError } from '../usage-error.ts';
import { wrap } from '../wrap.ts';

export interface OptimizeOptions {
  dryRun?: boolean;
  freeze?: boolean;
  rewrite: string[];
}

export function dbOptimize(
  context: CommandContext,
  { dryRun = false, freeze = false, rewrite }: OptimizeOptions,
): Promise<number> {
  return withStore(context, 2, async (database) => {
    const started = performance.now();
    await checkTables(database, rewrite);
    const { result, wasStopped } = await showSteps(context, async (progress, signal) =>
      optimizeDatabase(database, {
        dryRun,
        freeze,
        rewrite,
        signal,
        progress: {
          started: ({ kind, subject }) => progress.now(`${verbOf(kind)} ${subject} …`),
          finished: (action) => progress.line(describe(action)),
        },
      }),
    );
    const duration_ms = Math.round(performance.now() - started);
    if ('busy' in result) {
      const { pid, since } = result.busy;
      const from = since ? ` since ${since.toISOString().slice(11, 19)} UTC` : '';
      return answer(
        context,
        { status: 'busy', busy: result.busy, actions: [], duration_ms },
        () => `Another db:optimize (session ${pid}) has been at work${from}: it does what there is to do.`,
      );
    }
    const { actions, estimates } = result;
    const status = statusOf(actions, { wasStopped, dryRun });
    const report = { status, actions, gained_bytes: gain(actions), estimates, duration_ms };
    return answer(context, report, () => summary(report), status === 'done' || status === 'planned');
  });
}

/** @throws {UsageError} a table that is not there */
async function checkTables(database: Database, wanted: readonly string[]): Promise<void> {
  if (wanted.length === 0) return;
  const names = (await readTables(database.pool)).map(({ name }) => name);
  const wrong = wanted.filter((name) => !names.includes(name));
  if (wrong.length === 0) return;
  throw new UsageError(`--rewrite ${wrong.join(' ')}: no such table. There are ${names.join(', ')}.`);
}

/** `create` for `create_index`, in its column. */
const verbOf = (kind: DoneAction['kind']): string => kind.replace(/_.*/, '').padEnd(8);

const INDENT = ' '.repeat(11);

function describe(action: DoneAction): string {
  const { kind, subject, why, status, message, bytes_before, bytes_after, duration_ms } = action;
  const sizes =
    bytes_before !== null && bytes_after !== null && bytes_before !== bytes_after
      ? `, ${sizeText(bytes_before)} → ${sizeText(bytes_after)}`
      : status === 'planned' && bytes_before !== null
        ? `, ${sizeText(bytes_before)}`
        : '';
  const took = status === 'done' ? `, ${tookText(duration_ms)}` : '';
  const mark = { done: ' ', planned: '·', skipped: '–', failed: '!' }[status];
  const lines = [`${mark} ${verbOf(kind)} ${wrap(`${subject}: ${why}${sizes}${took}`, INDENT)}`];
  if (message) lines.push(INDENT + wrap(status === 'failed' ? `Failed: ${message}` : message, INDENT));
  return lines.join('\n');
}

/** Of what shrank; what is new costs, and is not a loss. */
const gain = (actions: readonly DoneAction[]): number =>
  actions.reduce(
    (sum, { bytes_before, bytes_after }) =>
      bytes_before === null ? sum : sum + Math.max(0, bytes_before - (bytes_after ?? bytes_before)),
    0,
  );

interface Report extends OptimizeResult {
  status: string;
  gained_bytes: number;
  duration_ms: number;
}

function summary({ status, actions, gained_bytes, estimates, duration_ms }: Report): string {
  if (actions.length === 0) return 'Nothing to do: indexes, statistics and views are as they should be.';
  const count = (wanted: DoneAction['status']) => actions.filter((one) => one.status === wanted).length;
  if (status === 'planned')
    return `\n${plural(count('planned'), 'step')} would be done. Nothing was changed.`;
  const [before, after] = [worstFactor(estimates.before), worstFactor(estimates.after)];
  const failed = count('failed');
  const lines = [
    '',
    `${plural(count('done'), 'step')} done${failed > 0 ? `, ${failed} failed` : ''} in ${tookText(duration_ms)}, ${sizeText(gained_bytes)} given back.`,
  ];
  if (status === 'stopped') lines.push('Stopped before the end: run it again for the rest.');
  if (before !== null && after !== null) {
    lines.push(
      `Row estimates for the most frequent searches: at worst ${before.toFixed(1)} times off before, ${after.toFixed(1)} after.`,
    );
  }
  return lines.join('\n');
}
