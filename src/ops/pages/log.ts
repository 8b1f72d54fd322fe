import { html } from '../../html/html.ts';
import { plural } from '../../monitor/text.ts';
import { readLogLines } from '../../store/operations/past.ts';
import { readDatabaseTime } from '../../store/queue/sync-workers.ts';
import { DAY_MS, HOUR_MS } from '../../units.ts';
import type { Frame } from '../look/document.ts';
import { section } from '../look/parts.ts';
import { logTable } from '../now/log.ts';
import type { PageParts } from './run.ts';

const SPANS = { '1h': HOUR_MS, '24h': DAY_MS, '7d': 7 * DAY_MS } as const;
const NAMES = { '1h': '1 h', '24h': '24 h', '7d': '7 d' } as const;
type SpanName = keyof typeof SPANS;
const ONLY = { all: 'everything', trouble: 'warnings and errors', orders: 'what operators did' } as const;
type OnlyName = keyof typeof ONLY;
const LINES = 1_000;

export async function logPage(
  { board, territory }: PageParts,
  query: Readonly<Record<string, string>>,
): Promise<Frame> {
  const spanName: SpanName =
    query.span && query.span in SPANS ? (query.span as SpanName) : query.only === 'orders' ? '7d' : '1h';
  const only: OnlyName = query.only && query.only in ONLY ? (query.only as OnlyName) : 'all';
  const now = await readDatabaseTime(board.queryable);
  const all = await readLogLines(board.queryable, new Date(now.getTime() - SPANS[spanName]), LINES);
  const lines = all.filter(
    ({ level, event }) => only === 'all' || (only === 'trouble' ? level !== 'info' : event === 'order'),
  );
  const errors = all.filter(({ level }) => level === 'error').length;
  const here = (isHere: boolean) => isHere && html` aria-current="true"`;
  const nav = html`<nav class="rng" aria-label="Since when">${(Object.keys(SPANS) as SpanName[]).map((name) => html`<a href="/ops/log?span=${name}&only=${only}"${here(name === spanName)}>${NAMES[name]}</a>`)}</nav><p></p><nav class="rng" aria-label="What">${(Object.keys(ONLY) as OnlyName[]).map((name) => html`<a href="/ops/log?span=${spanName}&only=${name}"${here(name === only)}>${ONLY[name]}</a>`)}</nav>`;
  const nameOf = (duns: string) => territory.tdsp(duns)?.short_name ?? duns;
  return {
    page: 'Log',
    title: 'log',
    headline: `${plural(all.length, 'line')} in the last ${NAMES[spanName]}, ${errors === 0 ? 'no error' : plural(errors, 'error')}.`,
    lead: html`<p>Runs, results, failed calls and orders of operators, of all processes${all.length === LINES && `; the last ${LINES} of them`}. What a process says besides goes to its standard error.</p>`,
    at: now,
    body: section('log', 'Log', nav, logTable(lines, nameOf, now)),
  };
}
