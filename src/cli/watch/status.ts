/** `production status`: one screen, a verdict for each subsystem, and the one command to run next. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { readRules } from '../../monitor/alerts/rules.ts';
import { unreachable } from '../../monitor/doctor.ts';
import { toJson, type Verdict } from '../../monitor/finding.ts';
import { type ProductionStatus, readProductionStatus } from '../../monitor/production-status.ts';
import { type Database, openDatabase } from '../../store/postgres/database.ts';
import { answer, type CommandContext } from '../command.ts';
import { TONES } from '../findings.ts';
import { cleaned, inked, pad, strong, toned, wrapWords } from '../monitor/ink.ts';
import { columnsOf, inkOf } from '../monitor/terminal.ts';

const MARKS: Record<Verdict, string> = { ok: '✓', warn: '!', bad: '✗', unknown: '?' };
const NAME_WIDTH = 10;

export async function productionStatus(context: CommandContext): Promise<number> {
  const status = await read(context);
  const { verdict, headline, subsystems } = status;
  const found = {
    verdict,
    headline,
    subsystems: subsystems.map(({ findings, ...one }) => ({ ...one, findings: findings.map(toJson) })),
  };
  return answer(context, found, () => describe(cleaned(status)), verdict !== 'bad');
}

async function read({ config }: CommandContext): Promise<ProductionStatus> {
  const rules = readRules(config.alerts.rulesFile ?? undefined);
  const { databaseUrl, dataDir } = config;
  if (!databaseUrl && !existsSync(join(dataDir, 'postgres'))) {
    return without(
      `There is no database yet under ${dataDir}`,
      'Start the program: it makes one',
      'npm start',
    );
  }
  let database: Database;
  try {
    database = await openDatabase({ databaseUrl, dataDir, connections: 3 });
  } catch (error) {
    const { reading, advice } = unreachable(error);
    return without(reading, advice, 'npm run db:health');
  }
  try {
    return await readProductionStatus(database, config, rules);
  } finally {
    await database.close();
  }
}

/** Nothing but the database can be judged. */
function without(reading: string, advice: string | null, command: string): ProductionStatus {
  const database = { name: 'database', verdict: 'bad' as const, reading, advice, command, findings: [] };
  const headline = 'Nothing can be said of the plans: there is no database to ask.';
  return { verdict: 'bad', headline, subsystems: [database] };
}

function describe({ verdict, headline, subsystems }: ProductionStatus): string {
  const columns = columnsOf(process.stdout);
  const ink = inkOf(process.stdout);
  const indent = ' '.repeat(NAME_WIDTH + 3);
  const lines = subsystems.flatMap(({ name, verdict, reading, advice, command }) => {
    const [first = '', ...rest] = wrapWords(reading, columns - indent.length);
    const isOff = verdict === 'bad' || verdict === 'warn';
    return [
      `${toned(TONES[verdict], MARKS[verdict])} ${strong(pad(name, NAME_WIDTH))} ${first}`,
      ...rest.map((line) => indent + line),
      ...(isOff && advice ? wrapWords(advice, columns - indent.length).map((line) => indent + line) : []),
      // Whole, so that it can be copied.
      ...(isOff && command ? [`${indent}→ ${command}`] : []),
    ];
  });
  const head = wrapWords(headline, columns).map((line) => toned(TONES[verdict], line));
  return [...head, '', ...lines].map((line) => inked(line, ink)).join('\n');
}
