/**
 * Counts what this process answers, by route and layer: on the hot path two readings of the clock and two additions. Every
 * few seconds what was added since is told to the fleet.
 */

import type { ServerResponse } from 'node:http';
import { LATENCY_STEPS_MS } from '../../histogram.ts';
import { type Family, type Labels, Observations } from '../../metrics.ts';
import { Periodic } from '../../periodic.ts';
import { type AnswerCounts, addAnswerStats } from '../../store/observation/answer-stats.ts';
import type { Queryable } from '../../store/postgres/database.ts';
import { activeTrace } from '../../trace.ts';

const FLUSH_MS = 10_000;
/** Routes are patterns, so there are few; an error of ours must not fill the memory. */
const MOST_CELLS = 500;
const STATUS_CLASSES = ['1xx', '2xx', '3xx', '4xx', '5xx'] as const;

/** What is answered under one route and layer. */
class AnswerCell {
  readonly route: string;
  readonly layer: string;
  /** Milliseconds. */
  readonly waits = new Observations(LATENCY_STEPS_MS);
  /** By the first digit of the status, from 1. */
  readonly statuses = [0, 0, 0, 0, 0];
  #told: AnswerCounts;

  constructor(route: string, layer: string) {
    this.route = route;
    this.layer = layer;
    this.#told = this.#now();
  }

  count(status: number, ms: number): void {
    this.waits.observe(ms);
    const trace = activeTrace();
    if (trace) this.waits.exemplify({ trace_id: trace.trace_id, value: ms, at: Date.now() });
    this.statuses[((status / 100) | 0) - 1]! += 1;
  }

  #now(): AnswerCounts {
    const { route, layer, waits, statuses } = this;
    return {
      route,
      layer,
      answers: statuses.reduce((sum, one) => sum + one, 0),
      refused: statuses[3]!,
      failed: statuses[4]!,
      total_ms: waits.sum,
      latency: [...waits.counts],
    };
  }

  /** What was added since the last `take`; `null`: nothing. @returns and how to say that it was told */
  take(): { counts: AnswerCounts; told(): void } | null {
    const now = this.#now();
    const before = this.#told;
    if (now.answers === before.answers) return null;
    const counts = {
      ...now,
      answers: now.answers - before.answers,
      refused: now.refused - before.refused,
      failed: now.failed - before.failed,
      total_ms: now.total_ms - before.total_ms,
      latency: now.latency.map((one, step) => one - before.latency[step]!),
    };
    const told = () => {
      this.#told = now;
    };
    return { counts, told };
  }
}

interface AnswerCountsOptions {
  database: Queryable;
  onError?: (error: unknown) => void;
}

export class AnswerCounter {
  readonly #options: AnswerCountsOptions | null;
  readonly #cells = new Map<string, AnswerCell>();
  readonly #layers = new WeakMap<ServerResponse, string>();
  readonly #flusher: Periodic;

  /** @param options `null`: nothing is told to the fleet */
  constructor(options: AnswerCountsOptions | null) {
    this.#options = options;
    this.#flusher = new Periodic('answer_figures', () => this.#flush(), FLUSH_MS);
  }

  start(): void {
    this.#flusher.start();
  }

  /** Which layer the plans of this answer came from. */
  noteLayer(response: ServerResponse, layer: string): void {
    this.#layers.set(response, layer);
  }

  layerOf(response: ServerResponse): string {
    return this.#layers.get(response) ?? '';
  }

  /** To be kept where it is counted often. */
  of(route: string, layer: string): AnswerCell {
    const key = `${route} ${layer}`;
    const known = this.#cells.get(key);
    if (known) return known;
    if (this.#cells.size >= MOST_CELLS) return this.of('other', '');
    const cell = new AnswerCell(route, layer);
    this.#cells.set(key, cell);
    return cell;
  }

  /** One at a time; never throws. */
  flush(): Promise<void> {
    return this.#flusher.now();
  }

  /** Tells the last counts. Safe early and twice. */
  stop(): Promise<void> {
    return this.#flusher.stop();
  }

  families(): Family[] {
    const cells = [...this.#cells.values()];
    const labels = ({ route, layer }: AnswerCell): Labels => (layer === '' ? { route } : { route, layer });
    return [
      {
        name: 'wattsync_http_requests_total',
        help: 'Requests answered by this process, by route, layer the plans came from, and class of status.',
        type: 'counter',
        samples: cells.flatMap((cell) =>
          STATUS_CLASSES.flatMap((status, at) =>
            cell.statuses[at] ? [{ labels: { ...labels(cell), status }, value: cell.statuses[at] }] : [],
          ),
        ),
      },
      {
        name: 'wattsync_http_request_duration_seconds',
        help: 'Time from the head of a request to the end of its answer.',
        type: 'histogram',
        steps: LATENCY_STEPS_MS.map((ms) => ms / 1_000),
        samples: cells.map((cell) => ({
          labels: labels(cell),
          counts: cell.waits.counts,
          sum: cell.waits.sum / 1_000,
          exemplars: cell.waits.exemplars.map((one) => one && { ...one, value: one.value / 1_000 }),
        })),
      },
    ];
  }

  async #flush(): Promise<void> {
    if (!this.#options) return;
    const { database, onError } = this.#options;
    const taken = [...this.#cells.values()].flatMap((cell) => cell.take() ?? []);
    if (taken.length === 0) return;
    try {
      await addAnswerStats(
        database,
        new Date(),
        taken.map(({ counts }) => counts),
      );
      for (const { told } of taken) told();
    } catch (error) {
      onError?.(error);
    }
  }
}
