/** Times, ages and amounts as the pages of operations write them. Times are Central, as people in Texas say them. */

import { type Html, html } from '../../html/html.ts';
import { countText } from '../../monitor/text.ts';
import { DAY_MS } from '../../units.ts';

export const TIME_ZONE = 'America/Chicago';

const format = (options: Intl.DateTimeFormatOptions) =>
  new Intl.DateTimeFormat('en-US', { timeZone: TIME_ZONE, hourCycle: 'h23', ...options });
const CLOCK = format({ hour: '2-digit', minute: '2-digit' });
const SECONDS = format({ hour: '2-digit', minute: '2-digit', second: '2-digit' });
const DAY = format({ day: 'numeric', month: 'short' });
const WEEKDAY = format({ weekday: 'short' });
const YEAR = format({ year: 'numeric' });

/** `14:34` */
export const clock = (at: Date): string => CLOCK.format(at);
/** `14:34:05` */
export const seconds = (at: Date): string => SECONDS.format(at);
/** `24 Nov` */
export function day(at: Date): string {
  const parts = Object.fromEntries(DAY.formatToParts(at).map(({ type, value }) => [type, value]));
  return `${parts.day} ${parts.month}`;
}
/** `Tue 24 Nov 2026, 14:34` */
export const fullTime = (at: Date): string =>
  `${WEEKDAY.format(at)} ${day(at)} ${YEAR.format(at)}, ${clock(at)}`;

/** `14:34` of today, `Tue 14:34` within six days, else `24 Nov 14:34`. */
export function when(at: Date, now: Date): string {
  if (day(at) === day(now) && Math.abs(now.getTime() - at.getTime()) < DAY_MS) return clock(at);
  const isNear = Math.abs(now.getTime() - at.getTime()) < 6 * DAY_MS;
  return `${isNear ? WEEKDAY.format(at) : day(at)} ${clock(at)}`;
}

/** A time that says exactly when it is to the reader who points at it. */
export const time = (at: Date, text: string): Html =>
  html`<time datetime="${at.toISOString()}" title="${fullTime(at)}:${seconds(at).slice(6)} Central">${text}</time>`;

/** `42 s`, `34 min`, `3 h 52 min`, `2 d 4 h`: two units at most, rounded down. */
export function span(wholeSeconds: number): [number, string][] {
  const all = Math.max(0, Math.floor(wholeSeconds));
  if (all < 60) return [[all, 's']];
  const minutes = Math.floor(all / 60);
  if (minutes < 60) return [[minutes, 'min']];
  const hours = Math.floor(minutes / 60);
  const parts: [number, string][] =
    hours < 48
      ? [
          [hours, 'h'],
          [minutes % 60, 'min'],
        ]
      : [
          [Math.floor(hours / 24), 'd'],
          [hours % 24, 'h'],
        ];
  return parts.filter(([count], at) => at === 0 || count > 0);
}

/** In a sentence, without breaks inside: `3 h 52 min`. */
export const spanWords = (wholeSeconds: number): string =>
  span(wholeSeconds)
    .map(([count, unit]) => `${count}\u00a0${unit}`)
    .join('\u00a0');

/** As a figure, its units small. */
export const spanFigure = (wholeSeconds: number | null): Html =>
  wholeSeconds === null
    ? html`–`
    : html`${span(wholeSeconds).map(([count, unit], at) => html`${at > 0 && ' '}${count} <small>${unit}</small>`)}`;

/** `41,280`, `–` where nothing is known. */
export const count = (value: number | null): string => (value === null ? '–' : countText(value));

/** Milliseconds that were counted in steps: `2.5`, `1,000`; beyond the last step `>10,000`. */
export const milliseconds = (value: number | null, counted: number): string =>
  counted === 0 ? '–' : value === null ? '>10,000' : value >= 100 ? countText(value) : String(value);

/** `one`, `two` … `twelve`, then figures. */
export function numberWord(value: number): string {
  const words = 'none one two three four five six seven eight nine ten eleven twelve'.split(' ');
  return words[value] ?? countText(value);
}
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

/** `a, b and c` */
export const list = (names: readonly string[]): string =>
  names.length < 2 ? (names[0] ?? '') : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;

/** Findings tell times in UTC, as terminals show them; here they become Central, as everything on a page. */
export const inCentralTime = (text: string, now: Date): string =>
  text.replace(
    /(\d{4}-\d\d-\d\d)?[ T]?\b(\d\d:\d\d(?::\d\d(?:\.\d+)?)?)Z/g,
    (said, ofDay: string | undefined, ofTime: string) => {
      const at = new Date(`${ofDay ?? now.toISOString().slice(0, 10)}T${ofTime}Z`);
      if (Number.isNaN(at.getTime())) return said;
      const before = ofDay === undefined && said.startsWith(' ') ? ' ' : '';
      return before + (ofDay ? when(at, now) : clock(at));
    },
  );

const SOURCES: Record<string, string> = {
  comparepower: 'ComparePower',
  powertochoose: 'Power to Choose',
  sandbox: 'The sandbox',
};
export const sourceName = (source: string): string => SOURCES[source] ?? source;
