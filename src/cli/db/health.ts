/** `db health`: what a database has, what it should have, and the command that fixes it. Changes nothing. */

import { describeError, expected } from '../../errors.ts';
import { judgeHealth } from '../../monitor/database-health/database-health.ts';
import { HEALTH_LIMITS, type HealthLimits, isHealthLimit } from '../../monitor/database-health/limits.ts';
import { bad, type Finding, worst } from '../../monitor/finding.ts';
import { sizeText, spanText, tookText } from '../../monitor/text.ts';
import { readHealth } from '../../store/upkeep/readings/health-readings.ts';
import type { ServerFacts } from '../../store/upkeep/readings/server.ts';
import { answer, type CommandContext } from '../command.ts';
import { countOf, describeFindings } from '../findings.ts';
import { UsageError } from '../usage-error.ts';
import { screenWidth } from '../wrap.ts';

interface HealthReport {
  status: ReturnType<typeof worst>;
  database: { version: string; name: string; bytes: number; up_seconds: number; is_standby: boolean } | null;
  read_in_ms: number;
  lines: Finding[];
}

export async function dbHealth(context: CommandContext, { limit }: { limit: string[] }): Promise<number> {
  const limits = readLimits(limit);
  const started = performance.now();
  const { server, lines } = await examine(context.config, limits);
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
  return answer(context, report, () => describe(report), report.status !== 'bad');
}

/** Not migrated first, as other commands do: whether it is behind is one of the questions. */
async function examine(
  { databaseUrl, dataDir }: CommandContext['config'],
  limits: Partial<HealthLimits>,
): Promise<{ server: ServerFacts | null; lines: Finding[] }> {
  try {
    const server = databaseUrl
      ? { connectionString: databaseUrl.reveal(), detach: async () => {} }
      : await (await import('../../store/embedded/attach.ts')).attachEmbeddedPostgres(dataDir, false);
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

const unreachable = (error: unknown): Finding => ({
  ...bad(
    'reachable',
    describeError(error),
    'Cannot check anything else until PostgreSQL answers. Start it, or correct DATABASE_URL.',
  ),
  limit: 'answers within 5 s',
});

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

const STYLE = { marks: { ok: 'ok   ', warn: 'warn ', bad: 'BAD  ', unknown: '?    ' }, nameWidth: 21 };

function describe({ status, database, read_in_ms, lines }: HealthReport): string {
  const head = database
    ? `PostgreSQL ${database.version}, database ${database.name}, ${sizeText(database.bytes)}, up for ${spanText(database.up_seconds)}${database.is_standby ? ', a standby' : ''}`
    : 'PostgreSQL';
  const unread = countOf(lines, 'unknown');
  const found = (['bad', 'warn'] as const).flatMap((verdict) => {
    const count = countOf(lines, verdict);
    return count > 0 ? [`${count} ${verdict === 'bad' ? 'bad' : 'to look at'}`] : [];
  });
  const end = [
    status === 'ok'
      ? `Healthy: ${countOf(lines, 'ok')} of ${lines.length} checks found nothing`
      : `${found.join(', ')} of ${lines.length} checks`,
    unread > 0 ? `, ${unread} could not be read` : '',
    `. (${tookText(read_in_ms)})`,
  ];
  const body = describeFindings(lines, { ...STYLE, columns: screenWidth() });
  return `${head}\n\n${body}\n\n${end.join('')}`;
}
