/** `db backup` and `db restore`. */

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { countText, plural, sizeText } from '../../monitor/amounts.ts';
import { type BackupEvent, backupDatabase } from '../../store/backup/backup.ts';
import { BackupExistsError } from '../../store/backup/backup-error.ts';
import type { BackupTable, Manifest } from '../../store/backup/manifest.ts';
import { type RestoreEvent, restoreDatabase } from '../../store/backup/restore.ts';
import { verifyBackup } from '../../store/backup/verify.ts';
import { openDatabase } from '../../store/postgres/database.ts';
import type { CommandContext } from '../command.ts';
import { type StepProgress, stepProgress, untilStopped } from '../step-progress.ts';
import { wrap } from '../wrap.ts';

const percent = (done: number, of: number): string => `${Math.floor((100 * done) / Math.max(1, of))} %`;
const rowsOf = ({ tables }: Manifest): number => tables.reduce((sum, { rows }) => sum + rows, 0);

/** The database is taken as it is, not migrated first: before an upgrade is when backups are made. */
export async function dbBackup(
  { config, isJson }: CommandContext,
  name: string,
  { overwrite = false }: { overwrite?: boolean },
): Promise<number> {
  const file = resolve(name);
  if (existsSync(file) && !overwrite) {
    throw new BackupExistsError(`${file} is there already. Choose another name, or add --overwrite.`);
  }
  const started = performance.now();
  const { databaseUrl, dataDir } = config;
  const database = await openDatabase({ databaseUrl, dataDir, connections: 1 });
  const progress = stepProgress(isJson);
  try {
    const { manifest, bytes, sha256 } = await untilStopped((signal) =>
      backupDatabase(database, file, { signal, onEvent: (event) => showBackup(event, progress) }),
    );
    progress.end();
    const duration_ms = Math.round(performance.now() - started);
    const { tables, left_out } = manifest;
    const lines = [
      `${plural(rowsOf(manifest), 'row')} of ${plural(tables.length, 'table')} in ${file}`,
      `${sizeText(bytes)}, SHA-256 ${sha256}, ${(duration_ms / 1000).toFixed(1)} s.`,
      ...left_out.map(({ name: what, reason }) => `Left out: ${what} (${reason}).`),
    ];
    console.log(
      isJson
        ? JSON.stringify({ status: 'done', file, bytes, sha256, duration_ms, manifest })
        : lines.map((line) => wrap(line, '  ')).join('\n'),
    );
    return 0;
  } finally {
    progress.end();
    await database.close();
  }
}

function showBackup(event: BackupEvent, progress: StepProgress): void {
  if (event.type === 'table_started') progress.now(`${event.name} (${event.number} of ${event.total}) …`);
  else if (event.type === 'table_progress') progress.now(`${event.name} … ${sizeText(event.bytes)}`);
  else progress.line(tableLine(event.table));
}

const tableLine = ({ name, rows, bytes }: BackupTable): string =>
  `  ${name.padEnd(28)} ${countText(rows).padStart(12)} rows ${sizeText(bytes).padStart(9)}`;

export async function dbRestore(
  { config, isJson }: CommandContext,
  name: string,
  { verify = false }: { verify?: boolean },
): Promise<number> {
  const file = resolve(name);
  const started = performance.now();
  const progress = stepProgress(isJson);
  if (verify) {
    const { manifest, bytes, sha256 } = await verifyBackup(file, (done, total) =>
      progress.now(`Reading … ${percent(done, total)}`),
    );
    progress.end();
    const last = manifest.migrations.at(-1)?.name ?? 'no migration';
    console.log(
      isJson
        ? JSON.stringify({ status: 'whole', file, bytes, sha256, manifest })
        : [
            ...manifest.tables.map(tableLine),
            `Whole: ${plural(rowsOf(manifest), 'row')} of ${plural(manifest.tables.length, 'table')}, made ${manifest.made_at.slice(0, 16).replace('T', ' ')} UTC`,
            `at ${last} from PostgreSQL ${manifest.made_from.postgres}. ${sizeText(bytes)}, SHA-256 ${sha256}.`,
          ].join('\n'),
    );
    return 0;
  }
  const { databaseUrl, dataDir } = config;
  const database = await openDatabase({ databaseUrl, dataDir, connections: 2 });
  try {
    const { manifest, bytes, sha256, migrated } = await untilStopped((signal) =>
      restoreDatabase(database, file, { signal, onEvent: (event) => showRestore(event, progress) }),
    );
    progress.end();
    const duration_ms = Math.round(performance.now() - started);
    const forward = migrated.length > 0 ? ` Brought forward by ${migrated.join(', ')}.` : '';
    console.log(
      isJson
        ? JSON.stringify({ status: 'restored', file, bytes, sha256, duration_ms, migrated, manifest })
        : wrap(
            `Restored ${plural(rowsOf(manifest), 'row')} of ${plural(manifest.tables.length, 'table')} in ${(duration_ms / 1000).toFixed(1)} s.${forward}`,
            '',
          ),
    );
    return 0;
  } finally {
    progress.end();
    await database.close();
  }
}

const FINISHING = {
  keys: 'foreign keys and sequences …',
  views: 'views …',
  statistics: 'statistics …',
  migrations: 'migrations …',
};

function showRestore(event: RestoreEvent, progress: StepProgress): void {
  if (event.type === 'verifying') progress.now(`Checking the file … ${percent(event.bytes, event.total)}`);
  else if (event.type === 'verified') {
    progress.line(`The file is whole, made ${event.manifest.made_at.slice(0, 16).replace('T', ' ')} UTC.`);
  } else if (event.type === 'shaping') progress.now('tables …');
  else if (event.type === 'table_progress') {
    progress.now(`${event.name} (${event.number} of ${event.total}) … ${percent(event.bytes, event.of)}`);
  } else if (event.type === 'table_finished') progress.line(tableLine(event.table));
  else progress.now(FINISHING[event.what]);
}
