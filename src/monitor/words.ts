/** Times in words, short enough for a table. */

const STEPS = [
  { unit: 's', ms: 1_000, until: 120_000 },
  { unit: 'min', ms: 60_000, until: 7_200_000 },
  { unit: 'h', ms: 3_600_000, until: 172_800_000 },
  { unit: 'd', ms: 86_400_000, until: Number.POSITIVE_INFINITY },
];

/** `42 s`, `7 min`, `3 h`, `2 d`: whole units, rounded down. What lies in the future counts as now. */
export function inWords(ms: number): string {
  const { unit, ms: size } = STEPS.find(({ until }) => ms < until)!;
  return `${Math.max(0, Math.floor(ms / size))} ${unit}`;
}

/** `6 h`, `1.25 h`, `30 min`. */
export const hoursInWords = (hours: number): string =>
  hours < 1 ? `${Number((hours * 60).toPrecision(3))} min` : `${Number(hours.toPrecision(3))} h`;

/** `1 worker`, `3 workers`. */
export const count = (number: number, one: string, many = `${one}s`): string =>
  `${number} ${number === 1 ? one : many}`;

/** `22:38:39Z` of the same day, `2026-11-24 22:38Z` of another. */
export function timeOf(at: Date, now: Date): string {
  const iso = at.toISOString();
  return Math.abs(at.getTime() - now.getTime()) < 43_200_000
    ? `${iso.slice(11, 19)}Z`
    : `${iso.slice(0, 10)} ${iso.slice(11, 16)}Z`;
}
