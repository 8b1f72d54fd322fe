/**
 * Metrics of this process: counters that cost an addition, histograms over fixed steps, and the two texts that
 * Prometheus reads. By hand: a histogram of prom-client costs about a hundred times as much an observation.
 */

import { count, emptyCounts } from './histogram.ts';

export type Labels = Readonly<Record<string, string | number>>;

interface Sample {
  labels: Labels;
  value: number;
}

/** Which trace an observation belongs to. */
interface Exemplar {
  trace_id: string;
  /** In the unit of the histogram. */
  value: number;
  at: number;
}

interface HistogramSample {
  labels: Labels;
  /** One more than there are steps. */
  counts: readonly number[];
  sum: number;
  exemplars?: readonly (Exemplar | undefined)[];
}

/** Names in base units (seconds, bytes); a counter's ends in `_total`. */
export type Family = { name: string; help: string } & (
  | { type: 'counter' | 'gauge'; samples: readonly Sample[] }
  /** Without quantiles: those of several processes do not add up. */
  | { type: 'summary'; samples: readonly { labels: Labels; sum: number; count: number }[] }
  | { type: 'histogram'; steps: readonly number[]; samples: readonly HistogramSample[] }
);

/** A counter of this process; its labels have few values each. */
export class Counter {
  readonly #about: { name: string; help: string; labels: readonly string[] };
  readonly #cells = new Map<string, { labels: Labels; value: number }>();

  constructor(name: string, help: string, labels: readonly string[] = []) {
    this.#about = { name, help, labels };
    if (labels.length === 0) this.of();
  }

  /** What is counted under these values of its labels, in their order: to be kept where it is counted often. */
  of(...values: readonly string[]): { value: number } {
    const key = values.join('\u0000');
    let cell = this.#cells.get(key);
    if (!cell) {
      cell = {
        labels: Object.fromEntries(this.#about.labels.map((name, at) => [name, values[at]!])),
        value: 0,
      };
      this.#cells.set(key, cell);
    }
    return cell;
  }

  add(...values: readonly string[]): void {
    this.of(...values).value += 1;
  }

  family(): Family {
    const { name, help } = this.#about;
    return { name, help, type: 'counter', samples: [...this.#cells.values()] };
  }
}

/** Observations under one set of labels. */
export class Observations {
  readonly steps: readonly number[];
  readonly counts: number[];
  readonly exemplars: (Exemplar | undefined)[] = [];
  sum = 0;

  constructor(steps: readonly number[]) {
    this.steps = steps;
    this.counts = emptyCounts(steps);
  }

  observe(value: number): void {
    count(this.counts, this.steps, value);
    this.sum += value;
  }

  /** Remembers the last trace of each step. */
  exemplify(exemplar: Exemplar): void {
    const step = this.steps.findIndex((end) => exemplar.value <= end);
    this.exemplars[step === -1 ? this.steps.length : step] = exemplar;
  }
}

export const gauge = (name: string, help: string, samples: readonly Sample[] | number | null): Family => ({
  name,
  help,
  type: 'gauge',
  samples: typeof samples === 'number' ? [{ labels: {}, value: samples }] : (samples ?? []),
});

/** What parts of a process tell whenever they are asked. */
export type Teller = () => readonly Family[];

export type MetricsFormat = 'text' | 'openmetrics';
export const CONTENT_TYPES: Record<MetricsFormat, string> = {
  text: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
};

/** OpenMetrics only where it is asked for by name, and not weighed below the plain text. */
export function formatFor(accept: string | undefined): MetricsFormat {
  const weight = (type: RegExp): number => {
    const part = (accept ?? '').split(',').find((one) => type.test(one));
    return part === undefined ? 0 : Number(/;\s*q=([\d.]+)/.exec(part)?.[1] ?? 1);
  };
  const open = weight(/application\/openmetrics-text/i);
  return open > 0 && open >= weight(/text\/plain/i) ? 'openmetrics' : 'text';
}

/** Families without a sample are left out. Two families of one name are an error of ours. */
export function renderMetrics(families: readonly Family[], format: MetricsFormat): string {
  const seen = new Set<string>();
  const lines: string[] = [];
  for (const family of families) {
    if (family.samples.length === 0) continue;
    if (seen.has(family.name)) throw new Error(`Two metrics are named ${family.name}`);
    seen.add(family.name);
    const name = format === 'openmetrics' ? family.name.replace(/_total$/, '') : family.name;
    lines.push(`# HELP ${name} ${family.help.replaceAll('\\', '\\\\').replaceAll('\n', '\\n')}`);
    lines.push(`# TYPE ${name} ${family.type}`);
    const unit = /_(seconds|bytes|ratio)$/.exec(name)?.[1];
    if (format === 'openmetrics' && unit) lines.push(`# UNIT ${name} ${unit}`);
    if (family.type === 'histogram') {
      for (const sample of family.samples)
        lines.push(...histogramLines(family.name, family.steps, sample, format));
    } else if (family.type === 'summary') {
      for (const { labels, sum, count } of family.samples) {
        lines.push(`${name}_sum${labelText(labels)} ${numberText(sum)}`);
        lines.push(`${name}_count${labelText(labels)} ${count}`);
      }
    } else {
      for (const { labels, value } of family.samples)
        lines.push(`${family.name}${labelText(labels)} ${numberText(value)}`);
    }
  }
  if (format === 'openmetrics') lines.push('# EOF');
  return `${lines.join('\n')}\n`;
}

function histogramLines(
  name: string,
  steps: readonly number[],
  { labels, counts, sum, exemplars = [] }: HistogramSample,
  format: MetricsFormat,
): string[] {
  let below = 0;
  const buckets = counts.map((one, at) => {
    below += one;
    const le = at < steps.length ? numberText(steps[at]!) : '+Inf';
    const exemplar = format === 'openmetrics' ? exemplars[at] : undefined;
    const trace = exemplar
      ? ` # {trace_id="${exemplar.trace_id}"} ${numberText(exemplar.value)} ${exemplar.at / 1000}`
      : '';
    return `${name}_bucket${labelText({ ...labels, le })} ${below}${trace}`;
  });
  const own = labelText(labels);
  return [...buckets, `${name}_sum${own} ${numberText(sum)}`, `${name}_count${own} ${below}`];
}

function labelText(labels: Labels): string {
  const parts = Object.entries(labels).map(
    ([name, value]) =>
      `${name}="${String(value).replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')}"`,
  );
  return parts.length === 0 ? '' : `{${parts.join(',')}}`;
}

const numberText = (value: number): string =>
  value === Number.POSITIVE_INFINITY
    ? '+Inf'
    : Number.isInteger(value)
      ? String(value)
      : String(+value.toPrecision(12));
