/**
 * `npm run schemas [-- "sync status"]`: writes docs/schemas/ from what the commands answer with `--json`, on an empty market, a synced one, and one
 * with failures. With `-- --check` it writes nothing and fails where an answer does not fit what is written.
 */

import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Ajv2020, type AnySchema } from 'ajv/dist/2020.js';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { jsonSchemaOf } from './json-schema-of.ts';
import { wattsync } from './support.ts';

const FOLDER = new URL('../../docs/schemas/', import.meta.url);
const isCheck = process.argv.includes('--check');
/** Commands that are named: only these are written. */
const only = process.argv.slice(2).filter((one) => !one.startsWith('--'));

/** Name of the command, and what it is given. `PLAN` is the id of a plan. */
const LOOKS: readonly [name: string, ...args: string[]][] = [
  ['sync status'],
  ['sync dead'],
  ['held list'],
  ['freshness'],
  ['quality'],
  ['doctor'],
  ['production status'],
  ['monitor metrics'],
  ['report week'],
  ['report month'],
  ['alerts list'],
  ['alerts history'],
  ['webhooks list'],
  ['experiment status'],
  ['refresh score'],
  ['cache stats'],
  ['db health'],
  ['db metrics'],
  ['explain city', 'dallas-tx'],
  ['explain zip', '75201'],
  ['explain tdsp', 'ONCOR'],
  ['explain refresh', 'oncor'],
];
const WITH_PLANS: readonly [name: string, ...args: string[]][] = [
  ['explain bill', 'PLAN', '950'],
  ['replay'],
  ['export'],
  ['cache clear', '--all'],
  ['cache warm'],
  ['db migrate'],
  ['db optimize', '--dry-run'],
  ['db maintenance', '--dry-run'],
  ['sync stop'],
  ['sync resume'],
  ['sync emergency'],
  ['sync resume'],
];

const dataDir = mkdtempSync(join(tmpdir(), 'wattsync-schemas-'));
const sandbox = await startSandbox({ plansPerTdsp: 40 });
const env = { WATTSYNC_DATA_DIR: dataDir, COMPAREPOWER_API_URL: sandbox.url, LOG_LEVEL: 'silent' };
const samples = new Map<string, unknown[]>();
async function run([name, ...args]: readonly string[]): Promise<Record<string, unknown>> {
  const isState = /^(?:sync (?:full|city|priority)|db migrate)$/.test(name!);
  if (only.length > 0 && !only.includes(name!) && !isState) return {};
  const { stdout, stderr } = await wattsync([...name!.split(' '), ...args, '--json'], env);
  let answer: Record<string, unknown>;
  try {
    answer = JSON.parse(stdout) as Record<string, unknown>;
  } catch {
    throw new Error(`${name}: ${stdout.slice(0, 500)} ${stderr}`);
  }
  const known = samples.get(name!) ?? [];
  samples.set(name!, known);
  // A failure has a shape of its own.
  if (!('error' in answer && Object.keys(answer).length === 1)) known.push(answer);
  return answer;
}

try {
  await run(['db migrate']);
  // What asks where plans are has nothing to answer yet, and says so as an error.
  for (const look of LOOKS) await run(look);
  // The territory is known now, and nothing has been synced.
  await wattsync(['sync', 'full', '--dry-run', '--json'], env);
  for (const look of LOOKS) await run(look);
  sandbox.control.setFaults([parseFault('500')]);
  await run(['sync full']);
  for (const look of LOOKS) await run(look);
  sandbox.control.clearFaults();
  await run(['sync full', '--force']);
  for (const look of LOOKS) await run(look);
  sandbox.control.setFaults([parseFault('500:0.5'), parseFault('tdsp=957877905:shrunk')]);
  await run(['sync city', 'houston-tx', '--force']);
  await run(['sync priority']);
  await run(['sync full', '--force']);
  sandbox.control.clearFaults();
  const { rows } = (await wattsync(
    ['db', 'sql', 'select id from electricity_plans where is_active limit 1', '--json'],
    env,
  ).then(({ stdout }) => JSON.parse(stdout))) as { rows: { id: string }[] };
  const plan = rows[0]!.id;
  for (const look of [...LOOKS, ...WITH_PLANS]) {
    await run(look.map((word) => (word === 'PLAN' ? plan : word)));
  }
} finally {
  await sandbox.stop();
  rmSync(dataDir, { recursive: true, force: true });
}

mkdirSync(FOLDER, { recursive: true });
let wrong = 0;
for (const [name, seen] of samples) {
  if (only.length > 0 && !only.includes(name)) continue;
  if (seen.length === 0) throw new Error(`${name} answered nothing that can be described`);
  const file = new URL(`${name.replaceAll(' ', '-')}.json`, FOLDER);
  if (!isCheck) {
    const schema = {
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      title: `wattsync ${name} --json`,
      ...jsonSchemaOf(seen),
    };
    writeFileSync(file, `${JSON.stringify(schema, null, 1)}\n`);
    continue;
  }
  const validate = new Ajv2020({ strict: false }).compile(
    JSON.parse(readFileSync(file, 'utf8')) as AnySchema,
  );
  for (const one of seen) {
    if (validate(one)) continue;
    wrong++;
    console.error(`✗ ${name}: ${JSON.stringify(validate.errors)}`);
  }
}
console.log(isCheck ? `${samples.size} commands, ${wrong} wrong` : `${samples.size} schemas written`);
process.exitCode = wrong === 0 ? 0 : 1;
process.exit();
