/** Connections, how long statements and transactions take, and which sessions block others. */

import type { Session } from '../../store/upkeep/readings/activity.ts';
import { graded } from '../finding.ts';
import { countText, limitText, percentText, plural, spanText } from '../text.ts';
import { endSession, known, on, problem, single, sqlCommand } from './check.ts';

const nameOf = ({ pid, application, user_name }: Session): string =>
  `session ${pid} (${[application, user_name].filter(Boolean).join(', ')})`;

/** What it runs, or ran last; empty where that cannot be seen. */
function statementOf({ state, query }: Session): string {
  const text = query.length > 60 ? `${query.slice(0, 59)}…` : query;
  if (text === '') return '';
  return state === 'active' ? `: ${text}` : `; last: ${text}`;
}

const IDLE_SESSIONS = `select pid, usename, application_name, state_change from pg_stat_activity where state = 'idle' order by state_change`;

interface Blocked {
  waiting: number;
  longest_seconds: number;
  on: Set<string>;
}

function findBlockers(sessions: readonly Session[]): Map<number, Blocked> {
  const byPid = new Map(sessions.map((session) => [session.pid, session]));
  const blockers = new Map<number, Blocked>();
  for (const session of sessions.filter(({ is_waiting }) => is_waiting)) {
    const seconds = session.wait_seconds ?? session.query_seconds ?? 0;
    for (const pid of rootsOf(session, byPid)) {
      const found = blockers.get(pid) ?? { waiting: 0, longest_seconds: 0, on: new Set<string>() };
      found.waiting += 1;
      found.longest_seconds = Math.max(found.longest_seconds, seconds);
      if (session.waits_for) found.on.add(session.waits_for);
      blockers.set(pid, found);
    }
  }
  return blockers;
}

/** The sessions at the end of the chain, which wait for nothing and block all others. PostgreSQL breaks circles itself. */
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

/** Statements of upkeep may take their time. */
const UPKEEP = /^\s*(vacuum|analyze|reindex|create\s+(unique\s+)?index|refresh|copy|cluster|autovacuum)/i;

export const ACTIVITY_CHECKS = {
  connections: on('connections', ({ used, limit, reserved, idle }, { limits }) => {
    const usable = Math.max(1, limit - reserved);
    const share = used / usable;
    return single(
      `< ${limits.connections_warn_percent} %`,
      `${used} of ${usable} used (${percentText(share)}), ${idle} of them idle`,
      graded(share * 100, limits.connections_warn_percent, limits.connections_bad_percent),
      {
        advice:
          'When none is left, nothing can connect. Run fewer processes, end idle sessions, or raise max_connections (takes effect with a restart).',
        command: sqlCommand(IDLE_SESSIONS),
      },
    );
  }),

  locks: on('sessions', (sessions, { limits }) => {
    const { lock_wait_warn_seconds: warn, lock_wait_bad_seconds: bad } = limits;
    const waiting = sessions.filter(({ is_waiting }) => is_waiting).length;
    return {
      limit: `no wait of ${limitText(warn)} or more`,
      reading: waiting === 0 ? 'no session waits' : plural(waiting, 'short wait'),
      problems: [...findBlockers(sessions)].flatMap(([pid, { waiting, longest_seconds, on }]) => {
        const blocker = sessions.find((session) => session.pid === pid);
        const name = blocker ? `${nameOf(blocker)}, ${blocker.state ?? 'state hidden'}` : `process ${pid}`;
        const lock = [...on].join(', ') || 'a lock';
        return problem(graded(longest_seconds, warn, bad), `session ${pid}`, {
          reading: `${name}, has blocked ${plural(waiting, 'other')} for ${spanText(longest_seconds)} on ${lock}${blocker ? statementOf(blocker) : ''}`,
          advice: 'They wait until it ends. Let it finish, or end it: what it has not committed is undone.',
          command: endSession(pid),
        });
      }),
    };
  }),

  long_transactions: on('sessions', (sessions, { readings, limits }) => {
    const { long_transaction_warn_seconds: warn, long_transaction_bad_seconds: bad } = limits;
    // A session that waits for a lock is held up, not to blame: see locks.
    const open = sessions
      .filter(({ is_waiting }) => !is_waiting)
      .flatMap((session) => {
        const seconds = session.transaction_seconds ?? 0;
        return problem(graded(seconds, warn, bad), `session ${session.pid}`, {
          reading: `${nameOf(session)}, ${session.state}, its transaction has been open for ${spanText(seconds)}${statementOf(session)}`,
          advice: 'Until it ends, VACUUM removes nothing that was deleted since it began, in any table.',
          command: endSession(session.pid),
        });
      });
    const prepared = (known(readings.prepared) ?? []).flatMap(({ gid, seconds }) =>
      problem(graded(seconds, warn, bad), `prepared transaction ${gid}`, {
        reading: `prepared transaction ${gid} has waited for its commit for ${spanText(seconds)}`,
        advice:
          'It keeps its locks and its old rows for ever, even over restarts. Ask who prepared it, or undo it.',
        command: sqlCommand(`rollback prepared '${gid.replaceAll("'", "''")}'`),
      }),
    );
    const oldest = Math.max(0, ...sessions.map(({ transaction_seconds }) => transaction_seconds ?? 0));
    const hidden = sessions.filter(({ state }) => state === null).length;
    const holder = known(readings.held_back)?.[0];
    const facts = [
      oldest === 0 ? 'none open' : `the oldest is ${spanText(oldest)} old`,
      holder && holder.age > 0 ? `${holder.holder} keeps rows of ${plural(holder.age, 'transaction')}` : '',
      hidden > 0 ? `${plural(hidden, 'session')} of other roles cannot be seen` : '',
    ];
    return {
      limit: `none of ${limitText(warn)} or more`,
      reading: facts.filter(Boolean).join(', '),
      problems: [...open, ...prepared],
    };
  }),

  idle_in_transaction: on('sessions', (sessions, { limits }) => {
    const { idle_in_transaction_warn_seconds: warn, idle_in_transaction_bad_seconds: bad } = limits;
    const idle = sessions.filter(({ state }) => state?.startsWith('idle in transaction'));
    // The others are already named as long transactions.
    const isShort = ({ transaction_seconds }: Session) =>
      (transaction_seconds ?? 0) < limits.long_transaction_warn_seconds;
    return {
      limit: `none for ${limitText(warn)} or more`,
      reading: `${countText(idle.length)} now`,
      problems: idle.filter(isShort).flatMap((session) => {
        const seconds = session.state_seconds ?? 0;
        return problem(graded(seconds, warn, bad), `session ${session.pid}`, {
          reading: `${nameOf(session)} began a transaction and has done nothing for ${spanText(seconds)}${statementOf(session)}`,
          advice: 'It keeps its locks while it does nothing. Let its program end the transaction, or end it.',
          command: endSession(session.pid),
        });
      }),
    };
  }),

  long_queries: on('sessions', (sessions, { limits }) => {
    const { long_query_warn_seconds: warn, long_query_bad_seconds: bad } = limits;
    const active = sessions.filter(({ state }) => state === 'active');
    const judged = active.filter(({ query, is_waiting }) => !UPKEEP.test(query) && !is_waiting);
    return {
      limit: `none of ${limitText(warn)} or more`,
      reading: `${countText(active.length)} running`,
      problems: judged.flatMap((session) => {
        const seconds = session.query_seconds ?? 0;
        return problem(graded(seconds, warn, bad), `session ${session.pid}`, {
          reading: `${nameOf(session)} has been working for ${spanText(seconds)}${statementOf(session)}`,
          advice:
            'Cancelling ends the statement and keeps the session. db:metrics shows which statements are slow.',
          command: sqlCommand(`select pg_cancel_backend(${session.pid})`),
        });
      }),
    };
  }),
};
