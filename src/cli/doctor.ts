/** `doctor`: looks at everything, says what is wrong, why, and what to run. It changes nothing. */

import { databaseOptions } from '../app/open.ts';
import { describeError, errorCode } from '../errors.ts';
import { examine, unreachable } from '../monitor/doctor.ts';
import { bad, type Finding, toJson, worst } from '../monitor/finding.ts';
import { plural } from '../monitor/text.ts';
import { type Database, openDatabase } from '../store/postgres/database.ts';
import { answer, type CommandContext } from './command.ts';
import { countOf, describeFindings, TONES } from './findings.ts';
import { inked, toned } from './monitor/ink.ts';
import { columnsOf, inkOf } from './monitor/terminal.ts';

export async function doctor(context: CommandContext): Promise<number> {
  const findings = await find(context);
  const status = worst(findings);
  const style = { marks: MARKS, nameWidth: 13, columns: columnsOf(process.stdout) };
  return answer(
    context,
    { status, findings: findings.map(toJson) },
    () => `${describeFindings(findings, style)}\n\n${summary(findings)}`,
    status !== 'bad',
  );
}

const MARKS = { ok: '✓', warn: '!', bad: '✗', unknown: '?' };

async function find({ config }: CommandContext): Promise<Finding[]> {
  let database: Database;
  try {
    // Not migrated first: whether it is behind is one of the questions.
    database = await openDatabase(databaseOptions(config, { connections: 3 }));
  } catch (error) {
    if (errorCode(error) === 'database_missing') {
      return [bad('database', describeError(error), 'Start the program: it makes one', 'npm start')];
    }
    return [unreachable(error)];
  }
  try {
    return await examine(database, config);
  } finally {
    await database.close();
  }
}

function summary(findings: readonly Finding[]): string {
  const bad = countOf(findings, 'bad');
  const warnings = countOf(findings, 'warn');
  const fine = countOf(findings, 'ok');
  const text =
    bad + warnings === 0
      ? `All ${fine} checks are fine.`
      : `${bad} bad, ${plural(warnings, 'warning')}, ${fine} fine.`;
  return inked(toned(TONES[worst(findings)], text), inkOf(process.stdout));
}
