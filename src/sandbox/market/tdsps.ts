/** The six TDSPs as ComparePower names them, and what they charge. */

import { DAY_MS } from '../../units.ts';
import { EPOCH_MS } from '../virtual-clock.ts';
import { stream } from './chance.ts';
import { objectId, round, type UpstreamPlan } from './upstream-plan.ts';

export interface SandboxTdsp {
  /** 0 to 5: what hashes know the TDSP by. */
  index: number;
  wire: UpstreamPlan['tdsp'];
  /** As of January 2026. */
  charges: TdspCharges;
  /** How many plans it has, as a share of `plansPerTdsp` (counts of July 2026 over their middle). */
  plan_share: number;
  /** How much dearer than elsewhere plans are at 1000 kWh (medians of July 2026), cents per kWh. */
  premium_cents_per_kwh: number;
}

export interface TdspCharges {
  monthly_usd: number;
  usd_per_kwh: number;
}

const rows = [
  ['007923311', 'AEP Texas North', 'AEP North', 'AEP_NORTH', 5.49, 0.053, 1.0, 0.3],
  ['007924772', 'AEP Texas Central', 'AEP Central', 'AEP_CENTRAL', 5.49, 0.057, 1.0, 0],
  ['007929441', 'Texas-New Mexico Power', 'TNMP', 'TNMP', 7.85, 0.0605, 0.97, 0.9],
  ['0582138934100', 'Lubbock Power & Light', 'LP&L', 'LPL', 0, 0.0631, 0.6, 0.8],
  ['1039940674000', 'Oncor', 'Oncor', 'ONCOR', 4.23, 0.0558, 1.03, 0.1],
  ['957877905', 'CenterPoint', 'CenterPoint', 'CENTERPOINT', 4.9, 0.06, 1.06, -0.7],
] as const;

export const SANDBOX_TDSPS: readonly SandboxTdsp[] = rows.map(
  ([duns_number, name, short_name, abbreviation, monthly_usd, usd_per_kwh, share, premium], index) => ({
    index,
    wire: {
      _id: objectId(EPOCH_MS, stream('tdsp'), stream(duns_number)),
      name,
      short_name,
      abbreviation,
      duns_number,
    },
    charges: { monthly_usd, usd_per_kwh },
    plan_share: share,
    premium_cents_per_kwh: premium,
  }),
);

export const SANDBOX_DUNS: readonly string[] = rows.map(([duns]) => duns);

/** How the six valid DUNS are listed in messages. */
export const DUNS_LIST = rows.map(([duns, name]) => `${duns} (${name})`).join(', ');

/** Finds a TDSP by its DUNS or, for people, by its code (`ONCOR`). */
export function findTdsp(dunsOrCode: string): SandboxTdsp | undefined {
  return SANDBOX_TDSPS.find(
    ({ wire }) => wire.duns_number === dunsOrCode || wire.abbreviation === dunsOrCode.toUpperCase(),
  );
}

// Three lifts of this size keep every price within the credible range, however far virtual time is advanced.
const LIFT_USD_PER_KWH = 0.011;
const MOST_LIFTS = 3;

/**
 * The virtual days on which the charges of one TDSP change. Real ones change on 1 March and 1 September; here it is
 * one TDSP at a time, so each has its turn every three years. It lifts all prices at once, and looks like a fault.
 */
export function chargeChangeDays(seed: number, tdsp: SandboxTdsp): number[] {
  const turn = (tdsp.index + seed) % SANDBOX_TDSPS.length;
  return Array.from({ length: MOST_LIFTS }, (_, lift) => {
    const halfYear = turn + lift * SANDBOX_TDSPS.length;
    const month = halfYear % 2 === 0 ? 2 : 8;
    return (Date.UTC(2026 + Math.floor(halfYear / 2), month) - EPOCH_MS) / DAY_MS;
  });
}

export function chargesAfter(tdsp: SandboxTdsp, lifts: number): TdspCharges {
  const { monthly_usd, usd_per_kwh } = tdsp.charges;
  return { monthly_usd, usd_per_kwh: round(usd_per_kwh + lifts * LIFT_USD_PER_KWH, 4) };
}
