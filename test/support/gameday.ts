/**
 * `npm run gameday`: breaks one part of a running fleet after the other, and prints what an operator saw, when and through
 * which channel, whether the first command of the runbook names the trouble, and when it was over. Times are those of the
 * rules, with waits cut short so that a drill takes less than a minute.
 */

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, mkdtempSync, readFileSync, rmSync, statfsSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text as readText } from 'node:stream/consumers';
import { after, test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { parse, stringify } from 'yaml';
import { verifyWebhook, webhookKey } from '../../src/delivery/signed-webhook.ts';
import type { AlertMessage } from '../../src/monitor/alerts/messages.ts';
import { startSandbox } from '../../src/sandbox/server.ts';
import { startPostgres, startRedis } from './cache.ts';
import { makeCertificate } from './certificate.ts';
import { mountSmallDisk } from './small-disk.ts';
import { spawnWattsync, until, wattsync } from './support.ts';

/** On a busy machine a command alone may take half a minute. */
const DRILL_MS = 240_000;
const SECRET = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
/** What a drill cannot wait for. */
const SHORTER: Record<string, object> = {
  circuit_open: { for: '5s' },
  redis_away: { for: '5s' },
  clock_skew: { for: '5s' },
  process_silent: { fires: 12, clears: 5 },
  scheduler_silent: { fires: 40, clears: 20, for: '5s' },
  // Of the last hour, in which every drill fails some: its own test is in test/monitor/alerts.test.ts.
  syncs_failing: { fires: 0.95, clears: 0.9 },
};

const folder = mkdtempSync(join(tmpdir(), 'wattsync-gameday-'));
after(() => rmSync(folder, { recursive: true, force: true }));
const rulesFile = join(folder, 'alerts.yaml');
const given = parse(readFileSync(new URL('../../data/alerts.yaml', import.meta.url), 'utf8'));
for (const rule of given.rules) Object.assign(rule, SHORTER[rule.id]);
writeFileSync(rulesFile, stringify(given));
const runbook = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');

/** What came over the webhook, with when. */
const heard: { at: number; item: AlertMessage['items'][number] }[] = [];
const pager = createServer(async (request, response) => {
  const body = await readText(request);
  const isGenuine = verifyWebhook(
    webhookKey(SECRET),
    new Headers(request.headers as Record<string, string>),
    body,
    Date.now() / 1_000,
  );
  response.writeHead(isGenuine ? 200 : 401).end();
  const { data } = JSON.parse(body) as { data: AlertMessage };
  for (const item of isGenuine ? data.items : []) heard.push({ at: performance.now(), item });
});
pager.listen(0, '127.0.0.1');
await once(pager, 'listening');
after(() => pager.close());

const postgres = await startPostgres();
const redis = await startRedis();
const sandbox = await startSandbox({ plansPerTdsp: 60 });
after(() => sandbox.stop());

/** The upstream speaks TLS, with certificates of an authority that the fleet trusts. */
const { file: authority } = makeCertificate(folder, 'authority', { authority: null, days: 400 });
const certificate = (days: number) =>
  makeCertificate(folder, `in-${days}-days`, { authority: 'authority', days });
const upstream = createTlsServer(certificate(90), async (request, response) => {
  try {
    const answer = await fetch(sandbox.url + request.url, { redirect: 'manual' });
    const body = Buffer.from(await answer.arrayBuffer());
    const { 'content-encoding': _, 'transfer-encoding': _1, ...headers } = Object.fromEntries(answer.headers);
    response.writeHead(answer.status, headers).end(body);
  } catch {
    response.destroy();
  }
});
upstream.listen(0, '127.0.0.1');
await once(upstream, 'listening');
after(() => {
  upstream.closeAllConnections();
  upstream.close();
});
const showCertificate = async (days: number) => {
  upstream.setSecureContext(certificate(days));
  upstream.closeAllConnections();
  await sync();
};

const elsewhere = {
  PLAN_SOURCE: 'comparepower',
  COMPAREPOWER_API_URL: `https://localhost:${(upstream.address() as AddressInfo).port}`,
  NODE_EXTRA_CA_CERTS: authority,
  API_CALL_BUDGET_PER_HOUR: '10000',
  EMERGENCY_CALL_BUDGET_PER_HOUR: '10000',
  PORT: '0',
  LOG_LEVEL: 'silent',
  ALERTS_FILE: rulesFile,
  ALERT_WEBHOOK_URL: `http://127.0.0.1:${(pager.address() as AddressInfo).port}/in`,
  ALERT_WEBHOOK_SECRET: SECRET,
};
const env: Record<string, string> = {
  ...elsewhere,
  DATABASE_URL: postgres.url,
  REDIS_URL: redis.url.reveal(),
};
const start = (roles: string, more: Record<string, string> = {}) =>
  spawnWattsync(['start', '--role', roles, '--json'], { ...env, ...more });
const web = start('web');
const worker = start('worker');
let scheduler = start('scheduler');
/** Another program, all of it in one process, with its database on a disk that is small. */
const disk = mountSmallDisk('420m');
const onDisk = disk === null ? null : { ...elsewhere, WATTSYNC_DATA_DIR: disk };
const small = onDisk === null ? null : spawnWattsync(['start', '--json'], onDisk);
await until(async () => (await wattsync(['production', 'status'], env)).code === 0, 90_000);
// What a start finds wrong gets two minutes to be repaired before anybody is told.
await pause(120_000);

const say = (text: string) => console.log(text);
const sync = () => wattsync(['sync', 'city', 'dallas-tx', '--force'], env);

/** The first command of a rule's section, and what names the trouble in what it prints. */
async function followRunbook(rule: string, names: RegExp, where: Record<string, string>): Promise<void> {
  const [, command] = new RegExp(`### ${rule}\\n[\\s\\S]*?\`\`\`sh\\nnpm run ([^\\n]+)`).exec(runbook)!;
  const [script, ...rest] = command!.split(/\s+(?:--\s+)?/);
  const { stdout, stderr, code } = await wattsync([...script!.split(':'), ...rest], where);
  const said = stdout + stderr;
  const line = said.split('\n').find((one) => names.test(one));
  say(`    runbook  npm run ${command}  → exit ${code}: ${line?.trim() ?? '(does not name it)'}`);
  assert.ok(line !== undefined, `"npm run ${command}" does not name the trouble:\n${said}`);
}

interface Drill {
  rule: string;
  what: string;
  breakIt(): Promise<unknown> | unknown;
  /** What the runbook's first command has to say. */
  names: RegExp;
  repair(): Promise<unknown> | unknown;
  /** Settings of the program that is broken; left out, those of the fleet. */
  where?: Record<string, string>;
}

function drill({ rule, what, breakIt, names, repair, where = env }: Drill): void {
  test(what, { timeout: 2 * DRILL_MS }, async () => {
    const about = (kind: string) => heard.find(({ item }) => item.rule === rule && item.kind === kind);
    heard.length = 0;
    const began = performance.now();
    const seconds = (at: number) => `${((at - began) / 1_000).toFixed(1)} s`;
    await breakIt();
    await until(() => about('fired') !== undefined, DRILL_MS);
    const fired = about('fired')!;
    const { severity, title, subject, reading } = fired.item;
    say(`  ${what}`);
    say(
      `    ${seconds(fired.at).padStart(7)}  webhook [${severity}] ${title}${subject ? `: ${subject}` : ''} (${reading})`,
    );
    await followRunbook(rule, names, where);
    const others = new Set(
      heard.filter(({ item }) => item.kind === 'fired' && item.rule !== rule).map(({ item }) => item.rule),
    );
    if (others.size > 0) say(`    besides  ${[...others].join(', ')}`);
    const repaired = performance.now();
    await repair();
    await until(() => about('resolved') !== undefined, DRILL_MS);
    say(`    resolved ${((about('resolved')!.at - repaired) / 1_000).toFixed(1)} s after the repair`);
    assert.equal(
      heard.filter(({ item }) => item.rule === rule && item.kind === 'fired').length,
      1,
      'told once',
    );
  });
}

drill({
  rule: 'circuit_open',
  what: 'the upstream answers 500',
  breakIt: async () => {
    sandbox.control.setFaults(['500']);
    await sync();
    await sync();
  },
  names: /failed \d+ times in a row/,
  repair: async () => {
    sandbox.control.clearFaults();
    await sync();
  },
});

drill({
  rule: 'key_refused',
  what: 'the upstream refuses the key',
  breakIt: async () => {
    sandbox.control.setFaults(['denied']);
    await sync();
  },
  names: /refuses the key/,
  repair: async () => {
    sandbox.control.clearFaults();
    await sync();
  },
});

drill({
  rule: 'snapshot_held',
  what: 'a bad feed: half of the plans are missing',
  breakIt: async () => {
    sandbox.control.setFaults(['shrunk']);
    await sync();
  },
  names: /Oncor|ONCOR/,
  repair: async () => {
    sandbox.control.clearFaults();
    await sync();
  },
});

drill({
  rule: 'records_rejected',
  what: 'a bad feed: records of the wrong type',
  breakIt: async () => {
    sandbox.control.setFaults(['wrong_types:share=0.12']);
    await sync();
  },
  names: /rejected|record/i,
  repair: async () => {
    sandbox.control.clearFaults();
    await sync();
  },
});

drill({
  rule: 'certificate_ends',
  what: 'the certificate of the upstream ends in ten days',
  breakIt: () => showCertificate(10),
  names: /certificate/i,
  repair: () => showCertificate(90),
});

if (disk && onDisk) {
  const ballast = join(disk, 'ballast');
  drill({
    rule: 'disk_full',
    what: 'the disk of the database fills to 93 %',
    breakIt: async () => {
      await until(() => small!.seen.stdout.includes('"synced"'), DRILL_MS);
      const { blocks, bavail, bsize } = statfsSync(disk);
      writeFileSync(ballast, Buffer.alloc(Math.round((bavail - 0.07 * blocks) * bsize)));
    },
    names: /disk +9\d/,
    repair: () => rmSync(ballast),
    where: onDisk,
  });
} else say('  disk: not drilled, no file system may be mounted here');

drill({
  rule: 'redis_away',
  what: 'Redis is killed',
  breakIt: () => redis.kill(),
  names: /Redis does not answer/,
  repair: () => redis.restart(),
});

drill({
  rule: 'process_silent',
  what: 'a worker freezes',
  breakIt: () => worker.child.kill('SIGSTOP'),
  names: new RegExp(`${worker.child.pid}`),
  repair: () => worker.child.kill('SIGCONT'),
});

drill({
  rule: 'scheduler_silent',
  what: 'the scheduler is killed',
  breakIt: () => scheduler.child.kill('SIGKILL'),
  names: /No process keeps the schedule/,
  repair: () => {
    scheduler = start('scheduler');
  },
});

const FAKETIME = '/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1';
if (existsSync(FAKETIME)) {
  let wrong: ReturnType<typeof start>;
  drill({
    rule: 'clock_skew',
    what: 'the clock of a machine is five minutes ahead',
    breakIt: () => {
      wrong = start('worker', { LD_PRELOAD: FAKETIME, FAKETIME: '+5m', FAKETIME_DONT_FAKE_MONOTONIC: '1' });
    },
    names: /ahead of the database/,
    repair: () => wrong.child.kill('SIGKILL'),
  });
} else say('  clock: not drilled, libfaketime is not installed');

drill({
  rule: 'postgres_away',
  what: 'PostgreSQL hangs',
  breakIt: () => postgres.signal('SIGSTOP'),
  names: /does not answer|no answer|timed? ?out|cannot/i,
  repair: () => postgres.signal('SIGCONT'),
});

test('at the end everything is as it was', { timeout: DRILL_MS }, async () => {
  await until(async () => (await wattsync(['alerts'], env)).code === 0, DRILL_MS);
  const { stdout } = await wattsync(['production', 'status'], env);
  say(stdout.split('\n')[0]!);
  const { stdout: history } = await wattsync(['alerts', 'history', '--limit', '60'], env);
  say(history);
  for (const { child, ended } of [web, worker, scheduler, ...(small ? [small] : [])]) {
    child.kill('SIGTERM');
    await ended;
  }
});
