/** `sandbox`: an upstream to develop and test against, until Ctrl-C. */

import { once } from 'node:events';
import { readFile, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { parseFault } from '../sandbox/faults/faults.ts';
import { type ReplaySnapshot, replayFromPowerToChoose } from '../sandbox/market/replay.ts';
import { type SandboxOptions, startSandbox } from '../sandbox/server.ts';
import { parsePowerToChoose } from '../sources/powertochoose/normalise.ts';
import { readTerritory } from '../store/territory.ts';
import type { CommandContext } from './command.ts';
import { UsageError } from './usage-error.ts';

interface SandboxCommandOptions
  extends Pick<SandboxOptions, 'port' | 'seed' | 'speed' | 'calendar' | 'apiKey'> {
  plans?: number;
  rateLimit?: number;
  latency?: number;
  fault: string[];
}

export async function sandbox(
  { isJson }: CommandContext,
  files: string[],
  { plans, rateLimit, latency, fault, ...options }: SandboxCommandOptions,
): Promise<number> {
  const { url, stop } = await startSandbox({
    ...options,
    plansPerTdsp: plans,
    rateLimitPerSecond: rateLimit,
    latencyMs: latency,
    replay: files.length === 0 ? undefined : await readRecordings(files),
    faults: fault.map((one) => parseFault(one)),
  });
  const what =
    files.length === 0 ? 'Plans and prices are invented.' : `It replays ${files.length} recorded days.`;
  console.log(
    isJson
      ? JSON.stringify({ event: 'listening', url })
      : `Sandbox of the ComparePower API on ${url}. ${what}
  use it:     COMPAREPOWER_API_URL=${url} npm run sync:full
  look at it: curl ${url}/_sandbox/state
  break it:   curl -X PUT ${url}/_sandbox/faults -d '["500:0.5"]'`,
  );
  await Promise.race([once(process, 'SIGINT'), once(process, 'SIGTERM')]);
  await stop();
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
    parsePowerToChoose(bytes, {
      duns,
      tdspByName: (name, year) => territory.tdspByFeedName(name, year)?.duns,
    }),
  );
}
