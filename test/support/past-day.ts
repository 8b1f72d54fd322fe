/** A day of history as a fleet leaves it, written into a database: for pages that show the past. Every figure is invented. */

import { type Figures, noFigures } from '../../src/store/observation/figures.ts';
import type { Database } from '../../src/store/postgres/database.ts';
import { HOUR_MS } from '../../src/units.ts';
import { allDuns } from './support.ts';

const STEPS = 16;

/** The same numbers every time. */
function random(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648;
    return state / 2_147_483_648;
  };
}

/** Counts that lie round a step, thinning out to both sides. */
function around(step: number, all: number, next: () => number): number[] {
  const counts = new Array<number>(STEPS).fill(0);
  const shares = [0.2, 0.5, 0.24, 0.05, 0.008, 0.002];
  shares.forEach((share, at) => {
    counts[Math.min(STEPS - 1, step - 1 + at)]! += Math.round(all * share * (0.9 + 0.2 * next()));
  });
  return counts;
}

function hourOf(reads: number, calls: number, failed: number, next: () => number): Figures {
  const below = Math.round(reads * (0.002 + 0.002 * next()));
  const layer = (hits: number, misses: number, step: number) => ({
    hits,
    misses,
    stale_serves: 0,
    errors: 0,
    loads: 0,
    loaded_bytes: 0,
    refused_loads: 0,
    latency: around(step, hits + misses, next),
    age: [],
    max_age_seconds: 3_600,
  });
  const answers = (count: number, step: number) => ({
    answers: count,
    refused: 0,
    failed: 0,
    total_ms: count,
    latency: around(step, count, next),
  });
  return {
    ...noFigures(),
    minutes: 60,
    answers: { '/v1/plans memory': answers(reads - below, 2), '/v1/plans database': answers(below, 6) },
    layers: {
      memory: layer(reads - below, below, 1),
      redis: layer(Math.round(below * 0.66), Math.round(below * 0.34), 4),
      database: layer(Math.round(below * 0.2), Math.round(below * 0.14), 6),
      active: layer(Math.round(below * 0.14), 0, 7),
    },
    statements: { calls: 18_000, errors: 0, total_ms: 40_000, max_ms: 90, latency: around(5, 18_000, next) },
    calls: {
      outcomes: { ok: calls - failed, ...(failed > 0 ? { status_503: failed } : {}) },
      tdsps: {},
      reasons: { schedule: calls },
      latency: around(10, calls, next),
    },
    attempts: { succeeded: calls - failed, failed, held: 0, failed_jobs: failed },
    runs: { succeeded: 1 },
    tdsps: Object.fromEntries(
      allDuns.map((duns) => [duns, { age_seconds: 3_600, plans: 150, fresh: 60, known: 60, published: 1 }]),
    ),
    readings: {},
  };
}

/** Hours before now, oldest first, each with a scheduled sync of all TDSPs that brought what was there. */
export async function writePastDay(database: Database, now: Date, hours = 24): Promise<void> {
  const next = random(24);
  const thisHour = Math.floor(now.getTime() / HOUR_MS) * HOUR_MS;
  for (let back = hours; back >= 1; back -= 1) {
    const at = new Date(thisHour - back * HOUR_MS);
    const failed = back === 9 ? 2 : 0;
    const figures = hourOf(Math.round(30_000 + 15_000 * Math.sin(back / 4)), 6 + failed, failed, next);
    await database.pool.query(
      `insert into figures (span, at, figures) values ('hour', $1, $2) on conflict (span, at) do update set figures = excluded.figures`,
      [at, JSON.stringify(figures)],
    );
    await writeRun(database, at, failed);
  }
}

async function writeRun(database: Database, at: Date, failed: number): Promise<void> {
  const { rows } = await database.pool.query<{ id: number }>(
    `insert into sync_runs (kind, status, source, requested, is_forced, requested_by, reason, requested_at, started_at,
       finished_at, api_calls, plans)
     values ('priority', 'succeeded', 'comparepower', $1, false, 'schedule', null, $2, $2, $2::timestamptz + interval '2 seconds', $3,
       '{"seen":850,"added":1,"changed":4,"unchanged":845,"deactivated":0,"rejected":0}') returning id`,
    [JSON.stringify({ cities: [], tdsps: allDuns }), at, 6 + failed],
  );
  const id = rows[0]!.id;
  await database.pool.query(
    `insert into sync_results (run_id, tdsp_duns, status, plans, snapshot_version, finished_at, duration_ms)
     select $1, duns, 'unchanged', '{"seen":150,"added":0,"changed":0,"unchanged":150,"deactivated":0,"rejected":0}', 1,
            $2::timestamptz + interval '2 seconds', 900
       from unnest($3::text[]) as duns`,
    [id, at, allDuns],
  );
  await database.pool.query(
    `insert into api_calls (run_id, source, endpoint, params, attempt, status, bytes, duration_ms, error, called_at)
     select $1, 'comparepower', '/api/plans/current', jsonb_build_object('tdsp_duns', duns), 1, 200, 421000, 690, null, $2
       from unnest($3::text[]) as duns`,
    [id, at, allDuns],
  );
}
