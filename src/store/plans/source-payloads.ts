/**
 * The memory of the source: every body an upstream sent, kept once under the hash of its bytes, packed with zstd. The
 * call, the snapshot and the result it led to name the hash; so do rejected records. Unreadable answers and those of
 * snapshots that were held back are kept as well: they are what one wants to look at.
 *
 *   gate ──▶ keepPayload ──▶ source_payloads ◀── hash ── api_calls, plan_snapshots, sync_results, quarantined_records
 *                                   │
 *   replay ◀── readPayload ─────────┘        db:maintenance ──▶ pruneSourcePayloads
 *
 * A body that comes again moves one time. What is older than RETENTION_PAYLOADS_DAYS goes, except what the
 * current snapshots were read from and what an open record of the quarantine came in.
 */

import { hash } from 'node:crypto';
import { promisify } from 'node:util';
import { zstdCompress, zstdDecompress } from 'node:zlib';
import { toJsonb } from '../postgres/copy.ts';
import type { Queryable } from '../postgres/database.ts';

const pack = promisify(zstdCompress);
const unpack = promisify(zstdDecompress);

/** The state's export has 1.7 MB. What is ten times longer is not a list of plans, and not worth storing. */
const LARGEST_BYTES = 16 << 20;

/** A body as it may be kept. */
export interface Payload {
  hash: string;
  body: Uint8Array;
}

/** @returns `null` where there is nothing to keep, or too much */
export function toPayload(body: Uint8Array): Payload | null {
  if (body.byteLength === 0 || body.byteLength > LARGEST_BYTES) return null;
  return { hash: hash('sha256', body, 'hex'), body };
}

interface PayloadFacts {
  source: string;
  origin: string;
  request: { endpoint: string; params: Record<string, string> };
  status: number | null;
  content_type: string | null;
  seen_at: Date;
}

/** Keeps a body, or notes that it came again. */
export async function keepPayload(
  queryable: Queryable,
  { hash, body }: Payload,
  facts: PayloadFacts,
): Promise<void> {
  const { source, origin, request, status, content_type, seen_at } = facts;
  const { rowCount } = await queryable.query(
    `update source_payloads set times = times + 1, last_seen_at = greatest(last_seen_at, $2) where hash = $1`,
    [hash, seen_at],
  );
  if (rowCount === 1) return;
  const packed = await pack(body);
  await queryable.query(
    `insert into source_payloads as p
       (hash, source, origin, request, status, content_type, bytes, stored_bytes, body, times, first_seen_at, last_seen_at)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9, 1, $10, $10)
     on conflict (hash) do update set times = p.times + 1, last_seen_at = greatest(p.last_seen_at, excluded.last_seen_at)`,
    [
      hash,
      source,
      origin,
      toJsonb(request),
      status,
      content_type,
      body.byteLength,
      packed.byteLength,
      packed,
      seen_at,
    ],
  );
}

export interface KeptPayload extends Omit<PayloadFacts, 'seen_at'> {
  hash: string;
  bytes: number;
  stored_bytes: number;
  first_seen_at: Date;
  last_seen_at: Date;
  body: Uint8Array;
}

/** @returns `null`: it is not kept, or not any more; `'damaged'`: what is stored is not what came */
export async function readPayload(
  queryable: Queryable,
  payloadHash: string,
): Promise<KeptPayload | 'damaged' | null> {
  const { rows } = await queryable.query<KeptPayload>(
    `select hash, source, origin, request, status, content_type, bytes, stored_bytes, body, first_seen_at, last_seen_at
       from source_payloads where hash = $1`,
    [payloadHash],
  );
  const [kept] = rows;
  if (!kept) return null;
  const body = await unpack(kept.body, { maxOutputLength: LARGEST_BYTES }).catch(() => null);
  return body && hash('sha256', body, 'hex') === payloadHash ? { ...kept, body } : 'damaged';
}

/** Hashes that begin so, the youngest first, a few at most. */
export async function findPayloads(queryable: Queryable, prefix: string): Promise<string[]> {
  const { rows } = await queryable.query<{ hash: string }>(
    `select hash from source_payloads where hash ^@ $1 order by last_seen_at desc limit 5`,
    [prefix],
  );
  return rows.map((row) => row.hash);
}

/** What became of a body in one TDSP. */
interface PayloadUse {
  hash: string;
  /** `null`: it could not be read, so nobody knows. */
  tdsp_duns: string | null;
  /** The version it was published as, or confirmed. */
  version: number | null;
  /** Why it was not. */
  error: string | null;
  at: Date;
}

export function readUsesOf(queryable: Queryable, payloadHash: string): Promise<PayloadUse[]> {
  return readUses(queryable, () => 'payload_hash = $1', payloadHash);
}

export function readUsesSince(queryable: Queryable, since: Date): Promise<PayloadUse[]> {
  return readUses(queryable, (time) => `payload_hash is not null and ${time} >= $1`, since);
}

/** Each body once for each version it led to, the oldest first. */
async function readUses(
  queryable: Queryable,
  where: (timeColumn: string) => string,
  value: unknown,
): Promise<PayloadUse[]> {
  const { rows } = await queryable.query<PayloadUse>(
    `with uses as (
       select payload_hash as hash, tdsp_duns, snapshot_version as version, message as error, finished_at as at
         from sync_results where ${where('finished_at')}
       union all
       select payload_hash, tdsp_duns, version, null, observed_at from plan_snapshots where ${where('observed_at')}
       union all
       select payload_hash, null, null, error, called_at
         from api_calls where error is not null and ${where('called_at')}
     ), last_uses as (
       select distinct on (hash, tdsp_duns, version) * from uses order by hash, tdsp_duns, version, at desc
     )
     select hash, tdsp_duns, version, error, at from last_uses order by at, tdsp_duns`,
    [value],
  );
  return rows;
}

// Of the current snapshot of each TDSP, and of records that are still not understood.
const NEEDED = `exists (
    select from tdsps t cross join lateral (
      select payload_hash from plan_snapshots where tdsp_duns = t.duns order by version desc limit 1
    ) s where s.payload_hash = p.hash
  ) or exists (select from quarantined_records q where q.payload_hash = p.hash and q.resolved_at is null)`;

/** How many bodies `pruneSourcePayloads` would remove. */
export async function countOldPayloads(queryable: Queryable, before: Date): Promise<number> {
  const { rows } = await queryable.query<{ n: number }>(
    `select count(*)::int as n from source_payloads p where last_seen_at < $1 and not (${NEEDED})`,
    [before],
  );
  return rows[0]!.n;
}

/**
 * Removes bodies that were last seen before that time and are needed no more.
 * @param most at once; to remove all, repeat until none is left
 * @returns how many went
 */
export async function pruneSourcePayloads(queryable: Queryable, before: Date, most = 1_000): Promise<number> {
  const { rowCount } = await queryable.query(
    `delete from source_payloads where hash in (
       select hash from source_payloads p where last_seen_at < $1 and not (${NEEDED})
        order by last_seen_at limit $2 for update skip locked
     )`,
    [before, most],
  );
  return rowCount ?? 0;
}
