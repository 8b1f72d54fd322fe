/**
 * What holds on every connection of ours, whatever the server, the database or the role has for its default: dates that can be
 * read, texts that mean what they say, and no time-out or isolation level that was meant for somebody else. Sent with the
 * address as the connection begins, so that no connection can be without, whichever library makes it, and none costs a
 * round trip more.
 */

import type pg from 'pg';

const SETTINGS = {
  DateStyle: 'ISO',
  IntervalStyle: 'postgres',
  TimeZone: 'UTC',
  standard_conforming_strings: 'on',
  transform_null_equals: 'off',
  default_transaction_isolation: 'read committed',
  default_transaction_deferrable: 'off',
  // Each of ours has its own deadline where it needs one.
  statement_timeout: '0',
  lock_timeout: '0',
  idle_session_timeout: '0',
};

/** Those of a session that are not as we set them, with what they are and should be: a pooler may have dropped them. */
export async function settingsNotInForce(
  queryable: Pick<pg.PoolClient, 'query'>,
): Promise<{ name: string; is: string; expected: string }[]> {
  const { rows } = await queryable.query<{ name: string; setting: string }>(
    'select name, setting from pg_settings where name = any($1) order by name',
    [Object.keys(SETTINGS)],
  );
  return rows
    .map(({ name, setting: is }) => ({ name, is, expected: SETTINGS[name as keyof typeof SETTINGS] }))
    .filter(({ is, expected }) => is !== expected && !is.startsWith(`${expected}, `));
}

/** @returns the address with our settings, behind those it has already */
export function withSessionSettings(connectionString: string): string {
  const url = new URL(connectionString);
  const ours = Object.entries(SETTINGS).map(([name, value]) => `-c ${name}=${value.replaceAll(' ', '\\ ')}`);
  const given = url.searchParams.get('options');
  url.searchParams.set('options', [...(given ? [given] : []), ...ours].join(' '));
  // As the driver reads it: a plus sign is not a blank there.
  return url.href.replaceAll('+', '%20');
}
