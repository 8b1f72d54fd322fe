/** How many answers the processes of the fleet gave, by route and layer, minute by minute. */

import type { Queryable } from '../postgres/database.ts';
import type { AnswerFigures } from './figures.ts';

export interface AnswerCounts extends AnswerFigures {
  route: string;
  layer: string;
}

/** Adds counts to those of the minute. */
export async function addAnswerStats(
  queryable: Queryable,
  now: Date,
  counts: readonly AnswerCounts[],
): Promise<void> {
  await queryable.query(
    `insert into answer_stats as s (minute, route, layer, answers, refused, failed, total_ms, latency)
     select date_trunc('minute', $1::timestamptz), route, layer, answers, refused, failed, total_ms, latency
       from jsonb_to_recordset($2) as c (route text, layer text, answers bigint, refused bigint, failed bigint,
         total_ms float8, latency bigint[])
      -- In one order: two processes that add at once wait for each other, never in a circle.
      order by route, layer
     on conflict (minute, route, layer) do update set
       answers = s.answers + excluded.answers, refused = s.refused + excluded.refused,
       failed = s.failed + excluded.failed, total_ms = s.total_ms + excluded.total_ms,
       latency = array(select coalesce(a, 0) + coalesce(b, 0)
         from unnest(s.latency, excluded.latency) with ordinality as u (a, b, n) order by n)`,
    [now, JSON.stringify(counts)],
  );
}

export async function readMinuteAnswers(
  queryable: Queryable,
  { from, to }: { from: Date; to: Date },
): Promise<(AnswerCounts & { minute: Date })[]> {
  const { rows } = await queryable.query<AnswerCounts & { minute: Date }>(
    `select minute, route, layer, answers, refused, failed, total_ms, latency::float8[] as latency
       from answer_stats where minute >= $1 and minute < $2`,
    [from, to],
  );
  return rows;
}
