import { type Html, html } from '../../html/html.ts';
import type { MarketMedian, MarketMove } from '../../store/operations/past.ts';
import { DAY_MS, HOUR_MS } from '../../units.ts';
import type { Axis, RangeName } from '../look/axis.ts';
import { chart } from '../look/chart.ts';
import { column } from '../look/columns.ts';
import { section } from '../look/parts.ts';
import { count, list, when } from '../look/words.ts';
import type { Drawn } from './sections.ts';

const DID: Record<MarketMove['event'], string> = {
  listed: 'listed',
  repriced: 're-priced',
  withdrawn: 'withdrew',
  relisted: 'brought back',
};

const BARS: Record<RangeName, { stepMs: number; label: string }> = {
  '1h': { stepMs: 60_000, label: 'Offers re-priced, a minute' },
  '24h': { stepMs: HOUR_MS, label: 'Offers re-priced, an hour' },
  '30d': { stepMs: DAY_MS, label: 'Offers re-priced, a day' },
};

export function marketSection({ fast, slow, past, axis, asTable, nameOf }: Drawn): Html {
  const { at, tdsps } = fast.view;
  const plans = tdsps.reduce((sum, one) => sum + (one.plans ?? 0), 0);
  const where = (duns: readonly string[]) =>
    duns.length === tdsps.length ? 'everywhere' : list(duns.map(nameOf));
  const rows = slow.moves.map(
    ({ at: hour, provider, event, offers, tdsps: duns, by_cents_per_kwh }) =>
      html`<tr><th scope="row">${when(hour, at)}</th><td class="l x"><b>${provider}</b> ${DID[event]} ${offers === 1 ? 'one offer' : `${count(offers)} offers`}</td><td class="l w x">${where(duns)}</td><td>${cents(by_cents_per_kwh)}</td></tr>`,
  );
  const moves = html`<table class="tight"><caption class="sr">What providers did, the newest first</caption><thead class="sr"><tr><th scope="col">hour</th><th scope="col">what</th><th scope="col" class="w">where</th><th scope="col">by</th></tr></thead><tbody>${rows}</tbody></table>`;
  const prices = medians(slow.medians, nameOf);
  const words = html`<p><b>${count(plans)} plans</b> are published.</p><p>${slow.moves.length === 0 ? 'Nobody moved in three days.' : 'Who moved last, at 1,000 kWh.'}</p>`;
  return section(
    'market',
    'Market',
    words,
    html`<div class="two"><div>${rows.length === 0 ? prices : moves}</div><div>${repricedChart(past.repriced, axis, asTable)}</div></div>${rows.length > 0 && html`<div class="two gap"><div>${prices}</div><div></div></div>`}`,
  );
}

/** Prices move on business days, and everywhere on the same ones: the bars show when the market was at work. */
function repricedChart(
  repriced: readonly { at: Date; offers: number }[],
  axis: Axis,
  asTable: boolean,
): Html {
  const { stepMs, label } = BARS[axis.name];
  const most = Math.max(10, ...repriced.map(({ offers }) => offers));
  const top = Math.ceil(most / 10) * 10;
  return chart(
    axis,
    {
      id: 'repriced',
      label,
      unit: '',
      height: 72,
      kind: 'bars',
      times: repriced.map(({ at }) => at.getTime()),
      stepMs,
      series: [{ label: 'offers', tone: 'ink', values: repriced.map(({ offers }) => offers) }],
      scale: [0, top / 2, top],
      write: count,
    },
    asTable,
  );
}

function medians(found: readonly MarketMedian[], nameOf: (duns: string) => string): Html {
  if (found.length === 0) return html``;
  const rate = (value: number | null) => (value === null ? '–' : value.toFixed(1));
  const rows = found.map(
    ({ tdsp_duns, plans, median_cents_per_kwh, lowest_cents_per_kwh }) =>
      html`<tr><th scope="row">${nameOf(tdsp_duns)}</th><td>${plans}</td><td>${rate(lowest_cents_per_kwh)}</td><td>${rate(median_cents_per_kwh)}</td></tr>`,
  );
  return html`<table class="tight"><caption class="sr">Fixed plans of twelve months at 1,000 kWh</caption><thead><tr><th scope="col">12 months fixed, 1,000 kWh</th><th scope="col">${column('market-plans', 'plans')}</th><th scope="col">${column('market-lowest', 'lowest, ¢')}</th><th scope="col">${column('market-median', 'median, ¢')}</th></tr></thead><tbody>${rows}</tbody></table>`;
}

function cents(by: number | null): string {
  if (by === null) return '–';
  const size = Math.abs(by).toFixed(1);
  return size === '0.0' ? '±0.0 ¢' : `${by < 0 ? '−' : '+'}${size} ¢`;
}
