/** Minutes made of what all processes counted: each table is asked once for the whole stretch. */

import { count, emptyCounts, LATENCY_STEPS_MS } from '../../histogram.ts';
import { readMinuteLayers } from '../cache/cache-stats.ts';
import type { Queryable } from '../postgres/database.ts';
import { readMinuteStatements } from '../upkeep/query-stats.ts';
import { callOutcome } from '../upstream/api-calls.ts';
import { readMinuteAnswers } from './answer-stats.ts';
import { addStatements, type Figures, type FiguresRow, noFigures, type TdspFigures } from './figures.ts';

/** Oldest first; a minute in which nothing was counted has a row, too: that nothing happened is known. */
export async function deriveFigures(
  queryable: Queryable,
  range: { from: Date; to: Date },
): Promise<FiguresRow[]> {
  const minutes = new Map<number, Figures>();
  for (let at = range.from.getTime(); at < range.to.getTime(); at += 60_000) {
    minutes.set(at, { ...noFigures(), minutes: 1 });
  }
  const of = (at: Date): Figures | undefined => minutes.get(at.getTime());
  for (const { minute, layer, ...figures } of await readMinuteLayers(queryable, range)) {
    const one = of(minute);
    if (one) one.layers[layer] = figures;
  }
  for (const { minute, route, layer, ...figures } of await readMinuteAnswers(queryable, range)) {
    const one = of(minute);
    if (one) one.answers[`${route} ${layer}`.trim()] = figures;
  }
  for (const { minute, ...figures } of await readMinuteStatements(queryable, range)) {
    const one = of(minute);
    if (one) one.statements = addStatements(one.statements, figures);
  }
  for (const call of await readMinuteCalls(queryable, range)) addCall(of(call.minute), call);
  for (const { minute, ...counts } of await readMinuteAttempts(queryable, range)) {
    const one = of(minute);
    if (one) one.attempts = counts;
  }
  for (const { minute, status, n } of await readMinuteRuns(queryable, range)) {
    const one = of(minute);
    if (one) one.runs[status] = n;
  }
  for (const { minute, tdsp_duns, n } of await readMinutePublishes(queryable, range)) {
    const one = of(minute);
    if (one) one.tdsps[tdsp_duns] = { ...NOT_SAMPLED, published: n };
  }
  return [...minutes].map(([at, figures]) => ({ at: new Date(at), figures }));
}

const NOT_SAMPLED: TdspFigures = { age_seconds: null, plans: null, fresh: 0, known: 0, published: 0 };

const IN_RANGE = (column: string): string => `${column} >= $1 and ${column} < $2`;
const MINUTE = (column: string): string => `date_trunc('minute', ${column})`;

interface CallRow {
  minute: Date;
  status: number | null;
  error: string | null;
  tdsp: string;
  reason: string;
  duration_ms: number[];
}

async function readMinuteCalls(
  queryable: Queryable,
  { from, to }: { from: Date; to: Date },
): Promise<CallRow[]> {
  const { rows } = await queryable.query<CallRow>(
    `select ${MINUTE('c.called_at')} as minute, c.status, min(c.error) as error,
            coalesce(c.params->>'tdsp_duns', 'state') as tdsp,
            coalesce(r.requested_by || case when r.is_forced then ' (forced)' else '' end, 'unknown') as reason,
            array_agg(c.duration_ms) as duration_ms
       from api_calls c left join sync_runs r on r.id = c.run_id
      where ${IN_RANGE('c.called_at')} group by 1, 2, c.error is null, 4, 5`,
    [from, to],
  );
  return rows;
}

function addCall(one: Figures | undefined, { tdsp, reason, duration_ms, ...call }: CallRow): void {
  if (!one) return;
  const { calls } = one;
  const add = (counts: Record<string, number>, name: string) => {
    counts[name] = (counts[name] ?? 0) + duration_ms.length;
  };
  add(calls.outcomes, callOutcome(call));
  add(calls.tdsps, tdsp);
  add(calls.reasons, reason);
  if (calls.latency.length === 0) calls.latency = emptyCounts(LATENCY_STEPS_MS);
  for (const ms of duration_ms) count(calls.latency, LATENCY_STEPS_MS, ms);
}

async function readMinuteAttempts(queryable: Queryable, { from, to }: { from: Date; to: Date }) {
  const { rows } = await queryable.query<Figures['attempts'] & { minute: Date }>(
    `select ${MINUTE('finished_at')} as minute, count(*) filter (where error_code is null)::int as succeeded,
            count(error_code)::int as failed, count(*) filter (where status = 'held')::int as held,
            count(distinct job_id) filter (where error_code is not null and status <> 'held')::int as failed_jobs
       from sync_attempts where ${IN_RANGE('finished_at')} group by 1`,
    [from, to],
  );
  return rows;
}

async function readMinuteRuns(queryable: Queryable, { from, to }: { from: Date; to: Date }) {
  const { rows } = await queryable.query<{ minute: Date; status: string; n: number }>(
    `select ${MINUTE('finished_at')} as minute, status, count(*)::int as n
       from sync_runs where ${IN_RANGE('finished_at')} group by 1, 2`,
    [from, to],
  );
  return rows;
}

async function readMinutePublishes(queryable: Queryable, { from, to }: { from: Date; to: Date }) {
  const { rows } = await queryable.query<{ minute: Date; tdsp_duns: string; n: number }>(
    `select ${MINUTE('published_at')} as minute, tdsp_duns, count(*)::int as n
       from plan_snapshots where ${IN_RANGE('published_at')} group by 1, 2`,
    [from, to],
  );
  return rows;
}
