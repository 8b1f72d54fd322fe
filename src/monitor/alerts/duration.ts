/** Spans of time as operators write them. */

const UNITS_MS: Record<string, number> = { s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

export const DURATION_TEXT = 'a whole number with s, m, h or d, such as 15m';

/** `90s`, `15m`, `4h`, `2d`; in milliseconds. */
export function readDuration(text: string): number | null {
  const [, count, unit] = /^(\d{1,6})([smhd])$/.exec(text) ?? [];
  return count === undefined ? null : Number(count) * UNITS_MS[unit!]!;
}
