/** `doctor`: looks at everything, says what is wrong, why, and what to run. It changes nothing. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { unreachable } from '../monitor/doctor.ts';
import { bad, type Finding, worst } from '../monitor/finding.ts';
import { type Database, openDatabase } from '../store/postgres/database.ts';
import type { CommandContext } from './command.ts';
import { inked, type Line, pad, piece, type Tone, wrap } from './monitor/ink.ts';
import { columnsOf, inkOf } from './monitor/terminal.ts';

export async function doctor(context: CommandContext): Promise<number> {
  const findings = await find(context);
  const status = worst(findings);
  if (context.isJson) console.log(JSON.stringify({ status, findings }));
  else {
    const columns = columnsOf(process.stdout);
    const ink = inkOf(process.stdout);
    const lines = findings.flatMap((finding) => describe(finding, columns));
    console.log([...lines, [], summary(findings)].map((line) => inked(line, ink)).join('\n'));
  }
  return status === 'bad' ? 1 : 0;
}

async function find({ config }: CommandContext): Promise<Finding[]> {
  const { databaseUrl, dataDir } = config;
  if (!databaseUrl && !existsSync(join(dataDir, 'postgres'))) {
    const message = `There is no database yet: neither DATABASE_URL nor one under ${dataDir}`;
    return [bad('database', message, 'Start the program: it makes one', 'npm start')];
  }
  let database: Database;
  try {
    // Not brought to the shape this version expects: whether it has it is one of the questions.
    database = await openDatabase({ databaseUrl, dataDir, connections: 3 });
  } catch (error) {
    return [unreachable(error)];
  }
  try {
    const { examine } = await import('../monitor/doctor.ts');
    return await examine(database, config);
  } finally {
    await database.close();
  }
}

const SIGNS: Record<Finding['verdict'], [sign: string, tone: Tone]> = {
  ok: ['✓', 'good'],
  warning: ['!', 'warn'],
  bad: ['✗', 'bad'],
};
const NAME = 13;

function describe({ check, verdict, message, advice, run }: Finding, columns: number): Line[] {
  const [sign, tone] = SIGNS[verdict];
  const inner = columns - NAME - 3;
  const text = wrap(message, inner).map((part, index): Line => {
    const start = index === 0 ? [piece(`${sign} `, tone), piece(pad(check, NAME), 'strong')] : [blank];
    return [...start, piece(' '), piece(part, verdict === 'ok' ? 'plain' : tone)];
  });
  const next = [advice, run && `→ ${run}`].flatMap((part) => (part ? wrap(part, inner) : []));
  return [...text, ...next.map((part): Line => [blank, piece(' '), piece(part)])];
}

const blank = piece(' '.repeat(NAME + 2));

function summary(findings: readonly Finding[]): Line {
  const number = (verdict: Finding['verdict']) => findings.filter((one) => one.verdict === verdict).length;
  const [badOnes, warnings, fine] = [number('bad'), number('warning'), number('ok')];
  if (badOnes + warnings === 0) return [piece(`All ${fine} checks are fine.`, 'good')];
  const warned = `${warnings} ${warnings === 1 ? 'warning' : 'warnings'}`;
  return [piece(`${badOnes} bad, ${warned}, ${fine} fine.`, badOnes > 0 ? 'bad' : 'warn')];
}
