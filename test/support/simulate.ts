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
for (const fleet of values.fleet) await search(toFleet(fleet));

async function search(fleet: FleetName): Promise<void> {
  const started = performance.now();
  for (let done = 0; done < runs; done += CHUNK) {
    // A seed for each chunk, one after the other: any of them can be repeated alone.
    const chunkSeed = seed + done / CHUNK;
    const failure = await findFailure(fleet, { runs: Math.min(CHUNK, runs - done), seed: chunkSeed });
    if (failure) {
      console.log(JSON.stringify(failure, null, 1));
      console.error(
        `\nFleet ${fleet}, seed ${chunkSeed}: ${failure.what}` +
          '\nSave the JSON above as test/fixtures/fleet-histories/<what happened>.json: test/cache/fleet-simulation.test.ts' +
          ' then replays it until it is fixed, and for ever after.',
      );
      process.exit(1);
    }
    const seconds = (performance.now() - started) / 1000;
    progress(
      `${fleet}: ${done + CHUNK} of ${runs} histories, ${seconds.toFixed(0)} s, seeds ${seed} to ${chunkSeed}`,
    );
  }
  if (process.stderr.isTTY) process.stderr.write('\n');
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
