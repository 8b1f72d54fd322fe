/** Numbers, sizes, spans and times as a person reads them. Everything that is printed goes through here. */

import { DAY_MS } from '../units.ts';

/** A MB of 1,024 × 1,024 bytes, as PostgreSQL counts in its settings and in pg_size_pretty. */
export const MB = 1 << 20;

/** `12,345`. Not by toLocaleString, which takes milliseconds to load its rules. */
export const countText = (count: number): string =>
  String(Math.round(count)).replace(/\B(?=(\d{3})+$)/g, ',');

/** `1 table`, `2 tables`, `3 indexes`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`;

export function sizeText(bytes: number): string {
  if (bytes < MB) return `${Math.round(bytes / 1_024)} kB`;
  const megabytes = bytes / MB;
  if (megabytes < 1_024) return `${megabytes.toFixed(megabytes < 10 ? 1 : 0)} MB`;
  return megabytes < 1_048_576
    ? `${(megabytes / 1_024).toFixed(1)} GB`
    : `${(megabytes / 1_048_576).toFixed(1)} TB`;
}

/** Rounded down, so that nothing looks whole that is not; `–` where nothing is known. */
export function percentText(share: number | null, decimals = 1): string {
  if (share === null) return '–';
  if (share >= 1) return `${Math.floor(share * 100)} %`;
  const steps = 10 ** decimals;
  return `${(Math.floor(share * 100 * steps) / steps).toFixed(decimals)} %`;
}

const UNITS = [
  { unit: 's', seconds: 1, until: 120 },
  { unit: 'min', seconds: 60, until: 7_200 },
  { unit: 'h', seconds: 3_600, until: 172_800 },
  { unit: 'd', seconds: 86_400, until: Number.POSITIVE_INFINITY },
];

/** What has passed: `42 s`, `7 min`, `3 h`, `2 d`, in whole units, rounded down. The future counts as now. */
export function spanText(seconds: number): string {
  const { unit, seconds: size } = UNITS.find(({ until }) => seconds < until)!;
  return `${Math.max(0, Math.floor(seconds / size))} ${unit}`;
}

/** What was set: `0.5 s`, `30 min`, `1.25 h`, `72 h`. */
export function limitText(seconds: number): string {
  const exact = (value: number) => Number(value.toPrecision(3));
  if (seconds < 60) return `${exact(seconds)} s`;
  return seconds < 3_600 ? `${exact(seconds / 60)} min` : `${exact(seconds / 3_600)} h`;
}

/** How long something took: `3.4 s`. */
export const tookText = (ms: number): string => `${(ms / 1_000).toFixed(1)} s`;

/** `2026-11-24 22:38`, in UTC. */
export const minuteText = (at: Date | string): string =>
  new Date(at).toISOString().slice(0, 16).replace('T', ' ');

/** `22:38:39Z` of the same day, `2026-11-24 22:38Z` of another. */
export const timeText = (at: Date, now: Date): string =>
  Math.abs(at.getTime() - now.getTime()) < DAY_MS / 2
    ? `${at.toISOString().slice(11, 19)}Z`
    : `${minuteText(at)}Z`;
