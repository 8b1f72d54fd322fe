/**
 * The invented market: the plan set of a TDSP is a function of seed and virtual day and of nothing else, so that two
 * processes, or two requests a minute apart, see the same plans down to the byte.
 */

import { midnightMs } from '../virtual-clock.ts';
import { hash32, stream, unit } from './chance.ts';
import { billUsd, componentsOf } from './charges.ts';
import { bornOn, OCCUPANCY, RepricingDays, UNITS_PER_CENT, walk } from './price-walk.ts';
import { productOf, type SandboxProduct } from './products.ts';
import { chargeChangeDays, chargesOn, type SandboxTdsp, type TdspCharges } from './tdsps.ts';
import {
  displayPricing,
  objectId,
  round,
  type UpstreamComponent,
  type UpstreamDocumentLink,
  type UpstreamPlan,
} from './upstream-plan.ts';

/** Where the plan sets of a sandbox come from: invented, or replayed from recorded days. */
export interface Market {
  /** What decides the plan sets: while it stays the same, so do they. */
  version(): number;
  plansOf(tdsp: SandboxTdsp, version: number): UpstreamPlan[];
}

const LOCAL_LEVEL = stream('price level in one TDSP');
const PLAN_ID = stream('plan id');
const LINKS = stream('document links');

// No average price leaves this range by itself. Three changes of the TDSP's charges lift it by 3.9 cents at most,
// 4.0 with a percentage on top, so 7 and 30 cents are never reached.
const LOWEST_CENTS = 7.2;
const HIGHEST_CENTS = 25.6;
// The walk stays this close to where it started: a cheap plan stays a cheap plan.
const LONGEST_WALK_CENTS = 4;

const USAGES_KWH = [500, 1000, 2000] as const;

/** All plans on sale in a TDSP on a virtual day. */
export function planSet(seed: number, tdsp: SandboxTdsp, day: number, plansPerTdsp: number): UpstreamPlan[] {
  const slots = Math.max(1, Math.round((plansPerTdsp * tdsp.plan_share) / OCCUPANCY));
  const charges = chargesOn(seed, tdsp, day);
  const repricing = new RepricingDays({
    seed,
    tdspIndex: tdsp.index,
    slots,
    quietDays: chargeChangeDays(seed, tdsp),
  });
  const plans: UpstreamPlan[] = [];
  for (let slot = 0; slot < slots; slot++) {
    const born_on = bornOn(seed, slot, day);
    if (born_on === null) continue;
    const product = productOf(seed, slot, born_on);
    const offer = { seed, tdspIndex: tdsp.index, slot, born_on };
    const price = walk(
      offer,
      boundsOf(product, tdsp, unit(seed, LOCAL_LEVEL, tdsp.index, slot)),
      repricing,
      day,
    );
    const sinceDay = Math.max(price.since_day, charges.since_day ?? price.since_day);
    const _id = objectId(
      midnightMs(sinceDay),
      hash32(seed, PLAN_ID, tdsp.index, slot, born_on),
      hash32(seed, PLAN_ID, slot, sinceDay),
    );
    plans.push(wirePlan(_id, product, tdsp, charges, price.units / UNITS_PER_CENT / 100));
  }
  return plans;
}

/** Where the energy price starts and what it keeps within, so that the all-in averages stay credible. */
function boundsOf(product: SandboxProduct, tdsp: SandboxTdsp, u: number) {
  // Every shape is a straight line in the energy price: two points give it, cents per kWh against units.
  const averageCents = (units: number, usageKwh: number) =>
    (billUsd(componentsOf(product.shape, units / UNITS_PER_CENT / 100, tdsp.charges), usageKwh) / usageKwh) *
    100;
  const unitsAt = (cents: number, usageKwh: number) => {
    const [at0, at1000] = [averageCents(0, usageKwh), averageCents(1000, usageKwh)];
    return ((cents - at0) / (at1000 - at0)) * 1000;
  };
  const level = product.level_cents_per_kwh + tdsp.premium_cents_per_kwh + (u - 0.5) * 1.2;
  const lowest = Math.ceil(Math.max(...USAGES_KWH.map((usage) => unitsAt(LOWEST_CENTS, usage))));
  const highest = Math.floor(Math.min(...USAGES_KWH.map((usage) => unitsAt(HIGHEST_CENTS, usage))));
  const start = Math.min(highest, Math.max(lowest, Math.round(unitsAt(level, 1000))));
  const reach = LONGEST_WALK_CENTS * UNITS_PER_CENT;
  return { start, low: Math.max(lowest, start - reach), high: Math.min(highest, start + reach) };
}

function wirePlan(
  _id: string,
  product: SandboxProduct,
  tdsp: SandboxTdsp,
  charges: TdspCharges,
  energyUsdPerKwh: number,
): UpstreamPlan {
  const components = componentsOf(product.shape, round(energyUsdPerKwh, 5), charges);
  const published = product.evidence === 'stale_components' ? stale(components) : components;
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
    document_links: documentLinks(product, tdsp),
    ...(product.evidence === 'no_components' ? {} : { components: published }),
  };
}

/** Components that lag behind the prices, as upstreams have them now and then: the energy price is not today's. */
function stale(components: readonly UpstreamComponent[]): UpstreamComponent[] {
  return components.map((component, index) =>
    index === 0 ? { ...component, amount: round(component.amount + 0.003, 5) } : component,
  );
}

function documentLinks({ brand, wire }: SandboxProduct, tdsp: SandboxTdsp): UpstreamDocumentLink[] {
  const folder = `https://sandbox.invalid/${brand.slug}/${tdsp.wire.abbreviation.toLowerCase()}/${wire._id.slice(8)}`;
  const link = (type: UpstreamDocumentLink['type'], language: string | null): UpstreamDocumentLink => ({
    type,
    language,
    link: `${folder}/${type}-${language ?? 'en'}.pdf`,
    snapshot_url: type === 'efl' ? `${folder}/snapshot.pdf` : null,
  });
  const u = unit(LINKS, stream(wire._id));
  // Some upstream records name no language, some have Spanish papers, and a few lack the YRAC.
  const language = u < 0.2 ? null : 'en';
  const links = [link('efl', language), link('tos', language)];
  if (u < 0.95) links.push(link('yrac', language));
  if (u > 0.7) links.push(link('efl', 'es'), link('tos', 'es'));
  return links;
}
