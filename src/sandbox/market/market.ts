/**
 * The invented market: the plan set of a TDSP is a function of seed and virtual day and of nothing else, so that two
 * processes, or two requests a minute apart, see the same plans down to the byte.
 */

import { isWeekend, midnightMs } from '../virtual-clock.ts';
import { CHARGES_AT_MS, momentOf, onSaleDay } from './calendar.ts';
import { hash32, stream, unit } from './chance.ts';
import { billUsd, componentsOf } from './charges.ts';
import { bornOn, repricing, UNITS_PER_CENT, walk } from './price-walk.ts';
import { productOf, type SandboxProduct } from './products.ts';
import { chargeChangeDays, chargesAfter, type SandboxTdsp, type TdspCharges } from './tdsps.ts';
import {
  displayPricing,
  objectId,
  round,
  type UpstreamComponent,
  type UpstreamDocumentLink,
  type UpstreamPlan,
} from './upstream-plan.ts';

const LOCAL_LEVEL = stream('price level in one TDSP');
const PLAN_ID = stream('plan id');
const LINKS = stream('document links');

// No average price leaves this range by itself. Three changes of the TDSP's charges lift it by 3.3 cents at most,
// 3.4 with a percentage on top, so 7 and 30 cents are never reached.
const LOWEST_CENTS = 7.2;
const HIGHEST_CENTS = 25.6;
// The walk stays this close to where it started: a cheap plan stays a cheap plan.
const LONGEST_WALK_UNITS = 4 * UNITS_PER_CENT;

const USAGES_KWH = [500, 1000, 2000] as const;

/**
 * All plans on sale in a TDSP on a virtual day.
 * @param sinceMs how far into the day, where prices have a calendar; left out: all that a day brings holds from midnight
 */
export function planSet(
  seed: number,
  tdsp: SandboxTdsp,
  day: number,
  plansPerTdsp: number,
  sinceMs?: number,
): UpstreamPlan[] {
  const slots = Math.max(1, Math.round(plansPerTdsp * tdsp.plan_share));
  const changeDays = chargeChangeDays(seed, tdsp);
  const isRepriced = repricing(seed, tdsp.index, changeDays);
  const hasCharges = sinceMs === undefined || sinceMs >= CHARGES_AT_MS;
  const changes = changeDays.filter((change) => (hasCharges ? change <= day : change < day));
  const charges = chargesAfter(tdsp, changes.length);
  const plans: UpstreamPlan[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const born_on = bornOn(seed, slot, day);
    if (born_on === null) continue;
    const product = productOf(seed, slot, born_on);
    const bounds = boundsOf(product, tdsp, unit(seed, LOCAL_LEVEL, tdsp.index, slot));
    const offer = { seed, tdspIndex: tdsp.index, slot, born_on };
    const at = sinceMs === undefined ? null : timesOf(seed, stream(product.wire.brand.name), born_on);
    if (at && !at.isOver(born_on, day, sinceMs!)) continue;
    const price = walk(offer, bounds, isRepriced, !at || at.isOver(day, day, sinceMs!) ? day : day - 1);
    const sinceDay = Math.max(price.since_day, ...changes);
    const _id = objectId(
      at ? at.momentMs(sinceDay, sinceDay > price.since_day) : midnightMs(sinceDay),
      hash32(seed, PLAN_ID, tdsp.index, slot, born_on),
      hash32(seed, PLAN_ID, slot, sinceDay),
    );
    plans.push(wirePlan(_id, product, tdsp, charges, toUsd(price.units)));
  }
  return plans;
}

/** When the offer of a brand moves within its days. */
function timesOf(seed: number, brand: number, born_on: number) {
  const dayOf = (day: number) => (day === born_on ? onSaleDay(day) : day);
  return {
    /** Whether what a day brings holds by then. */
    isOver: (of: number, day: number, sinceMs: number): boolean => {
      const on = dayOf(of);
      return on < day || (on === day && (isWeekend(on) || momentOf(seed, brand, on) <= sinceMs));
    },
    momentMs: (of: number, isCharge: boolean): number => {
      if (isCharge) return midnightMs(of) + CHARGES_AT_MS;
      const on = dayOf(of);
      return midnightMs(on) + momentOf(seed, brand, on);
    },
  };
}

const toUsd = (units: number) => round(units / UNITS_PER_CENT / 100, 5);

/** Where the energy price starts and what it keeps within, so that the all-in averages stay credible. */
function boundsOf(product: SandboxProduct, tdsp: SandboxTdsp, u: number) {
  // Every shape is a straight line in the energy price: two points give it, cents per kWh against units.
  const averageCents = (units: number, usageKwh: number) =>
    (billUsd(componentsOf(product.shape, toUsd(units), tdsp.charges), usageKwh) / usageKwh) * 100;
  const unitsAt = (cents: number, usageKwh: number) => {
    const [at0, at1000] = [averageCents(0, usageKwh), averageCents(1000, usageKwh)];
    return ((cents - at0) / (at1000 - at0)) * 1000;
  };
  const level = product.level_cents_per_kwh + tdsp.premium_cents_per_kwh + (u - 0.5) * 1.2;
  const lowest = Math.ceil(Math.max(...USAGES_KWH.map((usage) => unitsAt(LOWEST_CENTS, usage))));
  const highest = Math.floor(Math.min(...USAGES_KWH.map((usage) => unitsAt(HIGHEST_CENTS, usage))));
  const start = Math.min(highest, Math.max(lowest, Math.round(unitsAt(level, 1000))));
  return {
    start,
    low: Math.max(lowest, start - LONGEST_WALK_UNITS),
    high: Math.min(highest, start + LONGEST_WALK_UNITS),
  };
}

function wirePlan(
  _id: string,
  product: SandboxProduct,
  tdsp: SandboxTdsp,
  charges: TdspCharges,
  energyUsdPerKwh: number,
): UpstreamPlan {
  const componentsAt = (energy: number) => componentsOf(product.shape, energy, charges);
  const components = componentsAt(energyUsdPerKwh);
  // Some lag behind the prices, as upstreams have them now and then: the energy price is not today's.
  const isStale = product.evidence === 'stale_components';
  const published = isStale ? componentsAt(round(energyUsdPerKwh + 0.003, 5)) : components;
  const price = (usage: number) => displayPricing(usage, billUsd(components, usage));
  return {
    _id,
    product: product.wire,
    tdsp: tdsp.wire,
    expected_prices: USAGES_KWH.map((usage) => {
      const label = round(billUsd(components, usage) / usage, 3);
      const actual = round(billUsd(published, usage) / usage, 5);
      // Half a tenth of a cent is what rounding on the label explains.
      return { usage, price: label, actual, valid: Math.abs(label - actual) <= 0.000_501 };
    }),
    display_pricing_500: price(500),
    display_pricing_1000: price(1000),
    display_pricing_2000: price(2000),
    document_links: documentLinks(product.wire, tdsp),
    ...(product.evidence === 'no_components' ? {} : { components: asSent(product.wire._id, published) }),
  };
}

/** Half of the products tell the flag of a percentage as a number. */
function asSent(productId: string, components: UpstreamComponent[]): UpstreamComponent[] {
  if (stream(productId) % 2 === 0) return components;
  return components.map((one) => ({ ...one, percentage: one.percentage ? 1 : 0 }));
}

function documentLinks({ _id }: UpstreamPlan['product'], tdsp: SandboxTdsp): UpstreamDocumentLink[] {
  const folder = `https://sandbox.invalid/${tdsp.wire.abbreviation.toLowerCase()}/${_id.slice(8)}`;
  const link = (type: string, language: string | null): UpstreamDocumentLink => ({
    type,
    language,
    link: `${folder}/${type}-${language ?? 'en'}.pdf`,
    snapshot_url: type === 'efl' ? `${folder}/snapshot.pdf` : null,
  });
  const u = unit(LINKS, stream(_id));
  // Some upstream records name no language, some have Spanish papers, and a few lack the YRAC.
  const language = u < 0.2 ? null : 'en';
  const links = [link('efl', language), link('tos', language)];
  if (u < 0.1) links.push({ ...link('YRAAC', language), link: null, snapshot_url: `${folder}/yraac.pdf` });
  else if (u < 0.95) links.push(link(u < 0.5 ? 'YRAAC' : 'yrac', language));
  if (u > 0.7) links.push(link('efl', 'es'), link('tos', 'es'));
  return links;
}
