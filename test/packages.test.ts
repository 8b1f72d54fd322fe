/** What is installed is what was looked at: pinned, with checksums, from the registry, without known vulnerabilities. */

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
const read = (file: string) => JSON.parse(readFileSync(`${root}/${file}`, 'utf8'));

interface Locked {
  version?: string;
  integrity?: string;
  resolved?: string;
  link?: boolean;
  hasInstallScript?: boolean;
}
const { packages } = read('package-lock.json') as { packages: Record<string, Locked> };
const installed = Object.entries(packages).filter(([path]) => path.startsWith('node_modules/'));
const nameOf = (path: string) => path.split('node_modules/').at(-1)!;

test('every package is pinned with a checksum and comes from a registry', () => {
  assert.ok(installed.length > 100);
  const loose = installed.filter(
    ([, { version, integrity, resolved, link }]) =>
      link ||
      !/^\d+\.\d+\.\d+/.test(version ?? '') ||
      !/^sha512-/.test(integrity ?? '') ||
      (resolved !== undefined && !resolved.startsWith('https://')),
  );
  assert.deepEqual(
    loose.map(([path]) => path),
    [],
  );
});

test('an install script runs only where package.json names its package', () => {
  const { allowScripts } = read('package.json') as { allowScripts: Record<string, boolean> };
  const unnamed = installed.filter(
    ([path, { hasInstallScript }]) => hasInstallScript && !(nameOf(path) in allowScripts),
  );
  assert.deepEqual(
    unnamed.map(([path]) => path),
    [],
  );
});

test('the registry knows no vulnerability of what is installed to run, where it answers such questions', (t) => {
  const args = ['audit', '--omit=dev', '--json', '--fetch-retries=0', '--fetch-timeout=8000'];
  const { stdout, error } = spawnSync('npm', args, { cwd: root, encoding: 'utf8', timeout: 30_000 });
  assert.ok(!error, error?.message);
  const answer = JSON.parse(stdout) as {
    message?: string;
    vulnerabilities?: Record<string, { severity: string; via: unknown[] }>;
  };
  // Mirrors and machines without a way out answer with an error of their own; npm exits with 1 in either case.
  if (answer.vulnerabilities === undefined) {
    assert.match(String(answer.message), /\S/);
    t.diagnostic(`NOT LOOKED AT: the registry in use answers no audits (${answer.message})`);
  } else assert.deepEqual(Object.keys(answer.vulnerabilities), []);
});
