/**
 * The published description, as three generators of clients read it: what they write compiles strictly, and does the job of a
 * shopper and that of an operator against a running server. They are installed in a folder of their own (TypeScript 5, which
 * they need, does not go beside the one of this project), so this takes minutes and a registry.
 */

import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { after, test } from 'node:test';
import { Secret } from '../../../src/config.ts';
import { startSandbox } from '../../../src/sandbox/server.ts';
import { ComparePowerSource } from '../../../src/sources/comparepower/comparepower.ts';
import { openApi } from '../../support/api.ts';
import { describedApi } from '../../support/bare-description.ts';
import { createTestDatabase, startReader, syncAll, testGate } from '../../support/support.ts';

const TOKEN = 'a token of a test';
const { database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 20 });
const about = { url: sandbox.url, apiKey: null, apiKeyHeader: 'X-API-Key' };
const source = new ComparePowerSource(about, testGate(database));
await syncAll(database, source);
const { engine } = await startReader(database, source);
const { app, listener } = openApi(database, undefined, {
  admin: { tokens: [{ name: 'tester', role: 'operate', token: new Secret(TOKEN) }], engine, database },
});
await listener.start();
const URL_OF_SERVER = await app.listen({ port: 0, host: '127.0.0.1' });

const folder = mkdtempSync(join(tmpdir(), 'wattsync-generators-'));
after(async () => {
  rmSync(folder, { recursive: true, force: true });
  await engine.stop(0);
  await sandbox.stop();
});
// With the Node of this process in front: some of them refuse older ones.
const env = { ...process.env, PATH: `${dirname(process.execPath)}:${process.env.PATH}` };
const run = (command: string, ...args: string[]) =>
  execFileSync(command, args, { cwd: folder, env, stdio: ['ignore', 'ignore', 'inherit'] });
const bin = (name: string) => join(folder, 'node_modules/.bin', name);

const PACKAGES = [
  'typescript@5.9',
  'esbuild',
  '@types/node@24',
  'openapi-typescript',
  'openapi-fetch',
  '@hey-api/openapi-ts',
  'orval',
];
const AUTH = '{ headers: { authorization: `Bearer ' + '$' + '{process.env.TOKEN}` } }';
/** The types are what is tested: a field that came out as `unknown` does not compile here. */
const JOBS = (list: string) => `
let repriced = 0;
for (const event of ${list}) if (event.event === 'offer_repriced') repriced += event.plan?.term_months ?? 0;`;
const SAY = 'console.log(JSON.stringify({ usd, run }));';

const GENERATORS: Record<string, { generate: () => void; use: string }> = {
  'openapi-typescript': {
    generate: () => run(bin('openapi-typescript'), 'openapi.json', '-o', 'ots.d.ts'),
    use: `import createClient from 'openapi-fetch';
import type { paths } from './ots.d.ts';
const client = createClient<paths>({ baseUrl: process.env.URL_OF_SERVER! });
const plans = await client.GET('/v1/plans', { params: { query: { zip: '75201', profile: 'house', term: [12] } } });
const usd: number | null | undefined = plans.data?.data[0]?.year?.total_usd;
const events = await client.GET('/v1/changes', { params: { query: { since: '0', include: 'plan' } } });
${JOBS('events.data?.data ?? []')}
const asked = await client.POST('/v1/admin/sync', { body: { kind: 'full' }, ...${AUTH} });
const told = await client.GET('/v1/admin/runs/{id}', { params: { path: { id: asked.data!.run_id } }, ...${AUTH} });
const run: number | undefined = told.data?.data.id;
${SAY}`,
  },
  '@hey-api/openapi-ts': {
    generate: () => run(bin('openapi-ts'), '-i', 'openapi.json', '-o', 'hey', '-c', '@hey-api/client-fetch'),
    use: `import { client } from './hey/client.gen';
import { getRun, listEvents, listPlans, startSync } from './hey/sdk.gen';
client.setConfig({ baseUrl: process.env.URL_OF_SERVER! });
const plans = await listPlans({ query: { zip: '75201', profile: 'house', term: [12] } });
const usd: number | null | undefined = plans.data?.data[0]?.year?.total_usd;
const events = await listEvents({ query: { since: '0', include: 'plan' } });
${JOBS('events.data?.data ?? []')}
const asked = await startSync({ body: { kind: 'full' }, ...${AUTH} });
const told = await getRun({ path: { id: asked.data!.run_id }, ...${AUTH} });
const run: number | undefined = told.data?.data.id;
${SAY}`,
  },
  orval: {
    generate: () =>
      run(bin('orval'), '--input', './openapi.json', '--output', './orval/api.ts', '--client', 'fetch'),
    use: `import { getRun, listEvents, listPlans, startSync } from './orval/api';
const real = globalThis.fetch;
globalThis.fetch = (url, init) => real(new URL(String(url), process.env.URL_OF_SERVER), init);
const plans = await listPlans({ zip: '75201', profile: 'house', term: [12] });
const usd: number | null | undefined = plans.status === 200 ? plans.data.data[0]?.year?.total_usd : undefined;
const events = await listEvents({ since: '0', include: 'plan' });
${JOBS('events.status === 200 ? events.data.data : []')}
const asked = await startSync({ kind: 'full' }, ${AUTH});
const told = asked.status === 202 ? await getRun(asked.data.run_id, ${AUTH}) : undefined;
const run: number | undefined = told?.status === 200 ? told.data.data.id : undefined;
${SAY}`,
  },
};

test('three generators read the description, what they write compiles strictly and does both jobs', async (context) => {
  writeFileSync(join(folder, 'package.json'), '{"private":true,"type":"module"}');
  writeFileSync(join(folder, 'openapi.json'), JSON.stringify(await describedApi()));
  const compilerOptions = {
    strict: true,
    noEmit: true,
    module: 'esnext',
    moduleResolution: 'bundler',
    target: 'es2022',
    lib: ['es2022', 'dom', 'dom.iterable'],
    types: ['node'],
    skipLibCheck: true,
    allowImportingTsExtensions: true,
    noUncheckedIndexedAccess: true,
  };
  writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ compilerOptions, include: ['use-*.ts'] }));
  run('npm', 'install', '--no-audit', '--no-fund', '--loglevel=error', ...PACKAGES);
  for (const [at, { generate, use }] of Object.values(GENERATORS).entries()) {
    generate();
    writeFileSync(join(folder, `use-${at}.ts`), use);
  }
  run(bin('tsc'), '-p', '.');
  for (const [at, name] of Object.keys(GENERATORS).entries()) {
    await context.test(name, async () => {
      run(
        bin('esbuild'),
        `use-${at}.ts`,
        '--bundle',
        '--format=esm',
        '--platform=node',
        `--outfile=use-${at}.mjs`,
      );
      const { usd, run: runId } = JSON.parse(await output(join(folder, `use-${at}.mjs`)));
      assert.ok(usd > 100 && usd < 10_000, `${usd}`);
      assert.ok(runId > 0, `${runId}`);
    });
  }
});

/** Beside this process, which answers it. */
async function output(file: string): Promise<string> {
  const child = spawn(process.execPath, [file], {
    env: { PATH: env.PATH, URL_OF_SERVER, TOKEN },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let text = '';
  for await (const piece of child.stdout.setEncoding('utf8')) text += piece;
  return text;
}
