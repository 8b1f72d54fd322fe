/**
 * Which edition of the program writes the answers. Part of their tags: another edition may say the same plans in another
 * shape, or know a bill better, and a caller who holds the answer of the former one has to get the new one.
 */

import { hash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { SCHEMAS } from './description/schemas.ts';

const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8')) as {
  version: string;
};

/** The same in all processes of one edition. */
export const EDITION = hash('sha256', `${version} ${JSON.stringify(SCHEMAS)}`, 'base64url').slice(0, 6);
