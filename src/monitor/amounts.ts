/** Amounts as a person reads them. */

/** A MB of 1,024 × 1,024 bytes, as PostgreSQL counts in its settings and in pg_size_pretty. */
export const MB = 1 << 20;

export function sizeText(bytes: number): string {
  if (bytes < MB) return `${Math.round(bytes / 1_024)} kB`;
  const megabytes = bytes / MB;
  if (megabytes < 1_024) return `${megabytes.toFixed(megabytes < 10 ? 1 : 0)} MB`;
  return megabytes < 1_048_576
    ? `${(megabytes / 1_024).toFixed(1)} GB`
    : `${(megabytes / 1_048_576).toFixed(1)} TB`;
}

export function spanText(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  if (seconds < 120) return `${Math.floor(seconds)} s`;
  if (seconds < 7_200) return `${Math.floor(seconds / 60)} min`;
  return seconds < 172_800 ? `${Math.floor(seconds / 3_600)} h` : `${Math.floor(seconds / 86_400)} days`;
}

/** Rounded down, so that nothing looks whole that is not. */
export const percentText = (share: number): string =>
  share >= 1 ? `${Math.floor(share * 100)} %` : `${(Math.floor(share * 1_000) / 10).toFixed(1)} %`;

export const countText = (count: number): string => Math.round(count).toLocaleString('en-US');

/** `1 table`, `2 tables`, `3 indexes`. */
export const plural = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`;
