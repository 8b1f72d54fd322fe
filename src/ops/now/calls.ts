import { type Html, html } from '../../html/html.ts';
import { callsOf } from '../../monitor/figures/targets.ts';
import type { SeenUpstreamCall } from '../../store/operations/calls.ts';
import { DAY_MS, HOUR_MS } from '../../units.ts';
import { chart } from '../look/chart.ts';
import { figure } from '../look/figure.ts';
import { section } from '../look/parts.ts';
import { clock, count, sourceName } from '../look/words.ts';
import type { Drawn } from './sections.ts';

/** Who wanted a call: what the cells are filled with, and the rows of the table. */
const WANTED = [
  {
    name: 'Schedules and starts',
    swatch: 'sw',
    cell: 'ce',
    is: (by: string) => /^(schedule|start|refresh)/.test(by),
  },
  {
    name: 'Readers who found old plans',
    swatch: 'sw a',
    cell: 'ce change',
    is: (by: string) => by === 'reader',
  },
  { name: 'By hand', swatch: 'sw h', cell: 'ce hand-made', is: () => true },
] as const;
const wantedBy = ({ requested_by }: SeenUpstreamCall) => WANTED.find(({ is }) => is(requested_by ?? ''))!;

/** More cells than these could not be told apart. */
const MOST_CELLS = 200;
const BARS: Record<string, { stepMs: number; label: string }> = {
  '1h': { stepMs: 60_000, label: 'Upstream calls, a minute' },
  '24h': { stepMs: HOUR_MS, label: 'Upstream calls, an hour' },
  '30d': { stepMs: DAY_MS, label: 'Upstream calls in the busiest hour of each day' },
};

export function callsSection({ fast, slow, past, axis, asTable }: Drawn): Html {
  const { upstream, at } = fast.view;
  const { calls_last_hour, budget_per_hour, forced_last_hour, forced_budget_per_hour } = upstream;
  const failed = slow.calls.filter(({ error }) => error !== null);
  const used = figure(html`${calls_last_hour} of ${budget_per_hour}`, {
    id: 'calls',
    title: 'Calls this hour',
    what: `Calls that left for ${sourceName(upstream.source)} in the last 60 minutes, repeats included, of all processes. The last ${upstream.reserve_per_hour} of the budget are kept for forced calls.`,
    from: 'upstream_permits',
    since: `since ${clock(new Date(at.getTime() - HOUR_MS))}`,
    command: 'npm run -s sync:status',
  });
  const circuit =
    upstream.circuit === 'open'
      ? html`<b class="bad">Circuit open</b> until ${clock(upstream.open_until!)}, then one trial call. `
      : upstream.circuit === 'half_open'
        ? html`<b class="watch">The next call finds out</b> whether the upstream is back. `
        : '';
  const state = upstream.circuit === 'closed' ? 'Circuit closed' : `${upstream.failures} failed in a row`;
  const day = callsOf(slow.day);
  const words = html`<p>${circuit}<b>${used} calls</b> this hour. ${state}.</p><p>${count(day)} in 24 h${
    day > 0 && html`; one call a city and hour would have been ${count(slow.freshness.overall.cities * 24)}`
  }.</p>`;
  const rows = WANTED.map((wanted) => {
    const of = slow.calls.filter((call) => wantedBy(call) === wanted);
    const bad = of.filter(({ error }) => error !== null).length;
    const ended =
      of.length === 0
        ? html`<span class="soft">none</span>`
        : bad === 0
          ? 'all succeeded'
          : html`<span class="bad">${bad} failed</span>`;
    const left =
      wanted.name === 'By hand'
        ? `${Math.max(0, forced_budget_per_hour - forced_last_hour)} of ${forced_budget_per_hour} forced left`
        : '–';
    return html`<tr><th scope="row"><span class="${wanted.swatch}"></span>${wanted.name}</th><td>${of.length}</td><td>${ended}</td><td class="w">${left}</td></tr>`;
  });
  const reason = failed.at(-1)?.error;
  const { stepMs, label } = BARS[axis.name]!;
  const times = past.calls.map((row) => row.at.getTime());
  const values = past.calls.map(({ figures }) => callsOf(figures));
  const bad = past.calls.map(({ figures: { calls } }) => callsOf({ calls }) - (calls.outcomes.ok ?? 0));
  const top = axis.name === '1h' ? Math.max(4, ...values) : Math.max(budget_per_hour, ...values);
  const drawn = chart(
    axis,
    {
      id: 'calls',
      label,
      unit: '',
      height: 72,
      kind: 'bars',
      times,
      stepMs,
      series: [
        { label: 'calls', tone: 'ink', values },
        { label: 'failed', tone: 'bad', values: bad },
      ],
      scale: [0, Math.round(top / 2), top],
      target: axis.name === '1h' ? null : { value: budget_per_hour, label: 'budget, calls an hour' },
      write: count,
    },
    asTable,
  );
  return section(
    'calls',
    'Upstream calls',
    words,
    html`<div class="two"><div>${cells(slow.calls, budget_per_hour, upstream.reserve_per_hour)}<table class="tight gap"><caption class="sr">Calls of the last hour by who wanted them</caption><thead class="sr"><tr><th scope="col">wanted by</th><th scope="col">calls</th><th scope="col">how they ended</th><th scope="col" class="w">left</th></tr></thead><tbody>${rows}</tbody></table>${reason && html`<p class="q">Last failure: <code>${reason}</code></p>`}</div><div>${drawn}</div></div>`,
  );
}

/** One cell, one call of the budget: filled as it was wanted, crossed where it failed, empty where it is left. */
function cells(calls: readonly SeenUpstreamCall[], budget: number, reserve: number): Html {
  const all = Math.max(budget, calls.length);
  if (all > MOST_CELLS) return html``;
  const columns = Math.min(50, all);
  const [wide, high] = [1_000 / columns, 22];
  const lines = Math.ceil(all / columns);
  const shape = (n: number): Html => {
    const [x, y] = [(n % columns) * wide + 1, Math.floor(n / columns) * high + 3];
    const call = calls[n];
    const side = Math.min(16, wide - 4);
    if (call?.error != null)
      return html`<path class="ce cross" d="M${x + 1} ${y + 1}l${side - 2} ${side - 2}M${x + side - 1} ${y + 1}l${2 - side} ${side - 2}"/>`;
    return html`<rect class="${call ? wantedBy(call).cell : 'ce left'}" x="${x}" y="${y}" width="${side}" height="${side}"/>`;
  };
  const cellsDrawn = Array.from({ length: all }, (_, n) => shape(n));
  return html`<svg class="cells" viewBox="0 0 1000 ${lines * high}" role="img" aria-label="${calls.length} of ${budget} calls of this hour are used, ${reserve} of the rest are kept for forced calls">${cellsDrawn}</svg>`;
}
