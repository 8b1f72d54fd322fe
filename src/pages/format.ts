/**
 * Figures, times and lists as people of Texas read them. Spanish is that of the United States: `1,412.50`, not
 * `1.412,50`. Every function gives text, to be put into a page by `html`.
 */

import { DAY_MS, HOUR_MS } from '../units.ts';
import { type Language, LOCALES } from './language.ts';

const TIME_ZONE = 'America/Chicago';
const MINUTE_MS = 60_000;

/** Making a formatter takes far longer than using it. */
function formatters<Options extends unknown[], Made>(make: (locale: string, ...options: Options) => Made) {
  const made = new Map<string, Made>();
  return (language: Language, ...options: Options): Made => {
    const key = `${language} ${options.join()}`;
    let one = made.get(key);
    if (one === undefined) {
      one = make(LOCALES[language], ...options);
      made.set(key, one);
    }
    return one;
  };
}

const numbers = formatters(
  (locale, decimals: number) =>
    new Intl.NumberFormat(locale, { minimumFractionDigits: decimals, maximumFractionDigits: decimals }),
);
const dates = formatters(
  (locale, style: keyof typeof DATE_STYLES) =>
    new Intl.DateTimeFormat(locale, { timeZone: TIME_ZONE, ...DATE_STYLES[style] }),
);
const DATE_STYLES = {
  /** Sunday, November 29, 2026 */
  day: { weekday: 'short', day: 'numeric', month: 'long', year: 'numeric' },
  /** Nov 29 */
  short: { day: 'numeric', month: 'short' },
  /** November 2027 */
  month: { month: 'short', year: 'numeric' },
  monthNumber: { month: 'numeric' },
  monthName: { month: 'long' },
  monthShort: { month: 'short' },
  exactDay: { day: 'numeric', month: 'long', year: 'numeric' },
  exact: { day: 'numeric', month: 'long', year: 'numeric', hour: 'numeric', minute: '2-digit' },
} as const satisfies Record<string, Intl.DateTimeFormatOptions>;
const lists = formatters(
  (locale, type: Intl.ListFormatOptions['type']) => new Intl.ListFormat(locale, { type }),
);

/** `$1,412`; whole dollars, as differences below are rounding in what is published. */
export const dollars = (usd: number): string =>
  `${usd < 0 ? '−' : ''}$${numbers('en', 0).format(Math.abs(Math.round(usd)))}`;

/** `$9.95`, or `$125` where the cents are none. */
export const dollarsAndCents = (usd: number): string =>
  `$${numbers('en', Number.isInteger(Math.round(usd * 100) / 100) ? 0 : 2).format(usd)}`;

/** `$191.97`, `−$125.00`: as it stands in a sum. */
export const toTheCent = (usd: number): string => {
  const rounded = Math.round(usd * 100) / 100;
  return `${rounded < 0 ? '−' : ''}$${numbers('en', 2).format(Math.abs(rounded))}`;
};

/** `+$118`, `−$437`, `$0`: what there is more or less. */
export const difference = (usd: number): string => `${Math.round(usd) > 0 ? '+' : ''}${dollars(usd)}`;

/** `11.2`, to be followed by its unit. */
export const cents = (centsPerKwh: number): string => numbers('en', 1).format(centsPerKwh);

/** `13,594` */
export const whole = (count: number): string => numbers('en', 0).format(count);

/** `15 %` */
export const percent = (share: number): string =>
  `${numbers('en', Number.isInteger(share) ? 0 : 1).format(share)} %`;

export const date = (language: Language, at: Date | number, style: keyof typeof DATE_STYLES): string =>
  dates(language, style).format(at);

/** @param month 1 to 12 */
export const monthName = (
  language: Language,
  month: number,
  style: 'monthName' | 'monthShort' = 'monthName',
) => date(language, Date.UTC(2026, month - 1, 15), style);

/** 1 to 12, in Texas. */
export const monthOf = (at: number): number => Number(date('en', at, 'monthNumber'));

export const allOf = (language: Language, names: readonly string[]): string =>
  lists(language, 'conjunction').format(names);
export const oneOfThese = (language: Language, names: readonly string[]): string =>
  lists(language, 'disjunction').format(names);

interface Age {
  unit: 'now' | 'minutes' | 'hours' | 'days';
  count: number;
  /** When it is another age to a reader: a page says it until then. */
  forMs: number;
}

const STEP_MINUTES = 5;

/** An age in steps that a person tells apart, so that a page need not be written anew with each minute. */
export function ageOf(ageMs: number): Age {
  const step = (unit: Age['unit'], size: number, per: number): Age => ({
    unit,
    count: Math.floor(ageMs / size) * (size / per),
    forMs: size - (ageMs % size),
  });
  if (ageMs < STEP_MINUTES * MINUTE_MS) return step('now', STEP_MINUTES * MINUTE_MS, MINUTE_MS);
  if (ageMs < HOUR_MS) return step('minutes', STEP_MINUTES * MINUTE_MS, MINUTE_MS);
  if (ageMs < 2 * DAY_MS) return step('hours', HOUR_MS, HOUR_MS);
  return step('days', DAY_MS, DAY_MS);
}

/** Spanish writes months and kinds small; at the beginning of a line they are not. */
export const capital = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);
