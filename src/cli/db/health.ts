/** `db health`: what a database has, what it should have, and the command that mends it. Changes nothing. */

import { styleText } from 'node:util';
import { describeError, expected } from '../../errors.ts';
import { sizeText, spanText } from '../../monitor/amounts.ts';
import { judgeHealth, worst } from '../../monitor/database-health/database-health.ts';
import {
  fine,
  HEALTH_LIMITS,
  type HealthLimits,
  type HealthLine,
  isHealthLimit,
  type Verdict,
} from '../../monitor/database-health/line.ts';
import { readHealth } from '../../store/upkeep/readings/health-readings.ts';
import type { ServerFacts } from '../../store/upkeep/readings/server.ts';
import type { CommandContext } from '../command.ts';
import { UsageError } from '../usage-error.ts';
import { wrap } from '../wrap.ts';

interface HealthReport {
  status: Exclude<Verdict, 'unknown'>;
  database: { version: string; name: string; bytes: number; up_seconds: number; is_standby: boolean } | null;
  read_in_ms: number;
  lines: HealthLine[];
}

export async function dbHealth(
  { config, isJson }: CommandContext,
  { limit = [] }: { limit?: string[] },
): Promise<number> {
  const limits = readLimits(limit);
  const started = performance.now();
  const { databaseUrl, dataDir } = config;
  const { server, lines } = await examine(databaseUrl, dataDir, limits);
  const report: HealthReport = {
    status: worst(lines),
    database: server && {
      version: server.version,
      name: server.database,
      bytes: server.bytes,
      up_seconds: Math.round(server.started_seconds),
      is_standby: server.is_standby,
    },
    read_in_ms: Math.round(performance.now() - started),
    lines,
  };
  console.log(isJson ? JSON.stringify(report) : describe(report));
  return report.status === 'bad' ? 1 : 0;
}

/** Not migrated first, as other commands do: whether it is behind is one of the questions. */
async function examine(
  databaseUrl: CommandContext['config']['databaseUrl'],
  dataDir: string,
  limits: Partial<HealthLimits>,
): Promise<{ server: ServerFacts | null; lines: HealthLine[] }> {
  try {
    const server = databaseUrl
      ? { connectionString: databaseUrl.reveal(), detach: async () => {} }
      : await (await import('../../store/embedded/attach.ts')).attachEmbeddedPostgres(dataDir);
    try {
      const readings = await readHealth(server, databaseUrl ? null : dataDir);
      const facts = 'value' in readings.server ? readings.server.value : null;
      return { server: facts, lines: judgeHealth(readings, limits) };
    } finally {
      await server.detach();
    }
  } catch (error) {
    return { server: null, lines: [unreachable(error)] };
  }
}

function unreachable(error: unknown): HealthLine {
  return {
    ...fine('reachable', describeError(error), 'answers within 5 s'),
    verdict: 'bad',
    advice: 'Nothing else can be said without an answer. Start PostgreSQL, or correct DATABASE_URL.',
  };
}

/** @throws {UsageError} an unknown limit, or a value that is not a number */
function readLimits(given: readonly string[]): Partial<HealthLimits> {
  return Object.fromEntries(
    given.map((text) => {
      const [name = '', value = ''] = text.split('=');
      if (!isHealthLimit(name) || !/^\d+(\.\d+)?$/.test(value)) {
        throw new UsageError(
          `--limit: ${expected('name=number, such as long_transaction_warn_seconds=60', text)}. ` +
            `The names: ${Object.keys(HEALTH_LIMITS).join(', ')}.`,
        );
      }
      return [name, Number(value)];
    }),
  );
}

const MARKS: Record<Verdict, { word: string; colour: 'green' | 'yellow' | 'red' | 'dim' }> = {
  ok: { word: 'ok', colour: 'green' },
  warn: { word: 'warn', colour: 'yellow' },
  bad: { word: 'BAD', colour: 'red' },
  unknown: { word: '?', colour: 'dim' },
};
const INDENT = ' '.repeat(28);

function describe({ status, database, read_in_ms, lines }: HealthReport): string {
  const head = database
    ? `PostgreSQL ${database.version}, database ${database.name}, ${sizeText(database.bytes)}, up for ${spanText(database.up_seconds)}${database.is_standby ? ', a standby' : ''}`
    : 'PostgreSQL';
  const count = (verdict: Verdict) => lines.filter((line) => line.verdict === verdict).length;
  const [bad, warn, unknown] = [count('bad'), count('warn'), count('unknown')];
  const found = [
    bad > 0 ? `${bad} bad` : '',
    warn > 0 ? `${warn} to be looked at` : '',
    unknown > 0 ? `${unknown} not read` : '',
  ].filter(Boolean);
  const end =
    status === 'ok'
      ? `Healthy: ${count('ok')} of ${lines.length} checks found nothing${unknown > 0 ? `, ${unknown} could not be read` : ''}.`
      : `${found.join(', ')} of ${lines.length} checks.`;
  return [head, '', ...lines.map(describeLine), '', `${end} (${(read_in_ms / 1000).toFixed(1)} s)`].join(
    '\n',
  );
}

function describeLine({ check, verdict, reading, limit, advice, command }: HealthLine): string {
  const { word, colour } = MARKS[verdict];
  const mark = styleText(colour, word.padEnd(4), { stream: process.stdout });
  const text = [`${mark}  ${check.padEnd(21)} ${wrap(reading, INDENT)}`];
  if (verdict === 'warn' || verdict === 'bad') {
    if (limit) text.push(INDENT + wrap(`Fine would be: ${limit}`, INDENT));
    if (advice) text.push(INDENT + wrap(advice, INDENT));
    if (command) text.push(`${INDENT}→ ${command}`);
  }
  return text.join('\n');
}
