/**
 * The six TDSPs as ComparePower names them, and what they charge.
 *
 * Charges as of January 2026. They change on 1 March and 1 September; in the sandbox one TDSP a time, in an order
 * the seed decides, by about a cent per kWh. That lifts every price of that TDSP at once, and looks like a fault.
 */

import { dayOf, EPOCH_MS } from '../virtual-clock.ts';
import { hash32, stream, unit } from './chance.ts';
import { objectId, type UpstreamTdsp } from './upstream-plan.ts';

export interface SandboxTdsp {
  /** 0 to 5: what hashes know the TDSP by. */
  index: number;
  wire: UpstreamTdsp;
  /** Before the first change. */
  charges: TdspCharges;
  /** How many plans it has, as a share of `plansPerTdsp` (counts of July 2026 over their middle). */
  plan_share: number;
  /** How much dearer than elsewhere plans are at 1000 kWh (medians of July 2026), cents per kWh. */
  premium_cents_per_kwh: number;
}

export interface TdspCharges {
  monthly_usd: number;
  usd_per_kwh: number;
  /** The virtual day since which they hold; `null`: since before the epoch. */
  since_day: number | null;
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
    charges: { monthly_usd, usd_per_kwh, since_day: null },
    plan_share: share,
    premium_cents_per_kwh: premium,
  }),
);

export const SANDBOX_DUNS: readonly string[] = rows.map(([duns]) => duns);

const byName = new Map(
  SANDBOX_TDSPS.flatMap((tdsp) => [
    [tdsp.wire.duns_number, tdsp],
    [tdsp.wire.abbreviation, tdsp],
  ]),
);

/** Finds a TDSP by its DUNS or, for people, by its code (`ONCOR`). */
export function findTdsp(dunsOrCode: string): SandboxTdsp | undefined {
  return byName.get(dunsOrCode) ?? byName.get(dunsOrCode.toUpperCase());
}

/** How the six valid DUNS are listed in messages. */
export const DUNS_LIST = SANDBOX_TDSPS.map(({ wire }) => `${wire.duns_number} (${wire.name})`).join(', ');

const ORDER = stream('order of the TDSP charge changes');
const LIFT = stream('size of a TDSP charge change');
// A TDSP's turn comes every three years; after three lifts of at most 1.3 cents it stays, so that no price leaves
// the credible range however far virtual time is advanced.
const MOST_LIFTS = 3;

/** What a TDSP charges on a virtual day. */
export function chargesOn(seed: number, tdsp: SandboxTdsp, day: number): TdspCharges {
  const charges = { ...tdsp.charges };
  for (const [lift, changeDay] of chargeChangeDays(seed, tdsp).entries()) {
    if (changeDay > day) break;
    const cents = 0.9 + Math.floor(unit(seed, LIFT, tdsp.index, lift) * 41) / 100;
    charges.usd_per_kwh = Math.round((charges.usd_per_kwh + cents / 100) * 10_000) / 10_000;
    charges.since_day = changeDay;
  }
  return charges;
}

/** The virtual days on which the charges of one TDSP change. */
export function chargeChangeDays(seed: number, tdsp: SandboxTdsp): number[] {
  const turn = turnOf(seed, tdsp);
  return Array.from({ length: MOST_LIFTS }, (_, lift) => changeDayOf(turn + lift * SANDBOX_TDSPS.length));
}

/** Which of the six successive change days is this TDSP's, 0 to 5. */
function turnOf(seed: number, tdsp: SandboxTdsp): number {
  const rank = (other: SandboxTdsp) => hash32(seed, ORDER, other.index);
  return SANDBOX_TDSPS.filter((other) => rank(other) < rank(tdsp)).length;
}

function changeDayOf(change: number): number {
  return dayOf(2026 + Math.floor(change / 2), change % 2 === 0 ? 3 : 9, 1);
}
