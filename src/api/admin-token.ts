/** Whether somebody gave the admin token. */

import { hash, timingSafeEqual } from 'node:crypto';
import type { Secret } from '../config.ts';

const digest = (value: string): Buffer => hash('sha256', value, 'buffer');

/** Compared in the same time whatever was given: how much of it is right must not be found out by asking. */
export const isAdminToken = (given: string, token: Secret): boolean =>
  timingSafeEqual(digest(given), digest(token.reveal()));

/** The text after `Bearer` in an Authorization header; empty without one. */
export const bearerOf = (header: string | undefined): string =>
  /^Bearer (.+)$/i.exec(header ?? '')?.[1] ?? '';
