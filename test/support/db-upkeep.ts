/** A PostgreSQL of a file's own with plans in it, to be damaged and repaired as an operator would. */

import { exec } from 'node:child_process';
import { after } from 'node:test';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import type { Finding } from '../../src/monitor/finding.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { startPostgres } from './cache.ts';
import { type Ended, wattsync } from './support.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

export async function startCarePostgres() {
  const { url, signal } = await startPostgres();
  const sandbox = await startSandbox({ plansPerTdsp: 60, now: () => new Date('2026-06-01T12:00:00Z') });
  after(() => sandbox.stop());
  const env = {
    DATABASE_URL: url,
    COMPAREPOWER_API_URL: sandbox.url,
    API_CALL_BUDGET_PER_HOUR: '10000',
    LOG_LEVEL: 'silent',
  };
  const clients: pg.Client[] = [];
  after(() => Promise.all(clients.map((client) => client.end().catch(() => {}))));
  return {
    url,
    env,
    signal,
    sandbox,
    /** A session beside the program, such as a person with psql. */
    async connect(): Promise<pg.Client> {
      const client = new pg.Client({ connectionString: url, application_name: 'somebody' });
      // Some are ended by the commands under test.
      client.on('error', () => {});
      await client.connect();
      clients.push(client);
      return client;
    },
    async json(...args: string[]) {
      const { stdout, stderr, code } = await wattsync([...args, '--json'], env);
      try {
        return { ...JSON.parse(stdout), code };
      } catch {
        throw new Error(`no JSON from ${args.join(' ')}: ${stdout}${stderr}`);
      }
    },
    /** A line of advice, typed as it is. */
    type(command: string): Promise<Ended> {
      const { PATH = '', HOME = '' } = process.env;
      return new Promise((resolve) => {
        exec(command, { cwd: ROOT, env: { PATH, HOME, ...env }, timeout: 120_000 }, (error, stdout, stderr) =>
          resolve({ code: error ? Number(error.code ?? -1) : 0, stdout, stderr }),
        );
      });
    },
  };
}

export interface Health {
  status: string;
  code: number;
  lines: Finding[];
}

export const notFine = ({ lines }: Health): Finding[] =>
  lines.filter(({ verdict }) => verdict === 'warn' || verdict === 'bad');
