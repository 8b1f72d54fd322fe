/** Who gave an admin token. */

import { hash, timingSafeEqual } from 'node:crypto';
import type { AdminRole, AdminToken, Secret } from '../../config.ts';

const digest = (value: string): Buffer => hash('sha256', value, 'buffer');

/** Compared in the same time whatever was given: how much of it is right must not be found out by asking. */
export const isSecret = (given: string, secret: Secret): boolean =>
  timingSafeEqual(digest(given), digest(secret.reveal()));

/** @returns `null`: it is none of them */
export function adminOf(tokens: readonly AdminToken[], given: string): AdminToken | null {
  // All of them are compared: which one it is must not be found out either.
  return tokens.filter(({ token }) => isSecret(given, token))[0] ?? null;
}

/** `operate` may do all that `read` may. */
export const mayAct = ({ role }: AdminToken, needed: AdminRole): boolean =>
  role === 'operate' || needed === 'read';

/** The text after `Bearer` in an Authorization header; empty without one. */
export const bearerOf = (header: string | undefined): string =>
  /^Bearer (.+)$/i.exec(header ?? '')?.[1] ?? '';
