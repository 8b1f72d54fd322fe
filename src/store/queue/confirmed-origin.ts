/** The address or file whose plans an operator let replace those of another source. */

import type { Connection, Queryable } from '../postgres/database.ts';
import { writeAudit } from './audit-log.ts';

export async function readConfirmedOrigin(queryable: Queryable): Promise<string | null> {
  const { rows } = await queryable.query<{ confirmed_origin: string | null }>(
    'select confirmed_origin from sync_control',
  );
  return rows[0]?.confirmed_origin ?? null;
}

export async function confirmOrigin(connection: Connection, origin: string, actor: string): Promise<void> {
  await connection.query('update sync_control set confirmed_origin = $1', [origin]);
  await writeAudit(connection, { actor, action: 'source_changed', details: { origin } });
}
