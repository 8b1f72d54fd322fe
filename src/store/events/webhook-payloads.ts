/** What is sent to webhooks, word for word: written with the first try of anybody, and read by every other one. */

import type { Queryable } from '../postgres/database.ts';

export interface Payload {
  seq: number;
  /** Who is told the same of an event. */
  variant: string;
  body: string;
}

export const payloadKey = ({ seq, variant }: Pick<Payload, 'seq' | 'variant'>): string => `${seq} ${variant}`;

/** @returns those that were sent before, by `payloadKey` */
export async function readPayloads(
  queryable: Queryable,
  wanted: readonly Pick<Payload, 'seq' | 'variant'>[],
): Promise<Map<string, string>> {
  const { rows } = await queryable.query<Payload>({
    name: 'read webhook payloads',
    text: `select seq, variant, body from webhook_payloads
            join unnest($1::bigint[], $2::text[]) as w (seq, variant) using (seq, variant)`,
    values: [wanted.map(({ seq }) => seq), wanted.map(({ variant }) => variant)],
  });
  return new Map(rows.map((payload) => [payloadKey(payload), payload.body]));
}

/** Keeps them, unless somebody was first. @returns how many were kept */
export async function keepPayloads(queryable: Queryable, payloads: readonly Payload[]): Promise<number> {
  const { rowCount } = await queryable.query({
    name: 'keep webhook payloads',
    text: `insert into webhook_payloads (seq, variant, body)
           select * from unnest($1::bigint[], $2::text[], $3::text[])
           on conflict (seq, variant) do nothing`,
    values: [
      payloads.map(({ seq }) => seq),
      payloads.map(({ variant }) => variant),
      payloads.map(({ body }) => body),
    ],
  });
  return rowCount ?? 0;
}
