/**
 * Who may look at and change operations: an admin token as a Bearer, or a session that was begun with it. A session is a
 * signed cookie and nothing else, so that it holds in every process, through restarts and while PostgreSQL is away; with
 * another ADMIN_TOKEN all of them end.
 */

import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import { adminOf } from '../api/strangers/admin-token.ts';
import type { AdminRole, AdminToken } from '../config.ts';

const COOKIE = 'wattsync_ops';
/** How a token is called that stands alone in ADMIN_TOKEN. */
const UNNAMED = 'admin';
const LIFE_MS = 12 * 3_600_000;
const NAME = /^[\p{L}\p{N}][\p{L}\p{N} ._-]{0,39}$/u;

export interface Session {
  id: string;
  /** The name of the token, or as typed at the login where the token has none; stands in the audit log. */
  who: string;
  /** `read` may look at everything and change nothing. */
  role: AdminRole;
  until: number;
}

export class Sessions {
  readonly #tokens: readonly AdminToken[];
  readonly #key: Buffer;
  readonly #now: () => number;

  constructor(tokens: readonly AdminToken[], now: () => number = Date.now) {
    this.#tokens = tokens;
    const all = tokens.map(({ name, role, token }) => `${name}:${role}:${token.reveal()}`).join();
    this.#key = createHmac('sha256', all).update('wattsync ops session').digest();
    this.#now = now;
  }

  /** Whether a name can stand in the audit log. */
  static isName(name: string): boolean {
    return NAME.test(name);
  }

  /** @returns `null`: the token is wrong */
  begin(who: string, token: string): Session | null {
    const found = adminOf(this.#tokens, token);
    if (!found) return null;
    const { name, role } = found;
    return {
      id: randomBytes(16).toString('base64url'),
      who: name === UNNAMED ? who : name,
      role,
      until: this.#now() + LIFE_MS,
    };
  }

  /** As a Set-Cookie header. @param isSecure the browser came by https */
  cookieOf(session: Session, isSecure: boolean): string {
    const body = Buffer.from(JSON.stringify([session.id, session.who, session.role, session.until])).toString(
      'base64url',
    );
    return setCookie(`${body}.${this.#sign(body)}`, LIFE_MS / 1_000, isSecure);
  }

  /** @returns `null`: none, a forged one, or one that has ended */
  read(cookies: string | undefined): Session | null {
    const value = (cookies ?? '').match(new RegExp(`(?:^|;\\s*)${COOKIE}=([\\w-]+)\\.([\\w-]+)`));
    if (!value || !isSame(value[2]!, this.#sign(value[1]!))) return null;
    const [id, who, role, until] = JSON.parse(Buffer.from(value[1]!, 'base64url').toString()) as [
      string,
      string,
      AdminRole,
      number,
    ];
    return until > this.#now() ? { id, who, role, until } : null;
  }

  /** Stands in every form of the session: a page of another site cannot know it. */
  formToken({ id }: Session): string {
    return this.#sign(`form ${id}`);
  }

  isFormToken(session: Session, given: string): boolean {
    return isSame(given, this.formToken(session));
  }

  #sign(text: string): string {
    return createHmac('sha256', this.#key).update(text).digest('base64url');
  }
}

export const endCookie = (isSecure: boolean): string => setCookie('', 0, isSecure);

const setCookie = (value: string, seconds: number, isSecure: boolean): string =>
  `${COOKIE}=${value}; Path=/ops; Max-Age=${seconds}; HttpOnly; SameSite=Strict${isSecure ? '; Secure' : ''}`;

const isSame = (one: string, other: string): boolean => {
  const [a, b] = [Buffer.from(one), Buffer.from(other)];
  return a.length === b.length && timingSafeEqual(a, b);
};
