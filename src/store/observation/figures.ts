/**
 * What the fleet did in a stretch of time, and how it was. Sums add up, so an hour is the sum of its minutes and a month
 * of its hours; readings keep the worst. Pure.
 */

/** Waits counted in the steps of LATENCY_STEPS_MS. */
export interface AnswerFigures {
  answers: number;
  /** With a status of 400 to 499, and of 500 and above. */
  refused: number;
  failed: number;
  total_ms: number;
  latency: number[];
}

export interface LayerFigures {
  hits: number;
  misses: number;
  /** Hits whose plans were older than the freshness limit. */
  stale_serves: number;
  errors: number;
  /** Plan sets put into the layer, and their bytes; how often it did not take one. */
  loads: number;
  loaded_bytes: number;
  refused_loads: number;
  latency: number[];
  /** In the steps of AGE_STEPS_S. */
  age: number[];
  max_age_seconds: number | null;
}

interface StatementFigures {
  calls: number;
  errors: number;
  total_ms: number;
  max_ms: number;
  latency: number[];
}

export interface TdspFigures {
  /** The oldest its plans got; `null`: never published. */
  age_seconds: number | null;
  plans: number | null;
  /** Minutes within its age limit, of those that are known. */
  fresh: number;
  known: number;
  published: number;
}

/** The worst readings of the time; a figure that is missing was not read. */
export interface Readings {
  waiting: number;
  claimed: number;
  oldest_waiting_seconds: number;
  /** Upstream calls within the hour before. */
  calls_last_hour: number;
  budget_per_hour: number;
  circuit_open: number;
  held: number;
  dead_letters: number;
  rejected_records: number;
  processes: number;
  silent_processes: number;
  loop_lag_ms: number;
  memory_bytes: number;
  database_bytes: number;
  disk_used_share: number;
  replica_lag_seconds: number;
}

export interface Figures {
  /** How many minutes of it are known. */
  minutes: number;
  /** By `route layer`, as in answer_stats. */
  answers: Record<string, AnswerFigures>;
  layers: Record<string, LayerFigures>;
  /** All statements together. */
  statements: StatementFigures;
  /** Upstream calls: by how they ended, by TDSP (`state`: the whole of it), and by who asked. */
  calls: {
    outcomes: Record<string, number>;
    tdsps: Record<string, number>;
    reasons: Record<string, number>;
    latency: number[];
  };
  /**
   * Tries to sync a TDSP. `held`: those of the failed whose snapshot the guard held back; `failed_jobs`: how often all the
   * others failed, where one call for the whole state that fails is one.
   */
  attempts: { succeeded: number; failed: number; held: number; failed_jobs: number };
  /** Runs that ended, by status. */
  runs: Record<string, number>;
  tdsps: Record<string, TdspFigures>;
  readings: Partial<Readings>;
}

/** One minute or hour. */
export interface FiguresRow {
  at: Date;
  figures: Figures;
}

export const noFigures = (): Figures => ({
  minutes: 0,
  answers: {},
  layers: {},
  statements: { calls: 0, errors: 0, total_ms: 0, max_ms: 0, latency: [] },
  calls: { outcomes: {}, tdsps: {}, reasons: {}, latency: [] },
  attempts: { succeeded: 0, failed: 0, held: 0, failed_jobs: 0 },
  runs: {},
  tdsps: {},
  readings: {},
});

/** Step by step; either may be empty. */
export const addCounts = (some: readonly number[], others: readonly number[]): number[] =>
  Array.from({ length: Math.max(some.length, others.length) }, (_, i) => (some[i] ?? 0) + (others[i] ?? 0));

export const worse = (one: number | null, other: number | null): number | null =>
  one === null ? other : other === null ? one : Math.max(one, other);

function merge<T>(some: Record<string, T>, others: Record<string, T>, join: (one: T, other: T) => T) {
  const merged = { ...some };
  for (const [name, other] of Object.entries(others)) {
    const one = merged[name];
    merged[name] = one === undefined ? other : join(one, other);
  }
  return merged;
}

const plus = (one: number, other: number): number => one + other;

export const addAnswers = (one: AnswerFigures, other: AnswerFigures): AnswerFigures => ({
  answers: one.answers + other.answers,
  refused: one.refused + other.refused,
  failed: one.failed + other.failed,
  total_ms: one.total_ms + other.total_ms,
  latency: addCounts(one.latency, other.latency),
});

const addLayer = (one: LayerFigures, other: LayerFigures): LayerFigures => ({
  hits: one.hits + other.hits,
  misses: one.misses + other.misses,
  stale_serves: one.stale_serves + other.stale_serves,
  errors: one.errors + other.errors,
  loads: one.loads + other.loads,
  loaded_bytes: one.loaded_bytes + other.loaded_bytes,
  refused_loads: one.refused_loads + other.refused_loads,
  latency: addCounts(one.latency, other.latency),
  age: addCounts(one.age, other.age),
  max_age_seconds: worse(one.max_age_seconds, other.max_age_seconds),
});

export const addStatements = (one: StatementFigures, other: StatementFigures): StatementFigures => ({
  calls: one.calls + other.calls,
  errors: one.errors + other.errors,
  total_ms: one.total_ms + other.total_ms,
  max_ms: Math.max(one.max_ms, other.max_ms),
  latency: addCounts(one.latency, other.latency),
});

const addTdsp = (one: TdspFigures, other: TdspFigures): TdspFigures => ({
  age_seconds: worse(one.age_seconds, other.age_seconds),
  plans: other.plans ?? one.plans,
  fresh: one.fresh + other.fresh,
  known: one.known + other.known,
  published: one.published + other.published,
});

/** @param other the later one */
export const addFigures = (one: Figures, other: Figures): Figures => ({
  minutes: one.minutes + other.minutes,
  answers: merge(one.answers, other.answers, addAnswers),
  layers: merge(one.layers, other.layers, addLayer),
  statements: addStatements(one.statements, other.statements),
  calls: {
    outcomes: merge(one.calls.outcomes, other.calls.outcomes, plus),
    tdsps: merge(one.calls.tdsps, other.calls.tdsps, plus),
    reasons: merge(one.calls.reasons, other.calls.reasons, plus),
    latency: addCounts(one.calls.latency, other.calls.latency),
  },
  attempts: {
    succeeded: one.attempts.succeeded + other.attempts.succeeded,
    failed: one.attempts.failed + other.attempts.failed,
    held: one.attempts.held + other.attempts.held,
    failed_jobs: one.attempts.failed_jobs + other.attempts.failed_jobs,
  },
  runs: merge(one.runs, other.runs, plus),
  tdsps: merge(one.tdsps, other.tdsps, addTdsp),
  readings: merge(one.readings as Record<string, number>, other.readings as Record<string, number>, Math.max),
});

/** In order of time. */
export const sumFigures = (rows: readonly FiguresRow[]): Figures =>
  rows.reduce((sum, { figures }) => addFigures(sum, figures), noFigures());
