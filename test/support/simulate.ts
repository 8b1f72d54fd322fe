/**
 * `npm run simulate -- --runs 100000`: lives through random histories of each simulated fleet, until one breaks a law of
 * the cache. The tests take fixed seeds; this is the search.
 */

import { parseArgs } from 'node:util';
import { FLEETS, type FleetName, findFailure } from './fleet-histories.ts';

const CHUNK = 1_000;
const names = Object.keys(FLEETS) as FleetName[];
const { values } = parseArgs({
  options: {
    runs: { type: 'string', default: '10000' },
    seed: { type: 'string', default: String(Date.now() % 1_000_000_000) },
    fleet: { type: 'string', multiple: true, default: names },
  },
});
const runs = whole('runs', values.runs);
const seed = whole('seed', values.seed);
const fleets = values.fleet.map(toFleet);
// Most simulated errors are meant: making their stacks takes a tenth of the time.
Error.stackTraceLimit = 0;
const started = performance.now();
for (let done = 0; done < runs; done += CHUNK) {
  // A seed for each chunk, one after the other: any of them can be repeated alone.
  for (const fleet of fleets) await search(fleet, Math.min(CHUNK, runs - done), seed + done / CHUNK);
  const seconds = ((performance.now() - started) / 1000).toFixed(0);
  const last = seed + done / CHUNK;
  progress(
    `${fleets.join(', ')}: ${done + CHUNK} of ${runs} histories each, ${seconds} s, seeds ${seed} to ${last}`,
  );
}
if (process.stderr.isTTY) process.stderr.write('\n');

async function search(fleet: FleetName, histories: number, chunkSeed: number): Promise<void> {
  const failure = await findFailure(fleet, { runs: histories, seed: chunkSeed });
  if (!failure) return;
  console.log(JSON.stringify(failure, null, 1));
  console.error(
    `\nFleet ${fleet}, seed ${chunkSeed}: ${failure.what}` +
      '\nSave the JSON above as test/fixtures/fleet-histories/<what happened>.json: test/cache/fleet-simulation.test.ts' +
      ' then replays it until it is fixed, and for ever after.',
  );
  process.exit(1);
}

function progress(line: string): void {
  process.stderr.write(process.stderr.isTTY ? `\r${line}` : `${line}\n`);
}

function whole(name: string, text: string): number {
  if (/^\d{1,9}$/.test(text)) return Number(text);
  console.error(`--${name}: expected a whole number of at most nine digits, got "${text}"`);
  process.exit(2);
}

function toFleet(name: string): FleetName {
  const fleet = names.find((one) => one === name);
  if (fleet) return fleet;
  console.error(`--fleet: expected one of ${names.join(', ')}, got "${name}"`);
  process.exit(2);
}
