/** `export`: makes the exports that are missing, or one day or month into a folder of one's own. */

import { writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { expected } from '../../errors.ts';
import { buildDay, buildMonth } from '../../export/build.ts';
import { packageOf } from '../../export/data-package.ts';
import { makeExports } from '../../export/make.ts';
import { plural, sizeText } from '../../monitor/text.ts';
import { addDays, isDay, marketDay } from '../../plan/market-day.ts';
import type { KeptExport } from '../../store/exports/kept-exports.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import { readTerritory } from '../../store/territory.ts';
import { answer, type CommandContext, withStore } from '../command.ts';
import { UsageError } from '../usage-error.ts';

interface ExportOptions {
  day?: string;
  month?: string;
  out?: string;
}

export function exportCommand(context: CommandContext, options: ExportOptions): Promise<number> {
  const { day, month, out } = options;
  if ((day === undefined) === (month === undefined) && (day ?? month ?? out) !== undefined) {
    throw new UsageError('expected --day or --month with --out, or none of them');
  }
  if ((day ?? month) !== undefined && out === undefined) throw new UsageError('--out is missing: a folder');
  if (day !== undefined && !isDay(day)) throw new UsageError(expected('a day such as 2026-11-28', day));
  if (month !== undefined && !isDay(`${month}-01`)) {
    throw new UsageError(expected('a month such as 2026-11', month));
  }
  const tdsps = readTerritory().tdsps.map(({ duns }) => duns);
  const { exports, retention } = context.config;
  return withStore(context, 3, async (database) => {
    if (out === undefined) {
      const made = await makeExports({ ...exports, database, tdsps, keepDays: retention.exportsDays });
      if ('busy' in made) {
        const text = `Another process (session ${made.busy.pid}) is making exports.`;
        return answer(
          context,
          { status: 'busy', made: [], files: 0, bytes: 0, folder: exports.folder },
          () => text,
        );
      }
      return answer(context, { status: 'done', ...made, folder: exports.folder }, () =>
        made.made.length === 0
          ? `Nothing is missing in ${exports.folder}.`
          : `Made ${made.made.join(', ')}: ${plural(made.files, 'file')}, ${sizeText(made.bytes)}, in ${exports.folder}.`,
      );
    }
    const build = { ...exports, folder: resolve(out), database, tdsps };
    const today = marketDay(await readDatabaseTime(database.pool));
    if ((day ?? `${month}-01`) >= today)
      throw new UsageError(`${day ?? month} is not over: nothing of it is settled`);
    const kept = day ? await buildDay(build, day) : await buildMonth(build, month!, lastDayOf(month!, today));
    const name = day ?? month!;
    if (kept === null) {
      const message = `Nothing of ${name} may be exported, or nothing was published then (EXPORT_SOURCES: ${exports.sources.join(', ') || 'none'}).`;
      return answer(context, { status: 'nothing', name, files: [] }, () => message, false);
    }
    const files = await describe(kept, build.folder);
    return answer(context, { status: 'done', name, folder: build.folder, files }, () =>
      [...files.map(({ path, bytes }) => `  ${path}  ${sizeText(bytes)}`), `in ${build.folder}`].join('\n'),
    );
  });
}

/** Of a month that goes on, yesterday. */
function lastDayOf(month: string, today: string): string {
  const end = addDays(`${addDays(`${month}-01`, 31).slice(0, 7)}-01`, -1);
  return end < today ? end : addDays(today, -1);
}

async function describe(kept: KeptExport, folder: string): Promise<{ path: string; bytes: number }[]> {
  const path = `datapackage-${kept.name}.json`;
  await writeFile(join(folder, path), kept.descriptor);
  const files = packageOf(kept).resources.map(({ path, bytes }) => ({ path, bytes }));
  return [...files, { path, bytes: Buffer.byteLength(kept.descriptor) }];
}
