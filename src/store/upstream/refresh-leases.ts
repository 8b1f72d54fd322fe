/**
 * Of all processes one fetches a TDSP: the one that holds its lease. A lease runs out by itself, so a holder that was
 * killed or frozen blocks nobody; one that comes back late is refused by `publish`, which compares what is published
 * with what was published when the fetch began.
 *
 * The lease lives in PostgreSQL and nowhere else, Redis or not: where the result is published. A second lock service
 * could disagree with it. All times are the database's, so no clock of any process matters.
 */

import { randomUUID } from 'node:crypto';
import type { Database, Queryable } from '../postgres/database.ts';

export interface LeaseTimes {
  /** A holder that is not heard of for so long is replaced. */
  ttlMs: number;
  heartbeatMs: number;
  /** How often one that waits for a lease asks again. */
  pollMs: number;
}

const TIMES: LeaseTimes = { ttlMs: 10_000, heartbeatMs: 3_000, pollMs: 100 };

/** How the fetch of one TDSP ended. */
export interface LeaseResult {
  tdsp_duns: string;
  /** `null`: it went well. */
  error: { code: string; message: string } | null;
}

export interface Lease {
  readonly duns: readonly string[];
  /** Gives the lease back; failures are remembered for those who come next. Never throws: a lease ends by itself. */
  release(results: readonly LeaseResult[]): Promise<void>;
}

/** Any number will do, as long as no other user of the same database picks it. */
const LEASE_LOCK = 7_748_010;

/** The channel on which every process hears that a fetch failed: who waits for it need not go on. The payload is the DUNS. */
export const FETCH_FAILED = 'wattsync_fetch_failed';

/** Why there is no lease: another process fetches, or a failure is to be left alone for a while. */
export type Refused = { refused: 'elsewhere' | 'later' };

/** A process has one name for its life: the holders of its leases begin with it and a dot. */
export const LEASE_HOLDER = `${process.pid}.${randomUUID()}`;
let leases = 0;

/**
 * After failures of this TDSP: 30 s, doubling to ten minutes. It counts for a TDSP that fails while others do not. That
 * the upstream fails as a whole its gate finds out, and knows when to try again; once it is back these pauses are over.
 */
const PAUSE = 'make_interval(secs => least(600, 30 * 2 ^ least(l.failures, 10)) * (0.95 + 0.05 * random()))';

/**
 * Takes the lease of these TDSPs if it is free.
 * @param isPatient leave those alone whose last fetch failed a moment ago
 */
export async function takeLease(
  database: Database,
  duns: readonly string[],
  { isPatient, times = TIMES }: { isPatient: boolean; times?: LeaseTimes },
): Promise<Lease | Refused> {
  const holder = `${LEASE_HOLDER}.${++leases}`;
  const { taken, isPaused } = await acquire(database.quick, duns, holder, times.ttlMs, isPatient);
  if (taken === duns.length) return hold(database, duns, holder, times);
  if (taken > 0) await free(database.quick, duns, holder);
  return { refused: isPaused ? 'later' : 'elsewhere' };
}

/** Waits until these TDSPs can be had. Says which failed while it waited: to fetch them again would help nobody. */
export async function waitForLease(
  database: Database,
  duns: readonly string[],
  { signal, times = TIMES }: { signal: AbortSignal; times?: LeaseTimes },
): Promise<{ lease: Lease; failedMeanwhile: Map<string, { code: string; message: string }> }> {
  const { rows } = await database.pool.query<{ now: string }>('select clock_timestamp()::text as now');
  const since = rows[0]!.now;
  let hasWaited = false;
  for (;;) {
    signal.throwIfAborted();
    const lease = await takeLease(database, duns, { isPatient: false, times });
    if (!('refused' in lease)) {
      const failedMeanwhile = hasWaited ? await readFailures(database.pool, duns, since) : new Map();
      return { lease, failedMeanwhile };
    }
    hasWaited = true;
    // Not all at the same moment.
    await new Promise((resolve) => setTimeout(resolve, times.pollMs * (0.5 + Math.random())));
  }
}

/**
 * Of many that ask in one moment, one tries to write, and the others learn at once that somebody does: at the rows they
 * would wait for each other's commits, and write a line of the log each, only to learn the same.
 */
async function acquire(
  queryable: Queryable,
  duns: readonly string[],
  holder: string,
  ttlMs: number,
  isPatient: boolean,
): Promise<{ taken: number; isPaused: boolean }> {
  const { rows } = await queryable.query<{ taken: number; isPaused: boolean }>(
    `with wanted as (
       select d as tdsp_duns, coalesce(l.holder is not null and l.expires_at > clock_timestamp(), false) as is_held,
              $4 and coalesce(l.not_before > clock_timestamp(), false) as is_paused
         from unnest($1::text[]) d left join refresh_leases l on l.tdsp_duns = d
     ), first as (
       select bool_and(pg_try_advisory_xact_lock(${LEASE_LOCK}, hashtext(tdsp_duns))) as is_first from wanted
        where not exists (select from wanted where is_held or is_paused)
     ), taken as (
       insert into refresh_leases as l (tdsp_duns, holder, expires_at)
       select tdsp_duns, $2, clock_timestamp() + make_interval(secs => $3::float8 / 1000) from wanted
        where (select is_first from first)
        -- In one order everywhere: two that want several never wait for each other in a circle.
        order by tdsp_duns
       on conflict (tdsp_duns) do update set holder = excluded.holder, expires_at = excluded.expires_at
        where (l.holder is null or l.expires_at <= clock_timestamp()) and (not $4 or l.not_before <= clock_timestamp())
       returning true
     )
     select (select count(*)::int from taken) as taken,
            bool_or(is_paused) and not bool_or(is_held) as "isPaused" from wanted`,
    [duns, holder, ttlMs, isPatient],
  );
  return rows[0]!;
}

function hold(database: Database, duns: readonly string[], holder: string, times: LeaseTimes): Lease {
  const timer = setInterval(() => {
    database.quick
      .query(
        `update refresh_leases set expires_at = clock_timestamp() + make_interval(secs => $3::float8 / 1000)
          where tdsp_duns = any($1) and holder = $2`,
        [duns, holder, times.ttlMs],
      )
      .catch(() => {});
  }, times.heartbeatMs);
  timer.unref();
  return {
    duns,
    async release(results) {
      clearInterval(timer);
      await free(database.quick, duns, holder, results).catch(() => {});
      const failed = results.filter(({ error }) => error !== null).map(({ tdsp_duns }) => tdsp_duns);
      if (failed.length > 0) await notifyFailed(database.quick, failed).catch(() => {});
    },
  };
}

/** Whether fetches of this TDSP failed lately, so that it is to be left alone. */
export async function isTdspPaused(queryable: Queryable, duns: string): Promise<boolean> {
  const { rowCount } = await queryable.query(
    'select from refresh_leases where tdsp_duns = $1 and not_before > clock_timestamp()',
    [duns],
  );
  return rowCount === 1;
}

/** The upstream is there again: what failed while it was not is no reason to wait. */
export async function forgetPauses(queryable: Queryable): Promise<void> {
  await queryable.query(
    `update refresh_leases set failures = 0, not_before = '-infinity'
      where tdsp_duns in (select tdsp_duns from refresh_leases where failures > 0 order by tdsp_duns for update)`,
  );
}

async function notifyFailed(queryable: Queryable, duns: readonly string[]): Promise<void> {
  await queryable.query('select pg_notify($1, d) from unnest($2::text[]) d', [FETCH_FAILED, duns]);
}

/** Also who lost the lease meanwhile may call this: it frees nothing that belongs to another. */
async function free(
  queryable: Queryable,
  duns: readonly string[],
  holder: string,
  results: readonly LeaseResult[] = [],
): Promise<void> {
  await queryable.query(
    `update refresh_leases l set holder = null, expires_at = '-infinity',
        failures = case when r.d is null then failures when r.code is null then 0 else failures + 1 end,
        not_before = case when r.d is null then not_before when r.code is null then '-infinity'
          else clock_timestamp() + ${PAUSE} end,
        failed_at = case when r.code is null then failed_at else clock_timestamp() end,
        error_code = case when r.d is null then error_code else r.code end,
        error_message = case when r.d is null then error_message else r.message end
      from unnest($1::text[]) as want
      left join unnest($3::text[], $4::text[], $5::text[]) as r (d, code, message) on r.d = want
     where l.tdsp_duns = want and l.holder = $2`,
    [
      duns,
      holder,
      results.map(({ tdsp_duns }) => tdsp_duns),
      results.map(({ error }) => error?.code ?? null),
      results.map(({ error }) => error?.message ?? null),
    ],
  );
}

async function readFailures(
  queryable: Queryable,
  duns: readonly string[],
  since: string,
): Promise<Map<string, { code: string; message: string }>> {
  const { rows } = await queryable.query<{ tdsp_duns: string; code: string; message: string }>(
    `select tdsp_duns, error_code as code, error_message as message from refresh_leases
      where tdsp_duns = any($1) and error_code is not null and failed_at >= $2::timestamptz`,
    [duns, since],
  );
  return new Map(rows.map(({ tdsp_duns, code, message }) => [tdsp_duns, { code, message }]));
}
