/** What a topic hands back, and how it gets into docs/benchmarks.md without touching the sections of other topics. */

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';

export interface Table {
  title: string;
  head: readonly string[];
  rows: readonly (readonly string[])[];
}

export interface Section {
  title: string;
  /** How it was measured, in Markdown. */
  method: string;
  tables: readonly Table[];
  /** Targets and whether this run met them, one a line. */
  findings: readonly string[];
}

export const TOPICS = [
  'publish',
  'tell',
  'guard',
  'queue',
  'query',
  'database',
  'upkeep',
  'cache',
  'fleet',
  'frozen',
  'day',
  'heap',
  'http',
  'pages',
  'vitals',
  'see',
  'strangers',
  'history',
  'startup',
  'regret',
  'refresh',
  'warming',
  'export',
] as const;
export type Topic = (typeof TOPICS)[number];

/** Told while it runs. */
export type Say = (line: string) => void;

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Three significant digits, thousands separated: 0.0123, 4.56, 78.9, 1,234. */
export function digits(value: number): string {
  if (Math.abs(value) >= 100) return Math.round(value).toLocaleString('en-US');
  return String(Number(value.toPrecision(3)));
}

/** Milliseconds as a person reads them. */
export function duration(ms: number): string {
  if (ms < 1) return `${digits(ms * 1000)} µs`;
  return ms < 10_000 ? `${digits(ms)} ms` : `${digits(ms / 1000)} s`;
}

/** The median, and between which extremes it lies. */
export const spread = (values: readonly number[], show: (value: number) => string = duration): string =>
  values.length === 1
    ? show(values[0]!)
    : `${show(median(values))} (${show(Math.min(...values))} – ${show(Math.max(...values))})`;

export const verdict = (isMet: boolean): string => (isMet ? 'met' : '**missed**');

export function tableText({ title, head, rows }: Table): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`;
  const body = [line(head), line(head.map((_, at) => (at === 0 ? ':--' : '--:'))), ...rows.map(line)];
  return `**${title}**\n\n${body.join('\n')}`;
}

export function sectionText({ title, method, tables, findings }: Section, now: Date): string {
  const date = now.toISOString().slice(0, 16).replace('T', ' ');
  const machine = `Measured ${date} UTC, Node ${process.version}, ${availableParallelism()} cores.`;
  const list = findings.map((finding) => `- ${finding}`).join('\n');
  return [`## ${title}`, machine, method, ...tables.map(tableText), list].filter(Boolean).join('\n\n');
}

const INTRO = `# Benchmarks

{in short}

Written by \`npm run bench\`; \`npm run bench -- TOPIC\` measures one of
${TOPICS.join(', ')} and replaces its section.
What is compared runs side by side, in turns, within the same run; numbers are medians, in parentheses the smallest and
the largest. All plans are invented, except where a section says that they are real.`;

const begin = (topic: Topic) => `<!-- ${topic} -->`;
const end = (topic: Topic) => `<!-- end of ${topic} -->`;

/** Replaces the sections that were measured and keeps the others, in the order of TOPICS. */
export function writeSections(file: URL, measured: ReadonlyMap<Topic, string>): void {
  const old = existsSync(file) ? readFileSync(file, 'utf8') : '';
  const sections = TOPICS.flatMap((topic) => {
    const text = measured.get(topic) ?? sectionOf(old, topic);
    return text === null ? [] : `${begin(topic)}\n\n${text}\n\n${end(topic)}`;
  });
  const intro = INTRO.replace('{in short}', sections.map(inShort).join('\n'));
  writeFileSync(file, `${[intro, ...sections].join('\n\n')}\n`);
}

/** One line for a section: its first finding, how many targets it met, and the ones it missed. */
function inShort(section: string): string {
  const title = /^## (.+)$/m.exec(section)![1]!;
  const findings = [...section.slice(section.lastIndexOf('|')).matchAll(/^- (.+)$/gm)].map(
    ([, text]) => text!,
  );
  const verdicts = findings.flatMap((text) => text.match(/\bmet\b|\*\*missed\*\*/g) ?? []);
  const met = verdicts.filter((one) => one === 'met').length;
  const missed = findings.filter((text) => text.includes('**missed**'));
  const [first = ''] = findings.filter((text) => !missed.includes(text));
  return [
    `- **${title}**, ${met} of ${verdicts.length} targets met. ${first}`,
    ...missed.map((text) => `  Missed: ${text.replaceAll('**missed**', 'missed')}`),
  ].join('\n');
}

function sectionOf(text: string, topic: Topic): string | null {
  const from = text.indexOf(begin(topic));
  const to = text.indexOf(end(topic));
  return from === -1 || to < from ? null : text.slice(from + begin(topic).length, to).trim();
}
