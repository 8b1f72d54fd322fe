/** What the values of variables may be, beside plain numbers and choices. */

import { isIP } from 'node:net';
import type { Reader } from './readers.ts';

export const text: Reader<string> = { expected: 'a text', read: (given) => given };

export const address = (...protocols: string[]): Reader<string> => ({
  expected: `an address that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
  read: (given) =>
    URL.canParse(given) && protocols.includes(new URL(given).protocol)
      ? given.replace(/\/+$/, '')
      : undefined,
});

/** An address that paths are put behind, or that is written down: nothing in it may be secret or come after the path. */
export const upstream = (mayHaveQuery: boolean): Reader<string> => ({
  expected: `an http(s) address without user, password${mayHaveQuery ? '' : ', "?"'} or "#", for example https://pricing.api.comparepower.com (a key goes into COMPAREPOWER_API_KEY)`,
  read: (given) => {
    const known = address('http:', 'https:').read(given);
    if (known === undefined) return undefined;
    const { username, password, search } = new URL(given);
    const isClean = username === '' && password === '' && !given.includes('#');
    return isClean && (mayHaveQuery || (search === '' && !given.includes('?'))) ? known : undefined;
  },
});

/** A path, or an address. */
export const exportPlace: Reader<string> = {
  expected: 'a path, or an http(s) address without user, password or "#"',
  read: (given) => (/^https?:/i.test(given) ? upstream(true).read(given) : given),
};

export const headerValue: Reader<string> = {
  expected: 'a text of plain characters on one line',
  read: (given) => (/^[\x20-\x7e]{1,2000}$/.test(given) ? given : undefined),
};

export const cron: Reader<string> = {
  expected: 'a cron expression of five fields, for example "0 2 * * *", or "off"',
  read: (given) => {
    const value = given.replace(/\s+/g, ' ');
    if (value.toLowerCase() === 'off') return 'off';
    return /^([\d*,/LW#A-Za-z-]+ ){4}[\d*,/LW#A-Za-z-]+$/.test(value) ? value : undefined;
  },
};

export const timeZone: Reader<string> = {
  expected: 'a time zone, for example America/Chicago',
  read: (given) => {
    try {
      return new Intl.DateTimeFormat('en-US', { timeZone: given }).resolvedOptions().timeZone;
    } catch {
      return undefined;
    }
  },
};

export const headerName: Reader<string> = {
  expected: 'a header name of letters, digits and "-"',
  read: (given) => (/^[A-Za-z0-9-]+$/.test(given) ? given : undefined),
};

/** `{"Origin":"https://…"}`; what HTTP itself sets is not for settings. */
export const headers: Reader<Readonly<Record<string, string>>> = {
  expected:
    'a JSON object of header names and texts, for example {"Origin":"https://orders.example.com"}, without those HTTP sets itself',
  read: (given) => {
    try {
      const value: unknown = JSON.parse(given);
      if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
      const entries = Object.entries(value);
      return entries.every(([name, text]) => isHeader(name, text)) ? Object.fromEntries(entries) : undefined;
    } catch {
      return undefined;
    }
  },
};

function isHeader(name: string, text: unknown): boolean {
  if (!/^[A-Za-z0-9-]{1,100}$/.test(name)) return false;
  if (/^(?:host|connection|content-length|transfer-encoding|upgrade|te|trailer|expect|if-.*)$/i.test(name))
    return false;
  return typeof text === 'string' && /^[\x20-\x7e]{1,2000}$/.test(text);
}

/** As Standard Webhooks writes it: 24 to 64 bytes in base64. */
export const webhookSecret: Reader<string> = {
  expected: 'whsec_ and 24 to 64 bytes in base64, for example from: echo whsec_$(openssl rand -base64 32)',
  read: (given) => (/^whsec_[A-Za-z0-9+/]{32,86}={0,2}$/.test(given) ? given : undefined),
};

/** As many bytes as AES-256 takes. */
export const cipherKey: Reader<string> = {
  expected: '32 bytes in base64, for example from: openssl rand -base64 32',
  read: (given) => (/^[A-Za-z0-9+/]{43}=?$/.test(given) ? given : undefined),
};

export const mailAddress: Reader<string> = {
  expected: 'a mail address, or several separated by commas',
  read: (given) =>
    given.split(',').every((one) => /^[^\s@,<>]+@[^\s@,<>]+$/.test(one.trim())) ? given : undefined,
};

export const userAgent: Reader<string> = {
  expected: 'a text of plain characters, at most 300',
  read: (given) => (/^[\x20-\x7e]{1,300}$/.test(given) ? given : undefined),
};

const SHORTEST_KEY = 16;
const KEY = /^[\x21-\x2b\x2d-\x7e]{16,200}$/;
const KEY_TEXT = `${SHORTEST_KEY} to 200 characters without blanks and commas`;

export const key: Reader<string> = {
  expected: `a key of ${KEY_TEXT}`,
  read: (given) => (KEY.test(given) ? given : undefined),
};

const ADMIN_ROLES = ['read', 'operate'] as const;
/** What a token allows: to look, or to change things, too. */
export type AdminRole = (typeof ADMIN_ROLES)[number];
interface NamedToken {
  /** Stands in the audit log. */
  name: string;
  role: AdminRole;
  token: string;
}
const NAMED_TOKEN = /^([a-z0-9][a-z0-9_-]{0,39}):(read|operate):(.*)$/is;

export const adminTokens: Reader<readonly NamedToken[]> = {
  expected: `a token of ${KEY_TEXT}, or several as name:role:token with commas between, where the role is read or operate and every name and token differs`,
  read: (given) => {
    const texts = given.split(',').map((one) => one.trim());
    const tokens = texts.map((text): NamedToken => {
      const [, name, role, token] = NAMED_TOKEN.exec(text) ?? [];
      return name === undefined
        ? { name: 'admin', role: 'operate', token: text }
        : { name: name.toLowerCase(), role: role!.toLowerCase() as AdminRole, token: token! };
    });
    const areNamed = texts.length === 1 || texts.every((text) => NAMED_TOKEN.test(text));
    const differ = (values: string[]) => new Set(values).size === values.length;
    return areNamed &&
      tokens.every(({ token }) => KEY.test(token)) &&
      differ(tokens.map(({ name }) => name)) &&
      differ(tokens.map(({ token }) => token))
      ? tokens
      : undefined;
  },
};

const PROXY_NAMES = ['loopback', 'linklocal', 'uniquelocal'];

export const proxies: Reader<readonly string[]> = {
  expected:
    'addresses, networks such as 10.0.0.0/8, loopback, linklocal or uniquelocal, with commas between, or none',
  read: (given) => {
    const names = given.split(',').map((one) => one.trim());
    if (names.length === 1 && names[0]!.toLowerCase() === 'none') return [];
    return names.every((name) => PROXY_NAMES.includes(name) || isNetwork(name)) ? names : undefined;
  },
};

function isNetwork(text: string): boolean {
  const [address = '', bits = '0', ...more] = text.split('/');
  const most = { 0: -1, 4: 32, 6: 128 }[isIP(address)] ?? -1;
  return more.length === 0 && /^\d{1,3}$/.test(bits) && Number(bits) <= most;
}
