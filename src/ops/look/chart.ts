/**
 * Charts as a still: SVG that stretches while its lines and labels keep their size. The script draws the same data with
 * uPlot in the same place, where they can be read point by point. Strips are the small charts in the rows of tables.
 */

import { type Html, html, type Printable, trusted } from '../../html/html.ts';
import type { Axis } from './axis.ts';
import { when } from './words.ts';

const tenth = (value: number): number => Math.round(value * 10) / 10;

/** A chart of the height of a row, without scale: the column beside it says the figure. */
export const strip = (height: number, drawn: Printable): Html =>
  html`<svg class="st" viewBox="0 0 1000 ${height}" height="${height}" preserveAspectRatio="none" aria-hidden="true"><use href="#vg"/>${drawn}<use href="#va"/></svg>`;

/** Stretches of time, as a thick line. @param tone a class that says its colour */
export const spans = (
  axis: Axis,
  height: number,
  parts: readonly { from: Date; to: Date; tone: string }[],
): Html =>
  html`<path class="ax" d="M0 ${height / 2}H1000"/>${parts.map(
    ({ from, to, tone }) =>
      html`<path class="bar ${tone}" d="M${axis.x(from)} ${height / 2}H${Math.max(axis.x(to), axis.x(from) + 3)}"/>`,
  )}`;

/** A line through the points, with a gap where nothing is known. */
export function line(points: readonly (readonly [x: number, y: number | null])[], tone = 'ln'): Html {
  let path = '';
  let isDown = false;
  for (const [x, y] of points) {
    if (y === null) isDown = false;
    else {
      path += `${isDown ? 'L' : 'M'}${tenth(x)} ${tenth(y)}`;
      isDown = true;
    }
  }
  return html`<path class="${tone}" d="${path}"/>`;
}

interface Series {
  label: string;
  tone: 'ink' | 'grey' | 'bad';
  /** One for each time; `null`: nothing is known. */
  values: readonly (number | null)[];
}

interface Chart {
  id: string;
  /** For those who cannot see it. */
  label: string;
  unit: string;
  height: number;
  kind: 'lines' | 'bars';
  /** The middle of a point of a line, the beginning of a bar; milliseconds since 1970. */
  times: readonly number[];
  stepMs: number;
  series: readonly Series[];
  isLog?: boolean;
  /** Where the scale is labelled; the first is its bottom, the last its top. */
  scale: readonly number[];
  target?: { value: number; label: string } | null;
  /** How a value is written in the table. */
  write(value: number): string;
}

const CLASS: Record<Series['tone'], { line: string; fill: string }> = {
  ink: { line: 'ln', fill: 'fi' },
  grey: { line: 'l2', fill: 'ff' },
  bad: { line: 'lb', fill: 'fb' },
};

/** Headroom for the label that stands on the topmost line. */
const TOP = 12;

/** @param asTable its numbers are open to be read */
export function chart(axis: Axis, one: Chart, asTable: boolean): Html {
  const { height, scale, series, times, target, stepMs } = one;
  const [bottom, top] = [scale[0]!, scale.at(-1)!];
  const unit = (value: number) => (one.isLog ? Math.log(Math.max(value, bottom)) : value);
  const y = (value: number) =>
    tenth(
      TOP +
        (height - TOP) * (1 - (unit(Math.min(value, top)) - unit(bottom)) / (unit(top) - unit(bottom) || 1)),
    );
  const drawn = series.map(({ tone, values }) =>
    one.kind === 'lines'
      ? line(
          times.map((at, n) => [axis.x(at), values[n] == null ? null : y(values[n]!)]),
          CLASS[tone].line,
        )
      : html`<path class="${CLASS[tone].fill}" d="${times
          .map((at, n) => (values[n] ? bar(axis.x(at), axis.x(at + stepMs), y(values[n]!), height) : ''))
          .join('')}"/>`,
  );
  const grid = scale.map((value) => `M0 ${y(value)}H1000`).join('');
  const placed = spread([
    ...(target ? [{ text: target.label, y: y(target.value) - 4, tone: '' }] : []),
    ...(one.kind === 'bars'
      ? []
      : series.flatMap(({ label, values, tone }) => {
          const first = values.find((value) => value !== null) ?? null;
          return first === null ? [] : [{ text: label, y: y(first) - 4, tone: tone === 'bad' ? ' bad' : '' }];
        })),
  ]);
  const labels = [
    ...scale.map(
      (value) => html`<text class="y" x="-8" y="${y(value) + 4}">${value.toLocaleString('en-US')}</text>`,
    ),
    ...placed.map(({ text, y: at, tone }) => html`<text class="s${tone}" x="2" y="${at}">${text}</text>`),
  ];
  const data = {
    label: one.label,
    unit: one.unit,
    kind: one.kind,
    isLog: one.isLog ?? false,
    from: axis.from.getTime(),
    to: axis.to.getTime(),
    stepMs,
    height,
    top: TOP,
    scale,
    target: target?.value ?? null,
    times,
    series,
    marks: axis.annotations.map(({ at, label: text, kind }) => ({ at: at.getTime(), text, kind })),
  };
  return html`<div class="ch h${height}" data-chart="${one.id}"><svg class="pl" width="100%" height="${height}" viewBox="0 0 1000 ${height}" preserveAspectRatio="none" role="img" aria-label="${one.label}"><use href="#vg"/><path class="gr" d="${grid}"/>${drawn}${
    target && html`<path class="tg" d="M0 ${y(target.value)}H1000"/>`
  }<use href="#va"/><use href="#vp"/></svg><svg class="lb-svg" height="${height}" aria-hidden="true">${labels}</svg><script type="application/json">${json(data)}</script></div>${dataTable(one, axis, asTable)}`;
}

const bar = (from: number, to: number, y: number, height: number): string => {
  const gap = Math.min(18, (to - from) * 0.45);
  return `M${tenth(from + gap / 2)} ${height}V${y}H${tenth(Math.max(to - gap / 2, from + gap))}V${height}z`;
};

const LABEL_HEIGHT = 14;

/** Labels stand on their lines at the left; those of lines that lie close are moved up, one above the other. */
function spread<T extends { y: number }>(labels: readonly T[]): T[] {
  let above = Number.POSITIVE_INFINITY;
  return labels
    .toSorted((a, b) => b.y - a.y)
    .map((one) => {
      above = Math.min(one.y, above - LABEL_HEIGHT);
      return { ...one, y: tenth(above) };
    });
}

/** Inside a script element only `<` could end it early. */
const json = (data: unknown): Html => trusted(JSON.stringify(data).replaceAll('<', '\\u003c'));

/** The same numbers, for those who cannot see the chart and those who want to copy them. */
function dataTable(
  { id, label: title, times, series, write, unit }: Chart,
  axis: Axis,
  isOpen: boolean,
): Html {
  const rows = times.map(
    (at, n) =>
      html`<tr><th scope="row">${when(new Date(at), axis.to)}</th>${series.map(({ values }) => html`<td>${values[n] == null ? '–' : write(values[n]!)}</td>`)}</tr>`,
  );
  return html`<details class="tbl" id="t-${id}"${isOpen && trusted(' open')}><summary>${title} as a table</summary><div class="scroll" tabindex="0" role="region" aria-label="${title}"><table class="tight"><thead><tr><th scope="col">time</th>${series.map(({ label: text }) => html`<th scope="col">${text}${unit !== '' && html`, ${unit}`}</th>`)}</tr></thead><tbody>${rows}</tbody></table></div></details>`;
}
