/** What a home uses in each month of a year: what the cost of a year is worked out for. */

import { expected } from '../../errors.ts';

export interface UsageProfile {
  /** Its id, or `own` for twelve numbers that were given. */
  name: string;
  /** kWh from January to December. */
  months_kwh: readonly number[];
}

const FIRST_MONTH = 2;
const MONTHS = 12;
const MOST_KWH = 100_000;

/** @param csv `data/profiles/profiles.csv`: a header, and no quoted cells */
export function parseProfiles(csv: string): ReadonlyMap<string, UsageProfile> {
  const rows = csv.trim().split('\n').slice(1);
  return new Map(
    rows.map((row) => {
      const cells = row.split(',');
      const months_kwh = cells.slice(FIRST_MONTH, FIRST_MONTH + MONTHS).map(Number);
      const isWhole = months_kwh.length === MONTHS && months_kwh.every(isUsage);
      if (!isWhole) throw new TypeError(expected('twelve usages in whole kWh', row));
      return [cells[0]!, { name: cells[0]!, months_kwh }];
    }),
  );
}

/** A profile by its id, or twelve numbers from January on; `undefined` for anything else. */
export function readProfile(
  text: string,
  profiles: ReadonlyMap<string, UsageProfile>,
): UsageProfile | undefined {
  const months_kwh = text.split(',').map((one) => (/^\s*\d{1,6}\s*$/.test(one) ? Number(one) : Number.NaN));
  const isOwn = months_kwh.length === MONTHS && months_kwh.every(isUsage);
  return isOwn ? { name: 'own', months_kwh } : profiles.get(text.trim().toLowerCase());
}

const isUsage = (kwh: number): boolean => Number.isInteger(kwh) && kwh >= 1 && kwh <= MOST_KWH;
