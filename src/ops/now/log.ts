import { type Html, html } from '../../html/html.ts';
import { plural } from '../../monitor/text.ts';
import type { LogLine } from '../../store/operations/past.ts';
import { section } from '../look/parts.ts';
import { count, inCentralTime, seconds, time, when } from '../look/words.ts';
import type { Drawn } from './sections.ts';

const SHOWN = 10;
const TONES: Record<LogLine['level'], string> = { info: 'soft', warn: 'watch', error: 'bad' };
const ORDERS: Record<string, string> = {
  sync_asked: 'asked for a sync',
  sync_stopped: 'stopped syncing',
  sync_resumed: 'resumed syncing',
  sync_emergency: 'declared an emergency',
  cache_cleared: 'cleared the caches',
  held_published: 'published what was held back',
  held_dropped: 'dropped what was held back',
  snapshot_reverted: 'put an earlier version back',
  source_changed: 'changed the source',
};

export function logSection({ slow, nameOf }: Drawn): Html {
  const { log } = slow;
  const errors = log.filter(({ level }) => level === 'error').length;
  // A failed call is told by what became of it, too; what matters comes first, then the newest.
  const told = new Set(
    log.flatMap(({ event, level, run_id }) => (event === 'result' && level !== 'info' ? [run_id] : [])),
  );
  const lines = log.filter(
    ({ event, run_id, code }) => (event !== 'call_failed' || !told.has(run_id)) && code !== 'sync_asked',
  );
  const chosen = [
    ...lines.filter(({ level }) => level !== 'info'),
    ...lines.filter(({ level }) => level === 'info'),
  ]
    .slice(0, SHOWN)
    .toSorted((a, b) => b.at.getTime() - a.at.getTime());
  const words = html`<p>${count(log.length)} ${log.length === 1 ? 'line' : 'lines'}, ${errors === 0 ? 'no error' : html`<b class="bad">${errors} ${errors === 1 ? 'error' : 'errors'}</b>`}.</p><p><a href="/ops/log">All of it</a></p>`;
  return section(
    'log',
    'Log, last hour',
    words,
    log.length === 0 ? html`<p class="q">Nothing happened.</p>` : logTable(chosen, nameOf),
  );
}

/** @param now given, the day is told, too */
export function logTable(
  lines: readonly LogLine[],
  nameOf: (duns: string) => string,
  now: Date | null = null,
): Html {
  const rows = lines.map((line) => {
    const { at, level, run_id } = line;
    const text = now ? `${when(at, now).replace(/\d\d:\d\d$/, '')}${seconds(at)}` : seconds(at);
    return html`<tr><th scope="row"><code>${time(at, text)}</code></th><td class="l w"><span class="${TONES[level]}">${level}</span></td><td class="w">${run_id !== null && html`<a href="/ops/runs/${run_id}">${run_id}</a>`}</td><td class="l x">${inCentralTime(wordsOf(line, nameOf), at)}</td></tr>`;
  });
  return html`<table class="tight"><caption class="sr">What happened, the newest first</caption><thead><tr><th scope="col">time</th><th scope="col" class="l w">level</th><th scope="col" class="w">run</th><th scope="col" class="l">line</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function wordsOf(
  { event, code, by, message, details, run_id, tdsp_duns }: LogLine,
  nameOf: (duns: string) => string,
): string {
  const number = (name: string) => Number(details?.[name] ?? 0);
  if (event === 'asked') return `run ${run_id} asked by ${by}: ${code}${message ? `, ${message}` : ''}`;
  if (event === 'ended')
    return `run ${run_id} ${code}, ${plural(number('api_calls'), 'call')}, ${(number('ms') / 1_000).toFixed(1)} s`;
  if (event === 'call_failed') return `call of ${by} failed: ${message}`;
  if (event === 'order')
    return `${by} ${ORDERS[code] ?? code.replaceAll('_', ' ')}${tdsp_duns ? ` of ${nameOf(tdsp_duns)}` : ''}${message ? `: ${message}` : ''}`;
  const name = tdsp_duns === null ? '' : nameOf(tdsp_duns);
  if (message !== null) return `${name}: ${message}`;
  const moved = details
    ? `: ${number('added')} new, ${number('changed')} changed, ${number('deactivated')} gone`
    : '';
  return `${name} ${code}${code === 'published' ? moved : ''}`;
}
