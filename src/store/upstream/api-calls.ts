/** The ledger of upstream calls. */

import { toJsonb } from '../postgres/copy.ts';
import type { Queryable } from '../postgres/database.ts';

export interface ApiCallRow {
  run_id: number;
  source: string;
  endpoint: string;
  params: Record<string, string>;
  /** From 1. */
  attempt: number;
  /** `null` where no answer came, or none with a status. */
  status: number | null;
  bytes: number | null;
  duration_ms: number;
  error: string | null;
  called_at: Date;
  /** Of the body in source_payloads; `null` where nothing came or it is not kept. */
  payload_hash: string | null;
  /** How long a cache of the upstream had held the answer (`Age`, RFC 9111 5.1); `null`: none said so. */
  age_seconds: number | null;
}

type CallOutcome =
  | 'ok'
  | 'not_modified'
  /** 400 to 499, a limit apart. */
  | 'refused'
  | 'limited'
  /** 500 and above. */
  | 'failed'
  /** An answer that makes no sense. */
  | 'unread'
  | 'unreachable';

export function callOutcome({ status, error }: Pick<ApiCallRow, 'status' | 'error'>): CallOutcome {
  if (status === null) return error === null ? 'ok' : 'unreachable';
  if (status === 304) return 'not_modified';
  if (status === 429) return 'limited';
  if (status >= 500) return 'failed';
  if (status >= 400) return 'refused';
  return error === null ? 'ok' : 'unread';
}

export async function insertApiCall(queryable: Queryable, call: ApiCallRow): Promise<void> {
  const { run_id, source, endpoint, params, attempt, status, bytes, duration_ms, error, called_at } = call;
  const { payload_hash, age_seconds } = call;
  await queryable.query(
    `with call as (
       insert into api_calls (run_id, source, endpoint, params, attempt, status, bytes, duration_ms, error, called_at,
         payload_hash, age_seconds)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12) returning run_id
     )
     -- Counted here and not as the run ends: one that is cancelled, or crashes, ends before its calls do.
     update sync_runs r set api_calls = r.api_calls + 1 from call where r.id = call.run_id`,
    [
      run_id,
      source,
      endpoint,
      toJsonb(params),
      attempt,
      status,
      bytes,
      duration_ms,
      error,
      called_at,
      payload_hash,
      age_seconds,
    ],
  );
}
