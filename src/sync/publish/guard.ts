/**
 * Holds back a snapshot that looks wrong, so that yesterday's plans stay.
 *
 * Markets move in steps that look like faults, so the bounds are wide. Measured on Power to Choose in January 2026:
 * 17 % fewer offers within a day, 42 % within six; TDSP charges that change on 1 March and 1 September lift every
 * price of a TDSP by about a cent.
 */

import { WattsyncError } from '../../errors.ts';

/** A snapshot was fetched and not published. */
export class SnapshotHeldError extends WattsyncError {
  readonly code = 'snapshot_held';
  readonly retryable = false;
}

const LARGEST_LOSS = 0.4;
const LARGEST_PRICE_FACTOR = 2;

/** What the guard looks at: rates in cents per kWh at 1,000 kWh, `null` where unknown. */
interface RateSample {
  rates: readonly (number | null)[];
}

/**
 * @param before `null` if nothing was published, or by another source: then there is nothing to compare with
 * @returns why the snapshot must not be published, or `null`
 */
export function findAnomaly(before: RateSample | null, after: RateSample, rejected: number): string | null {
  if (after.rates.length === 0) {
    return rejected === 0
      ? 'the upstream sent no plans at all'
      : `all ${rejected} records were rejected (see quarantined_records)`;
  }
  if (before === null || before.rates.length === 0) return null;

  const lost = 1 - after.rates.length / before.rates.length;
  if (lost > LARGEST_LOSS) {
    const andRejected = rejected === 0 ? '' : `, ${rejected} records rejected`;
    return `${after.rates.length} plans instead of ${before.rates.length}: ${percent(lost)} fewer, more than ${percent(LARGEST_LOSS)}${andRejected}`;
  }

  const [was, is] = [median(before.rates), median(after.rates)];
  if (was !== null && is !== null && Math.max(was / is, is / was) > LARGEST_PRICE_FACTOR) {
    return `the median rate went from ${was} to ${is} cents per kWh: more than a factor of ${LARGEST_PRICE_FACTOR}`;
  }
  return null;
}

const percent = (share: number): string => `${Math.round(share * 100)} %`;

function median(rates: readonly (number | null)[]): number | null {
  const known = Float64Array.from(rates.filter((rate) => rate !== null)).sort();
  return known[Math.floor(known.length / 2)] ?? null;
}
