/**
 * How long each statement takes, counted by the name of the function in src/store that sends it. The name is found
 * once for each SQL text, from the stack of its first sender; from then on a statement costs one look into a map.
 */

import { performance } from 'node:perf_hooks';
import type pg from 'pg';
import { count, emptyCounts, LATENCY_STEPS_MS } from '../../histogram.ts';
import { beginSpan, traced } from '../../trace.ts';

export interface QueryCounts {
  /** `plans.readActivePlanSet`: file and function. */
  name: string;
  calls: number;
  errors: number;
  rows: number;
  total_ms: number;
  max_ms: number;
  /** In the steps of LATENCY_STEPS_MS. */
  latency: number[];
}

/** A text that was seen for the first time, and who sends it. */
export interface NamedText {
  name: string;
  text: string;
}

/** Texts beyond these are counted together: a program that builds its SQL must not fill the memory. */
const MOST_TEXTS = 500;
const LONGEST_TEXT = 20_000;
const OTHERS = 'other statements';

const noCounts = (name: string): QueryCounts => ({
  name,
  calls: 0,
  errors: 0,
  rows: 0,
  total_ms: 0,
  max_ms: 0,
  latency: emptyCounts(LATENCY_STEPS_MS),
});

export class QueryRecorder {
  readonly #byText = new Map<string, QueryCounts>();
  #byName = new Map<string, QueryCounts>();
  #newTexts: NamedText[] = [];
  /** What was taken since the process began. */
  readonly #taken = new Map<string, QueryCounts>();

  /** Where the calls of a text are counted. Called by the sender itself the first time, so that it is on the stack. */
  of(text: string): QueryCounts {
    return this.#byText.get(text) ?? this.#meet(text);
  }

  #meet(text: string): QueryCounts {
    if (this.#byText.size >= MOST_TEXTS || text.length > LONGEST_TEXT) return this.#named(OTHERS);
    const name = nameFromStack(stack(), text);
    const counts = this.#named(name);
    this.#byText.set(text, counts);
    this.#newTexts.push({ name, text });
    return counts;
  }

  #named(name: string): QueryCounts {
    let counts = this.#byName.get(name);
    if (!counts) {
      counts = noCounts(name);
      this.#byName.set(name, counts);
    }
    return counts;
  }

  /** What was counted since the last time; the counts begin anew. */
  take(): { counts: QueryCounts[]; texts: NamedText[] } {
    const counts: QueryCounts[] = [];
    for (const live of this.#byName.values()) {
      if (live.calls === 0) continue;
      counts.push({ ...live });
      this.#add(this.#taken, live, 1);
      // The same object goes on: every text keeps its way to it.
      Object.assign(live, noCounts(live.name));
    }
    const texts = this.#newTexts;
    this.#newTexts = [];
    return { counts, texts };
  }

  /** What could not be written is counted again. */
  putBack({ counts, texts }: { counts: QueryCounts[]; texts: NamedText[] }): void {
    for (const kept of counts) {
      this.#named(kept.name);
      this.#add(this.#byName, kept, 1);
      this.#add(this.#taken, kept, -1);
    }
    this.#newTexts.unshift(...texts);
  }

  /** Everything since the process began. */
  totals(): QueryCounts[] {
    const totals = new Map([...this.#taken].map(([name, counts]) => [name, { ...counts }]));
    for (const live of this.#byName.values()) this.#add(totals, live, 1);
    return [...totals.values()].filter(({ calls }) => calls > 0);
  }

  #add(to: Map<string, QueryCounts>, counts: QueryCounts, sign: 1 | -1): void {
    const sum = to.get(counts.name) ?? noCounts(counts.name);
    for (const name of ['calls', 'errors', 'rows', 'total_ms'] as const) sum[name] += sign * counts[name];
    sum.max_ms = Math.max(sum.max_ms, counts.max_ms);
    sum.latency = sum.latency.map((one, step) => one + sign * counts.latency[step]!);
    to.set(counts.name, sum);
  }
}

function note(counts: QueryCounts, startedAt: number, failed: boolean, rows: number): void {
  const ms = performance.now() - startedAt;
  counts.calls += 1;
  if (failed) counts.errors += 1;
  counts.rows += rows;
  counts.total_ms += ms;
  if (ms > counts.max_ms) counts.max_ms = ms;
  count(counts.latency, LATENCY_STEPS_MS, ms);
}

const DB_SYSTEM = { 'db.system.name': 'postgresql' } as const;

type Done = (error: unknown, result: unknown) => void;
type Send = (query: unknown, values?: unknown, done?: Done) => unknown;

/** Has every statement of a pool counted, whether it is sent through the pool or through one of its connections. */
export function recordQueries(pool: pg.Pool, recorder: QueryRecorder): void {
  const send = pool.query.bind(pool) as Send;
  // The pool sends later, from a stack of its own: here the sender is still on it.
  pool.query = ((query: unknown, values?: unknown, done?: Done) => {
    const text = textOf(query);
    if (text !== null) recorder.of(text);
    return send(query, values, done);
  }) as typeof pool.query;
  pool.on('connect', (client) => recordClient(client, recorder));
}

function recordClient(client: pg.PoolClient, recorder: QueryRecorder): void {
  const send = client.query.bind(client) as Send;
  const record: Send = (query, values, done) => {
    const text = textOf(query);
    if (text === null) return send(query, values, done);
    const counts = recorder.of(text);
    const startedAt = performance.now();
    if (isStream(query)) {
      query.once('error', () => note(counts, startedAt, true, 0));
      query.once('finish', () => note(counts, startedAt, false, query.rowCount ?? 0));
      return send(query, values, done);
    }
    const callback = typeof values === 'function' ? (values as Done) : done;
    if (callback) {
      const endSpan = beginSpan(`db ${counts.name}`, DB_SYSTEM);
      return send(query, values === callback ? undefined : values, (error, result) => {
        note(counts, startedAt, Boolean(error), rowsOf(result));
        endSpan(error);
        callback(error, result);
      });
    }
    const answer = traced(`db ${counts.name}`, DB_SYSTEM, () => send(query, values)) as Promise<unknown>;
    answer.then(
      (result) => note(counts, startedAt, false, rowsOf(result)),
      () => note(counts, startedAt, true, 0),
    );
    return answer;
  };
  client.query = record as typeof client.query;
}

function textOf(query: unknown): string | null {
  if (typeof query === 'string') return query;
  const text = (query as { text?: unknown } | null)?.text;
  return typeof text === 'string' ? text : null;
}

/** COPY from a stream. */
const isStream = (query: unknown): query is NodeJS.EventEmitter & { rowCount?: number } =>
  typeof (query as { submit?: unknown }).submit === 'function' &&
  typeof (query as { once?: unknown }).once === 'function';

/** Several statements in one text have several results. */
function rowsOf(result: unknown): number {
  if (Array.isArray(result)) return result.reduce((sum: number, one) => sum + rowsOf(one), 0);
  return (result as { rowCount?: number | null } | undefined)?.rowCount ?? 0;
}

const STORE = new URL('../', import.meta.url).href;
/** They send what others ask them to. */
const CARRIERS = ['database', 'query-recorder', 'copy'];
const FRAME = /at (?:async )?(?:(\S+)(?: \[as \S+\])? \()?(file:\S+?)\.[jt]s:\d+:\d+/;

/** Deeper than usual: transactions and retries lie between a statement and the function it belongs to. */
function stack(): string {
  const usual = Error.stackTraceLimit;
  Error.stackTraceLimit = 30;
  const { stack: lines = '' } = new Error();
  Error.stackTraceLimit = usual;
  return lines;
}

/** The nearest named function of src/store; where none has a name, its file and the first words of the SQL. */
function nameFromStack(lines: string, text: string): string {
  let file: string | null = null;
  for (const line of lines.split('\n')) {
    const [, fn, path] = FRAME.exec(line) ?? [];
    if (!path?.startsWith(STORE)) continue;
    const name = path.slice(path.lastIndexOf('/') + 1);
    if (CARRIERS.includes(name)) continue;
    if (fn && !/^(Object|Array|Promise|async)\b/.test(fn)) return `${name}.${fn}`;
    file ??= name;
  }
  const words = text
    .trim()
    .split(/[\s(]+/, 3)
    .join(' ')
    .slice(0, 40);
  return file ? `${file}: ${words}` : words;
}
