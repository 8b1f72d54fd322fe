/**
 * How young published plans must be for a sync to leave them alone: half the interval, so that a scheduled sync never
 * skips them for having run a moment late the last time, and a second sync by hand costs no call.
 */
export function freshForMs(syncIntervalMs: number): number {
  return syncIntervalMs / 2;
}
