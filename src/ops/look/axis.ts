/** The one clock of a page: every strip and chart ends at the same now and shares ticks and annotations. */

import { type Html, html, trusted } from '../../html/html.ts';
import { DAY_MS, HOUR_MS } from '../../units.ts';
import { clock, day } from './words.ts';

export const RANGES = { '1h': HOUR_MS, '24h': DAY_MS, '30d': 30 * DAY_MS } as const;
export type RangeName = keyof typeof RANGES;
/** What stands on the switch. */
const NAMES: Record<RangeName, string> = { '1h': '1 h', '24h': '24 h', '30d': '30 d' };
/** How much time one point of a line stands for. */
export const STEP_MS: Record<RangeName, number> = { '1h': 60_000, '24h': HOUR_MS / 2, '30d': DAY_MS / 2 };

export const readRange = (text: unknown): RangeName =>
  typeof text === 'string' && text in RANGES ? (text as RangeName) : '24h';

/** Something that changed for everybody at a moment: a line through all charts. */
export interface Annotation {
  at: Date;
  label: string;
  kind: 'deploy' | 'publish' | 'alert';
}

export class Axis {
  readonly name: RangeName;
  readonly from: Date;
  readonly to: Date;
  readonly annotations: readonly Annotation[];

  constructor(name: RangeName, to: Date, annotations: readonly Annotation[] = []) {
    this.name = name;
    this.to = to;
    this.from = new Date(to.getTime() - RANGES[name]);
    // The clock goes on in steps: what was since the last one stands at the edge.
    this.annotations = annotations.filter(({ at }) => at >= this.from);
  }

  /** 0 to 1000, the left edge to now; what was before stands at the edge. */
  x(at: Date | number): number {
    const ms = typeof at === 'number' ? at : at.getTime();
    const share = (ms - this.from.getTime()) / (this.to.getTime() - this.from.getTime());
    return Math.round(Math.min(1, Math.max(0, share)) * 10_000) / 10;
  }

  ticks(): { x: number; label: string }[] {
    const every = { '1h': 10 * 60_000, '24h': HOUR_MS, '30d': HOUR_MS }[this.name];
    const found: { x: number; label: string }[] = [];
    for (let ms = Math.ceil(this.from.getTime() / every) * every; ms < this.to.getTime(); ms += every) {
      const at = new Date(ms);
      const label = this.#label(at);
      // The last stretch belongs to "now".
      if (label !== null && this.x(ms) < 750 && this.x(ms) > 25) found.push({ x: this.x(ms), label });
    }
    return found;
  }

  #label(at: Date): string | null {
    const text = clock(at);
    if (this.name === '1h') return text;
    const hour = Number(text.slice(0, 2));
    if (this.name === '24h') return hour % 3 === 0 ? text.slice(0, 2) : null;
    const ofMonth = day(at);
    return hour === 0 && Number.parseInt(ofMonth, 10) % 5 === 1 ? ofMonth : null;
  }

  /** Drawn once a page; strips and charts point at them. */
  defs(): Html {
    const lines = (xs: readonly number[]) => xs.map((x) => `M${x} 0V999`).join('');
    const of = (wanted: Annotation['kind']) =>
      this.annotations.filter(({ kind }) => kind === wanted).map(({ at }) => this.x(at));
    return html`<svg width="0" height="0" class="defs" aria-hidden="true" id="axis"><defs><path id="vg" class="vg" d="${lines(this.ticks().map(({ x }) => x))}"/><g id="va"><path class="an" d="${lines(of('deploy'))}"/><path class="al" d="${lines(of('alert'))}"/></g><path id="vp" class="pu" d="${of(
      'publish',
    )
      .map((x) => `M${x} 0V7`)
      .join('')}"/></defs></svg>`;
  }

  /** The names of deploys over the first strip, where there is room. */
  labels(): Html {
    const shown = this.annotations.filter(({ at, kind }) => kind === 'deploy' && this.x(at) > 380);
    const text = shown.map(
      ({ at, label }) =>
        html`<text x="${this.x(at) / 10}%" y="13" text-anchor="${this.x(at) > 880 ? 'end' : 'middle'}" class="deploy">${label}</text>`,
    );
    return html`<svg class="dls" height="17" aria-hidden="true">${text}</svg>`;
  }

  /** The row with the switch and the ticks, in sight while the page is scrolled. */
  row(path: string, asTable: boolean): Html {
    const here = (current: boolean) => current && trusted(' aria-current="true"');
    const link = (name: RangeName) =>
      html`<a href="${path}?range=${name}${asTable && '&as=table'}"${here(name === this.name)}>${NAMES[name]}</a>`;
    const ticks = this.ticks().map(
      ({ x, label }, at) =>
        html`<text x="${x / 10}%" y="14" text-anchor="middle"${at % 2 === 1 && trusted(' class="w"')}>${label}</text>`,
    );
    const table = html`<a href="${path}?range=${this.name}${!asTable && '&as=table'}"${here(asTable)}>as a table</a>`;
    return html`<div class="clock" id="clock"><nav class="rng" aria-label="Range of the charts">${(Object.keys(RANGES) as RangeName[]).map(link)}${table}</nav><svg class="ticks" height="20" aria-hidden="true">${ticks}<text x="100%" y="14" text-anchor="end" class="now">now, ${clock(this.to)}</text></svg></div>`;
  }
}
