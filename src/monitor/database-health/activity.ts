/** Verdicts about who is connected, how long they take and who waits for whom. */

import type { Session } from '../../store/upkeep/readings/activity.ts';
import type { HealthReadings } from '../../store/upkeep/readings/health-readings.ts';
import { countText, percentText, plural, spanText } from '../amounts.ts';
import {
  endSession,
  fine,
  graded,
  type HealthLimits,
  type HealthLine,
  judged,
  linesOf,
  sqlCommand,
} from './line.ts';

export function judgeActivity(readings: HealthReadings, limits: HealthLimits): HealthLine[] {
  return [
    ...connections(readings, limits),
    ...locks(readings, limits),
    ...longTransactions(readings, limits),
    ...idleInTransaction(readings, limits),
    ...longQueries(readings, limits),
  ];
}

const nameOf = ({ pid, application, user_name }: Session): string =>
  `session ${pid} (${[application, user_name].filter(Boolean).join(', ')})`;

const said = ({ state, query }: Session): string => {
  const text = query.length > 60 ? `${query.slice(0, 59)}…` : query;
  if (text === '') return '';
  return state === 'active' ? `: ${text}` : `; last: ${text}`;
};

function connections({ connections: reading }: HealthReadings, limits: HealthLimits): HealthLine[] {
  const limit = `< ${limits.connections_warn_percent} %`;
  return judged('connections', reading, ({ used, limit: most, reserved, idle }) => {
    const usable = Math.max(1, most - reserved);
    const share = used / usable;
    const verdict = graded(share * 100, limits.connections_warn_percent, limits.connections_bad_percent);
    const text = `${used} of ${usable} used (${percentText(share)}), ${idle} of them idle`;
    if (verdict === null) return [fine('connections', text, limit)];
    const advice =
      'When none is left, nothing can connect. Run fewer processes, end idle sessions, or raise max_connections (takes effect with a restart).';
    return linesOf('connections', limit, '', [
      { verdict, subject: null, reading: text, advice, command: sqlCommand(IDLE_SESSIONS) },
    ]);
  });
}

const IDLE_SESSIONS = `select pid, usename, application_name, state_change from pg_stat_activity where state = 'idle' order by state_change`;

function locks({ sessions: reading }: HealthReadings, limits: HealthLimits): HealthLine[] {
  const limit = `no wait of ${spanText(limits.lock_wait_warn_seconds)} or more`;
  return judged('locks', reading, (sessions) => {
    const byPid = new Map(sessions.map((session) => [session.pid, session]));
    const waiting = sessions.filter(({ is_waiting }) => is_waiting);
    const blockers = new Map<number, { waiting: number; longest: number; on: Set<string> }>();
    for (const session of waiting) {
      const seconds = session.wait_seconds ?? session.query_seconds ?? 0;
      for (const pid of rootsOf(session, byPid)) {
        const found = blockers.get(pid) ?? { waiting: 0, longest: 0, on: new Set<string>() };
        found.waiting += 1;
        found.longest = Math.max(found.longest, seconds);
        if (session.waits_for) found.on.add(session.waits_for);
        blockers.set(pid, found);
      }
    }
    const findings = [...blockers].flatMap(([pid, { waiting: count, longest, on }]) => {
      const verdict = graded(longest, limits.lock_wait_warn_seconds, limits.lock_wait_bad_seconds);
      if (verdict === null) return [];
      const blocker = byPid.get(pid);
      const who = blocker ? `${nameOf(blocker)}, ${blocker.state ?? 'state hidden'}` : `process ${pid}`;
      return {
        verdict,
        subject: `session ${pid}`,
        reading: `${who}, blocks ${plural(count, 'other')} for ${spanText(longest)} on ${[...on].join(', ') || 'a lock'}${blocker ? said(blocker) : ''}`,
        advice: 'They wait until it ends. Let it finish, or end it: what it has not committed is undone.',
        command: endSession(pid),
      };
    });
    const ok = waiting.length === 0 ? 'nobody waits' : `${plural(waiting.length, 'short wait')}`;
    return linesOf('locks', limit, ok, findings);
  });
}

/** Who, at the end of the chain, waits for nobody and makes all of it wait. A circle is left to PostgreSQL, which breaks it. */
export function rootsOf(
  session: Pick<Session, 'pid' | 'blocked_by'>,
  byPid: ReadonlyMap<number, Session>,
): number[] {
  const roots = new Set<number>();
  const seen = new Set<number>([session.pid]);
  const queue = [...session.blocked_by];
  for (let pid = queue.shift(); pid !== undefined; pid = queue.shift()) {
    if (seen.has(pid)) continue;
    seen.add(pid);
    const behind = byPid.get(pid)?.blocked_by ?? [];
    if (behind.length === 0) roots.add(pid);
    else queue.push(...behind);
  }
  return [...roots];
}

function longTransactions(readings: HealthReadings, limits: HealthLimits): HealthLine[] {
  const { long_transaction_warn_seconds: warn, long_transaction_bad_seconds: bad } = limits;
  const limit = `none of ${spanText(warn)} or more`;
  return judged('long_transactions', readings.sessions, (sessions) => {
    const findings = sessions.flatMap((session) => {
      const seconds = session.transaction_seconds ?? 0;
      const verdict = graded(seconds, warn, bad);
      // Who waits for a lock is held up, not to blame: see locks.
      if (verdict === null || session.is_waiting) return [];
      return {
        verdict,
        subject: `session ${session.pid}`,
        reading: `${nameOf(session)}, ${session.state}, its transaction is open for ${spanText(seconds)}${said(session)}`,
        advice: 'Until it ends, VACUUM removes nothing that was deleted since it began, in any table.',
        command: endSession(session.pid),
      };
    });
    const prepared = 'value' in readings.prepared ? readings.prepared.value : [];
    for (const { gid, seconds } of prepared) {
      const verdict = graded(seconds, warn, bad);
      if (verdict === null) continue;
      findings.push({
        verdict,
        subject: `prepared transaction ${gid}`,
        reading: `prepared transaction ${gid} waits for its commit for ${spanText(seconds)}`,
        advice:
          'It keeps its locks and its old rows for ever, over restarts, too. Ask whoever prepared it, or undo it.',
        command: sqlCommand(`rollback prepared '${gid.replaceAll("'", "''")}'`),
      });
    }
    const oldest = Math.max(0, ...sessions.map(({ transaction_seconds }) => transaction_seconds ?? 0));
    const hidden = sessions.filter(({ state }) => state === null).length;
    const held = 'value' in readings.held_back ? readings.held_back.value[0] : undefined;
    const ok = [
      oldest === 0 ? 'none open' : `the oldest is ${spanText(oldest)} old`,
      held && held.age > 0 ? `${held.holder} keeps rows of ${plural(held.age, 'transaction')}` : '',
      hidden > 0 ? `${plural(hidden, 'session')} of other roles cannot be seen` : '',
    ];
    return linesOf('long_transactions', limit, ok.filter(Boolean).join(', '), findings);
  });
}

function idleInTransaction({ sessions: reading }: HealthReadings, limits: HealthLimits): HealthLine[] {
  const { idle_in_transaction_warn_seconds: warn, idle_in_transaction_bad_seconds: bad } = limits;
  return judged('idle_in_transaction', reading, (sessions) => {
    const idle = sessions.filter(({ state }) => state?.startsWith('idle in transaction'));
    const findings = idle.flatMap((session) => {
      // Named as a long transaction already.
      if ((session.transaction_seconds ?? 0) >= limits.long_transaction_warn_seconds) return [];
      const verdict = graded(session.state_seconds ?? 0, warn, bad);
      if (verdict === null) return [];
      return {
        verdict,
        subject: `session ${session.pid}`,
        reading: `${nameOf(session)} began a transaction and does nothing for ${spanText(session.state_seconds ?? 0)}${said(session)}`,
        advice: 'It keeps its locks while it does nothing. Let its program end the transaction, or end it.',
        command: endSession(session.pid),
      };
    });
    return linesOf(
      'idle_in_transaction',
      `none for ${spanText(warn)} or more`,
      `${countText(idle.length)} now`,
      findings,
    );
  });
}

/** Statements that look after the database may take their time. */
const CARE = /^\s*(vacuum|analyze|reindex|create\s+(unique\s+)?index|refresh|copy|cluster|autovacuum)/i;

function longQueries({ sessions: reading }: HealthReadings, limits: HealthLimits): HealthLine[] {
  const { long_query_warn_seconds: warn, long_query_bad_seconds: bad } = limits;
  return judged('long_queries', reading, (sessions) => {
    const active = sessions.filter(({ state }) => state === 'active');
    const findings = active.flatMap((session) => {
      const verdict = graded(session.query_seconds ?? 0, warn, bad);
      if (verdict === null || CARE.test(session.query) || session.is_waiting) return [];
      return {
        verdict,
        subject: `session ${session.pid}`,
        reading: `${nameOf(session)} has been working for ${spanText(session.query_seconds ?? 0)}${said(session)}`,
        advice:
          'Cancelling ends the statement and keeps the session. db:metrics shows which statements are slow.',
        command: sqlCommand(`select pg_cancel_backend(${session.pid})`),
      };
    });
    return linesOf(
      'long_queries',
      `none of ${spanText(warn)} or more`,
      `${countText(active.length)} running`,
      findings,
    );
  });
}
