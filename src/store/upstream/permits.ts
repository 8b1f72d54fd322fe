/**
 * Permits to call an upstream, for all processes: a rate, a budget, a number of calls at once and a circuit breaker,
 * each of them over one log of calls and under the lock of one row. All times are the database's.
 */

import { randomUUID } from 'node:crypto';
import { HOUR_MS } from '../../units.ts';
import type { Connection, Database, Queryable } from '../postgres/database.ts';
import { type Control, lockControl } from '../queue/sync-control.ts';
import { type ApiCallRow, insertApiCall } from './api-calls.ts';
import { forgetPauses } from './tdsp-pauses.ts';

/** Names this process for its life. */
export const PROCESS_ID = randomUUID();

interface PermitLimits {
  perSecond: number;
  perHour: number;
  /** As much of the hour as only forced calls and probes may use. */
  reservePerHour: number;
  /** Most forced calls within an hour. */
  forcedPerHour: number;
  /** Calls that may follow each other closely before there is a pause. */
  perBatch: number;
  /** How long that pause is; calls further apart than this do not make a batch. */
  betweenBatchesMs: number;
  atOnce: number;
  /** After this a call that was never finished counts as over. */
  callMs: number;
}

export type Permit =
  | { id: number; isProbe: boolean }
  /** Ask again after this. */
  | { waitMs: number }
  /** A probe is finding out whether the upstream is back: a forced caller waits for what it finds. */
  | { waitMs: number; isProbing: true }
  | {
      refused: 'budget' | 'emergency_budget' | 'circuit' | 'asked_to_wait';
      until: Date;
      used: number;
      /** What the last call that failed said. */
      cause?: string | null;
    }
  /** An emergency was declared: nobody calls. */
  | { refused: 'halted'; control: Control };

/** How a call ended: `answered` is any answer that shows the upstream at work, an error of ours included. */
export type CallEnd = 'answered' | 'failed' | 'abandoned' | { waitMs: number };

interface BreakerTimes {
  failuresThatOpen: number;
  firstOpenMs: number;
  longestOpenMs: number;
  /** A circuit that opens again within this time of the last opening stays open for longer. */
  calmMs: number;
}

// Calls that left a second apart may arrive a little closer together.
const RATE_WINDOW_MS = 1_200;
const ASK_AGAIN_MS = 50;
const PROBE_ASK_MS = 250;

interface GateRow {
  now: Date;
  open_until: Date | null;
  probe_until: Date | null;
  wait_until: Date | null;
}

/**
 * @param caller `mayProbe`: need not wait for the time of the next probe
 * @param now for tests; the database's clock otherwise
 */
export function requestPermit(
  database: Database,
  {
    source,
    origin,
    isForced,
    mayProbe,
  }: { source: string; origin: string; isForced: boolean; mayProbe: boolean },
  limits: PermitLimits,
  now: Date | null,
): Promise<Permit> {
  return database.transaction(async (connection) => {
    // Held as it is: an emergency that is declared now waits for this permit, and the next one finds it declared.
    const control = await lockControl(connection);
    if (control.state === 'emergency') return { refused: 'halted', control };
    const gate = await lockGate(connection, { source, origin }, now);
    const isOpen = gate.open_until !== null;
    if (isOpen) {
      const until = later(gate.open_until, gate.probe_until);
      // A probe under way is never joined. A forced caller waits for what it finds: of six forced calls to an upstream that
      // is back one would come through otherwise, and of six to one that is not, five would fail as the first did.
      if (isForced && isAfter(gate.probe_until, gate.now)) return { waitMs: PROBE_ASK_MS, isProbing: true };
      if (!mayProbe && until > gate.now) {
        return { refused: 'circuit', until, used: 0, cause: await readLastError(connection, source) };
      }
    }
    if (!isForced && gate.wait_until && gate.wait_until > gate.now) {
      return { refused: 'asked_to_wait', until: gate.wait_until, used: 0 };
    }
    const log = await readLog(connection, source, gate.now);
    const allowed = isForced || isOpen ? limits.perHour : limits.perHour - limits.reservePerHour;
    if (isForced && log.forced >= limits.forcedPerHour) {
      const until = await readTurn(connection, source, gate.now, log.forced - limits.forcedPerHour, true);
      return { refused: 'emergency_budget', until, used: log.forced };
    }
    if (log.hour >= allowed) {
      const until = await readTurn(connection, source, gate.now, log.hour - allowed, false);
      await connection.query('update upstream_gates set full_until = $2 where source = $1', [source, until]);
      return { refused: 'budget', until, used: log.hour };
    }
    if (log.running >= limits.atOnce) return { waitMs: ASK_AGAIN_MS };
    if (!isForced) {
      const waitMs = await readBatchPause(connection, source, gate.now, limits);
      if (waitMs > 0) return { waitMs };
    }
    if (!isForced && log.second >= limits.perSecond) {
      return { waitMs: Math.max(1, log.second_since!.getTime() + RATE_WINDOW_MS - gate.now.getTime()) };
    }
    const expires = new Date(gate.now.getTime() + limits.callMs);
    if (isOpen)
      await connection.query('update upstream_gates set probe_until = $2 where source = $1', [
        source,
        expires,
      ]);
    const id = await insertPermit(connection, { source, isForced, now: gate.now, expires });
    return { id, isProbe: isOpen };
  });
}

/**
 * Notes the end of a call, and what it was. The circuit opens with the last of several failures in a row, or with a
 * failed probe.
 * @returns what became of the circuit by this call
 */
export function finishPermit(
  database: Database,
  { id, isProbe, origin, call }: { id: number; isProbe: boolean; origin: string; call: ApiCallRow },
  end: CallEnd,
  times: BreakerTimes,
  now: Date | null,
): Promise<'open' | 'closed' | null> {
  return database.transaction(async (connection) => {
    const { source } = call;
    await insertApiCall(connection, call);
    const { now: at, open_until } = await lockGate(connection, { source, origin }, now);
    await connection.query('update upstream_permits set finished_at = $2 where id = $1', [id, at]);
    if (end === 'answered') {
      await closeCircuit(connection, source);
      if (open_until === null) return null;
      await forgetPauses(connection);
      return 'closed';
    }
    if (end === 'failed') {
      const isOpen = await countFailure(connection, { source, isProbe }, at, times);
      return isOpen && open_until === null ? 'open' : null;
    } else {
      await connection.query(
        `update upstream_gates set wait_until = coalesce($2, wait_until),
           probe_until = case when $3 then null else probe_until end where source = $1`,
        [source, end === 'abandoned' ? null : new Date(at.getTime() + end.waitMs), isProbe],
      );
      return null;
    }
  });
}

/** When the certificate of an upstream ends, as its last connection showed it. */
export async function noteCertificate(queryable: Queryable, source: string, endsAt: Date): Promise<void> {
  await queryable.query(
    `update upstream_gates set certificate_ends_at = $2
      where source = $1 and certificate_ends_at is distinct from $2`,
    [source, endsAt],
  );
}

/**
 * Whether a call that is not forced would be refused just now, for all one can see without asking for a permit: it saves
 * those who need not call the trouble of preparing one.
 */
export async function isUpstreamPaused(
  queryable: Queryable,
  { name: source, origin }: { name: string; origin: string },
): Promise<boolean> {
  const { rows } = await queryable.query<{ isPaused: boolean }>(
    `select coalesce(
              greatest(wait_until, case when open_until is null then full_until else greatest(open_until, probe_until) end)
                > clock_timestamp(), false) as "isPaused"
       from upstream_gates where source = $1 and coalesce(origin, $2) = $2`,
    [source, origin],
  );
  return rows[0]?.isPaused ?? false;
}

/** Whether the circuit of a source is open, and what it has used of its hour. */
export async function readGate(
  queryable: Queryable,
  source: string,
): Promise<{
  failures: number;
  open_until: Date | null;
  wait_until: Date | null;
  calls_last_hour: number;
} | null> {
  const { rows } = await queryable.query(
    `select failures, open_until, wait_until,
            (select count(*)::int from upstream_permits p
              where p.source = g.source and granted_at > clock_timestamp() - interval '1 hour') as calls_last_hour
       from upstream_gates g where source = $1`,
    [source],
  );
  return rows[0] ?? null;
}

/** Of another address than before, it begins anew: what the last one did says nothing about this one. */
async function lockGate(
  connection: Connection,
  { source, origin }: { source: string; origin: string },
  now: Date | null,
): Promise<GateRow> {
  await connection.query(
    'insert into upstream_gates (source, origin) values ($1, $2) on conflict (source) do nothing',
    [source, origin],
  );
  await connection.query('select from upstream_gates where source = $1 for update', [source]);
  const { rowCount: isAnother } = await connection.query(
    `update upstream_gates set origin = $2, failures = 0, openings = 0, open_until = null, opened_at = null,
       probe_until = null, wait_until = null where source = $1 and origin <> $2`,
    [source, origin],
  );
  if (isAnother) await forgetPauses(connection);
  // The time after the lock was had, not before: between them others may have been granted theirs.
  const { rows } = await connection.query<GateRow>(
    `select coalesce($2, clock_timestamp()) as now, open_until, probe_until, wait_until
       from upstream_gates where source = $1`,
    [source, now],
  );
  return rows[0]!;
}

async function readLastError(queryable: Queryable, source: string): Promise<string | null> {
  const { rows } = await queryable.query<{ error: string }>(
    'select error from api_calls where source = $1 and error is not null order by called_at desc limit 1',
    [source],
  );
  return rows[0]?.error ?? null;
}

/** How many forced calls the hour has left, and when there is another. */
export async function readForcedLeft(
  connection: Connection,
  source: string,
  forcedPerHour: number,
): Promise<{ left: number; used: number; until: Date }> {
  const { rows } = await connection.query<{ now: Date }>('select clock_timestamp() as now');
  const { now } = rows[0]!;
  const { forced } = await readLog(connection, source, now);
  const until = await readTurn(connection, source, now, Math.max(0, forced - forcedPerHour), true);
  return { left: Math.max(0, forcedPerHour - forced), used: forced, until };
}

interface Log {
  hour: number;
  forced: number;
  second: number;
  second_since: Date | null;
  running: number;
}

async function readLog(connection: Connection, source: string, now: Date): Promise<Log> {
  const { rows } = await connection.query<Log>(
    `with gone as (delete from upstream_permits where source = $1 and granted_at <= $2::timestamptz - interval '1 day')
     select count(*)::int as hour,
            count(*) filter (where is_forced)::int as forced,
            count(*) filter (where granted_at > $3)::int as second,
            min(granted_at) filter (where granted_at > $3) as second_since,
            count(*) filter (where finished_at is null and expires_at > $2)::int as running
       from upstream_permits where source = $1 and granted_at > $4 and granted_at <= $2`,
    [source, now, new Date(now.getTime() - RATE_WINDOW_MS), new Date(now.getTime() - HOUR_MS)],
  );
  return rows[0]!;
}

/** When `over` calls of the last hour and one more will be more than an hour ago. */
async function readTurn(
  connection: Connection,
  source: string,
  now: Date,
  over: number,
  forcedOnly: boolean,
): Promise<Date> {
  const { rows } = await connection.query<{ granted_at: Date }>(
    `select granted_at from upstream_permits where source = $1 and granted_at > $2 and (is_forced or not $4)
      order by granted_at offset $3 limit 1`,
    [source, new Date(now.getTime() - HOUR_MS), over, forcedOnly],
  );
  return new Date((rows[0]?.granted_at ?? now).getTime() + HOUR_MS);
}

/**
 * How long to wait before the next batch may begin. A batch is the calls up to now none of which came later than the
 * pause after the one before; once it is full, the next call waits until the pause is over.
 */
async function readBatchPause(
  connection: Connection,
  source: string,
  now: Date,
  { perBatch, betweenBatchesMs }: PermitLimits,
): Promise<number> {
  if (betweenBatchesMs === 0) return 0;
  const { rows } = await connection.query<{ granted_at: Date }>(
    `select granted_at from upstream_permits where source = $1 and granted_at <= $2
      order by granted_at desc limit $3`,
    [source, now, perBatch],
  );
  const times = [now, ...rows.map(({ granted_at }) => granted_at)].map((time) => time.getTime());
  const isFull =
    rows.length === perBatch &&
    times.every((time, at) => at === 0 || times[at - 1]! - time < betweenBatchesMs);
  return isFull ? Math.max(1, times[1]! + betweenBatchesMs - now.getTime()) : 0;
}

async function insertPermit(
  connection: Connection,
  { source, isForced, now, expires }: { source: string; isForced: boolean; now: Date; expires: Date },
): Promise<number> {
  const { rows } = await connection.query<{ id: number }>(
    `insert into upstream_permits (source, granted_at, expires_at, is_forced, process_id)
     values ($1, $2, $3, $4, $5) returning id`,
    [source, now, expires, isForced, PROCESS_ID],
  );
  return rows[0]!.id;
}

async function closeCircuit(connection: Connection, source: string): Promise<void> {
  await connection.query(
    `update upstream_gates set failures = 0, open_until = null, probe_until = null
      where source = $1 and (failures > 0 or open_until is not null or probe_until is not null)`,
    [source],
  );
}

async function countFailure(
  connection: Connection,
  { source, isProbe }: { source: string; isProbe: boolean },
  at: Date,
  { failuresThatOpen, firstOpenMs, longestOpenMs, calmMs }: BreakerTimes,
): Promise<boolean> {
  const { rows } = await connection.query<{ is_open: boolean }>(
    `update upstream_gates g set failures = g.failures + 1, openings = n.openings,
        open_until = case when n.opens
          then $2::timestamptz + make_interval(secs =>
            least($5::float8, $4::float8 * 2 ^ least(n.openings - 1, 20)) / 1000 * (0.9 + 0.1 * random()))
          else g.open_until end,
        opened_at = case when n.opens then $2 else g.opened_at end,
        probe_until = case when $3 then null else g.probe_until end
      from (
        select source, opens,
               case when not opens then openings
                    when opened_at is null or opened_at < $2::timestamptz - make_interval(secs => $6::float8 / 1000) then 1
                    else openings + 1 end as openings
          from (select *, $3 or (open_until is null and failures + 1 >= $7) as opens from upstream_gates) o
      ) n
     where g.source = $1 and n.source = g.source
     returning g.open_until is not null as is_open`,
    [source, at, isProbe, firstOpenMs, longestOpenMs, calmMs, failuresThatOpen],
  );
  return rows[0]?.is_open ?? false;
}

const isAfter = (time: Date | null, now: Date): boolean => time !== null && time > now;

const later = (one: Date | null, other: Date | null): Date =>
  new Date(Math.max(one?.getTime() ?? 0, other?.getTime() ?? 0));
