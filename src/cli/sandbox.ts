/** `sandbox`: an upstream to develop and test against, until Ctrl-C. */

import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseFault } from '../sandbox/faults/faults.ts';
import { type ReplaySnapshot, replayFromPowerToChoose } from '../sandbox/market/replay.ts';
import { startSandbox } from '../sandbox/server.ts';
import { parsePowerToChoose } from '../sources/powertochoose/normalise.ts';
import { readTerritory } from '../store/territory.ts';
import type { CommandContext } from './command.ts';
import { UsageError } from './usage-error.ts';

interface SandboxCommandOptions {
  port: number;
  seed?: number;
  plans?: number;
  speed?: number;
  apiKey?: string;
  rateLimit?: number;
  latency?: number;
  fault: string[];
}

export async function sandbox(
  context: CommandContext,
  files: string[],
  options: SandboxCommandOptions,
): Promise<number> {
  const { port, seed, speed, apiKey } = options;
  const running = await startSandbox({
    port,
    seed,
    speed,
    apiKey,
    plansPerTdsp: options.plans,
    rateLimitPerSecond: options.rateLimit,
    latencyMs: options.latency,
    replay: files.length === 0 ? undefined : await readRecordings(files),
    faults: options.fault.map((fault) => parseFault(fault)),
  });
  if (context.isJson) console.log(JSON.stringify({ event: 'listening', url: running.url }));
  else {
    const what =
      files.length === 0 ? 'Plans and prices are invented.' : `It replays ${files.length} recorded days.`;
    console.log(`Sandbox of the ComparePower API on ${running.url}. ${what}`);
    console.log(`  use it:     COMPAREPOWER_API_URL=${running.url} npm run sync:full`);
    console.log(`  look at it: curl ${running.url}/_sandbox/state`);
    console.log(`  break it:   curl -X PUT ${running.url}/_sandbox/faults -d '["500:0.5"]'`);
  }
  await new Promise<void>((resolve) => {
    process.once('SIGINT', () => resolve()).once('SIGTERM', () => resolve());
  });
  await running.stop();
  return 0;
}

async function readRecordings(files: string[]): Promise<ReplaySnapshot[]> {
  const territory = readTerritory();
  const duns = territory.tdsps.map((tdsp) => tdsp.duns);
  const recorded = await Promise.all(
    files.map(async (path) => {
      try {
        return { name: basename(path), bytes: await readFile(path), modified_at: (await stat(path)).mtime };
      } catch (cause) {
        throw new UsageError(`${path} cannot be read: expected CSV exports of Power to Choose`, { cause });
      }
    }),
  );
  return replayFromPowerToChoose(recorded, (bytes) =>
    parsePowerToChoose(bytes, { duns, tdspByName: (name) => territory.tdspByFeedName(name)?.duns }),
  );
}
