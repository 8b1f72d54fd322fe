/** `db backup` and `db restore`. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { countText, minuteText, percentText, plural, sizeText, tookText } from '../../monitor/text.ts';
import { backupDatabase } from '../../store/backup/backup.ts';
import type { BackupTable, Manifest } from '../../store/backup/manifest.ts';
import { type RestoreProgress, restoreDatabase } from '../../store/backup/restore.ts';
import { verifyBackup } from '../../store/backup/verify.ts';
import { StoreError } from '../../store/store-error.ts';
import { answer, type CommandContext, withDatabase } from '../command.ts';
import { type StepProgress, showSteps } from '../step-progress.ts';
import { wrap } from '../wrap.ts';

/** `12,345 rows of 20 tables`. */
const contentsOf = ({ tables }: Manifest): string => {
  const rows = tables.reduce((sum, { rows }) => sum + rows, 0);
  return `${plural(rows, 'row')} of ${plural(tables.length, 'table')}`;
};

const tableLine = ({ name, rows, bytes }: BackupTable): string =>
  `  ${name.padEnd(28)} ${countText(rows).padStart(12)} rows ${sizeText(bytes).padStart(9)}`;

const shownBy = ({ now, line }: StepProgress): RestoreProgress => ({
  now: (what, done, of) => {
    const far = of ? percentText((done ?? 0) / of, 0) : done ? sizeText(done) : '';
    now(`${what} … ${far}`);
  },
  verified: ({ made_at }) => line(`The file is complete, made ${minuteText(made_at)} UTC.`),
  finished: (table) => line(tableLine(table)),
});

/** Does not migrate the database first: backups are made before an upgrade. */
export async function dbBackup(
  context: CommandContext,
  name: string,
  { overwrite = false }: { overwrite?: boolean },
): Promise<number> {
  const file = resolve(name);
  if (existsSync(file) && !overwrite) {
    throw new StoreError('backup_exists', `${file} already exists. Choose another name, or add --overwrite.`);
  }
  const started = performance.now();
  return withDatabase(context, 1, async (database) => {
    const { result } = await showSteps(context, (progress, signal) =>
      backupDatabase(database, file, { signal, progress: shownBy(progress) }),
    );
    const { manifest, bytes, sha256 } = result;
    const duration_ms = Math.round(performance.now() - started);
    const lines = [
      `${contentsOf(manifest)} in ${file}`,
      `${sizeText(bytes)}, SHA-256 ${sha256}, ${tookText(duration_ms)}.`,
      ...manifest.left_out.map(({ name: what, reason }) => `Left out: ${what} (${reason}).`),
    ];
    return answer(context, { status: 'done', file, bytes, sha256, duration_ms, manifest }, () =>
      lines.map((line) => wrap(line, '  ')).join('\n'),
    );
  });
}

export async function dbRestore(
  context: CommandContext,
  name: string,
  { verify = false }: { verify?: boolean },
): Promise<number> {
  const file = resolve(name);
  if (verify) return dbVerify(context, file);
  const started = performance.now();
  return withDatabase(context, 2, async (database) => {
    const { result } = await showSteps(context, (progress, signal) =>
      restoreDatabase(database, file, { signal, progress: shownBy(progress) }),
    );
    const { manifest, bytes, sha256, migrated } = result;
    const duration_ms = Math.round(performance.now() - started);
    const forward = migrated.length > 0 ? ` Brought forward by ${migrated.join(', ')}.` : '';
    const report = { status: 'restored', file, bytes, sha256, duration_ms, migrated, manifest };
    return answer(context, report, () =>
      wrap(`Restored ${contentsOf(manifest)} in ${tookText(duration_ms)}.${forward}`, ''),
    );
  });
}

async function dbVerify(context: CommandContext, file: string): Promise<number> {
  const { result } = await showSteps(context, (progress) => verifyBackup(file, shownBy(progress)));
  const { manifest, bytes, sha256 } = result;
  const last = manifest.migrations.at(-1)?.name ?? 'no migration';
  return answer(context, { status: 'whole', file, bytes, sha256, manifest }, () =>
    [
      ...manifest.tables.map(tableLine),
      `Verified: ${contentsOf(manifest)}, made ${minuteText(manifest.made_at)} UTC`,
      `at ${last} from PostgreSQL ${manifest.made_from.postgres}. ${sizeText(bytes)}, SHA-256 ${sha256}.`,
    ].join('\n'),
  );
}
