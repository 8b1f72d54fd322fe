import assert from 'node:assert/strict';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../src/sources/comparepower/comparepower.ts';
import { PowerToChooseSource } from '../../src/sources/powertochoose/powertochoose.ts';
import { readHeld } from '../../src/store/plans/held-snapshots.ts';
import { readCurrentSnapshot } from '../../src/store/plans/snapshots.ts';
import { readTerritory } from '../../src/store/territory.ts';
import { assertLogTellsAll, readWholeLog } from '../support/replay-log.ts';
import { createTestDatabase, ONCOR, syncAll, testGate, wattsync } from '../support/support.ts';

const { database, url: DATABASE_URL } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 60, now: () => new Date('2026-06-01T12:00:00Z') });
test.after(() => sandbox.stop());
const source = new ComparePowerSource(
  { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' },
  testGate(database),
);
const sync = () => syncAll(database, source, { tdsps: [ONCOR], force: true });
const current = async () => (await readCurrentSnapshot(database.pool, ONCOR))!;
const run = async (...args: string[]) => {
  const { code, stdout, stderr } = await wattsync([...args, '--json'], { DATABASE_URL });
  return { code, ...JSON.parse(stdout || stderr) };
};
async function holdOne(): Promise<void> {
  sandbox.control.setFaults([parseFault('shrunk')]);
  assert.equal((await sync()).tdsps[0]!.status, 'held');
  sandbox.control.clearFaults();
}

test('what is held is kept with its verdict and shown as a difference, and a good file settles it', async () => {
  await sync();
  const before = await current();
  await holdOne();
  await holdOne();
  assert.equal((await readHeld(database.pool)).length, 1, 'the last one of a TDSP');
  const list = await run('held');
  assert.deepEqual([list.code, list.held[0].code], [0, 'ONCOR']);
  assert.ok(list.held[0].broken.some(({ rule }: { rule: string }) => rule === 'loss'));
  const shown = await run('held', 'show', 'ONCOR');
  assert.ok(shown.readings.length > 20 && shown.difference.gone.length > 20);
  assert.deepEqual([shown.difference.added, shown.compared_with], [[], before.version]);
  assert.deepEqual(await current(), before);
  await sync();
  assert.deepEqual(await readHeld(database.pool), []);
});

test('an operator publishes what is held; the good file that follows passes by itself; all is audited', async () => {
  const good = await current();
  await holdOne();
  const done = await run('held', 'publish', 'ONCOR');
  assert.deepEqual([done.code, done.status], [0, 'published'], JSON.stringify(done));
  const bad = await current();
  assert.ok(bad.plans <= good.plans * 0.6);
  assert.equal((await sync()).tdsps[0]!.status, 'published');
  assert.equal((await current()).content_hash, good.content_hash);
  await holdOne();
  assert.equal((await run('held', 'drop', 'ONCOR')).code, 0);
  assert.equal((await run('held', 'drop', 'ONCOR')).code, 1);
  const { rows } = await database.pool.query('select action from audit_log order by id');
  assert.deepEqual(
    rows.map(({ action }) => action),
    ['held_published', 'held_dropped'],
  );
});

test('an earlier version is put back as a new one', async () => {
  const first = await current();
  sandbox.control.advance(3);
  await sync();
  const second = await current();
  assert.notEqual(second.content_hash, first.content_hash);
  const done = await run('sync', 'revert', 'ONCOR', '--to', String(first.version));
  assert.deepEqual([done.code, done.status], [0, 'published'], JSON.stringify(done));
  const back = await current();
  assert.deepEqual([back.version, back.plans], [second.version + 1, first.plans]);
  assert.equal((await run('sync', 'revert', 'ONCOR', '--to', '999')).code, 1);
});

test('plans of another source do not replace those that are stored until that is confirmed', async () => {
  const csv = fileURLToPath(new URL('../fixtures/powertochoose-small.csv', import.meta.url));
  const tdspByName = (name: string) => readTerritory().tdspByFeedName(name)?.duns;
  const other = new PowerToChooseSource({ csv, tdspByName }, testGate(database));
  const before = await current();
  const refused = await syncAll(database, other, { tdsps: [ONCOR], force: true });
  assert.equal(refused.errors[0]!.code, 'source_changed');
  assert.match(refused.errors[0]!.message, /from sandbox \(invented plans\).*--change-source/);
  assert.deepEqual(await current(), before);
  const env = { DATABASE_URL, PLAN_SOURCE: 'powertochoose', POWERTOCHOOSE_CSV: csv };
  const { code, stdout, stderr } = await wattsync(
    ['sync', 'full', '--force', '--change-source', '--json'],
    env,
  );
  assert.equal(code, 0, stdout + stderr);
  assert.equal((await current()).source, 'powertochoose');
});

test('holds, decisions, reverts and the change of source are in the log, and every version follows from it', async () => {
  const log = await readWholeLog(database.pool);
  const told = (kind: string) => log.filter((event) => event.kind === kind);
  assert.ok(told('snapshot_held').length >= 3);
  assert.ok(told('snapshot_held').every(({ version, cause }) => version === null && cause === 'guard'));
  const reverted = told('snapshot_reverted');
  assert.ok(
    reverted.length > 0 && reverted.every(({ data }) => (data as { to_version: number }).to_version > 0),
  );
  assert.ok(told('source_changed').length > 0);
  const overridden = told('snapshot_published').filter(({ cause }) => cause === 'operator');
  assert.ok(overridden.length > 0);
  assert.ok((await assertLogTellsAll(database.pool)) > 4);
});
