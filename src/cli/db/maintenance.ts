/** `db maintenance`: removes what is past its time and repairs what was left half done. */

import { openStore } from '../../app/open.ts';
import { countText, plural, sizeText } from '../../monitor/amounts.ts';
import {
  type MaintenanceEvent,
  type MaintenanceReport,
  runMaintenance,
  type StepResult,
  type VacuumResult,
} from '../../store/upkeep/maintenance.ts';
import type { CommandContext } from '../command.ts';
import { type StepProgress, stepProgress, untilStopped } from '../step-progress.ts';
import { wrap } from '../wrap.ts';

export async function dbMaintenance(
  { config, isJson }: CommandContext,
  { dryRun = false }: { dryRun?: boolean },
): Promise<number> {
  const started = performance.now();
  const database = await openStore(config, 2);
  const progress = stepProgress(isJson);
  try {
    const { result, wasStopped } = await untilStopped(async (signal) => ({
      result: await runMaintenance(database, {
        keep: config.retention,
        dryRun,
        signal,
        onEvent: (event) => show(event, progress),
      }),
      wasStopped: signal.aborted,
    }));
    progress.end();
    const duration_ms = Math.round(performance.now() - started);
    if ('busy' in result) {
      console.log(
        isJson
          ? JSON.stringify({ status: 'busy', busy: result.busy, steps: [], vacuumed: [], duration_ms })
          : `Another db:maintenance (session ${result.busy.pid}) is at work: it does what there is to do.`,
      );
      return 0;
    }
    const hasFailed = [...result.steps, ...result.vacuumed].some(({ status }) => status === 'failed');
    const status = wasStopped ? 'stopped' : hasFailed ? 'failed' : dryRun ? 'planned' : 'done';
    const report = { status, ...result, removed: removed(result), duration_ms };
    console.log(isJson ? JSON.stringify(report) : summary(report));
    return hasFailed || wasStopped ? 1 : 0;
  } finally {
    progress.end();
    await database.close();
  }
}

const removed = ({ steps }: MaintenanceReport): number => steps.reduce((sum, { count }) => sum + count, 0);

function show(event: MaintenanceEvent, progress: StepProgress): void {
  if (event.type === 'step_progress') {
    progress.now(`${event.name} … ${countText(event.done)} of ${countText(event.total)}`);
  } else if (event.type === 'step_finished') progress.line(describeStep(event.result));
  else if (event.type === 'vacuum_started') progress.now(`vacuum ${event.table} …`);
  else if (event.type === 'vacuum_finished') progress.line(describeVacuum(event.result));
}

const INDENT = ' '.repeat(32);

function describeStep({ name, what, count, status, message, duration_ms }: StepResult): string {
  const took = status === 'done' && count > 0 ? ` (${(duration_ms / 1000).toFixed(1)} s)` : '';
  const head = `${status === 'failed' ? '!' : ' '} ${name.padEnd(20)}${countText(count).padStart(8)}  `;
  const text = `${head}${wrap(`${what}${took}`, INDENT)}`;
  return message ? `${text}\n${INDENT}${wrap(`Failed: ${message}`, INDENT)}` : text;
}

function describeVacuum({
  table,
  dead_rows,
  bytes_before,
  bytes_after,
  status,
  message,
}: VacuumResult): string {
  const sizes =
    bytes_after !== null && bytes_after !== bytes_before
      ? `, ${sizeText(bytes_before)} → ${sizeText(bytes_after)}`
      : '';
  const verb =
    status === 'planned'
      ? 'would be vacuumed'
      : status === 'failed'
        ? `not vacuumed: ${message}`
        : 'vacuumed';
  return `${status === 'failed' ? '!' : ' '} ${table.padEnd(20)}${' '.repeat(8)}  ${wrap(`${verb}, ${plural(dead_rows, 'dead row')}${sizes}`, INDENT)}`;
}

function summary({
  status,
  removed: count,
  vacuumed,
  duration_ms,
}: MaintenanceReport & { status: string; removed: number; duration_ms: number }): string {
  const took = `${(duration_ms / 1000).toFixed(1)} s`;
  if (status === 'planned') return `\n${plural(count, 'row')} would go. Nothing was changed.`;
  const end =
    status === 'stopped'
      ? ' Stopped before the end: run it again for the rest.'
      : status === 'failed'
        ? ' Some of it failed: run it again.'
        : '';
  const tables = vacuumed.length > 0 ? `, ${plural(vacuumed.length, 'table')} vacuumed` : '';
  return `\n${plural(count, 'row')} removed or mended${tables}, in ${took}.${end}`;
}
