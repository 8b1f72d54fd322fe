/** Where settings come from besides the environment itself, and which of them are nobody's. */

import { readFileSync } from 'node:fs';
import { parseEnv } from 'node:util';
import { closest, distance } from 'fastest-levenshtein';
import { ConfigError, type Environment } from '../../config.ts';
import { VARIABLES } from '../../variables.ts';

const FILE = '.env';

/**
 * The variables of the file `.env` in the current folder, where there is one; those of the environment win.
 * @throws {ConfigError} it is there and cannot be read
 */
export function withEnvFile(env: Environment): Environment {
  try {
    return Object.assign({}, parseEnv(readFileSync(FILE, 'utf8')), env);
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ENOENT' || code === 'EISDIR') return env;
    throw new ConfigError([{ field: FILE, message: `cannot be read: ${message}` }]);
  }
}

/** Set by this program itself, or by its tests. */
const INTERNAL = ['WATTSYNC_LAUNCHER', 'WATTSYNC_TEST_DIR'];
/** Letters that may differ, in names long enough not to be another word. */
const SLIP = { letters: 2, shortest: 8 };

/** What looks like a variable of ours and is not: a sentence for each, with the one that may be meant. */
export function misspelt(env: Environment): string[] {
  const known = Object.keys(VARIABLES);
  return Object.keys(env)
    .filter((name) => !known.includes(name) && !INTERNAL.includes(name))
    .flatMap((name) => {
      const nearest = closest(name, known);
      const isNear = nearest.length >= SLIP.shortest && distance(name, nearest) <= SLIP.letters;
      if (!isNear && !name.startsWith('WATTSYNC_')) return [];
      const meant = isNear ? `; did you mean ${nearest}?` : ': see the table in README.md';
      return [`${name} is not a variable of wattsync${meant}`];
    });
}
