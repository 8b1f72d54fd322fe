/** Whether the tables of pg-boss are as it made them: it looks itself, and nothing is changed. */

import { PgBoss, type SchemaDriftReport } from 'pg-boss';
import type { Queryable } from '../../store/postgres/database.ts';

interface QueueSchema {
  version: number;
  /** What is not as it should be, in words. */
  drift: string[];
}

/** `null` where it never made any: the program was never started. */
export async function readQueueSchema(queryable: Queryable): Promise<QueueSchema | null> {
  const boss = new PgBoss({
    db: { executeSql: (text, values) => queryable.query(text, values as unknown[]) },
    migrate: false,
    schedule: false,
    supervise: false,
  });
  if (!(await boss.isInstalled())) return null;
  const version = await boss.schemaVersion();
  return version === null ? null : { version, drift: describe(await boss.detectSchemaDrift()) };
}

function describe(report: SchemaDriftReport): string[] {
  const named = (what: string, things: readonly { name: string }[]) =>
    things.map(({ name }) => `${what} ${name}`);
  const tables = (what: string, things: readonly { table: string }[]) =>
    things.map(({ table }) => `${what} of ${table} differ`);
  return [
    ...report.missingTables.map((name) => `table ${name} is missing`),
    ...named('missing index', report.missing),
    ...named('invalid index', report.invalid),
    ...named('changed index', report.mismatched),
    ...named('missing function', report.missingFunctions),
    ...named('changed function', report.mismatchedFunctions),
    ...tables('columns', report.columnDrift),
    ...tables('constraints', report.constraintDrift),
    ...(report.enumDrift ? [`changed type ${report.enumDrift.name}`] : []),
  ];
}
