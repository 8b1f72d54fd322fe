/** Forced calls and probes must be possible when the hour is used up: two syncs of all TDSPs, or a quarter of a small budget. */
const RESERVE = { most: 12, share: 0.25 };

/** How many calls of an hour are kept for forced calls. */
export function callReserve(budgetPerHour: number): number {
  return Math.min(RESERVE.most, Math.floor(budgetPerHour * RESERVE.share));
}
