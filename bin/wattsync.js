#!/usr/bin/env node
// The command line. It runs on whatever Node started it, and hands over to the pinned Node 24 where that is older:
// only from 24 on does Node run TypeScript by itself.
import { spawn } from 'node:child_process';
// As a whole: a name that an older Node does not have would end it before it can hand over.
import * as modules from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const here = dirname(fileURLToPath(import.meta.url));

if (Number.parseInt(process.versions.node, 10) >= 24) {
  // Stripped types and compiled code are kept between runs: without it every command spends some 60 ms more.
  modules.enableCompileCache(join(here, '..', 'node_modules', '.cache', 'wattsync'));
  const { main } = await import('../src/main.ts');
  await main(process.argv.slice(2));
} else {
  const pinned = join(
    dirname(modules.createRequire(import.meta.url).resolve('node/package.json')),
    'bin',
    'node',
  );
  const child = spawn(pinned, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    // It ends when this process does, even by `kill -9`.
    env: { ...process.env, WATTSYNC_LAUNCHER: String(process.pid) },
  });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP']) process.on(signal, () => child.kill(signal));
  // The shell that npm puts between itself and this process dies without a word.
  const parent = process.ppid;
  if (process.env.npm_lifecycle_event) {
    setInterval(() => process.ppid !== parent && child.kill('SIGTERM'), 250).unref();
  }
  child.on('error', (error) => {
    console.error(
      `wattsync needs Node 24 or newer, and the pinned one could not start: ${error.message}. Run npm ci.`,
    );
    process.exit(1);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + (constants.signals[signal] ?? 1)));
}
