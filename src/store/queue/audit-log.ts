/** Who told the program to do what: every change of control and every request of an administrator. */

import { toJsonb } from '../postgres/copy.ts';
import type { Queryable } from '../postgres/database.ts';

interface AuditEntry {
  at: Date;
  actor: string;
  action: string;
  details: Record<string, unknown>;
}

export async function writeAudit(
  queryable: Queryable,
  { actor, action, details }: Omit<AuditEntry, 'at'>,
): Promise<void> {
  await queryable.query('insert into audit_log (actor, action, details) values ($1, $2, $3)', [
    actor,
    action,
    toJsonb(details),
  ]);
}

/** Newest first. */
export async function readAudit(queryable: Queryable, limit: number): Promise<AuditEntry[]> {
  const { rows } = await queryable.query<AuditEntry>(
    'select at, actor, action, details from audit_log order by at desc, id desc limit $1',
    [limit],
  );
  return rows;
}
