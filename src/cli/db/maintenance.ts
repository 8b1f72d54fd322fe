/** `db maintenance`: removes what is past its time and repairs what was left half done. */

import { countText, plural, sizeText, tookText } from '../../monitor/text.ts';
import {
  type MaintenanceReport,
  runMaintenance,
  type StepResult,
  type VacuumResult,
} from '../../store/upkeep/maintenance.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { showSteps, statusOf } from '../step-progress.ts';
import { wrap } from '../wrap.ts';

export function dbMaintenance(
  context: CommandContext,
  { dryRun = false }: { dryRun?: boolean },
): Promise<number> {
  return withStore(context, 2, async (database) => {
    const started = performance.now();
    const { result, wasStopped } = await showSteps(context, (progress, signal) =>
      runMaintenance(database, {
        keep: context.config.retention,
        dryRun,
        signal,
        progress: {
          now: (what, done, of) =>
            progress.now(of ? `${what} … ${countText(done ?? 0)} of ${countText(of)}` : `${what} …`),
          finished: (one) => progress.line('table' in one ? describeVacuum(one) : describeStep(one)),
        },
      }),
    );
    const duration_ms = Math.round(performance.now() - started);
    if ('busy' in result) {
      const { busy } = result;
      return answer(
        context,
        { status: 'busy', busy, steps: [], vacuumed: [], duration_ms },
        () => `Another db:maintenance (session ${busy.pid}) is at work: it does what there is to do.`,
      );
    }
    const status = statusOf([...result.steps, ...result.vacuumed], { wasStopped, dryRun });
    const report = { status, ...result, removed: removed(result), duration_ms };
    return answer(context, report, () => summary(report), status === 'done' || status === 'planned');
  });
}

const removed = ({ steps }: MaintenanceReport): number => steps.reduce((sum, { count }) => sum + count, 0);

const INDENT = ' '.repeat(32);

function describeStep({ name, what, count, status, message, duration_ms }: StepResult): string {
  const took = status === 'done' && count > 0 ? ` (${tookText(duration_ms)})` : '';
  const head = `${status === 'failed' ? '!' : ' '} ${name.padEnd(20)}${countText(count).padStart(8)}  `;
  const text = `${head}${wrap(`${what}${took}`, INDENT)}`;
  return message ? `${text}\n${INDENT}${wrap(`Failed: ${message}`, INDENT)}` : text;
}

function describeVacuum(result: VacuumResult): string {
  const { table, dead_rows, bytes_before, bytes_after, status, message } = result;
  const sizes =
    bytes_after !== null && bytes_after !== bytes_before
      ? `, ${sizeText(bytes_before)} → ${sizeText(bytes_after)}`
      : '';
  const verb = { done: 'vacuumed', planned: 'would be vacuumed', failed: `not vacuumed: ${message}` }[status];
  const head = `${status === 'failed' ? '!' : ' '} ${table.padEnd(20)}${' '.repeat(8)}  `;
  return head + wrap(`${verb}, ${plural(dead_rows, 'dead row')}${sizes}`, INDENT);
}

const ENDS: Record<string, string> = {
  stopped: ' Stopped before the end: run it again for the rest.',
  failed: ' Some of it failed: run it again.',
};

function summary({
  status,
  removed: count,
  vacuumed,
  duration_ms,
}: MaintenanceReport & { status: string; removed: number; duration_ms: number }): string {
  const took = tookText(duration_ms);
  if (status === 'planned') return `\n${plural(count, 'row')} would go. Nothing was changed.`;
  const tables = vacuumed.length > 0 ? `, ${plural(vacuumed.length, 'table')} vacuumed` : '';
  return `\n${plural(count, 'row')} removed or repaired${tables}, in ${took}.${ENDS[status] ?? ''}`;
}
