/** Counts in fixed steps: cheap to count, and those of several processes simply add up. */

/** Milliseconds; the last step has no end. */
export const LATENCY_STEPS_MS = [
  0.1, 0.25, 0.5, 1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 10_000,
] as const;
/** Seconds; the last step has no end. */
export const AGE_STEPS_S = [
  60, 300, 900, 1_800, 3_600, 7_200, 14_400, 21_600, 43_200, 86_400, 172_800, 604_800,
] as const;

export const emptyCounts = (steps: readonly number[]): number[] => new Array(steps.length + 1).fill(0);

export function count(counts: number[], steps: readonly number[], value: number, times = 1): void {
  let step = 0;
  while (step < steps.length && value > steps[step]!) step += 1;
  counts[step]! += times;
}

/** The upper bound of the step that this value is counted in. */
export const stepEnd = (steps: readonly number[], value: number): number =>
  steps.find((end) => value <= end) ?? Number.POSITIVE_INFINITY;

/**
 * The upper bound of the step in which this share of all values is reached.
 * @returns `null` where nothing was counted, or beyond the last step
 */
export function quantile(counts: readonly number[], steps: readonly number[], share: number): number | null {
  const total = counts.reduce((sum, one) => sum + one, 0);
  if (total === 0) return null;
  let seen = 0;
  for (let step = 0; step < steps.length; step++) {
    seen += counts[step]!;
    if (seen >= share * total) return steps[step]!;
  }
  return null;
}

/** About the sum of all values: each as the middle of its step, beyond the last as its end. */
export function sumOfSteps(counts: readonly number[], steps: readonly number[]): number {
  return counts.reduce((sum, times, at) => {
    const begin = steps[at - 1] ?? 0;
    return sum + times * ((begin + (steps[at] ?? begin)) / 2);
  }, 0);
}
