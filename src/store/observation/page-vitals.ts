/** How fast pages were to people, hour by hour and by kind of page, as counts that add up. */

import { emptyCounts, quantile } from '../../histogram.ts';
import type { Queryable } from '../postgres/database.ts';

/**
 * What is measured (web.dev/vitals), and the upper ends of the steps it is counted in: when the largest thing stood
 * there, in ms; how long the slowest answer to a press took, in ms; how far things moved, without a unit.
 */
export const VITALS = {
  lcp: [100, 200, 300, 400, 500, 600, 800, 1_000, 1_250, 1_500, 2_000, 2_500, 4_000, 8_000],
  inp: [8, 16, 24, 32, 50, 75, 100, 150, 200, 300, 500, 1_000, 2_000],
  cls: [0, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1],
} as const;
export type Vital = keyof typeof VITALS;

export interface VitalCounts {
  page: string;
  vital: Vital;
  counts: number[];
}

/** Adds counts to those of the hour. */
export async function addPageVitals(
  queryable: Queryable,
  now: Date,
  counts: readonly VitalCounts[],
): Promise<void> {
  await queryable.query(
    `insert into page_vitals as v (hour, page, vital, counts)
     select date_trunc('hour', $1::timestamptz), page, vital, counts
       from jsonb_to_recordset($2) as c (page text, vital text, counts bigint[])
      -- In one order: two processes that add at once wait for each other, never in a circle.
      order by page, vital
     on conflict (hour, page, vital) do update set
       counts = array(select coalesce(a, 0) + coalesce(b, 0)
         from unnest(v.counts, excluded.counts) with ordinality as u (a, b, n) order by n)`,
    [now, JSON.stringify(counts)],
  );
}

export interface PageVitals {
  page: string;
  /** Visits that told when the largest thing stood there. */
  visits: number;
  /** What three of four visits stayed within: the end of a step; `null` where nothing was told, or beyond the last one. */
  p75: Record<Vital, number | null>;
}

export async function readPageVitals(
  queryable: Queryable,
  { from, to }: { from: Date; to: Date },
): Promise<PageVitals[]> {
  const { rows } = await queryable.query<VitalCounts>(
    `select page, vital, array_agg(v order by n)::float8[] as counts
       from (select page, vital, n, sum(v) as v
               from page_vitals, unnest(counts) with ordinality as u (v, n)
              where hour >= $1 and hour < $2 group by page, vital, n) each
      group by page, vital order by page`,
    [from, to],
  );
  return [...Map.groupBy(rows, ({ page }) => page)].map(([page, own]) => {
    const of = (vital: Vital) => own.find((one) => one.vital === vital)?.counts ?? emptyCounts(VITALS[vital]);
    const p75 = (vital: Vital) => quantile(of(vital), VITALS[vital], 0.75);
    return {
      page,
      visits: of('lcp').reduce((sum, one) => sum + one, 0),
      p75: { lcp: p75('lcp'), inp: p75('inp'), cls: p75('cls') },
    };
  });
}
